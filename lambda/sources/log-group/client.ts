import {
  CloudWatchLogsClient,
  type CloudWatchLogsClientConfig,
  FilterLogEventsCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import pRetry from 'p-retry';
import pThrottle from 'p-throttle';
import * as z from 'zod';
import { isCredentialsProblem, isTransient, UnansweredError } from '../../sinks/aws-error.ts';
import { isAboutRequest, TokenRefused, toSourceError } from './problem.ts';

/** What is asked of the group. Times are epoch milliseconds, both included. */
export interface Search {
  readonly startTime: number;
  readonly endTime: number;
  readonly filterPattern?: string;
  /** At most so many events; the service gives up to 10,000. */
  readonly limit?: number;
  readonly nextToken?: string;
}

const answerSchema = z.object({ events: z.array(z.unknown()).nullish(), nextToken: z.string().min(1).nullish() });

export interface Found {
  /** Newest first; not checked. */
  readonly rows: readonly unknown[];
  /** Null when there is no more. A page without events may have one. */
  readonly nextToken: string | null;
}

/** Reading access to one log group. */
export interface LogGroup {
  /** As the operator gave it, without `:*`. */
  readonly arn: string;
  /**
   * One page of FilterLogEvents, newest first.
   *
   * @throws {TokenRefused} `nextToken` is not taken
   * @throws {SourceLogGroupError} no answer that can be used, after retries
   * @throws the signal's reason, or an `AbortError`, when the run's time is up
   */
  find(search: Search): Promise<Found>;
  /** The service's clock: the `Date` of its latest answer, epoch seconds; null before the first one or when it has none. */
  now(): number | null;
  /** Requests sent so far, retries included. */
  requests(): number;
  close(): void;
}

export interface LogGroupOptions {
  readonly arn: string;
  readonly region: string;
  /** Streams whose names begin so; absent: all. */
  readonly streamPrefix?: string | undefined;
  /** When it aborts, no request is begun any more, and waiting retries end. */
  readonly stopping: AbortSignal;
  /** Ends a request in flight. */
  readonly aborting: AbortSignal;
  /** An account has five calls of FilterLogEvents per second, and others may want some. @default 4 */
  readonly callsPerSecond?: number;
  /** From the first byte sent to the last one received. @default 30000 */
  readonly answerTimeoutMs?: number;
  /** Wait before the first retry; doubles, up to `maxRetryDelayMs`, with jitter. @default 500 */
  readonly retryDelayMs?: number;
  /** @default 10000 */
  readonly maxRetryDelayMs?: number;
  /** @default 7 */
  readonly retries?: number;
  /** Stands in for the network, in simulations. @default - the SDK's own, with time limits */
  readonly requestHandler?: CloudWatchLogsClientConfig['requestHandler'];
}

/** A client for the group's own Region, for one run. */
export function connectLogGroup(options: LogGroupOptions): LogGroup {
  const { arn, region, streamPrefix, stopping, aborting, callsPerSecond = 4, answerTimeoutMs = 30_000 } = options;
  const client = new CloudWatchLogsClient({
    region,
    // The waiting of the SDK's own retries does not end with the run.
    maxAttempts: 1,
    requestHandler: options.requestHandler ?? {
      connectionTimeout: 5000,
      requestTimeout: answerTimeoutMs,
      throwOnRequestTimeout: true,
      socketTimeout: answerTimeoutMs,
    },
  });
  let serviceNow: number | null = null;
  let requests = 0;
  onDate(client.middlewareStack, (epochSeconds) => (serviceNow = epochSeconds));
  // A signal that has aborted is refused here; then nothing is sent anyway.
  const turn = stopping.aborted
    ? nothing
    : pThrottle({ limit: callsPerSecond, interval: 1000, strict: true, signal: stopping })(nothing);

  async function send(search: Search): Promise<Found> {
    await turn();
    stopping.throwIfAborted();
    requests += 1;
    const command = new FilterLogEventsCommand({
      logGroupIdentifier: arn,
      ...(streamPrefix !== undefined && { logStreamNamePrefix: streamPrefix }),
      startFromHead: false,
      ...search,
    });
    const timeout = AbortSignal.timeout(answerTimeoutMs);
    try {
      const answer = await client.send(command, { abortSignal: AbortSignal.any([aborting, timeout]) });
      const { events, nextToken } = answerSchema.parse(answer);
      return { rows: events ?? [], nextToken: nextToken ?? null };
    } catch (error) {
      if (aborting.aborted || !timeout.aborted) throw error;
      throw new UnansweredError(`the answer was not complete after ${answerTimeoutMs} ms`);
    }
  }

  return {
    arn,
    async find(search) {
      try {
        return await pRetry(() => send(search), {
          retries: options.retries ?? 7,
          minTimeout: options.retryDelayMs ?? 500,
          maxTimeout: options.maxRetryDelayMs ?? 10_000,
          randomize: true,
          signal: stopping,
          shouldRetry: ({ error }) => isTransient(error) && !isCredentialsProblem(error) && !stopping.aborted,
        });
      } catch (error) {
        if (stopping.aborted && (error === stopping.reason || aborting.aborted)) throw error;
        const problem = toSourceError(error, arn);
        throw search.nextToken !== undefined && isAboutRequest(error) ? new TokenRefused(problem) : problem;
      }
    },
    now: () => serviceNow,
    requests: () => requests,
    close: () => {
      client.destroy();
    },
  };
}

const nothing = () => Promise.resolve();

/** What of the client's middleware stack is used here. */
interface Stack {
  add(
    middleware: (next: (args: never) => Promise<Answered>) => (args: never) => Promise<Answered>,
    options: { step: 'deserialize'; priority: 'low'; name: string },
  ): void;
}

interface Answered {
  readonly response: unknown;
}

/** Reads the clock off every answer, also one that is an error. */
function onDate(stack: unknown, tell: (epochSeconds: number) => void): void {
  (stack as Stack).add(
    (next) => async (args) => {
      const result = await next(args);
      const { headers } = result.response as { readonly headers?: Readonly<Record<string, string>> };
      const date = Date.parse(headers?.['date'] ?? '');
      if (!Number.isNaN(date)) tell(Math.floor(date / 1000));
      return result;
    },
    { step: 'deserialize', priority: 'low', name: 'clock' },
  );
}
