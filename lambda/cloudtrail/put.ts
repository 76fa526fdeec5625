import pRetry from 'p-retry';
import * as z from 'zod';
import { ChannelError, CredentialsError, type ForwarderError, PutRejectedError } from '../errors.ts';
import type { Channel } from './client.ts';
import type { AuditEvent } from './event.ts';

/** What became of one event. */
export type PutOutcome =
  | { readonly kind: 'accepted'; readonly eventID: string }
  /** CloudTrail will never take it. */
  | { readonly kind: 'refused'; readonly errorCode: string; readonly errorMessage: string }
  /** Not known to be delivered; to be sent again by a later run. */
  | { readonly kind: 'undelivered'; readonly reason: string };

export interface PutResult {
  /** One outcome per event put, by its id. */
  readonly outcomes: ReadonlyMap<string, PutOutcome>;
  /** Set when no further event has a chance: the channel or the credentials are wrong. */
  readonly stop: ForwarderError | null;
}

export interface PutDeps {
  readonly channel: Channel;
  /** When it aborts, nothing is tried again. */
  readonly stopping: AbortSignal;
  /** Ends requests in flight. */
  readonly aborting: AbortSignal;
  readonly onThrottled: () => void;
  /** Wait before failed ids are sent again; doubles, with jitter. @default 200 */
  readonly retryDelayMs?: number;
}

/** Of `failed[].errorCode` and of whole-request errors (API reference, PutAuditEvents and Common Errors). */
const RETRY = new Set(['Throttling', 'InternalFailure']);
const CHANNEL = new Set([
  'InvalidRecipient',
  'InvalidEventSource',
  'AccountNotSubscribed',
  'ChannelInsufficientPermission',
  'ChannelNotFound',
  'ChannelUnsupportedSchema',
  'InvalidChannelARN',
  'UnsupportedOperationException',
]);
const POISON = new Set(['DuplicatedAuditEventId', 'ValidationException', 'ValidationError']);
/** The one `ValidationException` that is about no entry. Anchored, because what follows may quote an entry. */
const PARAMETER = /^\d+ validation errors? detected: Value (?:'[\w+=,.@:/-]*' )?at '(?:channelArn|externalId)'/;
const CREDENTIALS =
  /^(AccessDenied|UnrecognizedClient|InvalidSignature|SignatureDoesNotMatch|IncompleteSignature|MissingAuthenticationToken|ExpiredToken|RequestExpired|RequestTimeTooSkewed|InvalidClientTokenId|NotAuthorized|OptInRequired|CredentialsProvider|Credential|TokenProvider)/;
const TRANSIENT =
  /^(Throttl|TooManyRequests|RequestLimitExceeded|SlowDown|ServiceUnavailable|InternalFailure|InternalServer|RequestTimeout|RequestAborted|Timeout|Abort)/;
const RETRIES = 4;

/**
 * Puts one batch and says for each event what became of it. Ids that failed for a passing reason are sent again with back-off
 * and jitter; a batch refused as a whole because of one entry is halved until that one is found. Never throws: what is accepted
 * must be marked even when the next answer says stop.
 */
export async function put(events: readonly AuditEvent[], deps: PutDeps): Promise<PutResult> {
  const outcomes = new Map<string, PutOutcome>();
  let stop: ForwarderError | null = null;

  /** Returns the events to send again. */
  async function attempt(batch: readonly AuditEvent[]): Promise<AuditEvent[]> {
    try {
      return settle(batch, await deps.channel.put(batch, deps.aborting));
    } catch (error) {
      const { name, message } = describe(error);
      if (CHANNEL.has(name) || (POISON.has(name) && PARAMETER.test(message))) stop ??= channelError(name, message);
      else if (CREDENTIALS.test(name) || statusOf(error) === 403 || statusOf(error) === 401)
        stop ??= credentialsError(name, message);
      else if (POISON.has(name) || statusOf(error) === 413) return await bisect(batch, name, message);
      else if (!isTransient(error, name)) stop ??= rejected(name, message);
      leave(batch, `${name}: ${message}`);
      return !stop && isSurelyNotTaken(error) ? [...batch] : [];
    }
  }

  function settle(batch: readonly AuditEvent[], answer: Awaited<ReturnType<Channel['put']>>): AuditEvent[] {
    leave(batch, 'CloudTrail answered with this event neither in successful nor in failed');
    const again: AuditEvent[] = [];
    const byId = new Map(batch.map((event) => [event.id, event]));
    for (const { id, errorCode, errorMessage } of answer.failed ?? []) {
      const event = byId.get(id);
      if (!event) continue;
      const message = short(errorMessage ?? '');
      outcomes.set(id, { kind: 'undelivered', reason: `${errorCode}: ${message}` });
      if (CHANNEL.has(errorCode)) stop ??= channelError(errorCode, message);
      else if (!RETRY.has(errorCode)) outcomes.set(id, { kind: 'refused', errorCode, errorMessage: message });
      else again.push(event);
      if (errorCode === 'Throttling') deps.onThrottled();
    }
    for (const { id, eventID } of answer.successful ?? [])
      if (byId.has(id)) outcomes.set(id, { kind: 'accepted', eventID });
    return again.filter(({ id }) => outcomes.get(id)?.kind !== 'accepted');
  }

  async function bisect(batch: readonly AuditEvent[], errorCode: string, errorMessage: string): Promise<AuditEvent[]> {
    const [only, ...others] = batch;
    if (only && others.length === 0) {
      outcomes.set(only.id, { kind: 'refused', errorCode, errorMessage });
      return [];
    }
    const middle = Math.ceil(batch.length / 2);
    const again: AuditEvent[] = [];
    for (const half of [batch.slice(0, middle), batch.slice(middle)]) {
      if (stop || deps.stopping.aborted) leave(half, 'the run ended before this event was sent');
      else again.push(...(await attempt(half)));
    }
    return again;
  }

  function leave(batch: readonly AuditEvent[], reason: string): void {
    for (const { id } of batch) outcomes.set(id, { kind: 'undelivered', reason });
  }

  let left = events;
  try {
    await pRetry(
      async () => {
        left = await attempt(left);
        if (left.length > 0 && !stop) throw new SendAgain();
      },
      {
        retries: RETRIES,
        minTimeout: deps.retryDelayMs ?? 200,
        maxTimeout: 5000,
        randomize: true,
        signal: deps.stopping,
        shouldRetry: ({ error }) => error instanceof SendAgain,
      },
    );
  } catch (error) {
    // Out of retries, or the run is stopping; either way the outcomes say what was delivered.
    if (!(error instanceof SendAgain) && !deps.stopping.aborted) throw error;
    leave(
      events.filter(({ id }) => !outcomes.has(id)),
      'the run ended before this event was sent',
    );
  }
  return { outcomes, stop };
}

class SendAgain extends Error {}

/** Timeouts, 5xx, throttling, a broken connection, an unreadable answer: worth another try later, and no verdict on any entry. */
function isTransient(error: unknown, name: string): boolean {
  const status = statusOf(error);
  return (
    status === undefined ||
    status >= 500 ||
    status === 429 ||
    status === 408 ||
    status < 400 ||
    TRANSIENT.test(name) ||
    error instanceof z.ZodError
  );
}

/**
 * An answer, or no connection at all: worth sending again after a wait, as CloudTrail keeps nothing of it. After a broken
 * connection or a timeout the SDK's own tries are enough, because each may have been delivered.
 */
function isSurelyNotTaken(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return (statusOf(error) ?? 0) >= 400 || ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN'].includes(code ?? '');
}

/** AWS's name of the error, and its words; for an answer that is not AWS's own, as of a proxy in between, its status. */
function describe(error: unknown): { name: string; message: string } {
  if (!(error instanceof Error)) return { name: String(error), message: '' };
  const status = statusOf(error);
  if (status === undefined || !['SyntaxError', 'Unknown'].includes(error.name))
    return { name: error.name, message: short(error.message) };
  const [firstLine = ''] = error.message.split('\n');
  return {
    name: `HTTP ${status}`,
    message: short(`is no answer of AWS itself (${firstLine}); does a proxy stand between?`),
  };
}

/** AWS may quote what it refuses, all of it. */
const short = (message: string): string => (message.length > 500 ? `${message.slice(0, 500)}…` : message);

function statusOf(error: unknown): number | undefined {
  return (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode;
}

function channelError(code: string, message: string): ChannelError {
  return new ChannelError(
    `CloudTrail refuses events on this channel: ${code} ${message}. Check CHANNEL_ARN, the channel's policy and EXTERNAL_ID, and that its ` +
      'event data store exists and takes ActivityAuditLog events. What was not accepted stays pending; the next run sends it again.',
  );
}

function credentialsError(code: string, message: string): CredentialsError {
  return new CredentialsError(
    `AWS refuses the credentials: ${code} ${message}. The function's role needs cloudtrail-data:PutAuditEvents on the channel's ARN. ` +
      'Nothing of this request was marked; the next run sends it again.',
  );
}

function rejected(code: string, message: string): PutRejectedError {
  return new PutRejectedError(
    `CloudTrail answered PutAuditEvents with an error this version does not know: ${code} ${message}. Look it up in the ` +
      'API reference of PutAuditEvents. Nothing of this request was marked; the next run sends it again.',
  );
}
