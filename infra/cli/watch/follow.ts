import type { Started } from '../operated-function.ts';
import type { Session } from '../session.ts';
import { formatDuration } from '../times.ts';
import type { Goal } from './goal.ts';
import type { Progress } from './progress.ts';
import type { State } from './state.ts';
import type { Viewer } from './view.ts';

/** The state is looked at soon after an invocation, so that a short run is seen, and then at leisure. */
const LOOK_AFTER_MS = [300, 700, 1000, 2000, 3000];
const LOOK_EVERY_MS = 5000;
/** An invocation of which nothing was seen for this long did not begin, or is over. A cold start in a VPC takes a few seconds. */
const BEGINS_WITHIN_MS = 20_000;

/** What following an invocation needs. */
export interface FollowDeps extends Pick<Session, 'pause'> {
  readonly look: () => Promise<State>;
  readonly show: Viewer;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

/** How an invocation ended. */
export interface Followed {
  readonly state: State;
  /** Whether it was seen to hold the lock. It may have failed all the same. */
  readonly began: boolean;
  /** Whether what was asked for was seen on the list. */
  readonly listed: boolean;
}

/** Waits until no run holds the lock. */
export async function untilFree(state: State, { pause, look, progress, signal }: FollowDeps): Promise<State> {
  for (let current = state, isTold = false; ; isTold = true, current = await look()) {
    const { lock } = current.status;
    if (!lock) return current;
    if (!isTold)
      progress.note(`Another run is at work, for at most ${formatDuration(lock.secondsLeft)} more. Waiting for it.`);
    await pause(LOOK_EVERY_MS, signal);
  }
}

/**
 * Waits until the invocation is over: a lock was seen and is gone, a scheduled run has ended, the goal is reached, or nothing
 * happened for too long.
 *
 * @throws why the invocation failed, where that can be known
 */
export async function untilOver(goal: Goal, before: State, started: Started, deps: FollowDeps): Promise<Followed> {
  let began = false;
  let listed = false;
  let isLocked = false;
  for (let turn = 0, waitedMs = 0; ; turn += 1) {
    const waitMs = LOOK_AFTER_MS[turn] ?? LOOK_EVERY_MS;
    await deps.pause(waitMs, deps.signal);
    waitedMs += waitMs;
    const failure = started.failure();
    if (failure) throw failure;
    const state = await deps.look();
    const { lock, lastRun } = state.status;
    deps.show(state.status);
    began ||= lock?.runId.startsWith(started.requestId) ?? false;
    listed ||= goal.isListed(state.status, before.status);
    isLocked ||= !!lock;
    if (lock) continue;
    const hasEnded = isLocked || lastRun?.at !== before.status.lastRun?.at || waitedMs >= BEGINS_WITHIN_MS;
    if (hasEnded || goal.isReached(state.status, before.status, listed)) return { state, began, listed };
  }
}
