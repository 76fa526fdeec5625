import { CloudTrailDataClient, PutAuditEventsCommand } from '@aws-sdk/client-cloudtrail-data';
import pThrottle from 'p-throttle';
import pTimeout from 'p-timeout';
import * as z from 'zod';
import { toError } from '../errors.ts';
import type { AuditEvent } from './event.ts';

const answerSchema = z.object({
  successful: z.array(z.object({ id: z.string(), eventID: z.string() })).nullish(),
  failed: z.array(z.object({ id: z.string(), errorCode: z.string(), errorMessage: z.string().nullish() })).nullish(),
});

export type PutAnswer = z.infer<typeof answerSchema>;

/** The channel events are put on. */
export interface Channel {
  /**
   * One PutAuditEvents call, whole-request retries included.
   *
   * @throws what the SDK throws, by name; a `ZodError` when the answer has another shape
   */
  put(events: readonly AuditEvent[], signal: AbortSignal): Promise<PutAnswer>;
  /** Where requests go, for `check`. */
  endpoint(): Promise<URL>;
  /** @throws when the credential chain finds none */
  credentials(): Promise<unknown>;
  close(): void;
}

export interface ChannelOptions {
  readonly arn: string;
  readonly region: string;
  readonly externalId?: string | undefined;
  /** Requests per second, retries included. */
  readonly callsPerSecond: number;
  /** Called once for each HTTP request sent. */
  readonly onRequest: () => void;
  /** Called for each request CloudTrail throttled as a whole. */
  readonly onThrottled: () => void;
  /** Time limit of one attempt. @default 10000 */
  readonly attemptTimeoutMs?: number;
  /** Tries of the SDK for one call. @default - AWS_MAX_ATTEMPTS, else the SDK's own */
  readonly maxAttempts?: number;
}

/** A client for the channel's own Region, whichever Region the function runs in. */
export function connectChannel(options: ChannelOptions): Channel {
  const { attemptTimeoutMs = 10_000 } = options;
  const client = new CloudTrailDataClient({
    region: options.region,
    ...(options.maxAttempts !== undefined && { maxAttempts: options.maxAttempts }),
    requestHandler: {
      connectionTimeout: 5000,
      requestTimeout: attemptTimeoutMs,
      throwOnRequestTimeout: true,
      socketTimeout: attemptTimeoutMs,
    },
  });
  const throttle = pThrottle({ limit: options.callsPerSecond, interval: 1000, strict: true });
  const turn = throttle(() => Promise.resolve());

  // Innermost, so that every attempt of the SDK waits for its turn and is counted.
  client.middlewareStack.add(
    (next) => async (args) => {
      await turn();
      options.onRequest();
      try {
        // The client's own limits end with the headers, or begin anew with each byte.
        return await pTimeout(next(args), {
          milliseconds: attemptTimeoutMs,
          message: `CloudTrail's answer was not complete after ${attemptTimeoutMs} ms`,
        });
      } catch (error) {
        if (isThrottling(error)) options.onThrottled();
        throw error;
      }
    },
    { step: 'finalizeRequest', priority: 'low', name: 'callsPerSecond' },
  );

  return {
    async put(events, abortSignal) {
      const command = new PutAuditEventsCommand({
        channelArn: options.arn,
        ...(options.externalId !== undefined && { externalId: options.externalId }),
        auditEvents: [...events],
      });
      return answerSchema.parse(await client.send(command, { abortSignal }));
    },
    endpoint: () => findEndpoint(options),
    credentials: async () => await client.config.credentials(),
    close: () => {
      client.destroy();
    },
  };
}

/**
 * The SDK settles the endpoint while it prepares a request; this one is taken away before it is signed or sent. The SDK asks for
 * credentials first, so this client has some: whether the real ones can be found is another question.
 */
async function findEndpoint({ arn, region }: ChannelOptions): Promise<URL> {
  const client = new CloudTrailDataClient({ region, credentials: { accessKeyId: 'none', secretAccessKey: 'none' } });
  const command = new PutAuditEventsCommand({ channelArn: arn, auditEvents: [] });
  const found: URL[] = [];
  command.middlewareStack.add(
    () =>
      ({ request }) => {
        const { protocol, hostname, port } = request as { protocol: string; hostname: string; port?: number };
        found.push(new URL(`${protocol}//${hostname}${port ? `:${port}` : ''}`));
        return Promise.reject(new Error('only rehearsed'));
      },
    { step: 'build', name: 'rehearsal' },
  );
  const failure: unknown = await client.send(command).catch((error: unknown) => error);
  client.destroy();
  return found[0] ?? Promise.reject(toError(failure));
}

function isThrottling(error: unknown): boolean {
  const { name, $metadata } = error as { name?: string; $metadata?: { httpStatusCode?: number } };
  return (
    $metadata?.httpStatusCode === 429 || /^(Throttl|TooManyRequests|RequestLimitExceeded|SlowDown)/.test(name ?? '')
  );
}
