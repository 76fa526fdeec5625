import { App, CfnParameter, type Environment, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { describe, expect, test } from 'vitest';
import { KongAuditForwarder, type KongAuditForwarderProps } from '../../infra/constructs/kong-audit-forwarder.ts';
import { KongAuditCache } from '../../infra/constructs/kong-audit-cache.ts';
import { existingCache } from '../../infra/constructs/ledger-cache.ts';
import { makeCertificates } from '../support/certificates.ts';
import { CHANNEL_ARN, placeholderCode, scratch } from './support.ts';

/** A team's own app: a VPC of its own, one cache, and what a forwarder needs besides. */
function team() {
  const app = new App({ outdir: scratch('cdk.out') });
  const stack = new Stack(app, 'Team');
  const vpc = new ec2.Vpc(stack, 'Vpc', { maxAzs: 2 }) as ec2.IVpc;
  const cache = new KongAuditCache(stack, 'Cache', { vpc });
  const place = (id: string, props: Partial<KongAuditForwarderProps>, scope: Stack = stack) =>
    new KongAuditForwarder(scope, id, {
      kongAdminApi: 'https://kong.internal:8444',
      channelArn: CHANNEL_ARN,
      vpc,
      cache,
      code: placeholderCode(),
      ...props,
    });
  return { app, stack, vpc, cache, place };
}

describe('two forwarders that share a cache', () => {
  const shared = () => {
    const { stack, place } = team();
    place('Eu', { resourceName: 'kong-eu', sourceName: 'eu', kongAdminApi: 'https://kong-eu.internal:8444' });
    place('Us', {
      resourceName: 'kong-us',
      sourceName: 'us',
      kongAdminApi: 'http://kong-us.internal:8001',
      schedule: 'rate(5 minutes)',
    });
    return Template.fromStack(stack);
  };

  test('have one replication group, and a function, schedule, queue, dashboard and alarms each', () => {
    const template = shared();
    template.resourceCountIs('AWS::ElastiCache::ReplicationGroup', 1);
    for (const type of [
      'AWS::Lambda::Function',
      'AWS::Scheduler::Schedule',
      'AWS::SQS::Queue',
      'AWS::CloudWatch::Dashboard',
    ])
      template.resourceCountIs(type, 2);
    template.resourceCountIs('AWS::CloudWatch::Alarm', 2 * 7 + 1);
  });

  test('are told apart in the ledger and in the metrics', () => {
    const template = shared();
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
    const rules = Object.values(shared().findResources('AWS::EC2::SecurityGroupIngress')).map(
      ({ Properties }) => Properties as { GroupId: unknown; SourceSecurityGroupId: unknown; FromPort: number },
    );
    expect(rules).toHaveLength(2);
    expect(new Set(rules.map(({ GroupId }) => JSON.stringify(GroupId))).size).toBe(1);
    expect(new Set(rules.map(({ SourceSecurityGroupId }) => JSON.stringify(SourceSecurityGroupId))).size).toBe(2);
  });

  test('must have different sources', () => {
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
});

describe('two forwarders with a cache each', () => {
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
  test('is complete with an Admin API, a VPC, a channel and a cache', () => {
    const { stack, place } = team();
    place('Forwarder', {});
    const template = Template.fromStack(stack);
    template.hasResourceProperties('AWS::Lambda::Function', { FunctionName: 'kong-cloudtrail-integration' });
    template.hasResourceProperties('AWS::Scheduler::Schedule', { ScheduleExpression: 'rate(1 hour)' });
  });

  test('says what the function would refuse', () => {
    expect(() => team().place('Forwarder', { kongPageSize: 5000, logLevel: 'loud' })).toThrow(
      /^The function would refuse its environment:\n- KONG_PAGE_SIZE must be .*\n- LOG_LEVEL must be/,
    );
  });

  test.each<[Partial<KongAuditForwarderProps>, string]>([
    [{ schedule: 'hourly' }, 'schedule must be rate(…) or cron(…)'],
    [{ schedule: 'rate(10 days)' }, 'schedule leaves 10 days between runs'],
    [{ sweepSchedule: 'weekly' }, 'sweepSchedule must be rate(…) or cron(…)'],
    [{ resourceName: 'k'.repeat(51) }, 'resourceName must be 3 to 50 letters, digits and hyphens'],
    [{ resourceName: '' }, 'resourceName must be 3 to 50 letters, digits and hyphens'],
  ])('refuses %j', (props, problem) => {
    expect(() => team().place('Forwarder', props)).toThrow(problem);
  });

  test('takes an Admin API whose host only the deployment knows, and opens the egress to its port', () => {
    const { stack, place } = team();
    const host = new CfnParameter(stack, 'KongHost').valueAsString;
    place('Forwarder', { kongAdminApi: `https://${host}:9444/_api`, externalId: host });
    const template = Template.fromStack(stack);
    template.hasResourceProperties('AWS::Lambda::Function', {
      Environment: {
        Variables: Match.objectLike({
          KONG_ADMIN_API: { 'Fn::Join': ['', ['https://', { Ref: 'KongHost' }, ':9444/_api']] },
        }),
      },
    });
    template.hasResourceProperties('AWS::EC2::SecurityGroup', {
      SecurityGroupEgress: Match.arrayWith([Match.objectLike({ FromPort: 9444 })]),
    });
  });

  test('may read a secret that is given by its name, whatever six characters end its ARN', () => {
    const { stack, place } = team();
    place('Forwarder', { kongAdminToken: Secret.fromSecretNameV2(stack, 'Token', 'kong/token') });
    Template.fromStack(stack).hasResourceProperties('AWS::IAM::Policy', {
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

  test('says when a bundle of authorities does not fit its environment', async () => {
    const { ca } = await makeCertificates();
    expect(() => team().place('Forwarder', { kongRootCa: ca.repeat(8) })).toThrow(
      /KONG_ROOT_CA makes the function's environment \d+ bytes, Lambda takes 4096; give the one root certificate that signs Kong's/,
    );
  });

  test('tells which secret is to be filled', () => {
    expect(team().place('Forwarder', {}).secretToFill).toBeUndefined();
    expect(team().place('Forwarder', { kongSuperadmin: true }).secretToFill).toBeDefined();
  });
});
