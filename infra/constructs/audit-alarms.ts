import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type { Construct } from 'constructs';
import { METRIC_NAMES, type MetricName } from '../../lambda/metric-names.ts';
import { addAlarm, type AlarmOptions } from './alarm.ts';
import { invokeCommand, logCommand, opsCommand } from './commands.ts';
import { forwarderMetric } from './forwarder-metric.ts';

export interface AuditAlarmsProps extends AlarmOptions {
  /** Prefix of the names of alarms; the function's name. */
  readonly name: string;

  /** The function's `SOURCE_NAME`, its metrics' dimension `Source`. */
  readonly sourceName: string;

  /** The longest time between two scheduled runs. */
  readonly interval: Duration;

  /** What the sink is called. */
  readonly sink: string;

  /** So many denied calls in one interval are told; 0 for none. */
  readonly deniedThreshold: number;

  /** Whether any write by nobody is told. */
  readonly anonymousWrites: boolean;

  /** Whether entries that a verification misses are told. */
  readonly verified: boolean;
}

/**
 * The alarms about what is in the log: entries that could not be sent or are missing, and signs of an attack. They tell what **happened**, and end by
 * themselves, so that the next one is told, too.
 */
export function auditAlarms(scope: Construct, props: AuditAlarmsProps): cloudwatch.IAlarm[] {
  const { name, sourceName, interval, deniedThreshold, sink } = props;
  const sum = (metricName: MetricName, period: Duration) =>
    forwarderMetric(sourceName, metricName, { statistic: 'Sum', period });
  const eachRun = betweenRuns(interval);

  return [
    addAlarm(scope, 'Quarantine', 'quarantine', props, {
      metric: sum(METRIC_NAMES.entriesQuarantined, eachRun),
      description:
        'New entries could not be sent and are kept in quarantine. This alarm ends by itself, so that it can tell of the next ones; the entries stay. First: ' +
        `${opsCommand(name, 'quarantine list')}, or ${logCommand(name, eachRun, 'quarantine')}, for the reasons. When the cause is gone: ` +
        `${invokeCommand(name, { mode: 'replay' })}. What can never be sent: ops -- quarantine discard`,
      threshold: 0,
      occurrence: true,
    }),
    ...(deniedThreshold > 0
      ? [
          addAlarm(scope, 'Denied', 'denied', props, {
            metric: sum(METRIC_NAMES.auditDenied, atMostADay(interval)),
            description:
              `${deniedThreshold} calls or more were denied (401, 403) within an interval: somebody probes, or a token has expired. First: the query ` +
              `"denied calls" (docs/queries.md) in ${sink} says who, and from where. The threshold is the context key deniedAlarmThreshold.`,
            threshold: deniedThreshold,
            comparisonOperator: cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
            occurrence: true,
          }),
        ]
      : []),
    ...(props.anonymousWrites
      ? [
          addAlarm(scope, 'AnonymousWrites', 'anonymous-writes', props, {
            metric: sum(METRIC_NAMES.auditAnonymousWrites, eachRun),
            description:
              'Something was changed without a user, though a token is wanted: is RBAC on, on every control plane node? First: the query "anonymous ' +
              `writes" (docs/queries.md) in ${sink} says what, and from where. Off with the context key anonymousWritesAlarm=false.`,
            threshold: 0,
            occurrence: true,
          }),
        ]
      : []),
    ...(props.verified
      ? [
          addAlarm(scope, 'EntriesMissing', 'entries-missing', props, {
            metric: sum(METRIC_NAMES.entriesMissing, Duration.minutes(5)),
            description:
              `A verification found entries that the source shows and ${sink} does not hold. First: ${logCommand(name, Duration.days(1), 'missing')} for the ` +
              `window and the ids. Then: ${opsCommand(name, 'verify yesterday --repair')}, which forwards what is missing. If it comes again, open an issue.`,
            threshold: 0,
            occurrence: true,
          }),
        ]
      : []),
  ];
}

/**
 * So short that the alarm ends before the next run, which can then raise it again; so long that a metric which comes a little late is seen. Periods are whole
 * minutes (CloudWatch, PutMetricAlarm).
 */
function betweenRuns(interval: Duration): Duration {
  return Duration.minutes(Math.max(1, Math.min(5, Math.floor(interval.toSeconds() / 120))));
}

function atMostADay(interval: Duration): Duration {
  return interval.toSeconds() < 86_400 ? interval : Duration.days(1);
}
