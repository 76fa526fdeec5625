import type { SearchSettings } from './cloudwatch-logs-filter.ts';

/** The operations that are known here. */
export type LogsOperation =
  'CreateLogStream' | 'PutLogEvents' | 'FilterLogEvents' | 'DescribeLogGroups' | 'DescribeLogStreams';

export interface LogGroupSetup {
  readonly name: string;
  /** Default: events are kept for ever. */
  readonly retentionDays?: number;
  /** Streams that exist from the beginning. */
  readonly streams?: readonly string[];
}

/** How the account is set up; may be changed while it runs. */
export interface CloudWatchLogsSettings extends SearchSettings {
  /** Calls of an operation beyond it answer `ThrottlingException`. AWS's is 5 for FilterLogEvents. Default: no limit. */
  callsPerSecond: Readonly<Partial<Record<LogsOperation, number>>>;
  /** Operations the caller may not use: `AccessDeniedException`. Default none. */
  denied: readonly LogsOperation[];
  /** Remember accepted events. Off, only `acceptedCount` grows and search finds nothing. Default true. */
  keep: boolean;
}

export const LOGS_DEFAULTS: CloudWatchLogsSettings = {
  callsPerSecond: {},
  denied: [],
  keep: true,
  searchDelayMs: 0,
  emptyPages: 0,
  shortPages: 0,
  scanPerPage: Infinity,
  terms: 'anywhere',
};
