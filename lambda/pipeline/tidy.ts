import { isDue, isLeftOver, merge, subtract, type Window } from './window.ts';

/**
 * The list of pending windows with nothing twice: what is unread from its beginning need not be read again besides, and of two left-overs of one
 * second the one with more tries stays. Lowest first.
 *
 * More than `MOST_LEFT_OVERS` left-overs are joined with their nearest neighbours, so that the list stays small when a sink fails
 * here and there for hours; then what lies between is read again.
 */
export function tidy(windows: readonly Window[]): Window[] {
  const unread = windows.filter((window) => isDue(window) && !isLeftOver(window));
  // What comes late may lie before a cursor.
  const readWhole = unread.filter(({ cursor }) => cursor === undefined);
  const again = windows.filter(({ again: isAgain, resend }) => isAgain && !resend);
  const resend = windows.filter((window) => window.resend);
  return merge([
    ...unread,
    ...thin(highestTries(windows.filter(isLeftOver))),
    // A reading that is under way keeps its windows whole: they are what it will have covered.
    ...again.flatMap((window) => (window.cursor === undefined ? subtract([window], readWhole) : [window])),
    ...resend,
  ]);
}

/**
 * Each second once, with the most tries. Two with different cursors hold entries of one second that lie on different pages; which page
 * comes first is the source's own knowledge, so that second is read from the beginning.
 */
function highestTries(leftOvers: readonly Window[]): Window[] {
  const lowestFirst = leftOvers.toSorted((a, b) => a.after - b.after);
  const edges = new Set(leftOvers.flatMap(({ after, before }) => [after, before]));
  const pieces: Window[] = [];
  let next = 0;
  let here: Window[] = [];
  let from = 0;
  for (const to of [...edges].sort((a, b) => a - b)) {
    const [first, ...others] = here;
    if (first) {
      const cursor = others.every((other) => other.cursor === first.cursor) ? first.cursor : undefined;
      const tries = Math.max(...here.map((window) => window.tries ?? 0));
      pieces.push({ after: from, before: to, tries, ...(cursor !== undefined && { cursor }) });
    }
    here = here.filter(({ before }) => before > to);
    for (let window = lowestFirst[next]; window?.after === to; window = lowestFirst[next]) {
      here.push(window);
      next += 1;
    }
    from = to;
  }
  return merge(pieces);
}

const MOST_LEFT_OVERS = 1000;

/** Joins those with the narrowest gaps between them, as many as there are too many. */
function thin(leftOvers: readonly Window[]): Window[] {
  const gaps = leftOvers.slice(1).map((window, index) => window.after - (leftOvers[index]?.before ?? 0));
  const narrowest = gaps.map((gap, index) => ({ gap, at: index + 1 })).toSorted((a, b) => a.gap - b.gap);
  const joined = new Set(narrowest.slice(0, Math.max(0, leftOvers.length - MOST_LEFT_OVERS)).map(({ at }) => at));
  const thinned: Window[] = [];
  for (const [index, window] of leftOvers.entries()) {
    const last = joined.has(index) ? thinned.pop() : undefined;
    thinned.push(last ? hull(last, window) : window);
  }
  return thinned;
}

const hull = (lower: Window, upper: Window): Window => ({
  after: lower.after,
  before: Math.max(lower.before, upper.before),
  tries: Math.min(lower.tries ?? 1, upper.tries ?? 1),
});
