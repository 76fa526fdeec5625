import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { sourceMetric } from './forwarder-alarms.ts';

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
  constructor(scope: Construct, id: string, props: ForwarderDashboardProps) {
    super(scope, id);
    const { handler, sourceName } = props;
    const period = Duration.minutes(5);
    const sum = (metricName: string, label: string) =>
      sourceMetric(sourceName, metricName, { statistic: 'Sum', label, period });
    const max = (metricName: string, label: string) =>
      sourceMetric(sourceName, metricName, { statistic: 'Maximum', label, period });
    const graph = (title: string, left: cloudwatch.IMetric[]) =>
      new cloudwatch.GraphWidget({ title, left, width: 8, leftYAxis: { min: 0 } });

    new cloudwatch.Dashboard(this, 'Resource', {
      dashboardName: props.name,
      defaultInterval: Duration.days(3),
      widgets: [
        [new cloudwatch.AlarmStatusWidget({ title: 'Alarms', alarms: [...props.alarms], width: 24, height: 4 })],
        [
          graph('Entries', [
            sum('EntriesForwarded', 'forwarded'),
            sum('EntriesDuplicate', 'duplicates dropped'),
            sum('EntriesOwn', 'own requests dropped'),
            sum('EntriesQuarantined', 'quarantined'),
          ]),
          graph('Lag (s)', [max('LagSeconds', 'oldest entry without outcome')]),
          graph('Purge headroom (s)', [
            sourceMetric(sourceName, 'PurgeHeadroomSeconds', {
              statistic: 'Minimum',
              label: 'until Kong purges it',
              period,
            }),
          ]),
        ],
        [
          graph('Runs', [sum('Runs', 'runs'), sum('RunsIncomplete', 'not complete')]),
          graph('Duration (ms)', [
            max('RunDurationMs', 'longest run'),
            sourceMetric(sourceName, 'RunDurationMs', { statistic: 'Average', label: 'average run', period }),
          ]),
          graph('Errors', [
            handler.metricErrors({ label: 'failed invocations', period }),
            handler.metricThrottles({ label: 'throttled invocations', period }),
            sum('PutThrottled', 'throttled by CloudTrail'),
          ]),
        ],
        [
          graph('Quarantine', [max('QuarantineSize', 'entries in quarantine')]),
          graph('Requests', [sum('KongRequests', 'to Kong'), sum('PutRequests', 'to CloudTrail')]),
          ...(props.cacheMemoryUsage ? [graph('Cache memory (%)', [props.cacheMemoryUsage])] : []),
        ],
      ],
    });
  }
}
