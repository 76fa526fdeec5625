import { ForwarderError, KongPageTooLargeError, KongResponseError, toError } from '../../errors.ts';
import type { Item } from '../../pipeline/activity.ts';
import type { Page } from '../../pipeline/source.ts';
import type { Window } from '../../pipeline/window.ts';
import { isInSome, type Stretch, withoutCursor } from '../stretch.ts';
import type { Kong } from './client.ts';
import { type ScanOrder, toCursor } from './cursor.ts';
import { fetchPage, isTooMuch, type KongPage, OffsetRefused } from './pages.ts';

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

/** Kong does not take an offset of an earlier run. */
export class SavedOffsetRefused extends Error {
  override readonly name = 'SavedOffsetRefused';
}

/** Kong answers, but fails to give some of a stretch. All the rest of it was read. */
export class StretchRefused extends Error {
  override readonly name = 'StretchRefused';
  override readonly cause: Error;

  constructor(cause: Error) {
    super(cause.message);
    this.cause = cause;
  }
}

export const isRefusal = (error: unknown): error is OffsetRefused | KongResponseError | KongPageTooLargeError =>
  error instanceof OffsetRefused || error instanceof KongResponseError || error instanceof KongPageTooLargeError;

/**
 * `error`, if it may be about some of what was asked for: Kong fails to give it, or takes too long, and gives something else at the same time;
 * else null. An answer that is no page, or 4xx, is about none of the rows.
 *
 * @param isRight whether a page of one entry, of those before second 1, is what Kong must give
 */
export async function aboutRows(
  error: unknown,
  kong: Kong,
  isRight: (page: KongPage) => boolean,
): Promise<Error | null> {
  if (!(error instanceof KongPageTooLargeError) && !isTooMuch(error)) return null;
  try {
    return isRight(await fetchPage(kong, { size: 1, after: 0, before: 1 }, { isLastTry: true }))
      ? toError(error)
      : null;
  } catch (other) {
    if (isRefusal(other) || isTooMuch(other)) return null;
    throw other;
  }
}

/** Pages of one stretch; `left` is what is left of that stretch alone. */
type StretchPages = (stretch: Stretch) => AsyncGenerator<Page>;

/** One stretch after the other. One that Kong fails to give does not keep the next from being read. The first failure is thrown at the end. */
export async function* eachStretch(stretches: readonly Stretch[], read: StretchPages): AsyncGenerator<Page> {
  const unread: Window[] = [];
  let failure: Error | null = null;
  for (const [index, stretch] of stretches.entries()) {
    const later = stretches.slice(index + 1).flatMap(({ windows }) => windows);
    let left: readonly Window[] = stretch.windows;
    try {
      for await (const page of read(stretch)) {
        left = page.left;
        yield { ...page, left: [...unread, ...left, ...later] };
      }
    } catch (error) {
      if (!(error instanceof StretchRefused)) throw error;
      failure ??= error.cause;
      unread.push(...left);
    }
  }
  if (failure) throw failure;
}

/** Checks the order within one scan. */
export function newestFirst() {
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
export const within = (windows: readonly Window[], items: readonly Item[]): Item[] =>
  items.filter(({ second }) => second === null || isInSome(windows, second));

/** An offset of a Kong whose version is not known is not saved: it could not be told from one of another order. */
export function withOffset(windows: readonly Window[], order: ScanOrder, version: string, offset: string): Window[] {
  if (version === 'unknown') return windows.map(withoutCursor);
  const cursor = toCursor(order, version, offset);
  return windows.map((window) => ({ ...window, cursor }));
}
