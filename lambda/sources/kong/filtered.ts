import { KongResponseError } from '../../errors.ts';
import type { Page } from '../../pipeline/source.ts';
import { isDue, isLeftOver, type Window } from '../../pipeline/window.ts';
import { toRfc3339 } from '../../rfc-3339.ts';
import { above, below, type Stretch, toStretch, toStretches, withoutCursor } from '../stretch.ts';
import { type Asking, keysetPages, OffsetRefused } from './pages.ts';
import { eachStretch, newestFirst, aboutRows, type ScanDeps, ScanMismatch, StretchRefused, within } from './scan.ts';

/** Kong filters by time and gives the newest first. Every entry is checked against both. */
export async function* filteredPages(todo: readonly Window[], deps: ScanDeps): AsyncGenerator<Page> {
  const stretches = toStretches(
    todo.map(withoutCursor),
    (upper, lower) => upper.resend === lower.resend && !isClosedInOn(upper) && !isClosedInOn(lower),
  );
  const budget = { splits: MOST_SPLITS };
  yield* eachStretch(stretches, (stretch) => filteredStretch(stretch, { budget, failure: null }, deps));
}

/** To find one second among those of thirty days takes 21, among all there are 31. */
const MOST_SPLITS = 100;

/** For the seconds that Kong fails to give. */
interface Search {
  /** Of the whole run. */
  readonly budget: { splits: number };
  /** What Kong answered first. */
  failure: Error | null;
}

/** @throws {StretchRefused} Kong failed to give some of it; all the rest was read */
async function* filteredStretch({ windows }: Stretch, search: Search, deps: ScanDeps): AsyncGenerator<Page> {
  const left = yield* closingIn(windows, [], search, deps);
  if (search.failure === null || left.length === 0) return;
  yield { items: [], left };
  throw new StretchRefused(named(search.failure, left));
}

/**
 * Where Kong fails to give a page, what is left is cut in half, and again, until the seconds that it fails to give are all that is left.
 *
 * @param others what else is left of the stretch
 * @returns what is left of `windows`
 */
async function* closingIn(
  windows: readonly Window[],
  others: readonly Window[],
  search: Search,
  deps: ScanDeps,
): AsyncGenerator<Page, readonly Window[]> {
  if (windows.length === 0) return [];
  let left = windows;
  try {
    const isLastTry = search.failure !== null || windows.every(isClosedInOn);
    for await (const page of filteredOnce(windows, { isLastTry }, deps)) {
      left = page.left;
      yield { ...page, left: [...left, ...others] };
    }
    return left;
  } catch (error) {
    const failure = await aboutRows(error, deps.kong, ({ rows, offset }) => rows.length === 0 && offset === null);
    if (failure === null) throw error;
    search.failure ??= failure;
  }
  const { budget } = search;
  if (secondsOf(left) === 1 || budget.splits === 0) return left;
  budget.splits -= 1;
  const middle = toStretch(left).before - Math.ceil(secondsOf(left) / 2);
  const lower = below(middle, left);
  const upperLeft = yield* closingIn(above(middle, left), [...lower, ...others], search, deps);
  const lowerLeft = yield* closingIn(lower, [...upperLeft, ...others], search, deps);
  return [...upperLeft, ...lowerLeft];
}

/** An unread window of one second is what an earlier run has left of its search. */
const isClosedInOn = (window: Window): boolean => secondsOf([window]) === 1 && isDue(window) && !isLeftOver(window);

const secondsOf = (windows: readonly Window[]): number => {
  const { after, before } = toStretch(windows);
  return before - after;
};

/** Says which seconds they are. */
function named(failure: Error, left: readonly Window[]): Error {
  if (!(failure instanceof KongResponseError) || left.some((window) => secondsOf([window]) > 1)) return failure;
  const [first, ...more] = left.map(({ after }) => toRfc3339(after));
  const which = more.length === 0 ? `${first}` : `${first} and at ${more.length} other second(s)`;
  return new KongResponseError(`Kong fails to give what it logged at ${which}. ${failure.problem}`, failure.status, {
    fix: 'All the rest was read. Kong’s own log says why; what it logged then stays pending until Kong gives it or purges it.',
    cause: failure,
  });
}

async function* filteredOnce(
  windows: readonly Window[],
  asking: Asking,
  deps: ScanDeps,
  isEmptied = false,
): AsyncGenerator<Page> {
  const { after, before } = toStretch(windows);
  const order = newestFirst();
  let left: readonly Window[] = windows;
  try {
    for await (const page of keysetPages(deps.kong, { size: deps.pageSize, after, before }, asking)) {
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
    if (left.length > 0) yield* filteredOnce(left, asking, deps, isAgain);
  }
}
