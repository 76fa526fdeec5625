import type { Log } from '../../log.ts';
import type { Page } from '../../pipeline/source.ts';
import type { Window } from '../../pipeline/window.ts';
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
 * Reads `stretch`, newest first, from where its cursor says or from its top. What is left shrinks from above with each page, down to
 * the second of its last event, for more of that second may follow; a token says where to go on, also where pages are empty. When
 * the service does not take its own token any more, what is left is read without, from its top.
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
    const startsOver = !order.check(rows);
    if (startsOver) {
      log.warn('The log group does not give the newest events first; only its tokens say how far it was read');
      wanted = whole(windows, search.endTime);
    }
    const rest = order.isKept() ? below(order.lowestSecond() + 1, windows) : wanted;
    const { items, ignored } = await deps.toItems(rows);
    // What follows may lie below all that is wanted, where only a part of what the token stands for is still to be read.
    token = rest.length === 0 ? null : nextToken;
    yield {
      items: items.filter(({ second }) => second === null || isInSome(wanted, second)),
      left: token === null ? [] : at({ search, token }, rest, question),
      ignored,
      ...(startsOver && { startsOver }),
    };
    emptyInARow = rows.length === 0 ? emptyInARow + 1 : 0;
    if (token !== null && emptyInARow === MOST_EMPTY_PAGES && !isPatient && !place) throw new TooSparse();
  } while (token !== null);
}

const find = (search: Search, token: string | null, { group, pageSize }: ReadDeps) =>
  group.find({
    ...search,
    ...(pageSize !== undefined && { limit: pageSize }),
    ...(token !== null && { nextToken: token }),
  });

const at = (place: Place, windows: readonly Window[], question: Question): Window[] => {
  const cursor = toCursor(place, question);
  return windows.map((window) => ({ ...window, cursor }));
};

/** Also what earlier runs took for read, because it lay above the place they had reached. */
function whole(windows: readonly Window[], endTime: number): Window[] {
  const top = Math.max(...windows.map(({ before }) => before));
  const end = Math.floor(endTime / 1000) + 1;
  return [...(top < end ? [{ after: top, before: end, again: true as const }] : []), ...windows];
}

/** Watches the order, event by event. */
function newestFirst(from: number) {
  let lowest = from;
  let isKept = true;
  return {
    lowestSecond: () => Math.floor(lowest / 1000),
    isKept: () => isKept,
    /** False for the page that breaks the order first. */
    check(rows: readonly unknown[]): boolean {
      const wasKept = isKept;
      for (const row of rows) {
        const { timestamp } = row as { readonly timestamp?: unknown };
        if (typeof timestamp !== 'number') continue;
        isKept &&= timestamp <= lowest;
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
