import type { Status, Window } from '../answers.ts';
import { type Goal, secondsOf } from './goal.ts';
import type { Progress } from './progress.ts';

/** Shows a state on the progress. */
export type Viewer = (status: Status) => void;

/** @param now epoch seconds */
export function viewer(goal: Goal, now: () => number, progress: Progress): Viewer {
  const startedAt = now();
  const entriesOf = new Map<string, number>();
  let totalSeconds = 0;
  let hasBegun = false;

  return (status) => {
    const from = oldestRetained(status, startedAt);
    const leftSeconds = secondsOf(goal.left(status), from);
    const planned: readonly Window[] = goal.window === null ? [] : [goal.window];
    totalSeconds = Math.max(totalSeconds, leftSeconds, secondsOf(planned, from));
    const { lock } = status;
    // Before the window is on the list nothing of it was read, and that looks the same as all of it being read. A run holds the lock
    // for a moment before it puts anything on the list.
    hasBegun ||= leftSeconds > 0;
    if (lock?.fetched !== undefined) entriesOf.set(lock.runId, lock.fetched);
    progress.show({
      totalSeconds,
      coveredSeconds: hasBegun ? totalSeconds - leftSeconds : 0,
      entries: entriesOf.size === 0 ? null : [...entriesOf.values()].reduce((sum, entries) => sum + entries, 0),
      elapsedSeconds: now() - startedAt,
    });
  };
}

/** A window that begins with 1970 is as long as what the source retains. */
function oldestRetained({ lagSeconds, purgeHeadroomSeconds }: Status, now: number): number {
  if (typeof lagSeconds !== 'number' || typeof purgeHeadroomSeconds !== 'number') return 0;
  return now - lagSeconds - purgeHeadroomSeconds;
}
