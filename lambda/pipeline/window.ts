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
 * In the order they are worked on: unread, left over, only read again, sent again; each newest first.
 *
 * - The overlap is usually short, and follows the last unread window, which it touches, at once: one request reads both.
 * - Where the last run did not get through with what is only read again, the overlap comes last: it is as long in every run, and would
 *   keep all others waiting for ever.
 *
 * @param overlapFrom in that case, the second this run's overlap begins at
 */
export function byUrgency(windows: readonly Window[], overlapFrom?: number): Window[] {
  const lastUnread = Math.min(...windows.filter((window) => rank(window) === 0).map(({ after }) => after));
  return windows
    .flatMap((window) => {
      if (overlapFrom === undefined)
        return [{ window, place: window.again && window.before === lastUnread ? 0.5 : rank(window) }];
      if (!window.again || window.resend || window.cursor !== undefined || window.before <= overlapFrom)
        return [{ window, place: rank(window) }];
      const overlap = { ...window, after: Math.max(window.after, overlapFrom) };
      const earlier = { ...window, before: overlap.after };
      return [
        { window: overlap, place: 3 },
        ...(earlier.after < earlier.before ? [{ window: earlier, place: 2 }] : []),
      ];
    })
    .sort((a, b) => a.place - b.place || b.window.before - a.window.before || b.window.after - a.window.after)
    .map(({ window }) => window);
}

/** 3 is the overlap that has to wait. */
const rank = (window: Window): number => (window.resend ? 4 : window.again ? 2 : isLeftOver(window) ? 1 : 0);

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
