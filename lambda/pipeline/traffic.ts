import { type ForwarderError, PutRejectedError, PutRetriesExhaustedError } from '../errors.ts';
import { createLanes, FIRST_LANES, type LaneEnd, type Lanes } from './lanes.ts';
import type { PutOutcome, PutResult } from './sink.ts';

/** What a run has learnt of its sink so far. */
export interface Traffic {
  readonly lanes: Pick<Lanes, 'enter'>;
  /** Takes note of a put's answer. */
  heard(result: PutResult, kind?: PutKind): void;
  /**
   * A put has ended, and what it brought is written. Until the sink has taken or refused something, the lane of a put that failed stays
   * closed: a sink that is down is asked by the first puts alone.
   */
  ended(how: LaneEnd, leave: (how: LaneEnd) => void, kind?: PutKind): void;
  /** How often the left-overs were tried that were tried least. */
  begin(leastTries: number): void;
  /**
   * What failed before says little about the sink by failing again, and must not keep anything else from being sent. Until the sink
   * has taken something, only what was tried least is tried, and no more of it than the first puts. True for what must wait for a
   * later run.
   */
  holdsBack(tries: number): boolean;
  /** So much was tried, and everything failed, that no item is to blame. However few puts run at once: one says nothing. */
  isAllFailing(): boolean;
  /** The sink took something in this run. */
  hasTaken(): boolean;
  /** The first puts all failed: that says nothing about any entry. */
  isDown(): boolean;
  /** Why this run must stop putting; null while it need not. */
  failure(): ForwarderError | null;
  /** Ids this run tried in vain. They are not sent again before the next run. */
  readonly spent: Set<string>;
}

/** What a put holds: something that was never tried before, or only left-overs. */
export type PutKind = 'new' | 'left over';

/**
 * Judges the sink by its answers. The run stops when the first puts of something new, as many as run at once, all fail after their
 * retries, and when as many of them got no answer as may run at once.
 *
 * @param most puts at once
 * @param stopping when it aborts, no lane is kept closed any more
 */
export function createTraffic(most: number, stopping: AbortSignal): Traffic {
  const firstPuts = Math.min(FIRST_LANES, most);
  let hasTaken = false;
  let isUp = false;
  let failedPuts = 0;
  let failedLeftOvers = 0;
  let unansweredLeftOvers = 0;
  let leastTries = 0;
  let isDown = false;
  let failure: ForwarderError | null = null;
  let last: Exclude<PutOutcome, { kind: 'accepted' | 'unsent' }> | null = null;
  const lanes = createLanes(most, () => {
    failure ??= new PutRetriesExhaustedError(
      `No answer came to as many puts as run at once; the last reason: ${words()}. Each may have been delivered.`,
      { fix: 'This run stopped there. What was not delivered stays pending, and the next run sends it again.' },
    );
  });

  const waiting: (() => void)[] = [];
  const release = (): void => {
    for (const go of waiting.splice(0)) go();
  };
  stopping.addEventListener('abort', release, { once: true });
  const words = (): string => (last ? `${last.errorCode}: ${last.errorMessage}` : 'none given');

  return {
    lanes,
    heard({ outcomes }, kind = 'new') {
      const tried = outcomes.filter((outcome) => outcome.kind !== 'unsent');
      if (tried.some(({ kind }) => kind === 'accepted')) hasTaken = true;
      for (const outcome of tried) if (outcome.kind !== 'accepted') last = outcome;
      // One that is refused for good was looked at: the sink is up.
      const isJudged = tried.some(({ kind: how }) => how === 'accepted' || how === 'refused');
      isUp ||= isJudged;
      if (tried.length === 0 || isJudged || hasTaken) return;
      if (kind === 'left over') {
        failedLeftOvers += 1;
        return;
      }
      failedPuts += 1;
      if (failedPuts < firstPuts) return;
      isDown = true;
      const ErrorClass = last?.kind === 'doubtful' ? PutRejectedError : PutRetriesExhaustedError;
      failure ??= new ErrorClass(
        `The first ${failedPuts} puts of this run all failed, after all retries; the last reason: ${words()}. ` +
          'The sink is taken to be down, and nothing more was tried.',
        {
          fix: 'What was not delivered stays pending; the next run sends it again. If this goes on, look at the state of the AWS service.',
        },
      );
    },
    ended(how, leave, kind = 'new') {
      if (kind === 'left over') {
        // The last lane stays open for what is new: a put of left-overs holds few events.
        if (how === 'unanswered') unansweredLeftOvers += 1;
        leave(how === 'unanswered' && lanes.open() === 1 ? 'failed' : how);
      } else {
        waiting.push(() => {
          leave(how);
        });
        if (how === 'taken' || isUp || failure || stopping.aborted) release();
      }
      // Left-overs may have made the lanes fewer: without a free one the run would stand still until its time is up.
      if (waiting.length >= lanes.open()) release();
    },
    begin(tries) {
      leastTries = tries;
    },
    holdsBack: (tries) =>
      unansweredLeftOvers >= firstPuts ||
      // What is new needs it, and one put more in doubt would be one too many.
      lanes.isLast() ||
      (!hasTaken && (tries > leastTries || failedLeftOvers >= firstPuts)),
    isAllFailing: () => !hasTaken && failedPuts + failedLeftOvers >= FIRST_LANES,
    hasTaken: () => hasTaken,
    isDown: () => isDown,
    failure: () => failure,
    spent: new Set(),
  };
}
