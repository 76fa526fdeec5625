import {
  CloudTrailDataClient,
  type CloudTrailDataClientConfig,
  PutAuditEventsCommand,
} from '@aws-sdk/client-cloudtrail-data';
import * as z from 'zod';
import { addAttempt, type AttemptOptions } from '../aws-attempt.ts';
import { findEndpoint, NO_CREDENTIALS } from '../aws-endpoint.ts';
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
   * @throws what the SDK throws, by name; what `addAttempt` says; a `ZodError` when the answer has another shape
   */
  put(events: readonly AuditEvent[], signal: AbortSignal): Promise<PutAnswer>;
  /** Where requests go, for `check`. */
  endpoint(): Promise<URL>;
  /** @throws when the credential chain finds none */
  credentials(): Promise<unknown>;
  close(): void;
}

export interface ChannelOptions extends Omit<AttemptOptions, 'attemptTimeoutMs'> {
  readonly arn: string;
  readonly region: string;
  readonly externalId?: string | undefined;
  /** Time limit of one attempt. Generous: what is given up may have been delivered. @default 30000 */
  readonly attemptTimeoutMs?: number;
  /** Tries of the SDK for one call. @default - AWS_MAX_ATTEMPTS, else the SDK's own */
  readonly maxAttempts?: number;
  /** Stands in for the network, in simulations. @default - the SDK's own, with time limits */
  readonly requestHandler?: CloudTrailDataClientConfig['requestHandler'];
}

/** A client for the channel's own Region, whichever Region the function runs in. */
export function connectChannel(options: ChannelOptions): Channel {
  const { attemptTimeoutMs = 30_000 } = options;
  const client = new CloudTrailDataClient({
    region: options.region,
    ...(options.maxAttempts !== undefined && { maxAttempts: options.maxAttempts }),
    requestHandler: options.requestHandler ?? {
      connectionTimeout: 5000,
      requestTimeout: attemptTimeoutMs,
      throwOnRequestTimeout: true,
      socketTimeout: attemptTimeoutMs,
    },
  });
  addAttempt(client.middlewareStack, { ...options, attemptTimeoutMs });

  return {
    async put(events, abortSignal) {
      const command = new PutAuditEventsCommand({
        channelArn: options.arn,
        ...(options.externalId !== undefined && { externalId: options.externalId }),
        auditEvents: [...events],
      });
      return toAnswer(await client.send(command, { abortSignal }));
    },
    endpoint: () => endpointOf(options),
    credentials: async () => await client.config.credentials(),
    close: () => {
      client.destroy();
    },
  };
}

/** @throws {ZodError} it is no answer */
export function toAnswer(output: unknown): PutAnswer {
  return isAllAccepted(output) ? { successful: output.successful } : toAnswerBySchema(output);
}

/** What `toAnswer` gives, for any answer, by the schema alone. */
export const toAnswerBySchema = (output: unknown): PutAnswer => answerSchema.parse(output);

/** What nearly every answer is: then the schema would take longer than all else that is done with it. */
function isAllAccepted(output: unknown): output is Required<Pick<PutAnswer, 'successful'>> {
  const { successful, failed } = (output ?? {}) as Readonly<Record<keyof PutAnswer, unknown>>;
  return isList(successful) && successful.every(isAccepted) && isNone(failed);
}

const isList = (value: unknown): value is readonly unknown[] => Array.isArray(value);

const isNone = (value: unknown): boolean =>
  value === undefined || value === null || (isList(value) && value.length === 0);

const isAccepted = (value: unknown): boolean => {
  const { id, eventID } = (value ?? {}) as Readonly<Record<string, unknown>>;
  return typeof id === 'string' && typeof eventID === 'string';
};

async function endpointOf({ arn, region }: ChannelOptions): Promise<URL> {
  const client = new CloudTrailDataClient({ region, credentials: NO_CREDENTIALS });
  try {
    const command = new PutAuditEventsCommand({ channelArn: arn, auditEvents: [] });
    return await findEndpoint(client.middlewareStack, () => client.send(command));
  } finally {
    client.destroy();
  }
}
