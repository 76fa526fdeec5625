import type { Sink } from '../../pipeline/sink.ts';
import { diagnoseAws } from '../diagnose.ts';
import type { EventContext } from '../event-data.ts';
import { createBatcher, PUT_LOG_EVENTS_LIMITS } from './batch.ts';
import type { LogStream } from './client.ts';
import { type LogLine, toLogLine } from './event.ts';
import { put } from './put.ts';
import { createLogReader } from './read.ts';

export interface CloudWatchLogsOptions {
  readonly stream: LogStream;
  /** The group's ARN, for where a user reads it. */
  readonly logGroup: string;
  readonly context: EventContext;
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** See `RetryOptions`. */
  readonly retryDelayMs?: number;
  /** Time limit of `check` for the connection. @default 5000 */
  readonly connectTimeoutMs?: number;
}

/** A log stream of CloudWatch Logs, by PutLogEvents. */
export function createCloudWatchLogs(options: CloudWatchLogsOptions): Sink<LogLine> {
  const { stream, logGroup, context, now } = options;
  return {
    encode: (activity, whole) => toLogLine(activity, context, now(), whole),
    batcher: (maxEvents = Infinity) =>
      createBatcher({
        ...PUT_LOG_EVENTS_LIMITS,
        maxEvents: Math.min(maxEvents, PUT_LOG_EVENTS_LIMITS.maxEvents),
      }),
    put: (batch, signals) => put(batch, { ...options, ...signals }),
    reader: createLogReader(options),
    diagnose: () =>
      diagnoseAws({
        name: 'cloudwatch-logs',
        endpoint: () => stream.endpoint(),
        credentials: () => stream.credentials(),
        grant: `Give the function a role with logs:PutLogEvents and logs:CreateLogStream on ${logGroup}:*.`,
        wayOut:
          'The subnets need a way to CloudWatch Logs on 443: an interface endpoint for logs (context key endpoints=create makes one) or a NAT; and the security group must allow it.',
        connectTimeoutMs: options.connectTimeoutMs,
      }),
    close: () => {
      stream.close();
    },
  };
}
