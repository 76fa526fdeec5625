import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import type { RunReport } from './summary.ts';

/** The CloudWatch namespace of every metric; the alarms in `infra/monitoring.ts` read it. */
export const METRICS_NAMESPACE = 'KongAuditForwarder';

/** Writes the run's metrics in CloudWatch's embedded format, one line, with the single dimension `Source`. */
export function publishMetrics(source: string, report: RunReport): void {
  const metrics = new Metrics({ namespace: METRICS_NAMESPACE });
  metrics.clearDefaultDimensions();
  metrics.setDefaultDimensions({ Source: source });

  const { summary, tally } = report;
  const counts = {
    Runs: 1,
    RunsIncomplete: summary.status === 'complete' ? 0 : 1,
    EntriesFetched: summary.fetched,
    EntriesForwarded: summary.forwarded,
    EntriesDuplicate: summary.duplicates,
    EntriesOwn: summary.own,
    EntriesQuarantined: summary.quarantined,
    QuarantineSize: report.quarantineSize,
    PutThrottled: tally.putThrottled,
    KongRequests: report.kongRequests,
    PutRequests: summary.puts,
  };
  for (const [name, value] of Object.entries(counts))
    if (value !== null) metrics.addMetric(name, MetricUnit.Count, value);
  const { lagSeconds, purgeHeadroomSeconds } = report;
  if (lagSeconds !== null) metrics.addMetric('LagSeconds', MetricUnit.Seconds, lagSeconds);
  if (purgeHeadroomSeconds !== null)
    metrics.addMetric('PurgeHeadroomSeconds', MetricUnit.Seconds, purgeHeadroomSeconds);
  metrics.addMetric('RunDurationMs', MetricUnit.Milliseconds, summary.durationMs);
  metrics.publishStoredMetrics();
}
