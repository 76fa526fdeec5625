import pLimit from 'p-limit';

/** How many puts may be under way at once. */
export interface Lanes {
  /** Waits for a free lane; call what it resolves to when the put has ended. */
  enter(): Promise<(ended: LaneEnd) => void>;
  /** Puts that may be under way at once now. */
  open(): number;
  /** All but one were closed for puts that got no answer. */
  isLast(): boolean;
}

/** `unanswered`: the put may have been delivered. `throttled`: the sink asked for less. */
export type LaneEnd = 'taken' | 'failed' | 'throttled' | 'unanswered';

/** A run begins with so many, or with `most` if that is less. */
export const FIRST_LANES = 5;

/**
 * Lanes for puts. One is added for each put that was taken, up to `most`, until the sink throttles; then half of them are left, and
 * no more are added in this run.
 *
 * A lane whose put got no answer is closed for the rest of the run. So no more than `most` puts of a run can end in doubt,
 * which bounds what the next run sends twice.
 *
 * @param onClosed called when the last lane is closed
 */
export function createLanes(most: number, onClosed: () => void): Lanes {
  const limit = pLimit(Math.min(FIRST_LANES, most));
  let allowed = most;
  let grows = true;

  function resize(lanes: number): void {
    limit.concurrency = Math.max(1, Math.min(lanes, allowed));
  }

  function ended(how: LaneEnd): void {
    if (how === 'unanswered') {
      allowed -= 1;
      if (allowed === 0 || limit.concurrency === 1) onClosed();
      resize(limit.concurrency - 1);
    } else if (how === 'throttled') {
      grows = false;
      resize(Math.ceil(limit.concurrency / 2));
    } else if (how === 'taken' && grows && limit.concurrency < allowed) {
      resize(limit.concurrency + 1);
    }
  }

  return {
    open: () => limit.concurrency,
    isLast: () => most > 1 && allowed === 1,
    enter: () =>
      new Promise((resolve) => {
        void limit(
          () =>
            new Promise<void>((leave) => {
              resolve((how) => {
                ended(how);
                leave();
              });
            }),
        );
      }),
  };
}
