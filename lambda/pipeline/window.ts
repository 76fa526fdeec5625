/**
 * A stretch of the source's time, `[after, before)` in epoch seconds, that is still to be read. What kind of work it is:
 *
 * - neither `tries`, `again` nor `resend`: unread. Nobody has dealt with what it holds.
 * - `tries`: left over. It was read, and in so many runs some entry of it could not be delivered.
 * - `again`: was dealt with once and is read again, for what may have come late: overlap, sweep, backfill.
 * - `resend`: a backfill that also sends what was forwarded already.
 */
export interface Window {
  readonly after: number;
  readonly before: number;
  readonly tries?: number;
  readonly again?: true;
  readonly resend?: true;
  /** Where reading goes on, in the words of the source that wrote it. */
  readonly cursor?: string;
}

export const contains = (window: Window, second: number): boolean => window.after <= second && second < window.before;

export const isLeftOver = (window: Window): boolean => window.tries !== undefined;

/** Somebody waits for it: what it holds is not in the sink, or may not be. */
export const isDue = ({ again, resend }: Window): boolean => !again && !resend;

/** Windows that differ in kind or cursor are never joined. */
const workOf = ({ tries, again, resend, cursor }: Window): string =>
  `${tries ?? ''} ${again ? 'again' : ''} ${resend ? 'resend' : ''} ${cursor ?? ''}`;

/** Lowest first; overlapping and touching windows of the same work are joined. */
export function merge(windows: readonly Window[]): Window[] {
  const merged: Window[] = [];
  const lastOf = new Map<string, number>();
  for (const window of windows.toSorted((a, b) => a.after - b.after)) {
    const work = workOf(window);
    const index = lastOf.get(work) ?? -1;
    const other = merged[index];
    if (other && window.after <= other.before)
      merged[index] = { ...other, before: Math.max(other.before, window.before) };
    else lastOf.set(work, merged.push(window) - 1);
  }
  return merged;
}

/** What of `windows` lies outside `covered`, whatever the kind of either. */
export function subtract(windows: readonly Window[], covered: readonly Window[]): Window[] {
  const cut = (rest: readonly Window[], cover: Window) =>
    rest.flatMap((window) => {
      if (cover.before <= window.after || window.before <= cover.after) return [window];
      const below = { ...window, before: Math.min(window.before, cover.after) };
      const above = { ...window, after: Math.max(window.after, cover.before) };
      return [below, above].filter(({ after, before }) => after < before);
    });
  return covered.reduce<readonly Window[]>(cut, windows).slice();
}

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

/**
 * In the order they are worked on: unread, left over, only read again; each newest first. The overlap of this run comes last: it is as
 * long in every run, and where it takes all the time there is, what earlier runs left below it would never be read again.
 *
 * @param overlapFrom the second this run's overlap begins at
 */
export function byUrgency(windows: readonly Window[], overlapFrom = Infinity): Window[] {
  return windows
    .flatMap((window) => {
      const isSplit = window.again && !window.resend && window.cursor === undefined;
      if (!isSplit || window.before <= overlapFrom) return [{ window, place: rank(window) }];
      const overlap = { ...window, after: Math.max(window.after, overlapFrom) };
      const earlier = { ...window, before: overlapFrom };
      return [
        { window: overlap, place: 3 },
        ...(earlier.after < earlier.before ? [{ window: earlier, place: 2 }] : []),
      ];
    })
    .sort((a, b) => a.place - b.place || b.window.before - a.window.before || b.window.after - a.window.after)
    .map(({ window }) => window);
}

const rank = (window: Window): number => (!isDue(window) ? 2 : isLeftOver(window) ? 1 : 0);

/** Everything before this second has an outcome; null before the first plan. */
export function watermark(planned: number | null, pending: readonly Window[]): number | null {
  if (pending.length === 0) return planned;
  return Math.min(...pending.map(({ after }) => after));
}

/** The oldest second that may hold an entry nobody has dealt with yet; null before the first plan. */
export function oldestUnsettled(planned: number | null, pending: readonly Window[]): number | null {
  if (planned === null) return null;
  return watermark(planned, pending.filter(isDue));
}
