import type { QueryOutcome, ResultRow } from './cloudtrail-lake-query-run.ts';
import type { LakeSettings, QueryStatus } from './cloudtrail-lake-query-settings.ts';

/** A query that was started. */
export interface StartedQuery {
  readonly id: string;
  readonly statement: string;
  /** Epoch seconds. */
  readonly startedAt: number;
  /** What becomes of it in the end; RUNNING until it times out. */
  readonly end: Exclude<QueryStatus, 'QUEUED'>;
  readonly outcome: QueryOutcome;
  /** What was found of the rows where it does not finish, 0 to 1. */
  readonly share: number;
  readonly message: string;
  /** How often somebody has asked for it. */
  looks: number;
  isCancelled: boolean;
}

/** "Queries that run for longer than one hour might time out" (user guide, "Run a query"). */
const MAX_RUNNING_SECONDS = 3600;

/** Whether the query takes one of the places of the account; being looked at plays no part. */
export function isUnderWay(query: StartedQuery, now: number, settings: LakeSettings): boolean {
  const elapsed = now - query.startedAt;
  if (query.isCancelled || elapsed >= MAX_RUNNING_SECONDS) return false;
  return query.end === 'RUNNING' || elapsed < settings.queuedSeconds + settings.runningSeconds;
}

export function statusOf(query: StartedQuery, now: number, settings: LakeSettings): QueryStatus {
  if (query.isCancelled) return 'CANCELLED';
  const elapsed = now - query.startedAt;
  if (elapsed >= MAX_RUNNING_SECONDS && (query.end === 'RUNNING' || settings.runningSeconds >= MAX_RUNNING_SECONDS)) {
    return 'TIMED_OUT';
  }
  if (elapsed < settings.queuedSeconds || (query.looks <= 1 && settings.looks > 0)) return 'QUEUED';
  return isUnderWay(query, now, settings) || query.looks <= settings.looks ? 'RUNNING' : query.end;
}

/** The rows that can be had in this state: while it runs a part of them, in the end all, or what was found in time. */
export function rowsOf({ outcome: { rows }, share }: StartedQuery, status: QueryStatus): readonly ResultRow[] {
  if (status === 'FINISHED') return rows;
  if (status === 'RUNNING') return rows.slice(0, Math.floor(rows.length / 2));
  return status === 'TIMED_OUT' ? rows.slice(0, Math.floor(rows.length * share)) : [];
}
