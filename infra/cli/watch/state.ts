import { readAnswer, type Status, statusSchema } from '../answers.ts';
import { FunctionError, UnreachableError } from '../errors.ts';
import type { Session } from '../session.ts';

/** The state of the forwarder at one moment. */
export interface State {
  readonly status: Status;
  /** As it came. */
  readonly answer: unknown;
}

/** So many looks in a row may fail: a watch of hours must survive a network that stutters. */
const MOST_FAILED_LOOKS = 3;
const AGAIN_AFTER_MS = 5000;

/** Asks for the state. @throws what the last of several failures in a row was; at once when asking again cannot help */
export function looking({ fn, pause }: Pick<Session, 'fn' | 'pause'>, signal: AbortSignal): () => Promise<State> {
  return async () => {
    for (let failed = 1; ; failed += 1) {
      try {
        const answer = await fn.invoke({ mode: 'status' }, { repeatable: true, signal });
        return { answer, status: readAnswer(statusSchema, answer) };
      } catch (error) {
        const mayPass = (error instanceof FunctionError && error.exitStatus === 1) || error instanceof UnreachableError;
        if (!mayPass || failed >= MOST_FAILED_LOOKS) throw error;
        await pause(AGAIN_AFTER_MS, signal);
      }
    }
  };
}
