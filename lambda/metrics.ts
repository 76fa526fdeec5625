import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import { METRIC_NAMES as NAMES, METRICS_NAMESPACE } from './metric-names.ts';
import type { RunReport } from './pipeline/report.ts';

/**
 * Writes the run's metrics in CloudWatch's embedded format, one line, with the single dimension `Source`. `Runs` and `RunsIncomplete`
 * count scheduled runs alone; a run that has only a backfill left to go on with is not incomplete.
 */
export function publishMetrics(source: string, report: RunReport): void {
  const { summary, tally } = report;
  const isScheduled = summary.mode === 'scheduled';
  publish(
    source,
    {
      ...(isScheduled && { [NAMES.runs]: 1, [NAMES.runsIncomplete]: report.isBehind ? 1 : 0 }),
      [NAMES.entriesFetched]: summary.fetched,
      [NAMES.entriesForwarded]: summary.forwarded,
      [NAMES.entriesDuplicate]: summary.duplicates,
      [NAMES.entriesOwn]: summary.own,
      [NAMES.entriesIgnored]: summary.ignored,
      [NAMES.entriesQuarantined]: tally.quarantined,
      [NAMES.quarantineSize]: report.quarantineSize,
      [NAMES.putThrottled]: tally.putThrottled,
      [NAMES.kongRequests]: report.sourceRequests,
      [NAMES.putRequests]: summary.puts,
      [NAMES.auditWrites]: tally.writes,
      [NAMES.auditDenied]: tally.denied,
      [NAMES.auditErrors]: tally.errors,
      [NAMES.auditAnonymousWrites]: tally.anonymousWrites,
    },
    {
      [NAMES.lagSeconds]: report.lagSeconds,
      [NAMES.purgeHeadroomSeconds]: report.purgeHeadroomSeconds,
    },
    summary.durationMs,
  );
}

/** What `verify` compared, and what of it the sink does not hold. */
export function publishVerified(source: string, verified: number, missing: number): void {
  publish(source, { [NAMES.entriesVerified]: verified, [NAMES.entriesMissing]: missing });
}

type Values = Readonly<Record<string, number | null>>;

function publish(source: string, counts: Values, seconds: Values = {}, durationMs?: number): void {
  const metrics = new Metrics({ namespace: METRICS_NAMESPACE });
  metrics.clearDefaultDimensions();
  metrics.setDefaultDimensions({ Source: source });
  for (const [name, value] of Object.entries(counts))
    if (value !== null) metrics.addMetric(name, MetricUnit.Count, value);
  for (const [name, value] of Object.entries(seconds))
    if (value !== null) metrics.addMetric(name, MetricUnit.Seconds, value);
  if (durationMs !== undefined) metrics.addMetric(NAMES.runDurationMs, MetricUnit.Milliseconds, durationMs);
  metrics.publishStoredMetrics();
}
