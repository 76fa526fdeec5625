import {
  CloudWatchLogsClient,
  CreateLogStreamCommand,
  FilterLogEventsCommand,
  PutLogEventsCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import pThrottle from 'p-throttle';
import * as z from 'zod';
import { addAttempt, type AttemptOptions } from '../aws-attempt.ts';
import { findEndpoint, NO_CREDENTIALS } from '../aws-endpoint.ts';
import type { LogLine } from './event.ts';
import { isAlreadyThere, isMissing } from './problem.ts';
import { PutLogEventsProtocol } from './protocol.ts';

const index = z.int().min(0).nullish();
const putAnswer = z.object({
  rejectedLogEventsInfo: z
    .object({ tooOldLogEventEndIndex: index, expiredLogEventEndIndex: index, tooNewLogEventStartIndex: index })
    .nullish(),
});

/** Which of the lines put were not taken; indexes are of the lines as they were put. */
export type Rejected = NonNullable<z.infer<typeof putAnswer>['rejectedLogEventsInfo']>;

const foundAnswer = z.object({
  events: z.array(z.object({ timestamp: z.int(), message: z.string() })).nullish(),
  nextToken: z.string().nullish(),
});

export type Found = z.infer<typeof foundAnswer>;

/** What to look for in the stream; times are epoch milliseconds, both included. */
export interface Search {
  readonly startTime: number;
  readonly endTime: number;
  readonly filterPattern?: string;
  readonly nextToken?: string;
}

/** The log stream that lines are put into, and are found in. */
export interface LogStream {
  /**
   * One PutLogEvents call, whole-request retries included; where there is no stream, it is created first, once.
   *
   * @param lines ascending by timestamp
   * @throws what the SDK throws, by name; what `addAttempt` says; a `ZodError` when the answer has another shape
   */
  put(lines: readonly LogLine[], signal: AbortSignal): Promise<Rejected>;
  /** One page of FilterLogEvents, newest first, retries included. @throws what the SDK throws; a `ZodError` */
  find(search: Search, signal: AbortSignal): Promise<Found>;
  /** Where requests go, for `check`. */
  endpoint(): Promise<URL>;
  /** @throws when the credential chain finds none */
  credentials(): Promise<unknown>;
  close(): void;
}

export interface LogStreamOptions extends Omit<AttemptOptions, 'attemptTimeoutMs'> {
  readonly region: string;
  readonly groupName: string;
  readonly streamName: string;
  /**
   * Calls of FilterLogEvents per second. An account has five in a Region, which cannot be raised, and people need some of them
   * (AWS re:Post, "How do I troubleshoot throttling in CloudWatch Logs"). @default 4
   */
  readonly findsPerSecond?: number;
  /** Time limit of one attempt. Generous: what is given up may have been delivered. @default 30000 */
  readonly attemptTimeoutMs?: number;
  /** Tries of the SDK for one call. @default - AWS_MAX_ATTEMPTS, else the SDK's own */
  readonly maxAttempts?: number;
}

/** Clients for the group's own Region, whichever Region the function runs in. */
export function connectLogStream(options: LogStreamOptions): LogStream {
  const { attemptTimeoutMs = 30_000, maxAttempts, region } = options;
  const settings = {
    region,
    ...(maxAttempts !== undefined && { maxAttempts }),
    requestHandler: {
      connectionTimeout: 5000,
      requestTimeout: attemptTimeoutMs,
      throwOnRequestTimeout: true,
      socketTimeout: attemptTimeoutMs,
    },
  };
  const stream = { logGroupName: options.groupName, logStreamName: options.streamName };
  const putting = new CloudWatchLogsClient({ ...settings, protocol: PutLogEventsProtocol });
  addAttempt(putting.middlewareStack, { ...options, attemptTimeoutMs });
  // What does no harm twice needs no such care: the SDK asks again, and slows down when it is throttled.
  const asking = new CloudWatchLogsClient({ ...settings, maxAttempts: maxAttempts ?? 10, retryMode: 'adaptive' });
  const turn = pThrottle({ limit: options.findsPerSecond ?? 4, interval: 1000, strict: true })(() => Promise.resolve());
  let creation: Promise<void> | null = null;

  return {
    async put(lines, abortSignal) {
      const put = async (): Promise<Rejected> => {
        const command = new PutLogEventsCommand({ ...stream, logEvents: [...lines] });
        const answer = await putting.send(command, { abortSignal });
        return putAnswer.parse(answer).rejectedLogEventsInfo ?? {};
      };
      try {
        return await put();
      } catch (error) {
        if (!isMissing(error, 'stream')) throw error;
        await (creation ??= create(abortSignal));
        return await put();
      }
    },
    async find(search, abortSignal) {
      const { logGroupName, logStreamName } = stream;
      const command = new FilterLogEventsCommand({
        logGroupName,
        logStreamNames: [logStreamName],
        startFromHead: false,
        ...search,
      });
      await turn();
      return foundAnswer.parse(await asking.send(command, { abortSignal }));
    },
    endpoint: () => endpointOf(region),
    credentials: async () => await putting.config.credentials(),
    close: () => {
      putting.destroy();
      asking.destroy();
    },
  };

  async function create(abortSignal: AbortSignal): Promise<void> {
    try {
      await asking.send(new CreateLogStreamCommand(stream), { abortSignal });
    } catch (error) {
      if (isAlreadyThere(error)) return;
      creation = null;
      throw error;
    }
  }
}

async function endpointOf(region: string): Promise<URL> {
  const client = new CloudWatchLogsClient({ region, credentials: NO_CREDENTIALS });
  try {
    const command = new PutLogEventsCommand({ logGroupName: 'any', logStreamName: 'any', logEvents: [] });
    return await findEndpoint(client.middlewareStack, () => client.send(command));
  } finally {
    client.destroy();
  }
}
