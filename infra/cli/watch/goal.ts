import type { Status, Summary, Window } from '../answers.ts';
import { formatWindow, toRfc3339 } from '../times.ts';

/** A dry run over the window, which fails where the run has failed. */
export interface Proof {
  readonly payload: object;
  /** @param began whether the invocation was seen to hold the lock */
  holds(found: Summary, began: boolean): boolean;
}

/** What a watch waits for. */
export interface Goal {
  /** For people: `The backfill`. */
  readonly name: string;
  /** What is invoked first, and again until it is listed. */
  readonly first: object;
  /**
   * What is invoked to go on. For a backfill this is a scheduled run, too: it goes on with what is on the list, where the same backfill
   * would put all of its window there again, and read it from the top.
   */
  readonly next: object;
  /** What of it is on the forwarder's list and not read yet. */
  left(state: Status): readonly Window[];
  /** All of it, for the progress; null where only the run itself finds out. */
  readonly window: Window | null;
  /** Whether the state shows that the list holds, or held, all that was asked for. */
  isListed(state: Status, before: Status): boolean;
  /**
   * Whether it is reached. Asked only while no run is at work.
   *
   * @param before the state before the invocation
   * @param listed what `isListed` said of a state since the watch began
   */
  isReached(state: Status, before: Status, listed: boolean): boolean;
  /** What proves it where the list never showed it: the run was over too soon to be seen, was skipped, or failed at once. */
  readonly proof: Proof | null;
  /** What a person reads when it is reached. */
  readonly reached: string;
}

const SCHEDULED = { mode: 'scheduled' };

/** A scheduled run: reached when the last one ended complete, and is another than before. */
export function scheduledGoal(): Goal {
  return {
    name: 'The run',
    first: SCHEDULED,
    next: SCHEDULED,
    window: null,
    left: ({ pending }) => pending,
    isListed: () => false,
    isReached: ({ lastRun, pending, watermark }, before) => {
      if (lastRun && lastRun.at !== before.lastRun?.at) return lastRun.summary.status === 'complete';
      return pending.length === 0 && (watermark ?? 0) > (before.watermark ?? 0);
    },
    proof: null,
    reached: 'The run is complete.',
  };
}

/** A backfill: reached when its window was put on the list and nothing of it is there any more. */
export function backfillGoal(window: Window, resend: boolean): Goal {
  const asked = { mode: 'backfill', after: toRfc3339(window.after), before: toRfc3339(window.before) };
  const left = ({ pending }: Status) => overlap(pending, window);
  const leftSeconds = (state: Status) => secondsOf(left(state), 0);
  return {
    name: 'The backfill',
    first: { ...asked, ...(resend && { resend }) },
    next: SCHEDULED,
    left,
    window,
    isListed: (state, before) =>
      leftSeconds(state) > leftSeconds(before) || (!resend && leftSeconds(before) === secondsOf([window], 0)),
    isReached: (state, _before, listed) => listed && left(state).length === 0,
    proof: {
      payload: { ...asked, dryRun: true },
      // What was sent a second time leaves no trace that a dry run could find; that the run began, and that a run works, must do.
      holds: ({ status, wouldForward, wouldQuarantine }, began) =>
        status === 'complete' && (resend ? began : !wouldForward && !wouldQuarantine),
    },
    reached: `The backfill is complete: ${formatWindow(window)}.`,
  };
}

/** Seconds in `windows`, of which nothing before `from` counts. */
export function secondsOf(windows: readonly Window[], from: number): number {
  return windows.reduce((sum, { after, before }) => sum + Math.max(0, before - Math.max(after, from)), 0);
}

function overlap(pending: readonly Window[], { after, before }: Window): Window[] {
  return pending
    .map((open) => ({ after: Math.max(open.after, after), before: Math.min(open.before, before) }))
    .filter((open) => open.after < open.before);
}
