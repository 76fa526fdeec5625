import { ForwarderError, KongPageTooLargeError, KongResponseError, toError } from '../../errors.ts';
import type { Item } from '../../pipeline/activity.ts';
import type { Page } from '../../pipeline/source.ts';
import type { Window } from '../../pipeline/window.ts';
import type { Kong } from './client.ts';
import { offsetOf, toCursor } from './cursor.ts';
import { keysetPages, OffsetRefused } from './pages.ts';
import { above, below, isInSome, type Stretch, toStretch, toStretches, withoutCursor } from '../stretch.ts';

export interface ScanDeps {
  readonly kong: Kong;
  /** As Kong gives it, or `unknown`. */
  readonly version: string;
  /** Entries per page. */
  readonly pageSize: number;
  readonly toItem: (row: unknown) => Item;
}

/** Kong did not keep to the strategy's assumption, and reading on with it could lose entries. */
export class ScanMismatch extends ForwarderError {
  override readonly name = 'ScanMismatch';
  readonly code = 'SCAN_MISMATCH';
}

/** Kong filters by time and gives the newest first. Every entry is checked against both. */
export async function* filteredPages(todo: readonly Window[], deps: ScanDeps): AsyncGenerator<Page> {
  const stretches = toStretches(todo.map(withoutCursor), (upper, lower) => upper.resend === lower.resend);
  yield* eachStretch(stretches, (stretch) => filteredStretch(stretch, deps));
}

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

/** Kong does not take an offset of an earlier run. */
class SavedOffsetRefused extends Error {
  override readonly name = 'SavedOffsetRefused';
}

/**
 * The whole log in Kong's own order, which says nothing about time. Windows that share a saved offset are read from there to the end;
 * then, from the beginning, all the others together. Left-overs alone are not worth a pass: the next run's has them.
 */
export async function* fullScanPages(todo: readonly Window[], deps: ScanDeps): AsyncGenerator<Page> {
  // Not only the most urgent window's: what was left over on the way has none, and would begin the scan again and again.
  const begun = todo.find(({ cursor }) => offsetOf(cursor, 'key', deps.version) !== null)?.cursor;
  const offset = offsetOf(begun, 'key', deps.version);
  const resumed = offset ? todo.filter(({ cursor }) => cursor === begun) : [];
  const others = todo.filter((window) => !resumed.includes(window)).map(withoutCursor);
  if (offset) {
    const isRead = yield* keyOrderPass(resumed, others, offset, deps);
    if (isRead) {
      if (others.some(({ tries }) => tries === undefined)) yield* keyOrderPass(others, [], null, deps);
      return;
    }
  }
  // No offset, or one that Kong no longer takes.
  yield* keyOrderPass(todo.map(withoutCursor), [], null, deps);
}

/** @returns false when Kong does not take the saved offset; nothing was yielded then */
async function* keyOrderPass(
  windows: readonly Window[],
  others: readonly Window[],
  offset: string | null,
  { kong, version, pageSize, toItem }: ScanDeps,
): AsyncGenerator<Page, boolean> {
  let begun = false;
  let isRestarted = false;
  for (let start = offset; ; start = null, isRestarted = true) {
    try {
      for await (const page of keysetPages(kong, { size: pageSize, ...(start !== null && { offset: start }) })) {
        begun = true;
        const items = page.rows.map(toItem);
        yield {
          items: items.filter(({ second, valid }) => isInSome(windows, second) || (second === null && !valid)),
          left: page.offset === null ? others : [...withOffset(windows, 'key', version, page.offset), ...others],
        };
      }
      return true;
    } catch (error) {
      if (offset !== null && !begun && isRefusal(error)) return false;
      // An offset Kong gave just now and refuses: it is being upgraded. Once more from the beginning.
      if (!(error instanceof OffsetRefused) || isRestarted) throw error instanceof OffsetRefused ? error.cause : error;
    }
  }
}

const isRefusal = (error: unknown): boolean =>
  error instanceof OffsetRefused || error instanceof KongResponseError || error instanceof KongPageTooLargeError;

/** Pages of one stretch; `left` is what is left of that stretch alone. */
type StretchPages = (stretch: Stretch) => AsyncGenerator<Page>;

/**
 * One stretch after the other. One that Kong fails to give does not keep the next from being read; two in a row that fail say that
 * Kong is down. The first failure is thrown at the end.
 */
async function* eachStretch(stretches: readonly Stretch[], read: StretchPages): AsyncGenerator<Page> {
  const unread: Window[] = [];
  let failure: Error | null = null;
  let failedBefore = false;
  for (const [index, stretch] of stretches.entries()) {
    const later = stretches.slice(index + 1).flatMap(({ windows }) => windows);
    let left: readonly Window[] = stretch.windows;
    try {
      for await (const page of read(stretch)) {
        left = page.left;
        yield { ...page, left: [...unread, ...left, ...later] };
      }
      failedBefore = false;
    } catch (error) {
      if (error instanceof ScanMismatch || error instanceof SavedOffsetRefused) throw error;
      if (failedBefore || !isRefusal(error)) throw failure ?? error;
      failure ??= toError(error);
      failedBefore = true;
      unread.push(...left);
    }
  }
  if (failure) throw failure;
}

/**
 * Where Kong fails to give a page, what is left is cut in half, and the halves are read by themselves. What fails again stays on the
 * list: the next run cuts it in half once more, until the failing second is all that is left.
 */
async function* filteredStretch(stretch: Stretch, deps: ScanDeps): AsyncGenerator<Page> {
  let left: readonly Window[] = stretch.windows;
  try {
    for await (const page of filteredOnce(stretch, deps)) {
      left = page.left;
      yield page;
    }
  } catch (error) {
    const rest = left.length > 0 ? toStretch(left) : null;
    if (!isRefusal(error) || !rest || rest.before - rest.after <= 1) throw error;
    const middle = Math.floor((rest.after + rest.before) / 2);
    const upper = above(middle, left);
    // The upper half begins where Kong failed; only when the lower one fails as well, that says nothing.
    const lower = yield* readHalf(below(middle, left), upper, deps);
    if (lower.length > 0) yield* readHalf(upper, lower, deps);
    throw error;
  }
}

/** Reads `half` as far as Kong gives it, while `other` stays on the list. @returns what is left of `half` */
async function* readHalf(
  half: readonly Window[],
  other: readonly Window[],
  deps: ScanDeps,
): AsyncGenerator<Page, readonly Window[]> {
  let left = half;
  if (half.length === 0) return left;
  try {
    for await (const page of filteredOnce(toStretch(half), deps)) {
      left = page.left;
      yield { ...page, left: [...other, ...left] };
    }
  } catch (error) {
    if (!isRefusal(error)) throw error;
  }
  return left;
}

async function* filteredOnce(stretch: Stretch, deps: ScanDeps, isEmptied = false): AsyncGenerator<Page> {
  const { after, before, windows } = stretch;
  const order = newestFirst();
  let left: readonly Window[] = windows;
  try {
    for await (const page of keysetPages(deps.kong, { size: deps.pageSize, after, before })) {
      const items = page.rows.map(deps.toItem);
      for (const { second } of items)
        if (second !== null && !(after <= second && second < before))
          throw new ScanMismatch(`asked for [${after}, ${before}), got an entry of second ${second}`);
      order.check(items);
      const begun = left;
      left = page.offset === null ? [] : below(order.lowest() + 1, windows);
      yield { items: within(windows, items), left, ...(items.length > 0 && { newestFirst: begun }) };
    }
  } catch (error) {
    if (!(error instanceof OffsetRefused)) throw error;
    // Without an offset, what is left shows whether there is more.
    const isAgain = order.lowest() === Infinity || order.lowest() + 1 >= before;
    if (isAgain && isEmptied) throw error.cause;
    if (left.length > 0) yield* filteredOnce(toStretch(left), deps, isAgain);
  }
}

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
    throw error;
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

/** Checks the order within one scan. */
function newestFirst() {
  let lowest = Infinity;
  return {
    lowest: () => lowest,
    check: (items: readonly Item[]) => {
      for (const { second } of items) {
        if (second === null) continue;
        if (second > lowest) throw new ScanMismatch(`expected newest first, got second ${second} after ${lowest}`);
        lowest = second;
      }
    },
  };
}

/** A row without a time belongs to no window: it is dealt with wherever it turns up. */
const within = (windows: readonly Window[], items: readonly Item[]): Item[] =>
  items.filter(({ second }) => second === null || isInSome(windows, second));

/** An offset of a Kong whose version is not known is not saved: it could not be told from one of another order. */
function withOffset(windows: readonly Window[], order: 'time' | 'key', version: string, offset: string): Window[] {
  if (version === 'unknown') return windows.map(withoutCursor);
  const cursor = toCursor(order, version, offset);
  return windows.map((window) => ({ ...window, cursor }));
}
