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

/**
 * The next scheduled window: from the last one's end, less the overlap for entries Kong writes late, up to Kong's now.
 *
 * Everything retained when nothing was planned before, and when Kong's clock went back by more than the overlap: then the
 * last planned end was wrong, and what it skipped is not known.
 */
export function nextWindow(planned: number | null, kongNow: number, overlapSeconds: number): Window {
  const before = kongNow + 1;
  if (planned === null || clockWentBack(planned, kongNow, overlapSeconds)) return { after: 0, before };
  return { after: Math.max(0, Math.min(planned - overlapSeconds, kongNow)), before };
}

export const clockWentBack = (planned: number, kongNow: number, overlapSeconds: number): boolean =>
  planned - (kongNow + 1) > overlapSeconds;

/** Everything before this second has an outcome; null before the first plan. */
export function watermark(planned: number | null, pending: readonly Window[]): number | null {
  if (pending.length === 0) return planned;
  return Math.min(...pending.map(({ after }) => after));
}
