import { App, CfnParameter, Duration, type Environment, Stack } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as logs from 'aws-cdk-lib/aws-logs';
import { ScheduleExpression } from 'aws-cdk-lib/aws-scheduler';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { beforeAll, describe, expect, test } from 'vitest';
import { AwsEndpoints } from '../../infra/constructs/aws-endpoints.ts';
import { CloudTrailLakeSink } from '../../infra/constructs/cloudtrail-lake-sink.ts';
import { CloudWatchLogsSink } from '../../infra/constructs/cloudwatch-logs-sink.ts';
import { existingCache } from '../../infra/constructs/existing-cache.ts';
import type { ForwarderScope } from '../../infra/constructs/forwarder-scope.ts';
import { KongAuditCache } from '../../infra/constructs/kong-audit-cache.ts';
import { KongAuditForwarder } from '../../infra/constructs/kong-audit-forwarder.ts';
import type { KongAuditForwarderProps } from '../../infra/constructs/kong-audit-forwarder-props.ts';
import { KongSource, type KongSourceProps } from '../../infra/constructs/kong-source.ts';
import { LogGroupSource } from '../../infra/constructs/log-group-source.ts';
import type { Sink } from '../../infra/constructs/sink.ts';
import { verificationSchedule } from '../../infra/constructs/verification-schedule.ts';
import { METRIC_NAMES } from '../../lambda/metric-names.ts';
import { makeCertificates } from '../support/certificates.ts';
import { CHANNEL_ARN, environmentOf, placeholderCode, scratch, statementsOf } from './support.ts';

const kong = (props: Partial<KongSourceProps> = {}) =>
  new KongSource({ adminApi: 'https://kong.internal:8444', ...props });
const channelArn = CHANNEL_ARN;

/** A team's own app: a VPC of its own, one cache, and what a forwarder needs besides. */
function team() {
  const app = new App({ outdir: scratch('cdk.out') });
  const stack = new Stack(app, 'Team');
  const vpc = new ec2.Vpc(stack, 'Vpc', { maxAzs: 2 }) as ec2.IVpc;
  const cache = new KongAuditCache(stack, 'Cache', { vpc });
  const place = (id: string, props: Partial<KongAuditForwarderProps>, scope: Stack = stack) =>
    new KongAuditForwarder(scope, id, {
      source: kong(),
      sink: new CloudTrailLakeSink({ channelArn }),
      vpc,
      cache,
      code: placeholderCode(),
      ...props,
    });
  return { app, stack, vpc, cache, place };
}

describe('two forwarders that share a cache', () => {
  let template: Template;
  beforeAll(() => {
    const { stack, place } = team();
    place('Eu', { resourceName: 'kong-eu', sourceName: 'eu', source: kong({ adminApi: 'https://kong-eu.internal' }) });
    place('Us', {
      resourceName: 'kong-us',
      sourceName: 'us',
      source: kong({ adminApi: 'http://kong-us.internal:8001' }),
      schedule: ScheduleExpression.rate(Duration.minutes(5)),
    });
    template = Template.fromStack(stack);
  });

  test('have one replication group, and a function, schedule, queue, dashboard and alarms each', () => {
    template.resourceCountIs('AWS::ElastiCache::ReplicationGroup', 1);
    for (const type of [
      'AWS::Lambda::Function',
      'AWS::Scheduler::Schedule',
      'AWS::SQS::Queue',
      'AWS::CloudWatch::Dashboard',
    ])
      template.resourceCountIs(type, 2);
    template.resourceCountIs('AWS::CloudWatch::Alarm', 2 * 8 + 1);
  });

  test('are told apart in the ledger and in the metrics', () => {
    for (const source of ['eu', 'us']) {
      template.hasResourceProperties('AWS::Lambda::Function', {
        FunctionName: `kong-${source}`,
        Environment: { Variables: Match.objectLike({ SOURCE_NAME: source }) },
      });
      template.hasResourceProperties('AWS::CloudWatch::Alarm', {
        AlarmName: `kong-${source}-lag`,
        Dimensions: [{ Name: 'Source', Value: source }],
      });
    }
  });

  test('may both connect to it, each from its own security group', () => {
    const rules = Object.values(template.findResources('AWS::EC2::SecurityGroupIngress')).map(
      ({ Properties }) => Properties as { GroupId: unknown; SourceSecurityGroupId: unknown; FromPort: number },
    );
    expect(rules).toHaveLength(2);
    expect(new Set(rules.map(({ GroupId }) => JSON.stringify(GroupId))).size).toBe(1);
    expect(new Set(rules.map(({ SourceSecurityGroupId }) => JSON.stringify(SourceSecurityGroupId))).size).toBe(2);
  });
});

describe('two forwarders', () => {
  test('must have different sources in one cache', () => {
    const { place } = team();
    place('Eu', { resourceName: 'kong-eu' });
    expect(() => place('Us', { resourceName: 'kong-us' })).toThrow(
      "sourceName must differ between forwarders that share a cache, or an account and Region; Team/Eu is 'kong', too",
    );
  });

  test('must have different sources across stacks, too', () => {
    const { app, place } = team();
    place('Eu', { resourceName: 'kong-eu' });
    expect(() => place('Us', { resourceName: 'kong-us' }, new Stack(app, 'Other'))).toThrow('sourceName must differ');
  });

  test('must have different names', () => {
    const { place } = team();
    place('Eu', { sourceName: 'eu' });
    expect(() => place('Us', { sourceName: 'us' })).toThrow(
      "resourceName must differ between forwarders in one account and Region; Team/Eu is 'kong-cloudtrail-integration', too",
    );
  });

  test('must have different sources when the cache is one that is there already, given twice', () => {
    const { vpc, place } = team();
    const redis = () => existingCache({ host: 'redis.internal', port: 6379, peer: ec2.Peer.ipv4(vpc.vpcCidrBlock) });
    place('Eu', { resourceName: 'kong-eu', cache: redis() });
    expect(() => place('Us', { resourceName: 'kong-us', cache: redis() })).toThrow('sourceName must differ');
  });

  const beside = (env: Environment) => {
    const { app, place } = team();
    place('Eu', { resourceName: 'kong-eu' });
    const stack = new Stack(app, 'Other', { env });
    const vpc = new ec2.Vpc(stack, 'Vpc', { maxAzs: 2 }) as ec2.IVpc;
    return place('Us', { resourceName: 'kong-us', vpc, cache: new KongAuditCache(stack, 'Cache', { vpc }) }, stack);
  };

  test('must have different sources in one account and Region, where the alarms of each watch metrics by source', () => {
    expect(() => beside({})).toThrow('sourceName must differ');
  });

  test('may have the same source in different Regions', () => {
    expect(() => beside({ account: '111122223333', region: 'us-east-1' })).not.toThrow();
  });
});

describe('a forwarder', () => {
  let forwarder: KongAuditForwarder, template: Template;
  beforeAll(() => {
    const { stack, place } = team();
    const host = new CfnParameter(stack, 'KongHost').valueAsString;
    forwarder = place('Forwarder', {
      source: kong({
        adminApi: `https://${host}:9444/_api`,
        token: Secret.fromSecretNameV2(stack, 'Token', 'kong/token'),
      }),
      sink: new CloudTrailLakeSink({ channelArn, externalId: host }),
    });
    forwarder.connections.allowTo(ec2.Peer.ipv4('10.99.0.0/16'), ec2.Port.tcp(1234), 'somewhere else');
    forwarder.grantInvoke(new iam.Role(stack, 'Operator', { assumedBy: new iam.AccountRootPrincipal() }));
    forwarder.deadLetters.grantConsumeMessages(forwarder);
    forwarder.metricLag().createAlarm(stack, 'Lag', { threshold: 60, evaluationPeriods: 1 });
    template = Template.fromStack(stack);
  });

  test('is complete with a source, a sink, a VPC and a cache', () => {
    template.hasResourceProperties('AWS::Lambda::Function', { FunctionName: 'kong-cloudtrail-integration' });
    template.hasResourceProperties('AWS::Scheduler::Schedule', { ScheduleExpression: 'rate(1 hour)' });
  });

  test('takes an Admin API whose host only the deployment knows, and opens the egress to its port', () => {
    expect(environmentOf(template)['KONG_ADMIN_API']).toEqual({
      'Fn::Join': ['', ['https://', { Ref: 'KongHost' }, ':9444/_api']],
    });
    template.hasResourceProperties('AWS::EC2::SecurityGroup', {
      SecurityGroupEgress: Match.arrayWith([Match.objectLike({ FromPort: 9444 })]),
    });
  });

  test('may read a secret that is given by its name, whatever six characters end its ARN', () => {
    template.hasResourceProperties('AWS::IAM::Policy', {
      PolicyDocument: {
        Statement: Match.arrayWith([
          Match.objectLike({
            Action: 'secretsmanager:GetSecretValue',
            Resource: Match.arrayWith([
              { 'Fn::Join': ['', Match.arrayWith([Match.stringLikeRegexp(':secret:kong/token-\\?{6}$')])] },
            ]),
          }),
        ]),
      },
    });
  });

  test('has connections of its own, and grants, as other constructs do', () => {
    template.hasResourceProperties('AWS::EC2::SecurityGroup', {
      SecurityGroupEgress: Match.arrayWith([Match.objectLike({ CidrIp: '10.99.0.0/16', FromPort: 1234 })]),
    });
    expect(statementsOf(template).flatMap(({ Action }) => Action)).toEqual(
      expect.arrayContaining(['lambda:InvokeFunction', 'sqs:ReceiveMessage']),
    );
  });

  test('gives its metrics', () => {
    template.hasResourceProperties('AWS::CloudWatch::Alarm', {
      Namespace: 'KongAuditForwarder',
      MetricName: 'LagSeconds',
      Dimensions: [{ Name: 'Source', Value: 'kong' }],
      Statistic: 'Maximum',
      Threshold: 60,
    });
    expect(forwarder.metric(METRIC_NAMES.auditDenied, { statistic: 'Sum' })).toMatchObject({
      namespace: 'KongAuditForwarder',
      metricName: 'AuditDenied',
      statistic: 'Sum',
    });
  });

  test('shows what it is made of', () => {
    expect(forwarder.dashboard.dashboardArn).toContain(':dashboard/');
    expect(forwarder.role.roleArn).toBe(forwarder.handler.role?.roleArn);
    expect(forwarder.handler.logGroup.logGroupName).toBe(forwarder.logGroup.logGroupName);
    expect(forwarder.alarms).toHaveLength(9);
    expect(forwarder.outputs.map(({ id }) => id)).toEqual(['ChannelArn']);
  });

  test('tells which secret is to be filled', () => {
    const ids = ({ outputs }: KongAuditForwarder) => outputs.map(({ id }) => id);
    expect(ids(team().place('Forwarder', { source: kong({ superadmin: true }) }))).toContain('FillKongAdminToken');
  });
});

describe('what a forwarder refuses', () => {
  const cron = (expression: string) => ScheduleExpression.expression(expression);
  test.each<[string, Partial<KongAuditForwarderProps>, string | RegExp]>([
    ['a schedule in words', { schedule: cron('hourly') }, 'schedule must be rate(…) or cron(…)'],
    ['rare runs', { schedule: ScheduleExpression.rate(Duration.days(10)) }, 'schedule leaves 10 days between runs'],
    ['a run once', { schedule: ScheduleExpression.at(new Date()) }, 'schedule must be rate(…) or cron(…)'],
    ['a sweep in words', { sweepSchedule: cron('weekly') }, 'sweepSchedule must be rate(…) or cron(…)'],
    [
      'a verification that cannot be',
      { verifySchedule: cron('rate(1 day)') },
      'verifySchedule is of no use: the function cannot read back what is in CloudTrail Lake',
    ],
    ['a long name', { resourceName: 'k'.repeat(51) }, 'resourceName must be 3 to 50 letters, digits and hyphens'],
    ['no name', { resourceName: '' }, 'resourceName must be 3 to 50 letters, digits and hyphens'],
    [
      'what the function would refuse',
      { source: kong({ pageSize: 5000 }), putConcurrency: 1000 },
      /^The function would refuse its environment:\n- PUT_CONCURRENCY must be .*\n- KONG_PAGE_SIZE must be/,
    ],
  ])('%s', (_, props, problem) => {
    expect(() => team().place('Forwarder', props)).toThrow(problem);
  });

  test('a bundle of authorities that does not fit the environment', async () => {
    const { ca } = await makeCertificates();
    expect(() => team().place('Forwarder', { source: kong({ rootCa: ca.repeat(8) }) })).toThrow(
      /KONG_ROOT_CA makes the function's environment \d+ bytes, Lambda takes 4096; give the one root certificate that signs Kong's/,
    );
  });

  test('a log group that is its own destination, whatever it will be called', () => {
    const { stack, place } = team();
    const [one, other] = [new logs.LogGroup(stack, 'One'), new logs.LogGroup(stack, 'Other')];
    const props = (logGroup: logs.ILogGroup) => ({
      source: new LogGroupSource({ logGroup: one, format: 'nginx' }),
      sink: new CloudWatchLogsSink({ logGroup }),
    });
    expect(() => place('Same', props(one))).toThrow('a log group must not be its own destination');
    expect(() => team().place('Two', props(other))).not.toThrow();
  });

  test('endpoints where the sink has none', () => {
    const { stack, vpc, place } = team();
    const endpoints = new AwsEndpoints(stack, 'Endpoints', { vpc, vpcSubnets: {} });
    expect(() => place('Forwarder', { endpoints })).toThrow(
      'endpoints cannot be used: what is called of CloudTrail has no interface endpoint in a VPC',
    );
  });
});

describe('the daily verification', () => {
  const readable = { title: 'x', variables: {}, readable: true };

  test.each([
    ['5 minutes', Duration.minutes(5), 'cron(30 3 * * ? *)'],
    ['an hour', Duration.hours(1), 'cron(30 3 * * ? *)'],
    ['12 hours', Duration.hours(12), 'cron(30 14 * * ? *)'],
    ['21 hours', Duration.hours(21), 'cron(30 23 * * ? *)'],
    ['22 hours', Duration.hours(22), undefined],
    ['three days', Duration.days(3), undefined],
  ])('of runs every %s comes when the last entries of the day before must have come', (_, interval, expected) => {
    expect(verificationSchedule(undefined, readable, interval)?.expressionString).toBe(expected);
  });

  test('is none where the sink cannot be read, or nobody wants it', () => {
    expect(verificationSchedule(undefined, { ...readable, readable: false }, Duration.hours(1))).toBeUndefined();
    expect(verificationSchedule('none', readable, Duration.hours(1))).toBeUndefined();
  });
});

describe('a source or sink', () => {
  /** What a source sees of its forwarder. */
  const scope = (): ForwarderScope => {
    const stack = new Stack();
    const vpc = new ec2.Vpc(stack, 'Vpc') as ec2.IVpc;
    return Object.assign(stack, { resourceName: 'kong-eu', sourceName: 'eu', vpc });
  };

  test.each([
    ['https://kong.internal:8444/_api', '8444'],
    ['http://kong.internal:8001', '8001'],
    ['https://kong.internal', '443'],
    ['http://kong.internal', '80'],
  ])('Kong at %s is reached at port %s', (adminApi, port) => {
    expect(kong({ adminApi }).bind(scope()).routes).toMatchObject([{ port: { props: { fromPort: Number(port) } } }]);
  });

  test('Kong gets a warning when its token would go over http', () => {
    const [secure, insecure] = [scope(), scope()];
    kong({ superadmin: true }).bind(secure);
    kong({ superadmin: true, adminApi: 'http://kong.internal:8001' }).bind(insecure);
    Annotations.fromStack(secure as unknown as Stack).hasNoWarning('*', Match.anyValue());
    Annotations.fromStack(insecure as unknown as Stack).hasWarning(
      '*',
      Match.stringLikeRegexp('The token is sent to http://kong.internal:8001 unencrypted'),
    );
  });

  test('a log group wants neither token nor route, and its ARN may come with :* or without', () => {
    const arn = 'arn:aws:logs:eu-west-1:111122223333:log-group:/nginx';
    for (const given of [arn, `${arn}:*`]) {
      const logGroup = logs.LogGroup.fromLogGroupArn(new Stack(), 'Group', given);
      const bound = new LogGroupSource({ logGroup, format: 'nginx' }).bind();
      expect(bound).not.toHaveProperty('secrets');
      expect(bound).not.toHaveProperty('routes');
      expect(bound.variables).toMatchObject({ sourceLogGroupArn: arn, sourceFormat: 'nginx' });
      expect(bound.statements?.map((statement) => statement.toJSON() as unknown)).toEqual([
        { Effect: 'Allow', Action: 'logs:FilterLogEvents', Resource: `${arn}:*` },
      ]);
    }
  });

  test('of your own is one class: what it brings is all that the forwarder adds', () => {
    const { stack, vpc, place } = team();
    const firehose: Sink = {
      bind: () => ({
        title: 'Firehose',
        variables: { channelArn, firehoseArn: 'arn:aws:firehose:eu-west-1:111122223333:deliverystream/audit' },
        statements: [
          new iam.PolicyStatement({ actions: ['firehose:PutRecordBatch'], resources: ['arn:aws:firehose:x'] }),
        ],
        services: [{ title: 'Firehose', endpoint: ec2.InterfaceVpcEndpointAwsService.KINESIS_FIREHOSE }],
        readable: true,
        outputs: [{ id: 'StreamArn', description: 'The stream', value: 'x' }],
      }),
    };
    const vpcSubnets = { subnetType: ec2.SubnetType.PRIVATE_WITH_EGRESS };
    const endpoints = new AwsEndpoints(stack, 'Endpoints', { vpc, vpcSubnets });
    const { outputs } = place('Forwarder', { sink: firehose, endpoints });
    place('Other', {
      sink: new CloudWatchLogsSink({ logGroup: new logs.LogGroup(stack, 'Audit') }),
      endpoints,
      resourceName: 'other',
      sourceName: 'other',
    });
    expect(outputs.map(({ id }) => id)).toEqual(['StreamArn']);
    const template = Template.fromStack(stack);
    template.hasResourceProperties('AWS::Lambda::Function', {
      Description: "Forwards Kong's audit log to Firehose",
      Environment: { Variables: Match.objectLike({ FIREHOSE_ARN: Match.stringLikeRegexp('deliverystream/audit') }) },
    });
    expect(statementsOf(template).flatMap(({ Action }) => Action)).toContain('firehose:PutRecordBatch');
    // Two forwarders that share the endpoints have one for each service.
    template.resourceCountIs('AWS::EC2::VPCEndpoint', 3);
  });
});
