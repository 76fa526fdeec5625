import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { METRIC_NAMES } from '../../lambda/metric-names.ts';
import { addAlarm, type AlarmOptions } from './alarm.ts';
import { invokeCommand, logCommand } from './commands.ts';
import { forwarderMetric } from './forwarder-metric.ts';

const { LESS_THAN_THRESHOLD } = cloudwatch.ComparisonOperator;
const { BREACHING, NOT_BREACHING, IGNORE } = cloudwatch.TreatMissingData;

/** One period of an alarm is at most a day, all of them together at most seven (CloudWatch, PutMetricAlarm). */
const LONGEST_PERIOD = Duration.days(1);
const LONGEST_LOOKBACK = Duration.days(7);

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

  /** How long the source keeps an entry. */
  readonly auditTtl: Duration;

  /** What the sink is called. */
  readonly sink: string;

  /**
   * How to save by hand what the source is about to drop.
   *
   * @default - nothing can be done by hand
   */
  readonly rescue?: string | undefined;
}

/** The alarms about the forwarder's own work: does it run, is it behind. Each description says what to do first. */
export function forwarderAlarms(scope: Construct, props: ForwarderAlarmsProps): cloudwatch.IAlarm[] {
  const { name, handler, sourceName, interval } = props;
  const period = shorter(interval, LONGEST_PERIOD);
  const lookback = shorter(Duration.seconds(3 * interval.toSeconds()), LONGEST_LOOKBACK);
  const headroom = shorter(Duration.days(1), Duration.seconds(Math.floor(props.auditTtl.toSeconds() / 2)));
  const check = invokeCommand(name, { mode: 'check' });
  const logs = logCommand(name, lookback);

  return [
    addAlarm(scope, 'Errors', 'errors', props, {
      metric: handler.metricErrors({ period }),
      description:
        'A run failed. Nothing is lost while the source holds the entries; the next run goes on where this one stopped. ' +
        `First: ${logCommand(name, lookback, 'ERROR')}, the error's message says what to do. Then: ${check}`,
      threshold: 0,
      treatMissingData: NOT_BREACHING,
    }),
    addAlarm(scope, 'NoCompleteRun', 'no-complete-run', props, {
      metric: new cloudwatch.MathExpression({
        expression: 'runs - incomplete',
        label: 'Complete scheduled runs',
        usingMetrics: {
          runs: forwarderMetric(sourceName, METRIC_NAMES.runs, { statistic: 'Sum', period }),
          incomplete: forwarderMetric(sourceName, METRIC_NAMES.runsIncomplete, { statistic: 'Sum', period }),
        },
        period,
      }),
      description:
        `No scheduled run has been complete for ${lookback.toHumanString()}. It is also raised from the deployment to the first complete run. ` +
        `First: ${check} and do what it says. Then: ${logs}. No runs at all: aws scheduler list-schedules --group-name ${name}`,
      threshold: 1,
      comparisonOperator: LESS_THAN_THRESHOLD,
      evaluationPeriods: Math.ceil(lookback.toSeconds() / period.toSeconds()),
      treatMissingData: BREACHING,
    }),
    addAlarm(scope, 'Lag', 'lag', props, {
      metric: forwarderMetric(sourceName, METRIC_NAMES.lagSeconds, { statistic: 'Maximum', period }),
      description:
        'The oldest entry without an outcome is more than two intervals old. Expected while a first run or a backfill reads what the source ' +
        `retains. First: ${logs} to see whether runs are incomplete (the log grows faster than it is read: run more often) or fail.`,
      threshold: 2 * interval.toSeconds(),
      treatMissingData: IGNORE,
    }),
    addAlarm(scope, 'PurgeHeadroom', 'purge-headroom-critical', props, {
      metric: forwarderMetric(sourceName, METRIC_NAMES.purgeHeadroomSeconds, { statistic: 'Minimum', period }),
      description:
        `CRITICAL: within ${headroom.toHumanString()} the source drops an entry that is not in ${props.sink}. First: ${check} and do what it says now.` +
        (props.rescue === undefined ? '' : ` If that takes longer, ${props.rescue}.`),
      threshold: headroom.toSeconds(),
      comparisonOperator: LESS_THAN_THRESHOLD,
      treatMissingData: IGNORE,
    }),
    addAlarm(scope, 'Throttles', 'throttles', props, {
      metric: handler.metricThrottles({ period }),
      description:
        'Lambda did not start a run because the account has no concurrency left. Lambda tries again until the next run is due. First: ' +
        'aws lambda get-account-settings, and find the function that uses it up.',
      threshold: 0,
      treatMissingData: NOT_BREACHING,
    }),
    addAlarm(scope, 'DeadLetters', 'dead-letters', props, {
      metric: props.deadLetters.metricApproximateNumberOfMessagesVisible({
        statistic: 'Maximum',
        period: Duration.minutes(5),
      }),
      description:
        'EventBridge Scheduler could not invoke the function. First: aws sqs receive-message --message-attribute-names All --queue-url ' +
        `$(aws sqs get-queue-url --queue-name ${name}-dead-letters --query QueueUrl --output text), ERROR_MESSAGE says why. ` +
        'Then purge the queue; the next run makes up for the lost one.',
      threshold: 0,
      treatMissingData: NOT_BREACHING,
    }),
  ];
}

function shorter(a: Duration, b: Duration): Duration {
  return a.toSeconds() < b.toSeconds() ? a : b;
}
