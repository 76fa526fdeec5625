import { ForwarderError, KongPageTooLargeError, KongResponseError, toError } from '../../errors.ts';
import type { Item } from '../../pipeline/activity.ts';
import type { Page } from '../../pipeline/source.ts';
import type { Window } from '../../pipeline/window.ts';
import { isInSome, type Stretch, withoutCursor } from '../stretch.ts';
import type { Kong } from './client.ts';
import { type ScanOrder, toCursor } from './cursor.ts';
import { OffsetRefused } from './pages.ts';

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

/** What Kong answers to one request alone; it says nothing about the next. */
export const isRefusal = (error: unknown): boolean =>
  error instanceof OffsetRefused || error instanceof KongResponseError || error instanceof KongPageTooLargeError;

/** Pages of one stretch; `left` is what is left of that stretch alone. */
type StretchPages = (stretch: Stretch) => AsyncGenerator<Page>;

/**
 * One stretch after the other. One that Kong fails to give does not keep the next from being read; two in a row that fail say that
 * Kong is down. The first failure is thrown at the end.
 */
export async function* eachStretch(stretches: readonly Stretch[], read: StretchPages): AsyncGenerator<Page> {
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
