/**
 * What can be tuned in the function. Each is also a context key of the app, and in capitals an environment variable; what is
 * not given is not set, so the defaults here are the function's own.
 */
export interface ForwarderTuning {
  /**
   * Entries per request to Kong, 1 to 1000.
   *
   * @default 1000
   */
  readonly kongPageSize?: number;

  /**
   * How the audit log is read: `auto`, `filtered`, `newest-first` or `full-scan`.
   *
   * @default 'auto' - by Kong's version, verified at run time
   */
  readonly kongScan?: string;

  /**
   * Seconds that each run reads again, for entries that Kong wrote late.
   *
   * @default 3600
   */
  readonly overlapSeconds?: number;

  /**
   * Kong's `audit_log_record_ttl`: seconds after which Kong purges an entry.
   *
   * @default 2592000
   */
  readonly auditTtlSeconds?: number;

  /**
   * Seconds that the ledger remembers an entry after Kong has purged it.
   *
   * @default 3600
   */
  readonly ttlGraceSeconds?: number;

  /**
   * PutAuditEvents calls in flight at once. Times 100, the most duplicates that a crash can cause.
   *
   * @default 5
   */
  readonly putConcurrency?: number;

  /**
   * PutAuditEvents calls per second. The quota of 100 is per account and Region: leave room for other sources.
   *
   * @default 100
   */
  readonly putCallsPerSecond?: number;

  /**
   * Milliseconds before the function's timeout at which a run stops and saves its progress.
   *
   * @default 15000
   */
  readonly deadlineReserveMs?: number;

  /**
   * Whether the entries that reading the audit log causes are forwarded, too.
   *
   * @default false
   */
  readonly forwardOwnRequests?: boolean;

  /**
   * Whether events carry `errorCode` and `errorMessage` when Kong answered 400 or above.
   *
   * @default false
   */
  readonly deriveErrorCode?: boolean;

  /**
   * The events' `eventSource`.
   *
   * @default 'kong-gateway'
   */
  readonly eventSource?: string;

  /**
   * Names whose values are replaced in payloads and query strings: a comma list replaces the default list, `+a,b` extends
   * it, `none` turns redaction off.
   *
   * @default - the names of common credentials
   */
  readonly redactKeys?: string;

  /**
   * Powertools log level.
   *
   * @default 'INFO'
   */
  readonly logLevel?: string;
}

/** Every key of `ForwarderTuning`. */
export const TUNING_KEYS = [
  'kongPageSize',
  'kongScan',
  'overlapSeconds',
  'auditTtlSeconds',
  'ttlGraceSeconds',
  'putConcurrency',
  'putCallsPerSecond',
  'deadlineReserveMs',
  'forwardOwnRequests',
  'deriveErrorCode',
  'eventSource',
  'redactKeys',
  'logLevel',
] as const satisfies readonly (keyof ForwarderTuning)[];

/** The part of `values` that tunes the function. */
export function pickTuning(values: ForwarderTuning): ForwarderTuning {
  return Object.fromEntries(TUNING_KEYS.flatMap((key) => (values[key] === undefined ? [] : [[key, values[key]]])));
}
