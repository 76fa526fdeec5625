import type { ErrorFault } from './aws-problem.ts';

export type LakeOperation = 'StartQuery' | 'DescribeQuery' | 'GetQueryResults' | 'CancelQuery';

export type QueryStatus = 'QUEUED' | 'RUNNING' | 'FINISHED' | 'FAILED' | 'CANCELLED' | 'TIMED_OUT';

/** How queries go; may be changed while it runs. */
export interface LakeSettings {
  /** An event is found this long after it was accepted. AWS's is about 300. Default 0. */
  visibleAfterSeconds: number;
  /** Events whose `eventTime` is older are gone. Default 2557, AWS's for seven-year pricing. */
  retentionDays: number;
  /** How long a query waits, and then runs, by the model's clock. Default 0 and 0. */
  queuedSeconds: number;
  runningSeconds: number;
  /** A query is seen under way at least so often, the first time QUEUED, then RUNNING. Default 2. */
  looks: number;
  /** Rows on a page without `MaxQueryResults`; AWS does not document its number. Default 1000. */
  pageSize: number;
  /** Of queries queued or running. Default 10, AWS's. */
  maxConcurrentQueries: number;
  /** The store answers `InactiveEventDataStoreException`. Default false. */
  inactive: boolean;
  /** Calls of an operation beyond it answer `ThrottlingException`. Default: no limit. */
  callsPerSecond: Readonly<Partial<Record<LakeOperation, number>>>;
  /** Operations the caller may not use: `AccessDeniedException`. Default none. */
  denied: readonly LakeOperation[];
}

/** What goes wrong inside Lake. */
export type LakeFault =
  | ErrorFault
  /**
   * For StartQuery: the query ends so, or for `RUNNING` not until it times out after an hour. `share` of the rows were found
   * until then; with `TIMED_OUT` they are given, as AWS does. Default 0.
   */
  | {
      readonly fault: 'query';
      readonly status: Exclude<QueryStatus, 'QUEUED' | 'FINISHED'>;
      readonly message?: string;
      readonly share?: number;
    };

export const LAKE_DEFAULTS: LakeSettings = {
  visibleAfterSeconds: 0,
  retentionDays: 2557,
  queuedSeconds: 0,
  runningSeconds: 0,
  looks: 2,
  pageSize: 1000,
  maxConcurrentQueries: 10,
  inactive: false,
  callsPerSecond: {},
  denied: [],
};
