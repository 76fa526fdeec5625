import { Match, type Template } from 'aws-cdk-lib/assertions';
import { beforeAll, describe, expect, test } from 'vitest';
import { METRICS_NAMESPACE } from '../../lambda/metric-names.ts';
import { only, synthesize } from './support.ts';

/** The stack with nothing but what is required: a run every hour. */
let minimal: Template;
beforeAll(() => {
  minimal = synthesize();
});

type Alarm = Readonly<Record<string, unknown>> & { readonly AlarmName: string; readonly AlarmDescription: string };

function alarmsOf(template: Template): Alarm[] {
  return Object.values(template.findResources('AWS::CloudWatch::Alarm')).map(({ Properties }) => Properties as Alarm);
}

function alarm(template: Template, suffix: string): Alarm {
  const found = alarmsOf(template).find(({ AlarmName }) => AlarmName === `kong-cloudtrail-integration-${suffix}`);
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

  test('for quarantine is raised by one entry', () => {
    expect(alarm(minimal, 'quarantine')).toMatchObject({
      ...SOURCE,
      MetricName: 'QuarantineSize',
      Statistic: 'Maximum',
      ComparisonOperator: 'GreaterThanThreshold',
      Threshold: 0,
    });
  });

  test('for quarantine has the command that tries again', () => {
    expect(alarm(minimal, 'quarantine').AlarmDescription).toContain(
      'aws lambda invoke --function-name kong-cloudtrail-integration --cli-binary-format raw-in-base64-out --cli-read-timeout 900 --payload \'{"mode":"replay"}\' /dev/stdout',
    );
  });

  test('for the purge is critical and raised 24 hours before', () => {
    expect(alarm(minimal, 'purge-headroom-critical')).toMatchObject({
      ...SOURCE,
      MetricName: 'PurgeHeadroomSeconds',
      Statistic: 'Minimum',
      ComparisonOperator: 'LessThanThreshold',
      Threshold: 86_400,
    });
    expect(alarm(minimal, 'purge-headroom-critical').AlarmDescription).toMatch(/^CRITICAL: within 1 day/);
  });

  test('for the purge is raised at half the retention where Kong keeps less than two days', () => {
    const template = synthesize({ auditTtlSeconds: 86_400 });
    expect(alarm(template, 'purge-headroom-critical')).toMatchObject({ Threshold: 43_200 });
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
    expect(alarmsOf(synthesize({ redis: 'redis.internal:6379' })).map(({ AlarmName }) => AlarmName)).toHaveLength(7);
  });
});

describe('every alarm', () => {
  test('says what to do first', () => {
    for (const { AlarmDescription } of alarmsOf(minimal)) expect(AlarmDescription).toMatch(/\bFirst: /);
  });

  test('has room for what it says, whatever the name', () => {
    for (const { AlarmDescription } of alarmsOf(synthesize({ resourceName: 'k'.repeat(50) })))
      expect(AlarmDescription.length).toBeLessThanOrEqual(1024);
  });

  test('does nothing unless it is told whom to tell', () => {
    minimal.allResourcesProperties('AWS::CloudWatch::Alarm', {
      AlarmActions: Match.absent(),
      OKActions: Match.absent(),
    });
    minimal.resourceCountIs('AWS::SNS::Topic', 0);
  });

  test('goes to the topic that is given, and its end, too', () => {
    const alarmTopicArn = 'arn:aws:sns:eu-west-1:111122223333:alarms';
    const template = synthesize({ alarmTopicArn });
    template.allResourcesProperties('AWS::CloudWatch::Alarm', {
      AlarmActions: [alarmTopicArn],
      OKActions: [alarmTopicArn],
    });
    template.resourceCountIs('AWS::SNS::Topic', 0);
  });

  test('goes to the address that is given, through a topic that takes only TLS and only CloudWatch', () => {
    const template = synthesize({ alarmEmail: 'platform@example.com' });
    const Ref = only(template, 'AWS::SNS::Topic').logicalId;
    template.allResourcesProperties('AWS::CloudWatch::Alarm', { AlarmActions: [{ Ref }] });
    template.hasResourceProperties('AWS::SNS::Subscription', { Protocol: 'email', Endpoint: 'platform@example.com' });
    template.hasResourceProperties('AWS::SNS::TopicPolicy', {
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
    ['rate(5 minutes)', { period: 300, periods: 3, lag: 600 }],
    ['rate(6 hours)', { period: 21_600, periods: 3, lag: 43_200 }],
    ['cron(0 6,18 * * ? *)', { period: 43_200, periods: 3, lag: 86_400 }],
    // An alarm's period is at most a day, and it looks back seven days at most.
    ['rate(36 hours)', { period: 86_400, periods: 5, lag: 259_200 }],
    ['rate(2 days)', { period: 86_400, periods: 6, lag: 345_600 }],
    ['cron(0 8-18 ? * MON-FRI *)', { period: 86_400, periods: 7, lag: 446_400 }],
  ])('follow the schedule %s', (schedule, { period, periods, lag }) => {
    const template = synthesize({ schedule });
    expect(alarm(template, 'no-complete-run')).toMatchObject({
      EvaluationPeriods: periods,
      Metrics: [{}, { MetricStat: { Period: period } }, { MetricStat: { Period: period } }],
    });
    expect(alarm(template, 'lag')).toMatchObject({ Period: period, Threshold: lag });
  });
});

describe('the dashboard', () => {
  const body = (template: Template) =>
    JSON.stringify(only(template, 'AWS::CloudWatch::Dashboard').properties['DashboardBody']);

  test('shows what was forwarded, how far behind it is, and what went wrong', () => {
    const metrics = [
      ...['EntriesForwarded', 'EntriesDuplicate', 'EntriesOwn', 'EntriesQuarantined', 'QuarantineSize'],
      ...['LagSeconds', 'PurgeHeadroomSeconds', 'RunDurationMs', 'Runs', 'RunsIncomplete'],
      ...['Errors', 'Throttles', 'PutThrottled', 'KongRequests', 'PutRequests', 'DatabaseMemoryUsagePercentage'],
    ];
    for (const metric of metrics) expect(body(minimal)).toContain(`\\"${metric}\\"`);
  });

  test('shows the state of every alarm', () => {
    for (const id of Object.keys(minimal.findResources('AWS::CloudWatch::Alarm')))
      expect(body(minimal)).toContain(`["${id}","Arn"]`);
  });

  test('has no graph of the memory of a Redis that is there already', () => {
    expect(body(synthesize({ redis: 'redis.internal:6379' }))).not.toContain('Memory');
  });
});
