import type { Page } from '../../pipeline/source.ts';
import type { Window } from '../../pipeline/window.ts';
import { isInSome, withoutCursor } from '../stretch.ts';
import { offsetOf } from './cursor.ts';
import { keysetPages, OffsetRefused } from './pages.ts';
import { isRefusal, type ScanDeps, withOffset } from './scan.ts';

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
