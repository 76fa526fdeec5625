/** A stretch of Kong time, `[after, before)` in epoch seconds. `resend` asks for entries that were forwarded already, too. */
export interface Window {
  readonly after: number;
  readonly before: number;
  readonly resend?: true;
}

export const contains = (window: Window, second: number): boolean => window.after <= second && second < window.before;

/** Lowest first, overlapping and touching windows joined; windows that resend and windows that do not stay apart. */
export function merge(windows: readonly Window[]): Window[] {
  const merged: Window[] = [];
  for (const window of windows.toSorted((a, b) => Number(!!a.resend) - Number(!!b.resend) || a.after - b.after)) {
    const last = merged.at(-1);
    if (last && last.resend === window.resend && window.after <= last.before)
      merged[merged.length - 1] = { ...last, before: Math.max(last.before, window.before) };
    else merged.push(window);
  }
  return merged.sort((a, b) => a.after - b.after);
}

/** What of `windows` lies outside `covered`; a window that resends is covered only by one that resends. */
export function subtract(windows: readonly Window[], covered: readonly Window[]): Window[] {
  const cut = (rest: readonly Window[], cover: Window) =>
    rest.flatMap((window) => {
      if (window.resend !== cover.resend) return [window];
      const below = { ...window, before: Math.min(window.before, cover.after) };
      const above = { ...window, after: Math.max(window.after, cover.before) };
      return [below, above].filter(({ after, before }) => after < before);
    });
  return covered.reduce<readonly Window[]>(cut, windows).slice();
}

/** Where the last scheduled plan ended, and when that was by the function's own clock. Epoch seconds. */
export interface LastPlan {
  readonly planned: number | null;
  readonly plannedAt?: number | undefined;
}

/** Both clocks, epoch seconds. Only the time that passed is taken from the function's own, never the time of day. */
export interface Clocks {
  readonly kongNow: number;
  readonly ownNow: number;
}

/**
 * The next scheduled window: from the last one's end, less the overlap for entries Kong writes late, up to Kong's now. It
 * begins earlier by what the node that answered last time turns out to have been ahead. Everything retained when nothing was
 * planned before, and when that is more than the overlap.
 */
export function nextWindow(last: LastPlan, clocks: Clocks, overlapSeconds: number): Window {
  const before = clocks.kongNow + 1;
  if (last.planned === null || clockWentBack(last, clocks, overlapSeconds)) return { after: 0, before };
  const ahead = aheadSeconds(last, clocks);
  const after = last.planned - overlapSeconds - (ahead > ORDINARY_SKEW_SECONDS ? ahead : 0);
  return { after: Math.max(0, Math.min(after, clocks.kongNow)), before };
}

/** Clocks of nodes may differ by this much without anything being wrong. */
const ORDINARY_SKEW_SECONDS = 60;

/**
 * True when the node that answered last time was ahead by more than the overlap: the others may have written below its now
 * ever since, and for how long it had been ahead is not known.
 */
export function clockWentBack(last: LastPlan, clocks: Clocks, overlapSeconds: number): boolean {
  return aheadSeconds(last, clocks) > Math.max(overlapSeconds, ORDINARY_SKEW_SECONDS);
}

/** How far Kong's clock now lags behind where the time since the last plan should have taken it. */
function aheadSeconds({ planned, plannedAt }: LastPlan, { kongNow, ownNow }: Clocks): number {
  if (planned === null) return 0;
  const elapsed = plannedAt === undefined ? 0 : Math.max(0, ownNow - plannedAt);
  return planned + elapsed - (kongNow + 1);
}

/** Everything before this second has an outcome; null before the first plan. */
export function watermark(planned: number | null, pending: readonly Window[]): number | null {
  if (pending.length === 0) return planned;
  return Math.min(...pending.map(({ after }) => after));
}

/** What of a checkpoint tells how far behind the forwarder is. */
export interface Settled {
  readonly planned: number | null;
  readonly pending: readonly Window[];
  /** Everything before this second was dealt with once; reading it again, as overlaps and backfills do, is no backlog. */
  readonly settled?: number | undefined;
}

/** The oldest second that may hold an entry nobody has dealt with yet; null before the first plan. */
export function oldestUnsettled({ planned, pending, settled = 0 }: Settled): number | null {
  if (planned === null) return null;
  const unsettled = pending.filter(({ before }) => before > settled);
  return unsettled.length === 0 ? planned : Math.max(settled, Math.min(...unsettled.map(({ after }) => after)));
}
