import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { METRIC_NAMES, type MetricName } from '../../lambda/metric-names.ts';
import { forwarderMetric } from './forwarder-metric.ts';

export interface ForwarderDashboardProps {
  /** The dashboard's name. No other in the account, whatever its Region, has the same. */
  readonly name: string;

  /** The function. */
  readonly handler: lambda.IFunction;

  /** The function's `SOURCE_NAME`, its metrics' dimension `Source`. */
  readonly sourceName: string;

  /** One square each. */
  readonly alarms: readonly cloudwatch.IAlarm[];

  /**
   * Percent of the cache's memory in use.
   *
   * @default - no graph of it
   */
  readonly cacheMemoryUsage?: cloudwatch.IMetric;
}

/** One page that answers: is it running, is it behind, what did it forward, what did it not. */
export class ForwarderDashboard extends Construct {
  readonly dashboard: cloudwatch.Dashboard;

  constructor(scope: Construct, id: string, props: ForwarderDashboardProps) {
    super(scope, id);
    const { handler, sourceName } = props;
    const period = Duration.minutes(5);
    const metric = (statistic: string) => (metricName: MetricName, label: string) =>
      forwarderMetric(sourceName, metricName, { statistic, label, period });
    const [sum, max, min, average] = [metric('Sum'), metric('Maximum'), metric('Minimum'), metric('Average')];
    const graph = (title: string, left: cloudwatch.IMetric[]) =>
      new cloudwatch.GraphWidget({ title, left, width: 8, leftYAxis: { min: 0 } });

    this.dashboard = new cloudwatch.Dashboard(this, 'Resource', {
      dashboardName: props.name,
      defaultInterval: Duration.days(3),
      widgets: [
        [new cloudwatch.AlarmStatusWidget({ title: 'Alarms', alarms: [...props.alarms], width: 24, height: 4 })],
        [
          graph('Entries', [
            sum(METRIC_NAMES.entriesForwarded, 'forwarded'),
            sum(METRIC_NAMES.entriesDuplicate, 'duplicates dropped'),
            sum(METRIC_NAMES.entriesOwn, 'own requests dropped'),
            sum(METRIC_NAMES.entriesIgnored, 'ignored'),
            sum(METRIC_NAMES.entriesQuarantined, 'quarantined'),
          ]),
          graph('Lag (s)', [max(METRIC_NAMES.lagSeconds, 'oldest entry without outcome')]),
          graph('Purge headroom (s)', [min(METRIC_NAMES.purgeHeadroomSeconds, 'until the source drops it')]),
        ],
        [
          graph('What was done', [
            sum(METRIC_NAMES.auditWrites, 'writes'),
            sum(METRIC_NAMES.auditAnonymousWrites, 'writes by nobody'),
          ]),
          graph('What failed', [
            sum(METRIC_NAMES.auditDenied, 'denied (401, 403)'),
            sum(METRIC_NAMES.auditErrors, 'server errors (5xx)'),
          ]),
          graph('Verified', [
            sum(METRIC_NAMES.entriesVerified, 'entries compared'),
            sum(METRIC_NAMES.entriesMissing, 'missing in the sink'),
          ]),
        ],
        [
          graph('Scheduled runs', [sum(METRIC_NAMES.runs, 'runs'), sum(METRIC_NAMES.runsIncomplete, 'not complete')]),
          graph('Duration (ms)', [
            max(METRIC_NAMES.runDurationMs, 'longest run'),
            average(METRIC_NAMES.runDurationMs, 'average run'),
          ]),
          graph('Errors', [
            handler.metricErrors({ label: 'failed invocations', period }),
            handler.metricThrottles({ label: 'throttled invocations', period }),
            sum(METRIC_NAMES.putThrottled, 'puts throttled by the sink'),
          ]),
        ],
        [
          graph('Quarantine', [max(METRIC_NAMES.quarantineSize, 'entries in quarantine')]),
          graph('Requests', [
            sum(METRIC_NAMES.kongRequests, 'to the source'),
            sum(METRIC_NAMES.putRequests, 'to the sink'),
          ]),
          ...(props.cacheMemoryUsage ? [graph('Cache memory (%)', [props.cacheMemoryUsage])] : []),
        ],
      ],
    });
  }
}
