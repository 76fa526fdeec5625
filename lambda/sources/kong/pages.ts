import * as z from 'zod';
import { KongPageTooLargeError, KongResponseError, KongUnreachableError } from '../../errors.ts';
import type { Kong } from './client.ts';

export const AUDIT_REQUESTS = '/audit/requests';

export interface PageQuery {
  /** Entries per page, 1 to 1000. */
  readonly size: number;
  /** Epoch seconds, inclusive. */
  readonly after?: number;
  /** Epoch seconds, exclusive. */
  readonly before?: number;
  /** Where the page before this one ended; opaque. */
  readonly offset?: string;
}

export interface Asking {
  /** No retries: it is known to fail. */
  readonly isLastTry?: boolean;
}

export interface KongPage {
  readonly rows: readonly unknown[];
  /** Where this page began; null for the first one. */
  readonly start: string | null;
  /** Where the next page begins, null on the last one. */
  readonly offset: string | null;
  /** Entries asked for; less than the query's where that many were too much. */
  readonly size: number;
}

/** Kong gave this offset, and has nothing to give for it or refuses it. It may mean another key since an upgrade. */
export class OffsetRefused extends Error {
  override readonly name = 'OffsetRefused';
  override readonly cause: KongResponseError;

  constructor(cause: KongResponseError) {
    super(cause.message);
    this.cause = cause;
  }
}

const envelopeSchema = z.object({
  // Each row is checked by itself, later.
  data: z.custom<readonly unknown[]>(Array.isArray, { error: 'Invalid input: expected array' }),
  next: z.string().nullish(),
  offset: z.string().min(1).nullish(),
});

/**
 * Pages from `query` on, in Kong's order. `next` is never followed: it is wrong with filters before Kong 3.9 and forgets `size`
 * before 3.1. Where the query has a filter, the pages end where the reader's interest does, and the next one is asked for while the
 * reader is at work on this one; never more than one.
 *
 * @throws {OffsetRefused} 400 for an offset, or an empty last page where there should be one: not an end that can be relied on
 * @throws what `fetchPage` throws
 */
export async function* keysetPages(kong: Kong, query: PageQuery, asking: Asking = {}): AsyncGenerator<KongPage> {
  // Without a filter the reader may stop long before the log ends.
  const readsAhead = query.after !== undefined;
  let next = query;
  let emptyInARow = 0;
  let fetching: Promise<KongPage> | null = null;
  try {
    for (;;) {
      const page: KongPage = await (fetching ?? fetchNext(kong, next, asking));
      if (next.offset !== undefined && page.rows.length === 0 && page.offset === null)
        throw new OffsetRefused(emptyPage(kong));
      emptyInARow = page.rows.length === 0 ? emptyInARow + 1 : 0;
      if (emptyInARow === MOST_EMPTY_PAGES) throw endless(kong);
      const isSame = page.offset !== null && page.offset === next.offset;
      // Where a page was too large, the next ones probably are: grow again step by step.
      if (page.offset !== null) next = { ...query, size: Math.min(query.size, page.size * 2), offset: page.offset };
      fetching = readsAhead && page.offset !== null && !isSame ? fetchNext(kong, next, asking) : null;
      // Whoever asks for the page hears of it.
      fetching?.catch(() => undefined);
      yield page;
      if (page.offset === null) return;
      if (isSame) throw sameOffset(kong);
    }
  } finally {
    // The answer names the id of this program's own request, which must be marked.
    await fetching?.catch(() => undefined);
  }
}

async function fetchNext(kong: Kong, next: PageQuery, asking: Asking): Promise<KongPage> {
  try {
    return await fetchPage(kong, next, asking);
  } catch (error) {
    const isRefused = next.offset !== undefined && error instanceof KongResponseError && error.status === 400;
    throw isRefused ? new OffsetRefused(error) : error;
  }
}

/** Kong gives a page an offset only when it holds entries. */
const MOST_EMPTY_PAGES = 3;

/**
 * Fetches one page of the audit log. A page over the client's size limit is asked for again at half the number of entries, down to
 * a single one, for which the limit is higher: no entry that Kong can write may stand in the way of the others. So is a page that
 * Kong fails to give in time, or at all, in much smaller steps.
 *
 * @throws {KongResponseError} for anything that is not a page; a broken answer is never taken for the last page
 * @throws {KongPageTooLargeError} when a single entry exceeds the limit
 */
export async function fetchPage(kong: Kong, query: PageQuery, { isLastTry = false }: Asking = {}): Promise<KongPage> {
  let { size } = query;
  let failure: unknown = null;
  for (;;) {
    try {
      const body = await kong.get(
        AUDIT_REQUESTS,
        { ...query, size },
        { largest: size === 1, isLastTry: isLastTry || failure !== null },
      );
      return toPage(kong, body, query, size);
    } catch (error) {
      if (error instanceof KongPageTooLargeError) {
        if (size === 1) throw tooLarge(error);
        size = Math.ceil(size / 2);
      } else {
        // A page deep in the log, of a Kong that has just answered: perhaps it is too much for it.
        failure ??= error;
        if (query.offset === undefined || size === 1 || !isTooMuch(error)) throw failure;
        size = Math.ceil(size / 30);
      }
    }
  }
}

/** Kong fails, or takes too long: perhaps for what it was asked. */
export function isTooMuch(error: unknown): boolean {
  if (error instanceof KongResponseError) return error.status >= 500;
  return error instanceof KongUnreachableError && error.isTimeout;
}

const describe = (kong: Kong): string => `GET ${kong.adminApi}${AUDIT_REQUESTS}`;

function toPage(kong: Kong, body: unknown, query: PageQuery, size: number): KongPage {
  const parsed = envelopeSchema.safeParse(body);
  if (!parsed.success) {
    const problems = parsed.error.issues
      .map((issue) => `${issue.path.join('.') || 'body'}: ${issue.message}`)
      .join('; ');
    throw new KongResponseError(
      `Expected a page {"data":[…],"next":…} from ${describe(kong)}, got JSON of another shape (${problems}).`,
      200,
      { fix: 'Check that KONG_ADMIN_API points at the Admin API of Kong Gateway Enterprise.' },
    );
  }
  const { data, next, offset } = parsed.data;
  return { rows: data, start: query.offset ?? null, offset: offset ?? offsetIn(kong, next), size };
}

/** Kong always gives `offset` beside `next`; should one not, the offset inside `next` keeps this from looking like the last page. */
function offsetIn(kong: Kong, next: string | null | undefined): string | null {
  if (!next) return null;
  const offset = URL.parse(next, 'http://kong')?.searchParams.get('offset');
  if (offset) return offset;
  throw new KongResponseError(`Expected an "offset" beside "next" in the page from ${describe(kong)}, got none.`, 200, {
    fix: "Does a proxy rewrite Kong's answers?",
  });
}

function tooLarge(cause: KongPageTooLargeError): KongPageTooLargeError {
  return new KongPageTooLargeError(`${cause.problem} That is a single audit entry.`, {
    fix: 'Keep such payloads out of the log with audit_log_payload_exclude or audit_log_ignore_paths in kong.conf.',
    cause,
  });
}

function emptyPage(kong: Kong): KongResponseError {
  return new KongResponseError(
    `Expected entries from ${describe(kong)} for the offset Kong gave, got an empty page.`,
    200,
    { fix: 'Is Kong being upgraded? The next run reads on.' },
  );
}

function sameOffset(kong: Kong): KongResponseError {
  return new KongResponseError(
    `Expected a new offset on every page of ${kong.adminApi}${AUDIT_REQUESTS}, got the same one twice.`,
    200,
    { fix: 'Does a proxy drop the query string?' },
  );
}

function endless(kong: Kong): KongResponseError {
  return new KongResponseError(
    `Expected entries from ${describe(kong)}, got ${MOST_EMPTY_PAGES} pages in a row that are empty and still name a next one.`,
    200,
    { fix: 'Does something between the function and Kong answer in its place? The next run reads on.' },
  );
}
