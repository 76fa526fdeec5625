/** The CloudWatch namespace of every metric. */
export const METRICS_NAMESPACE = 'KongAuditForwarder';

/**
 * Every metric that the function emits, each with the single dimension `Source`. The function writes them, the alarms and the dashboard
 * in `infra/` read them; both take the names from here.
 */
export const METRIC_NAMES = {
  /** Scheduled runs; what is invoked by hand is not counted, here and in `runsIncomplete`. */
  runs: 'Runs',
  runsIncomplete: 'RunsIncomplete',
  runDurationMs: 'RunDurationMs',
  entriesFetched: 'EntriesFetched',
  entriesForwarded: 'EntriesForwarded',
  entriesDuplicate: 'EntriesDuplicate',
  entriesOwn: 'EntriesOwn',
  /** Left out by `IGNORE_METHODS`, `IGNORE_PATHS` or the selection of a log group. */
  entriesIgnored: 'EntriesIgnored',
  /** New in quarantine; what a replay leaves there is not counted again. */
  entriesQuarantined: 'EntriesQuarantined',
  quarantineSize: 'QuarantineSize',
  lagSeconds: 'LagSeconds',
  purgeHeadroomSeconds: 'PurgeHeadroomSeconds',
  putThrottled: 'PutThrottled',
  kongRequests: 'KongRequests',
  putRequests: 'PutRequests',
  /** Of what was forwarded: methods other than GET, HEAD and OPTIONS. */
  auditWrites: 'AuditWrites',
  /** Of what was forwarded: 401 and 403. */
  auditDenied: 'AuditDenied',
  /** Of what was forwarded: 500 and above. */
  auditErrors: 'AuditErrors',
  /** Of what was forwarded: writes by nobody in particular. */
  auditAnonymousWrites: 'AuditAnonymousWrites',
  /** Entries that `verify` compared. */
  entriesVerified: 'EntriesVerified',
  /** Entries that the source shows and the sink does not hold, as `verify` found. */
  entriesMissing: 'EntriesMissing',
} as const;

export type MetricName = (typeof METRIC_NAMES)[keyof typeof METRIC_NAMES];
