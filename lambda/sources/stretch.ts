import { contains, isLeftOver, type Window } from '../pipeline/window.ts';

/** Windows that are read in one go, from the top of the highest to the bottom of the lowest. */
export interface Stretch {
  readonly windows: readonly Window[];
  readonly after: number;
  readonly before: number;
}

/** Between two left-overs: reading so much for nothing costs less than another request. */
const CHEAP_GAP_SECONDS = 60;

export const toStretch = (windows: readonly Window[]): Stretch => ({
  windows,
  after: Math.min(...windows.map(({ after }) => after)),
  before: Math.max(...windows.map(({ before }) => before)),
});

/**
 * `todo` in its order, neighbours joined where the next one lies directly below, or almost, if both are left over.
 *
 * @param isTogether whether two neighbours may be read in one go at all
 */
export function toStretches(
  todo: readonly Window[],
  isTogether: (upper: Window, lower: Window) => boolean = () => true,
): Stretch[] {
  const groups: Window[][] = [];
  for (const window of todo) {
    const group = groups.at(-1);
    const upper = group?.at(-1);
    const gap = upper ? upper.after - window.before : -1;
    const cheap = upper && isLeftOver(upper) && isLeftOver(window) ? CHEAP_GAP_SECONDS : 0;
    if (group && upper && gap >= 0 && gap <= cheap && isTogether(upper, window)) group.push(window);
    else groups.push([window]);
  }
  return groups.map(toStretch);
}

/** What of `windows` lies below `second`. */
export function below(second: number, windows: readonly Window[]): Window[] {
  return windows.flatMap((window) => {
    if (window.after >= second) return [];
    return [{ ...window, before: Math.min(window.before, second) }];
  });
}

/** What of `windows` lies at `second` or above it. */
export function above(second: number, windows: readonly Window[]): Window[] {
  return windows.flatMap((window) => {
    if (window.before <= second) return [];
    return [{ ...window, after: Math.max(window.after, second) }];
  });
}

export const isInSome = (windows: readonly Window[], second: number | null): boolean =>
  second !== null && windows.some((window) => contains(window, second));

/** To be read from the top again. */
export function withoutCursor(window: Window): Window {
  const { after, before, tries, again, resend } = window;
  return { after, before, ...(tries && { tries }), ...(again && { again }), ...(resend && { resend }) };
}
