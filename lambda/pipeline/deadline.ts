/** When a run must stop working so that it can still save what it did. */
export interface Deadline {
  /** Aborts when nothing new may begin and reading ends. */
  readonly stopping: AbortSignal;
  /** Aborts later, when puts in flight must end too; what is left of the reserve is for saving. */
  readonly aborting: AbortSignal;
  /** Asks the given clock again, which may say less than the timers do. */
  check(): void;
  /** Aborts `stopping` now: something failed, and the rest of the run's work is in vain. */
  halt(failure: Error): void;
}

/** The reason of both signals when the time is up. */
export class DeadlineReached extends Error {
  override readonly name = 'DeadlineReached';
}

/** True for what is thrown because the time was up. */
export const isInterruption = (error: unknown): boolean =>
  error instanceof Error && ['DeadlineReached', 'AbortError'].includes(error.name);

/** A process that was stopped for a while has less time left than it knows, so the given clock is asked again and again. */
const ASK_EVERY_MS = 500;

/**
 * Puts in flight get half of the reserve: ended at once, they could be delivered without being marked.
 *
 * @param remaining milliseconds until Lambda ends the invocation
 * @param reserveMs kept for finishing and saving
 */
export function startDeadline(remaining: () => number, reserveMs: number): Deadline & Disposable {
  const stopping = new AbortController();
  const aborting = new AbortController();
  const end = (controller: AbortController) => {
    controller.abort(new DeadlineReached(`The run's time is up (${reserveMs} ms reserved for saving)`));
  };
  const startedAt = performance.now();
  const remainingMs = remaining();
  /** By the given clock, or by the time that has passed: whichever says less. */
  const left = () => Math.min(remaining(), remainingMs - (performance.now() - startedAt));
  const ask = (): void => {
    const ms = left();
    // Never both in one turn: what only waits must be seen to end before anything under way is broken off.
    if (ms <= reserveMs / 2 && stopping.signal.aborted) {
      end(aborting);
      return;
    }
    if (ms <= reserveMs) end(stopping);
    askIn(ms > reserveMs ? ms - reserveMs : ms - reserveMs / 2);
  };
  let timer: NodeJS.Timeout | undefined;
  const askIn = (ms: number): void => {
    timer = setTimeout(ask, Math.ceil(Math.min(Math.max(ms, 0), ASK_EVERY_MS))).unref();
  };
  askIn(remainingMs - reserveMs);
  return {
    stopping: stopping.signal,
    aborting: aborting.signal,
    check: () => {
      if (left() <= reserveMs) end(stopping);
    },
    halt: (failure) => {
      stopping.abort(failure);
    },
    [Symbol.dispose]: () => {
      clearTimeout(timer);
    },
  };
}
