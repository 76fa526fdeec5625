import type { Log } from '../../log.ts';
import type { Page } from '../../pipeline/source.ts';
import { isDue, isLeftOver, subtract, type Window } from '../../pipeline/window.ts';
import { above, below, isInSome, type Stretch, toStretch, withoutCursor } from '../stretch.ts';
import { SourceLogGroupError } from '../../errors.ts';
import type { LogGroup, Search } from './client.ts';
import { type Place, type Question, toCursor, toPlace } from './cursor.ts';
import type { Selected } from './items.ts';
import { isAboutAnswer, TokenRefused } from './problem.ts';

export interface ReadDeps {
  readonly group: Pick<LogGroup, 'find'>;
  readonly question: Question;
  /** Most events of a page. @default - the service's own limit */
  readonly pageSize?: number | undefined;
  /** Epoch seconds. */
  readonly now: () => number;
  /** How late a line may show. */
  readonly overlapSeconds: number;
  readonly toItems: (rows: readonly unknown[]) => Promise<Selected>;
  readonly log: Pick<Log, 'warn'>;
}

/** So many pages in a row without an event say nothing of how far they have come. */
export class TooSparse extends Error {
  override readonly name = 'TooSparse';
}

const MOST_EMPTY_PAGES = 20;

export interface How {
  /** Empty pages are followed for as long as there are any. @default false */
  readonly isPatient?: boolean;
  /** What is left was read before, and no further. @default false */
  readonly isSecondTry?: boolean;
}

/**
 * Reads `stretch`, newest first, from its top, or from where its cursor says. What is left shrinks from above with each page, down to
 * the second of its last event, for more of that second may follow. Where a page does not come down by a second, or is empty, what
 * is left has a cursor: the service's token says where to go on. When the service does not take it any more, what is left is
 * read without, from its top. What may have come late above a cursor is read once more in the end.
 *
 * @throws {TooSparse} it has no cursor, and page after page is empty
 * @throws what `LogGroup.find` throws; never `TokenRefused`
 */
export async function* readStretch(stretch: Stretch, deps: ReadDeps, how: How = {}): AsyncGenerator<Page> {
  let left: readonly Window[] = stretch.windows;
  try {
    for await (const page of follow(stretch, deps, how)) {
      left = page.left;
      yield page;
    }
  } catch (error) {
    if (!(error instanceof TokenRefused)) throw error;
    const rest = toStretch(left.map(withoutCursor));
    const isFurther = rest.before < stretch.before;
    if (how.isSecondTry && !isFurther) throw error.cause;
    const { after, before } = rest;
    deps.log.warn('The log group does not take a token it gave; what is left is read from its top', { after, before });
    yield* readStretch(rest, deps, { ...how, isSecondTry: !isFurther });
  }
}

async function* follow(stretch: Stretch, deps: ReadDeps, { isPatient = false }: How): AsyncGenerator<Page> {
  const { windows, after, before } = stretch;
  const { question, log } = deps;
  const place = toPlace(windows[0]?.cursor, question);
  const search = place?.search ?? {
    startTime: after * 1000,
    // The service takes both ends.
    endTime: before * 1000 - 1,
    ...(question.filterPattern !== undefined && { filterPattern: question.filterPattern }),
  };
  const order = newestFirst(before * 1000 - 1);
  const since = place?.since ?? deps.now();
  let late: readonly Window[] = [];
  let wanted = windows;
  let token = place?.token ?? null;
  let emptyInARow = 0;
  do {
    const { rows, nextToken } = await find(search, token, deps).catch((error: unknown) => {
      // Asked from the top, it may well answer.
      throw token === place?.token && error instanceof SourceLogGroupError && isAboutAnswer(error)
        ? new TokenRefused(error)
        : error;
    });
    const reached = order.lowestSecond();
    const startsOver = !order.check(rows);
    if (startsOver) {
      log.warn('The log group does not give the newest events first; only its tokens say how far it was read');
      wanted = whole(windows, search.endTime);
    }
    const rest = order.isKept() ? below(order.lowestSecond() + 1, windows) : wanted;
    if (place) {
      const from = nextToken === null ? (order.topSecond() ?? after) : order.topSecond();
      late = passedOver(windows, from, since - deps.overlapSeconds, nextToken === null ? [] : rest);
    }
    const { items, ignored } = await deps.toItems(rows);
    // What follows may lie below all that is wanted, where only a part of what the token stands for is still to be read.
    token = rest.length === 0 ? null : nextToken;
    yield {
      items: items.filter(({ second }) => second === null || isInSome(wanted, second)),
      left: [...late, ...(token === null ? [] : goOn(rest, { search, token, since }))],
      ignored,
      ...(startsOver && { startsOver }),
    };

    /** Below the second that the page reached, if it reached one. A second that is read in parts, and pages without events, need the token. */
    function goOn(windows: readonly Window[], place: Place): Window[] {
      if (order.isProven() && order.lowestSecond() < reached) return windows.map(withoutCursor);
      const cursor = toCursor(place, question);
      return windows.map((window) => ({ ...window, cursor }));
    }
    emptyInARow = rows.length === 0 ? emptyInARow + 1 : 0;
    if (token !== null && emptyInARow === MOST_EMPTY_PAGES && !isPatient && !place) throw new TooSparse();
  } while (token !== null);
  if (late.length > 0) yield* follow(toStretch(late), deps, { isPatient });
}

const find = (search: Search, token: string | null, { group, pageSize }: ReadDeps) =>
  group.find({
    ...search,
    ...(pageSize !== undefined && { limit: pageSize }),
    ...(token !== null && { nextToken: token }),
  });

/**
 * A token knows nothing of what was written, since its search began, above the place it stands for. Above the windows that is for the
 * next runs to find: their overlap reads it again. Within an unread window it is not, for they take that for still to be read.
 *
 * @param from second of the first event behind the place; undefined while there is none
 * @param earliest what is older had been too late when the search began
 * @param rest what is still to be read with the token
 */
function passedOver(
  windows: readonly Window[],
  from: number | undefined,
  earliest: number,
  rest: readonly Window[],
): Window[] {
  if (from === undefined) return [];
  const unread = windows.filter((window) => isDue(window) && !isLeftOver(window));
  const passed = above(Math.max(from, earliest), unread).map(({ after, before }): Window => ({
    after,
    before,
    again: true,
  }));
  return subtract(passed, rest);
}

/** Also what earlier runs took for read, because it lay above the place they had reached. */
function whole(windows: readonly Window[], endTime: number): Window[] {
  const top = Math.max(...windows.map(({ before }) => before));
  const end = Math.floor(endTime / 1000) + 1;
  return [...(top < end ? [{ after: top, before: end, again: true as const }] : []), ...windows];
}

/** Watches the order, event by event. */
function newestFirst(from: number) {
  let lowest = from;
  let top: number | undefined;
  let isKept = true;
  return {
    /** Of the newest event; undefined before the first one, and where the order says nothing. */
    topSecond: () => (isKept && top !== undefined ? Math.floor(top / 1000) : undefined),
    lowestSecond: () => Math.floor(lowest / 1000),
    isKept: () => isKept,
    /** There were events of different times, each older than the one before it, or as old. */
    isProven: () => isKept && top !== undefined && lowest < top,
    /** False for the page that breaks the order first. */
    check(rows: readonly unknown[]): boolean {
      const wasKept = isKept;
      for (const row of rows) {
        const { timestamp } = row as { readonly timestamp?: unknown };
        if (typeof timestamp !== 'number') continue;
        isKept &&= timestamp <= lowest;
        top ??= timestamp;
        lowest = Math.min(lowest, timestamp);
      }
      return isKept || !wasKept;
    },
  };
}

/** The highest part of `stretch`, at most `seconds` long, and what lies below it. */
export function cutTop(stretch: Stretch, seconds: number): { readonly top: Stretch; readonly rest: readonly Window[] } {
  const middle = stretch.before - seconds;
  if (middle <= stretch.after) return { top: stretch, rest: [] };
  return { top: toStretch(above(middle, stretch.windows)), rest: below(middle, stretch.windows) };
}
