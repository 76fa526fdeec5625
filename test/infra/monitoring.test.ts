import { Match, type Template } from 'aws-cdk-lib/assertions';
import { beforeAll, describe, expect, test } from 'vitest';
import { METRIC_NAMES, METRICS_NAMESPACE } from '../../lambda/metric-names.ts';
import { type Alarm, alarmNamesOf, alarmsOf, DEPLOYMENTS, only, synthesize, templateOf } from './support.ts';

/** A run every hour, with nothing but what is required; and others that the tests ask. */
let minimal: Template, full: Template, existing: Template, bare: Template, channel: Template;
beforeAll(() => {
  minimal = templateOf('minimal');
  full = templateOf('full');
  existing = templateOf('existing');
  bare = templateOf('bare');
  channel = templateOf('channel');
});

function alarm(template: Template, suffix: string): Alarm {
  const found = alarmsOf(template).find(({ AlarmName }) => AlarmName.endsWith(`-${suffix}`));
  if (!found) throw new Error(`No alarm ${suffix}`);
  return found;
}

const SOURCE = { Namespace: METRICS_NAMESPACE, Dimensions: [{ Name: 'Source', Value: 'kong' }] };

describe('the alarm', () => {
  test('for errors is raised by one failed run', () => {
    const FunctionName = { Ref: only(minimal, 'AWS::Lambda::Function').logicalId };
    expect(alarm(minimal, 'errors')).toMatchObject({
      Namespace: 'AWS/Lambda',
      MetricName: 'Errors',
      Dimensions: [{ Name: 'FunctionName', Value: FunctionName }],
      Statistic: 'Sum',
      Period: 3600,
      EvaluationPeriods: 1,
      ComparisonOperator: 'GreaterThanThreshold',
      Threshold: 0,
      TreatMissingData: 'notBreaching',
    });
  });

  test('for no complete run is raised after three intervals, and by missing data', () => {
    const part = (Id: string, MetricName: string) => ({
      Id,
      MetricStat: { Metric: { ...SOURCE, MetricName }, Period: 3600, Stat: 'Sum' },
      ReturnData: false,
    });
    expect(alarm(minimal, 'no-complete-run')).toMatchObject({
      Metrics: [{ Expression: 'runs - incomplete' }, part('runs', 'Runs'), part('incomplete', 'RunsIncomplete')],
      EvaluationPeriods: 3,
      ComparisonOperator: 'LessThanThreshold',
      Threshold: 1,
      TreatMissingData: 'breaching',
    });
  });

  test('for lag is raised beyond two intervals', () => {
    expect(alarm(minimal, 'lag')).toMatchObject({
      ...SOURCE,
      MetricName: 'LagSeconds',
      Statistic: 'Maximum',
      ComparisonOperator: 'GreaterThanThreshold',
      Threshold: 7200,
    });
  });

  test('for quarantine is raised by each run that adds an entry, and has ended before the next', () => {
    expect(alarm(minimal, 'quarantine')).toMatchObject({
      ...SOURCE,
      MetricName: 'EntriesQuarantined',
      Statistic: 'Sum',
      Period: 300,
      EvaluationPeriods: 1,
      ComparisonOperator: 'GreaterThanThreshold',
      Threshold: 0,
      TreatMissingData: 'notBreaching',
    });
    expect(JSON.stringify(alarmsOf(minimal))).not.toContain('QuarantineSize');
  });

  test('for quarantine has the command that tries again', () => {
    expect(alarm(minimal, 'quarantine').AlarmDescription).toContain(
      'aws lambda invoke --function-name kong-cloudtrail-integration --cli-binary-format raw-in-base64-out --cli-read-timeout 900 --payload \'{"mode":"replay"}\' /dev/stdout',
    );
  });

  test('for the purge is critical and raised 24 hours before, and says how to save what is about to go', () => {
    expect(alarm(minimal, 'purge-headroom-critical')).toMatchObject({
      ...SOURCE,
      MetricName: 'PurgeHeadroomSeconds',
      Statistic: 'Minimum',
      ComparisonOperator: 'LessThanThreshold',
      Threshold: 86_400,
    });
    expect(alarm(minimal, 'purge-headroom-critical').AlarmDescription).toMatch(
      /^CRITICAL: within 1 day .* not in CloudTrail Lake\. .* save what GET \/audit\/requests returns/,
    );
  });

  test('for the purge is raised at half the retention where Kong keeps less than two days', () => {
    expect(DEPLOYMENTS.full.auditTtlSeconds).toBe(86_400);
    expect(alarm(full, 'purge-headroom-critical')).toMatchObject({ Threshold: 43_200 });
  });

  test('for throttles is raised by one', () => {
    expect(alarm(minimal, 'throttles')).toMatchObject({
      Namespace: 'AWS/Lambda',
      MetricName: 'Throttles',
      ComparisonOperator: 'GreaterThanThreshold',
      Threshold: 0,
    });
  });

  test('for dead letters is raised by one', () => {
    const QueueName = { 'Fn::GetAtt': [only(minimal, 'AWS::SQS::Queue').logicalId, 'QueueName'] };
    expect(alarm(minimal, 'dead-letters')).toMatchObject({
      Namespace: 'AWS/SQS',
      MetricName: 'ApproximateNumberOfMessagesVisible',
      Dimensions: [{ Name: 'QueueName', Value: QueueName }],
      ComparisonOperator: 'GreaterThanThreshold',
      Threshold: 0,
    });
  });

  test('for denied calls is raised by 20 in an interval, or by as many as asked', () => {
    const denied = { MetricName: 'AuditDenied', Statistic: 'Sum', ComparisonOperator: 'GreaterThanOrEqualToThreshold' };
    expect(alarm(minimal, 'denied')).toMatchObject({ ...SOURCE, ...denied, Period: 3600, Threshold: 20 });
    expect(alarm(full, 'denied')).toMatchObject({ ...denied, Period: 43_200, Threshold: 7 });
  });

  test('for anonymous writes is raised by one, where a token is wanted', () => {
    expect(alarm(existing, 'anonymous-writes')).toMatchObject({
      ...SOURCE,
      MetricName: 'AuditAnonymousWrites',
      Statistic: 'Sum',
      Threshold: 0,
    });
    expect(alarmNamesOf(minimal)).not.toContain('anonymous-writes');
  });

  test('for missing entries is raised by one, where there is a verification', () => {
    expect(alarm(channel, 'entries-missing')).toMatchObject({
      ...SOURCE,
      MetricName: 'EntriesMissing',
      Statistic: 'Sum',
      Threshold: 0,
    });
    expect(alarmNamesOf(minimal)).not.toContain('entries-missing');
  });

  test('can be turned off where it is about what is in the log', () => {
    expect(alarmNamesOf(bare)).not.toContain('denied');
    expect(alarmsOf(full).map(({ AlarmName }) => AlarmName)).not.toContain('kong-eu-anonymous-writes');
  });

  test("for the cache's memory is raised above 80 % on either node", () => {
    const { logicalId } = only(minimal, 'AWS::ElastiCache::ReplicationGroup');
    const node = (number: string) => ({
      MetricStat: {
        Metric: {
          Namespace: 'AWS/ElastiCache',
          MetricName: 'DatabaseMemoryUsagePercentage',
          Dimensions: [
            { Name: 'CacheClusterId', Value: { 'Fn::Join': ['', [{ Ref: logicalId }, `-${number}`]] } },
            { Name: 'CacheNodeId', Value: '0001' },
          ],
        },
      },
    });
    expect(alarm(minimal, 'cache-memory')).toMatchObject({
      Metrics: [{ Expression: 'MAX([first, second])' }, node('001'), node('002')],
      ComparisonOperator: 'GreaterThanThreshold',
      Threshold: 80,
    });
  });

  test("for the cache's memory is not made for a Redis that is there already", () => {
    expect(alarmNamesOf(bare)).not.toContain('cache-memory');
  });
});

describe('every alarm', () => {
  test('says what to do first', () => {
    for (const { AlarmDescription } of [...alarmsOf(channel), ...alarmsOf(full)])
      expect(AlarmDescription).toMatch(/\bFirst: /);
  });

  test('has room for what it says, whatever the name', () => {
    const longest = 50 - 'kong-cloudtrail-integration'.length;
    for (const { AlarmDescription } of alarmsOf(channel)) {
      const names = AlarmDescription.split('kong-cloudtrail-integration').length - 1;
      expect(AlarmDescription.length + names * longest).toBeLessThanOrEqual(1024);
    }
  });

  test('that names a log command names one that shows the cause after a weekend, too', () => {
    const commands = alarmsOf(channel).flatMap(({ AlarmDescription }) => AlarmDescription.match(/--since \w+/g) ?? []);
    expect(commands.length).toBeGreaterThan(4);
    for (const command of commands) expect(command).toBe('--since 4d');
    expect(alarm(full, 'errors').AlarmDescription).toContain('--since 5d');
  });

  test('does nothing unless it is told whom to tell', () => {
    minimal.allResourcesProperties('AWS::CloudWatch::Alarm', {
      AlarmActions: Match.absent(),
      OKActions: Match.absent(),
    });
    minimal.resourceCountIs('AWS::SNS::Topic', 0);
  });

  test('goes to the topic that is given, and so does its end, unless it tells of what cannot be undone', () => {
    const told = [DEPLOYMENTS.existing.alarmTopicArn];
    existing.allResourcesProperties('AWS::CloudWatch::Alarm', { AlarmActions: told });
    existing.resourceCountIs('AWS::SNS::Topic', 0);
    const ending = alarmsOf(existing).filter(({ OKActions }) => OKActions !== undefined);
    expect(ending.map(({ OKActions }) => OKActions)).toEqual(ending.map(() => told));
    const occurrences = ['quarantine', 'denied', 'anonymous-writes'];
    expect(ending.map(({ AlarmName }) => AlarmName.replace('kong-cloudtrail-integration-', '')).sort()).toEqual(
      alarmNamesOf(existing)
        .filter((name) => !occurrences.includes(name))
        .sort(),
    );
  });

  test('goes to the address that is given, through a topic that takes only TLS and only CloudWatch', () => {
    const Ref = only(full, 'AWS::SNS::Topic').logicalId;
    full.allResourcesProperties('AWS::CloudWatch::Alarm', { AlarmActions: [{ Ref }] });
    full.hasResourceProperties('AWS::SNS::Subscription', { Protocol: 'email', Endpoint: 'platform@example.com' });
    full.hasResourceProperties('AWS::SNS::TopicPolicy', {
      PolicyDocument: {
        Statement: [
          Match.objectLike({ Effect: 'Deny', Condition: { Bool: { 'aws:SecureTransport': 'false' } } }),
          Match.objectLike({
            Effect: 'Allow',
            Action: 'sns:Publish',
            Principal: { Service: 'cloudwatch.amazonaws.com' },
            Condition: { StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } },
          }),
        ],
      },
    });
  });
});

describe('the intervals of the alarms', () => {
  test.each([
    ['rate(5 minutes)', { period: 300, periods: 3, lag: 600, eachRun: 120 }],
    ['cron(0 6,18 * * ? *)', { period: 43_200, periods: 3, lag: 86_400, eachRun: 300 }],
    // An alarm's period is at most a day, and it looks back seven days at most.
    ['rate(2 days)', { period: 86_400, periods: 6, lag: 345_600, eachRun: 300 }],
    ['cron(0 8-18 ? * MON-FRI *)', { period: 86_400, periods: 7, lag: 446_400, eachRun: 300 }],
  ])('follow the schedule %s', (schedule, { period, periods, lag, eachRun }) => {
    const template = synthesize({ schedule });
    expect(alarm(template, 'no-complete-run')).toMatchObject({
      EvaluationPeriods: periods,
      Metrics: [{}, { MetricStat: { Period: period } }, { MetricStat: { Period: period } }],
    });
    expect(alarm(template, 'lag')).toMatchObject({ Period: period, Threshold: lag });
    expect(alarm(template, 'quarantine')).toMatchObject({ Period: eachRun });
    expect(alarm(template, 'denied')).toMatchObject({ Period: period });
  });
});

describe('the dashboard', () => {
  const body = (template: Template) =>
    JSON.stringify(only(template, 'AWS::CloudWatch::Dashboard').properties['DashboardBody']);

  test('shows every metric of the function, and what Lambda and the cache say', () => {
    const metrics = [...Object.values(METRIC_NAMES), 'Errors', 'Throttles', 'DatabaseMemoryUsagePercentage'];
    for (const metric of metrics.filter((name) => name !== METRIC_NAMES.entriesFetched))
      expect(body(minimal)).toContain(`\\"${metric}\\"`);
  });

  test('shows the state of every alarm', () => {
    for (const id of Object.keys(channel.findResources('AWS::CloudWatch::Alarm')))
      expect(body(channel)).toContain(`["${id}","Arn"]`);
  });

  test('has no graph of the memory of a Redis that is there already', () => {
    expect(body(bare)).not.toContain('Memory');
  });
});
