import { DeadlineReached, type Deadline } from '../../../../lambda/pipeline/deadline.ts';

/** One run as the world sees it: it takes steps, may be stopped by its deadline at one of them, and may die at one. */
export interface Life {
  readonly deadline: Deadline;
  /** Called before and after whatever the run does to the world. After death it never returns. */
  step(): Promise<void>;
  readonly isDead: () => boolean;
  readonly death: Promise<'dead'>;
}

const never = (): Promise<never> => new Promise(() => undefined);
/** Between the moment at which nothing new begins and the one at which all is ended. */
const STEPS_OF_GRACE = 3;

/** @param onStep time passes */
export function beginLife(stopAt: number, dieAt: number, onStep: () => void): Life {
  const stopping = new AbortController();
  const aborting = new AbortController();
  const { promise: death, resolve: die } = Promise.withResolvers<'dead'>();
  let isDead = false;
  let steps = 0;
  return {
    deadline: {
      stopping: stopping.signal,
      aborting: aborting.signal,
      check: () => undefined,
      halt: (failure) => {
        stopping.abort(failure);
      },
    },
    async step() {
      steps += 1;
      onStep();
      if (steps === stopAt) stopping.abort(new DeadlineReached('the time is up'));
      if (steps === stopAt + STEPS_OF_GRACE) aborting.abort(new DeadlineReached('the time is up'));
      if (steps === dieAt) {
        isDead = true;
        die('dead');
      }
      if (isDead) await never();
    },
    isDead: () => isDead,
    death,
  };
}
