import type { Page } from '../../pipeline/source.ts';
import type { Window } from '../../pipeline/window.ts';
import { below, type Stretch, toStretch, withoutCursor } from '../stretch.ts';
import { offsetOf, toCursor } from './cursor.ts';
import { keysetPages, OffsetRefused } from './pages.ts';
import {
  eachStretch,
  isRefusal,
  newestFirst,
  aboutRows,
  SavedOffsetRefused,
  StretchRefused,
  type ScanDeps,
  within,
  withOffset,
} from './scan.ts';

/**
 * Kong gives the newest first and filters nothing: what lies above the windows is passed over. The scan goes on at a window's
 * saved offset, so that a long log is read in slices; where there is none, it begins at the top.
 */
export async function* newestFirstPages(todo: readonly Window[], deps: ScanDeps): AsyncGenerator<Page> {
  let left = todo;
  try {
    for await (const page of eachStretch(inOnePass(todo, deps), (stretch) => newestFirstStretch(stretch, deps))) {
      left = page.left;
      yield page;
    }
  } catch (error) {
    if (!(error instanceof SavedOffsetRefused)) throw error;
    // It is given up, once, and with it all the others that were saved: each would cost its retries.
    const rest = left.map(withoutCursor);
    yield* eachStretch(inOnePass(rest, deps), (stretch) => newestFirstStretch(stretch, deps));
  }
}

/**
 * In one pass are read: neighbours with the same offset, or with none that can be used, however far they stand apart; a window that
 * touches the one above it, whatever its offset, for the pass comes to it anyway; and what a pass from the top passes by. What is to be
 * sent again is read by itself.
 */
function inOnePass(todo: readonly Window[], { version }: ScanDeps): Stretch[] {
  const passes: Window[][] = [];
  for (const window of todo) {
    const usable = offsetOf(window.cursor, 'time', version) === null ? withoutCursor(window) : window;
    const last = passes.at(-1)?.at(-1);
    const isNext = last !== undefined && (last.cursor === usable.cursor || isRightBelow(usable, last));
    const pass = isNext ? passes.at(-1) : passes.find((other) => isPassedBy(usable, other));
    if (pass && pass[0]?.resend === usable.resend) pass.push(withCursor(usable, pass[0]?.cursor));
    else passes.push([usable]);
  }
  return passes.map(toStretch);
}

const isRightBelow = (lower: Window, upper: Window): boolean =>
  upper.after <= lower.before && lower.before < upper.before;

const isPassedBy = (window: Window, pass: readonly Window[]): boolean =>
  window.cursor === undefined &&
  pass[0]?.cursor === undefined &&
  pass[0]?.resend === window.resend &&
  pass.some(({ after }) => after <= window.after);

const withCursor = (window: Window, cursor: string | undefined): Window => ({
  ...withoutCursor(window),
  ...(cursor !== undefined && { cursor }),
});

async function* newestFirstStretch(stretch: Stretch, deps: ScanDeps): AsyncGenerator<Page> {
  const offset = offsetOf(stretch.windows[0]?.cursor, 'time', deps.version);
  let begun = false;
  try {
    for await (const page of newestFirstOnce(stretch, offset, deps)) {
      begun = true;
      yield page;
    }
  } catch (error) {
    if (offset !== null && !begun && isRefusal(error)) throw new SavedOffsetRefused();
    const refused = await aboutRows(error, deps.kong, ({ rows }) => rows.length > 0);
    throw refused ? new StretchRefused(refused) : error;
  }
}

async function* newestFirstOnce(
  { windows, after }: Stretch,
  offset: string | null,
  deps: ScanDeps,
  isEmptied = false,
): AsyncGenerator<Page> {
  const { kong, version, pageSize, toItem } = deps;
  const order = newestFirst();
  let left: readonly Window[] = windows;
  try {
    for await (const page of keysetPages(kong, { size: pageSize, ...(offset !== null && { offset }) })) {
      const items = page.rows.map(toItem);
      order.check(items);
      const rest = page.offset === null ? [] : below(order.lowest() + 1, windows);
      const begun = left;
      left = page.offset === null ? [] : withOffset(rest, 'time', version, page.offset);
      yield {
        items: within(windows, items),
        left,
        ...(items.length > 0 && { newestFirst: begun }),
        ...(page.start !== null && version !== 'unknown' && { cursor: toCursor('time', version, page.start) }),
      };
      if (order.lowest() < after) return;
    }
  } catch (error) {
    if (!(error instanceof OffsetRefused)) throw error;
    // The offset this scan began at is its caller's to give up; any other was given just now, and rows have expired since.
    if (order.lowest() === Infinity && offset !== null) throw error.cause;
    if (isEmptied) throw error.cause;
    if (left.length > 0) yield* newestFirstOnce(toStretch(left.map(withoutCursor)), null, deps, true);
  }
}
