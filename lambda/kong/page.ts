import * as z from 'zod';
import { KongPageTooLargeError, KongResponseError } from '../errors.ts';
import type { Kong } from './client.ts';
import { toEntry, type AuditEntry, type InvalidEntry } from './entry.ts';

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

export interface KongPage {
  readonly entries: readonly (AuditEntry | InvalidEntry)[];
  /** Where the next page begins, null on the last one. */
  readonly offset: string | null;
  /** Entries asked for; less than the query's where that many were too large. */
  readonly size: number;
}

const envelopeSchema = z.object({
  data: z.array(z.unknown()),
  next: z.string().nullish(),
  offset: z.string().min(1).nullish(),
});

/**
 * Fetches one page of the audit log. `next` is never followed: it is wrong with filters before Kong 3.9 and forgets `size`
 * before 3.1. A page over the client's size limit is asked for again at half the number of entries, down to a single one, for
 * which the limit is higher: no entry that Kong can write may stand in the way of the others.
 *
 * @throws {KongResponseError} for anything that is not a page; a broken answer is never taken for the last page
 * @throws {KongPageTooLargeError} when a single entry exceeds the limit
 */
export async function fetchPage(kong: Kong, query: PageQuery): Promise<KongPage> {
  let { size } = query;
  for (;;) {
    try {
      const body = await kong.get(AUDIT_REQUESTS, { ...query, size }, { largest: size === 1 });
      return toPage(kong, body, size);
    } catch (error) {
      if (!(error instanceof KongPageTooLargeError)) throw error;
      if (size === 1) throw tooLarge(error);
      size = Math.ceil(size / 2);
    }
  }
}

const describe = (kong: Kong): string => `GET ${kong.adminApi}${AUDIT_REQUESTS}`;

function toPage(kong: Kong, body: unknown, size: number): KongPage {
  const parsed = envelopeSchema.safeParse(body);
  if (!parsed.success) {
    const problems = parsed.error.issues
      .map((issue) => `${issue.path.join('.') || 'body'}: ${issue.message}`)
      .join('; ');
    throw new KongResponseError(
      `Expected a page {"data":[…],"next":…} from ${describe(kong)}, got JSON of another shape (${problems}). ` +
        'Check that KONG_ADMIN_API points at the Admin API of Kong Gateway Enterprise.',
      200,
    );
  }
  const { data, next, offset } = parsed.data;
  return { entries: data.map(toEntry), offset: offset ?? offsetIn(kong, next), size };
}

/** Kong always gives `offset` beside `next`; should one not, the offset inside `next` keeps this from looking like the last page. */
function offsetIn(kong: Kong, next: string | null | undefined): string | null {
  if (!next) return null;
  const offset = URL.parse(next, 'http://kong')?.searchParams.get('offset');
  if (offset) return offset;
  throw new KongResponseError(
    `Expected an "offset" beside "next" in the page from ${describe(kong)}, got none. Does a proxy rewrite Kong's answers?`,
    200,
  );
}

function tooLarge(cause: KongPageTooLargeError): KongPageTooLargeError {
  return new KongPageTooLargeError(
    `${cause.message} That is a single audit entry: keep such payloads out of the log with audit_log_payload_exclude or ` +
      'audit_log_ignore_paths in kong.conf.',
    { cause },
  );
}
