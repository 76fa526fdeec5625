import { putWithRetries, type Attempt } from '../put-with-retries.ts';
import type { PutResult, PutSignals } from '../../pipeline/sink.ts';
import { describeAwsError, short } from '../aws-error.ts';
import type { Channel } from './client.ts';
import type { AuditEvent } from './event.ts';
import { channelError, isChannelProblem, toProblem } from './problem.ts';

export interface PutDeps extends PutSignals {
  readonly channel: Channel;
  readonly onThrottled: () => void;
  /** Wait before failed events are sent again; doubles, with jitter. @default 200 */
  readonly retryDelayMs?: number;
}

/** Of `failed[].errorCode` (API reference, PutAuditEvents). */
const RETRY = new Set(['Throttling', 'InternalFailure']);

/**
 * Puts one batch and says for each event what became of it. Ids that failed for a transient reason are sent again with back-off
 * and jitter; a batch refused as a whole because of one entry is halved until that one is found. Never throws.
 */
export async function put(events: readonly AuditEvent[], deps: PutDeps): Promise<PutResult> {
  const { channel, aborting } = deps;
  return await putWithRetries(events, deps, async (batch) => {
    try {
      return answered(batch, await channel.put(batch, aborting), deps.onThrottled);
    } catch (error) {
      const { name: errorCode, message: errorMessage } = describeAwsError(error);
      return { problem: toProblem(error), errorCode, errorMessage };
    }
  });
}

function answered(
  batch: readonly AuditEvent[],
  { successful, failed }: Awaited<ReturnType<Channel['put']>>,
  onThrottled: () => void,
): Attempt<AuditEvent> {
  const accepted = new Map((successful ?? []).map(({ id, eventID }) => [id, eventID]));
  const refused = new Map((failed ?? []).map((one) => [one.id, one]));
  const attempt: Attempt<AuditEvent> = { outcomes: new Map(), again: new Set(), stop: null };
  for (const event of batch) {
    const reference = accepted.get(event.id);
    const failure = refused.get(event.id);
    if (reference !== undefined) {
      attempt.outcomes.set(event, { kind: 'accepted', reference });
    } else if (failure === undefined) {
      const errorMessage = 'CloudTrail answered with this event neither in successful nor in failed';
      attempt.outcomes.set(event, { kind: 'not-taken', errorCode: 'NotListed', errorMessage });
    } else {
      const { errorCode } = failure;
      const errorMessage = short(failure.errorMessage ?? '');
      if (errorCode === 'Throttling') onThrottled();
      if (isChannelProblem(errorCode)) {
        attempt.stop ??= channelError(errorCode, errorMessage);
        attempt.outcomes.set(event, { kind: 'unsent' });
      } else if (RETRY.has(errorCode)) {
        attempt.again.add(event);
        attempt.outcomes.set(event, { kind: 'not-taken', errorCode, errorMessage });
      } else {
        attempt.outcomes.set(event, { kind: 'refused', errorCode, errorMessage });
      }
    }
  }
  return attempt;
}
