import type { Duration } from 'aws-cdk-lib';
import type { FunctionVariables } from './function-environment.ts';

/** What the function logs, from most to least. */
export type LogLevel = 'TRACE' | 'DEBUG' | 'INFO' | 'WARN' | 'ERROR' | 'CRITICAL' | 'SILENT';

/** What can be tuned in the function, whatever its source and sink. What is not given is not set, so the defaults here are the function's own. */
export interface ForwarderTuning {
  /**
   * How far each run reads again, for entries that were written late. At least a second.
   *
   * @default Duration.hours(1)
   */
  readonly overlap?: Duration;

  /**
   * How long the source keeps an entry: Kong's `audit_log_record_ttl`, or how far back a first run looks into a log group.
   *
   * @default - 30 days for Kong, 7 days for a log group
   */
  readonly auditTtl?: Duration;

  /**
   * How much longer the ledger remembers an entry.
   *
   * @default Duration.hours(1)
   */
  readonly ttlGrace?: Duration;

  /**
   * The most puts in flight at once. A run begins with a few and adds more while the sink does not throttle.
   *
   * @default 20
   */
  readonly putConcurrency?: number;

  /**
   * PutAuditEvents calls per second. The quota of 100 is per account and Region: leave room for other sources.
   *
   * @default 100
   */
  readonly putCallsPerSecond?: number;

  /**
   * How long before the function's timeout a run stops and saves its progress.
   *
   * @default Duration.seconds(15)
   */
  readonly deadlineReserve?: Duration;

  /**
   * Methods whose calls are not forwarded, such as `GET`. They are counted as ignored, and forwarded by a backfill once they are no longer listed here.
   *
   * @default - every method is forwarded
   */
  readonly ignoreMethods?: readonly string[];

  /**
   * Regular expressions of the RE2 syntax; a path that one of them matches is not forwarded. A comma in one must stand in braces, brackets or parentheses, or
   * behind a backslash.
   *
   * @default - every path is forwarded
   */
  readonly ignorePaths?: readonly string[];

  /**
   * Whether events carry `errorCode` and `errorMessage` when the answer was 400 or above.
   *
   * @default false
   */
  readonly deriveErrorCode?: boolean;

  /**
   * The events' `eventSource`.
   *
   * @default - by the source: 'kong-gateway', 'kubernetes-audit', 'nginx-access'
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
  readonly logLevel?: LogLevel;
}

/** The function's variables for the part of `values` that tunes it. */
export function tuningVariables(values: ForwarderTuning): FunctionVariables {
  return {
    overlapSeconds: values.overlap?.toSeconds(),
    auditTtlSeconds: values.auditTtl?.toSeconds(),
    ttlGraceSeconds: values.ttlGrace?.toSeconds(),
    putConcurrency: values.putConcurrency,
    putCallsPerSecond: values.putCallsPerSecond,
    deadlineReserveMs: values.deadlineReserve?.toMilliseconds(),
    ignoreMethods: values.ignoreMethods?.join(','),
    ignorePaths: values.ignorePaths?.join(','),
    deriveErrorCode: values.deriveErrorCode,
    eventSource: values.eventSource,
    redactKeys: values.redactKeys,
    logLevel: values.logLevel,
  };
}
