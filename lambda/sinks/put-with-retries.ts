import pRetry from 'p-retry';
import type { ForwarderError } from '../errors.ts';
import type { PutOutcome, PutResult, PutSignals } from '../pipeline/sink.ts';

/** What a failed request means for its events. */
export type Problem =
  /** No event has a chance. */
  | { readonly kind: 'stop'; readonly error: ForwarderError }
  /** One event is to blame: to be found by splitting. Alone, it is refused. */
  | { readonly kind: 'poison' }
  /** No document names this error: to be split as well. Alone, it is in doubt. */
  | { readonly kind: 'unnamed' }
  /** Worth another try. */
  | { readonly kind: 'transient' }
  /** May have been delivered. */
  | { readonly kind: 'unanswered' }
  | { readonly kind: 'unsent' };

/** The service looked at the events one by one. */
export interface Attempt<Event> {
  readonly outcomes: Map<Event, PutOutcome>;
  /** Of those not taken, the ones to send again. */
  readonly again: Set<Event>;
  stop: ForwarderError | null;
}

/** The service, or the way there, failed the request as a whole. */
export interface Failed {
  readonly problem: Problem;
  readonly errorCode: string;
  readonly errorMessage: string;
}

export interface RetryOptions extends Pick<PutSignals, 'stopping'> {
  /** Wait before the first retry; doubles, with jitter. @default 200 */
  readonly retryDelayMs?: number;
}

const RETRIES = 4;

/**
 * Puts `events` by calls of `send`. Those that failed for a transient reason are sent again with back-off and jitter; a request
 * refused as a whole is halved until the events that are to blame stand alone. What may have been delivered is not sent again.
 * Never throws what `send` does not throw.
 */
export async function putWithRetries<Event>(
  events: readonly Event[],
  { stopping, retryDelayMs = 200 }: RetryOptions,
  send: (batch: readonly Event[]) => Promise<Attempt<Event> | Failed>,
): Promise<PutResult> {
  const outcomes = new Map<Event, PutOutcome>();
  let stop: ForwarderError | null = null;

  const settle = (batch: readonly Event[], outcome: PutOutcome): void => {
    for (const event of batch) outcomes.set(event, outcome);
  };

  /** Returns the events to send again. */
  async function attempt(batch: readonly Event[]): Promise<readonly Event[]> {
    const answer = await send(batch);
    if ('outcomes' in answer) {
      for (const [event, outcome] of answer.outcomes) outcomes.set(event, outcome);
      stop ??= answer.stop;
      return batch.filter((event) => answer.again.has(event));
    }
    const { problem, errorCode, errorMessage } = answer;
    switch (problem.kind) {
      case 'stop':
        stop ??= problem.error;
        settle(batch, { kind: 'unsent' });
        return [];
      case 'poison':
      case 'unnamed':
        if (batch.length > 1) return await halve(batch);
        settle(batch, { kind: problem.kind === 'poison' ? 'refused' : 'doubtful', errorCode, errorMessage });
        return [];
      case 'transient':
        settle(batch, { kind: 'not-taken', errorCode, errorMessage });
        return batch;
      case 'unanswered':
        settle(batch, { kind: 'unknown', errorCode, errorMessage });
        return [];
      case 'unsent':
        settle(
          batch.filter((event) => !outcomes.has(event)),
          { kind: 'unsent' },
        );
        return [];
    }
  }

  async function halve(batch: readonly Event[]): Promise<readonly Event[]> {
    const middle = Math.ceil(batch.length / 2);
    const again: Event[] = [];
    for (const half of [batch.slice(0, middle), batch.slice(middle)])
      if (!stop && !stopping.aborted) again.push(...(await attempt(half)));
    return again;
  }

  let left: readonly Event[] = events;
  await pRetry(
    async () => {
      left = await attempt(left);
      if (left.length > 0 && !stop) throw new SendAgain();
    },
    {
      retries: RETRIES,
      minTimeout: retryDelayMs,
      maxTimeout: 5000,
      randomize: true,
      signal: stopping,
      shouldRetry: ({ error }) => error instanceof SendAgain,
    },
  ).catch((error: unknown) => {
    // Out of retries, or the run is stopping; either way the outcomes say what was delivered.
    if (!(error instanceof SendAgain) && !stopping.aborted) throw error;
  });
  return { outcomes: events.map((event) => outcomes.get(event) ?? { kind: 'unsent' }), stop };
}

class SendAgain extends Error {}
