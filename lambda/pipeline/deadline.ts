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
  const after = (ms: number, controller: AbortController) =>
    setTimeout(end, Math.min(Math.max(ms, 0), 2 ** 31 - 1), controller).unref();
  const remainingMs = remaining();
  const timers = [after(remainingMs - reserveMs, stopping), after(remainingMs - reserveMs / 2, aborting)];
  return {
    stopping: stopping.signal,
    aborting: aborting.signal,
    check: () => {
      if (remaining() <= reserveMs) end(stopping);
    },
    halt: (failure) => {
      stopping.abort(failure);
    },
    [Symbol.dispose]: () => {
      timers.forEach(clearTimeout);
    },
  };
}
