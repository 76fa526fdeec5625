import pThrottle from 'p-throttle';
import pTimeout, { TimeoutError } from 'p-timeout';
import { isNotConnected, isThrottling, NotSentError, statusOf, UnansweredError } from './aws-error.ts';

export interface AttemptOptions {
  /** Requests per second, retries included. */
  readonly callsPerSecond: number;
  /** Time limit of one attempt, from its first byte to the last byte of the answer. */
  readonly attemptTimeoutMs: number;
  /** When it aborts, requests that wait for their turn are not sent any more. */
  readonly stopping: AbortSignal;
  /** Called once for each HTTP request sent. */
  readonly onRequest: () => void;
  /** Called for each request that was throttled as a whole. */
  readonly onThrottled: () => void;
}

/** What of an AWS client's middleware stack is used here. */
interface Stack {
  add(
    middleware: (next: (args: never) => Promise<unknown>) => (args: never) => Promise<unknown>,
    options: { step: 'finalizeRequest'; priority: 'low'; name: string },
  ): void;
}

/**
 * What every single attempt of an AWS client goes through, innermost in its stack: it waits for its turn, has a time limit, is
 * counted, and says apart what was never sent, what was sent without an answer, and what was answered. Only what was answered, or
 * never connected, is retried by the SDK.
 */
export function addAttempt(stack: unknown, options: AttemptOptions): void {
  const { callsPerSecond, attemptTimeoutMs, stopping } = options;
  // A signal that has aborted is refused here; then nothing is sent anyway.
  const turn = stopping.aborted
    ? nothing
    : pThrottle({ limit: callsPerSecond, interval: 1000, strict: true, signal: stopping })(nothing);

  (stack as Stack).add(
    (next) => async (args) => {
      await turn().catch(() => undefined);
      if (stopping.aborted) throw new NotSentError('The run ended before this request was sent');
      options.onRequest();
      try {
        // The client's own limits end with the headers, or begin anew with each byte.
        return await pTimeout(next(args), {
          milliseconds: attemptTimeoutMs,
          // Made only when it is needed: the stack of an error costs more than the rest of this.
          fallback: () => {
            throw new TimeoutError(`The answer was not complete after ${attemptTimeoutMs} ms`);
          },
        });
      } catch (error) {
        if (isThrottling(error)) options.onThrottled();
        throw isAnswered(error) || isNotConnected(error) ? error : unanswered(error);
      }
    },
    { step: 'finalizeRequest', priority: 'low', name: 'attempt' },
  );
}

const nothing = () => Promise.resolve();

/** A success that cannot be read is no answer. */
const isAnswered = (error: unknown): boolean => (statusOf(error) ?? 0) >= 300;

/** Without a `cause`: the SDK looks there, too, for what it may retry, and finds the broken connection. */
function unanswered(error: unknown): UnansweredError {
  const { name, code, message } = error as NodeJS.ErrnoException;
  return new UnansweredError([code ?? name, message].filter(Boolean).join(': '));
}
