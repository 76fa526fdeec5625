import type { Page } from '../../pipeline/source.ts';
import type { Window } from '../../pipeline/window.ts';
import { above, below, type Stretch, toStretch, toStretches, withoutCursor } from '../stretch.ts';
import { keysetPages, OffsetRefused } from './pages.ts';
import { eachStretch, isRefusal, newestFirst, type ScanDeps, ScanMismatch, within } from './scan.ts';

/** Kong filters by time and gives the newest first. Every entry is checked against both. */
export async function* filteredPages(todo: readonly Window[], deps: ScanDeps): AsyncGenerator<Page> {
  const stretches = toStretches(todo.map(withoutCursor), (upper, lower) => upper.resend === lower.resend);
  yield* eachStretch(stretches, (stretch) => filteredStretch(stretch, deps));
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
