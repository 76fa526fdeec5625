import { setImmediate } from 'node:timers/promises';

/** Gives the event loop a turn during long work of the processor, so that timers, signals and answers are not kept waiting. */
export interface Turns {
  /** Resolves at once while little time was used since the last turn. Call it between two pieces of work. */
  take(): Promise<void> | undefined;
  /** The clock it goes by, milliseconds. */
  readonly now: () => number;
}

/** A turn is due after so much work; with one piece of work of the same length on top it still comes within 50 ms. */
const SLICE_MS = 20;

/** @param onTurn called at each turn, to look at the clock */
export function createTurns(onTurn: () => void, now: () => number = () => performance.now()): Turns {
  let turnedAt = now();
  return {
    now,
    take() {
      if (now() - turnedAt < SLICE_MS) return undefined;
      return setImmediate().then(() => {
        turnedAt = now();
        onTurn();
      });
    },
  };
}
