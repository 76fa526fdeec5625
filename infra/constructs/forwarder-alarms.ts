import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import type * as sns from 'aws-cdk-lib/aws-sns';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { METRICS_NAMESPACE } from '../../lambda/metric-names.ts';

const { GREATER_THAN_THRESHOLD, LESS_THAN_THRESHOLD } = cloudwatch.ComparisonOperator;
const { BREACHING, NOT_BREACHING, IGNORE } = cloudwatch.TreatMissingData;

/** One period of an alarm is at most a day, all of them together at most seven (CloudWatch, PutMetricAlarm). */
const LONGEST_PERIOD = Duration.days(1);
const LONGEST_LOOKBACK = Duration.days(7);

export interface AlarmOptions {
  /**
   * Prefix of the names of alarms.
   *
   * @default - generated names
   */
  readonly name?: string;

  /**
   * Where alarms, and their end, are told.
   *
   * @default - alarms without action
   */
  readonly alarmTopics?: readonly sns.ITopic[];
}

export interface ForwarderAlarmsProps extends AlarmOptions {
  /** Prefix of the names of alarms; the function's name. */
  readonly name: string;

  /** The function. */
  readonly handler: lambda.IFunction;

  /** The function's `SOURCE_NAME`, its metrics' dimension `Source`. */
  readonly sourceName: string;

  /** Where EventBridge Scheduler leaves what it could not deliver. */
  readonly deadLetters: sqs.IQueue;

  /** The longest time between two scheduled runs. */
  readonly interval: Duration;

  /** How long Kong keeps an entry. */
  readonly auditTtl: Duration;

  /** The command that runs the function's check. */
  readonly checkCommand: string;

  /** The command that tries the quarantined entries again. */
  readonly replayCommand: string;
}

/** A metric of one source, as the function emits it. */
export function sourceMetric(sourceName: string, metricName: string, options: cloudwatch.MetricOptions) {
  return new cloudwatch.Metric({
    namespace: METRICS_NAMESPACE,
    metricName,
    dimensionsMap: { Source: sourceName },
    ...options,
  });
}

/** The alarms of one forwarder. Each description says what to do first. */
export class ForwarderAlarms extends Construct {
  readonly all: readonly cloudwatch.IAlarm[];

  constructor(scope: Construct, id: string, props: ForwarderAlarmsProps) {
    super(scope, id);
    const { handler, sourceName, interval, checkCommand, replayCommand } = props;
    const period = shorter(interval, LONGEST_PERIOD);
    const lookback = shorter(Duration.seconds(3 * interval.toSeconds()), LONGEST_LOOKBACK);
    const logs = `aws logs tail /aws/lambda/${props.name} --since ${Math.ceil(period.toHours({ integral: false }) + 1)}h`;
    const headroom = shorter(Duration.days(1), Duration.seconds(Math.floor(props.auditTtl.toSeconds() / 2)));
    const metric = (name: string, statistic: string) => sourceMetric(sourceName, name, { statistic, period });
    const watch = (alarmId: string, suffix: string, alarm: Watch) => addAlarm(this, alarmId, suffix, props, alarm);

    this.all = [
      watch('Errors', 'errors', {
        metric: handler.metricErrors({ period }),
        description:
          'A run failed. Nothing is lost while Kong holds the entries; the next run goes on where this one stopped. ' +
          `First: ${logs} --filter-pattern ERROR, the error's message says what to do. Then: ${checkCommand}`,
        threshold: 0,
        treatMissingData: NOT_BREACHING,
      }),
      watch('NoCompleteRun', 'no-complete-run', {
        metric: new cloudwatch.MathExpression({
          expression: 'runs - incomplete',
          label: 'Complete runs',
          usingMetrics: { runs: metric('Runs', 'Sum'), incomplete: metric('RunsIncomplete', 'Sum') },
          period,
        }),
        description:
          `No run has been complete for ${lookback.toHumanString()}. It is also raised from the deployment to the first complete run. ` +
          `First: ${checkCommand} and do what it says. Then: ${logs}. No runs at all: aws scheduler list-schedules --group-name ${props.name}`,
        threshold: 1,
        comparisonOperator: LESS_THAN_THRESHOLD,
        evaluationPeriods: Math.ceil(lookback.toSeconds() / period.toSeconds()),
        treatMissingData: BREACHING,
      }),
      watch('Lag', 'lag', {
        metric: metric('LagSeconds', 'Maximum'),
        description:
          'The oldest entry without an outcome is more than two intervals old. Expected while a first run or a backfill reads what Kong ' +
          `retains. First: ${logs} to see whether runs are incomplete (the log grows faster than it is read: run more often) or fail.`,
        threshold: 2 * interval.toSeconds(),
        treatMissingData: IGNORE,
      }),
      watch('Quarantine', 'quarantine', {
        metric: metric('QuarantineSize', 'Maximum'),
        description:
          `Entries cannot be sent and are kept in quarantine. First: ${logs} --filter-pattern quarantine for the reasons. When the ` +
          `cause is gone: ${replayCommand}`,
        threshold: 0,
        treatMissingData: IGNORE,
      }),
      watch('PurgeHeadroom', 'purge-headroom-critical', {
        metric: metric('PurgeHeadroomSeconds', 'Minimum'),
        description:
          `CRITICAL: within ${headroom.toHumanString()} Kong purges an entry that is not in CloudTrail Lake. First: ${checkCommand} and do what ` +
          'it says now. If that takes longer, save what GET /audit/requests returns: it can be proven later, a purged entry cannot.',
        threshold: headroom.toSeconds(),
        comparisonOperator: LESS_THAN_THRESHOLD,
        treatMissingData: IGNORE,
      }),
      watch('Throttles', 'throttles', {
        metric: handler.metricThrottles({ period }),
        description:
          'Lambda did not start a run because the account has no concurrency left. Lambda tries again until the next run is due. First: ' +
          'aws lambda get-account-settings, and find the function that uses it up.',
        threshold: 0,
        treatMissingData: NOT_BREACHING,
      }),
      watch('DeadLetters', 'dead-letters', {
        metric: props.deadLetters.metricApproximateNumberOfMessagesVisible({
          statistic: 'Maximum',
          period: Duration.minutes(5),
        }),
        description:
          'EventBridge Scheduler could not invoke the function. First: aws sqs receive-message --message-attribute-names All --queue-url ' +
          `$(aws sqs get-queue-url --queue-name ${props.name}-dead-letters --query QueueUrl --output text), ERROR_MESSAGE says why. ` +
          'Then purge the queue; the next run makes up for the lost one.',
        threshold: 0,
        treatMissingData: NOT_BREACHING,
      }),
    ];
  }
}

/** The alarm of a cache that this app made; one, however many forwarders share it. */
export function watchCacheMemory(
  scope: Construct,
  memoryUsage: cloudwatch.IMetric,
  options: AlarmOptions,
): cloudwatch.IAlarm {
  return addAlarm(scope, 'Memory', 'cache-memory', options, {
    metric: memoryUsage,
    description:
      'The ledger uses over 80 % of its memory. When it is full it refuses writes and runs fail; nothing is evicted. First: deploy a larger ' +
      "node type (context key cacheNodeType). Check that auditTtlSeconds is Kong's audit_log_record_ttl.",
    threshold: 80,
    evaluationPeriods: 3,
    treatMissingData: IGNORE,
  });
}

interface Watch extends Pick<
  cloudwatch.AlarmProps,
  'metric' | 'threshold' | 'comparisonOperator' | 'treatMissingData'
> {
  /** What it means and what to do first. */
  readonly description: string;
  readonly evaluationPeriods?: number;
}

function addAlarm(scope: Construct, id: string, suffix: string, options: AlarmOptions, watch: Watch): cloudwatch.Alarm {
  const { description, ...props } = watch;
  const alarm = new cloudwatch.Alarm(scope, id, {
    ...(options.name === undefined ? {} : { alarmName: `${options.name}-${suffix}` }),
    alarmDescription: description,
    comparisonOperator: GREATER_THAN_THRESHOLD,
    evaluationPeriods: 1,
    ...props,
  });
  for (const topic of options.alarmTopics ?? []) {
    alarm.addAlarmAction(new SnsAction(topic));
    alarm.addOkAction(new SnsAction(topic));
  }
  return alarm;
}

function shorter(a: Duration, b: Duration): Duration {
  return a.toSeconds() < b.toSeconds() ? a : b;
}
