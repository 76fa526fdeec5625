import { hash } from 'node:crypto';
import { InvocationError } from '../errors.ts';
import type { Ledger, QuarantineRecord } from '../ledger/ledger.ts';
import type { Log } from '../log.ts';
import { toJson } from '../to-json.ts';

export interface QuarantineList {
  readonly status: 'ok';
  /** Records that fit what was asked for, on all pages. */
  readonly size: number;
  /** At most 100, newest first. */
  readonly records: readonly QuarantineRecord[];
  /** To be given back for the next page; absent on the last one. */
  readonly cursor?: string;
}

export interface ListQuery {
  readonly ids?: readonly string[];
  readonly errorCode?: string;
  readonly cursor?: string;
}

const RECORDS_PER_PAGE = 100;
/** Lambda's answer may have 6 MB; a record may have 32 kB of payload, and JSON escapes. */
const PAGE_MAX_CHARACTERS = 2_000_000;

/**
 * What is in quarantine, newest first. Holds one page in memory, however many records there are.
 *
 * @throws {InvocationError} the cursor is none that an earlier page gave
 */
export async function listQuarantine(
  query: ListQuery,
  ledger: Pick<Ledger, 'quarantined' | 'records'>,
): Promise<QuarantineList> {
  const start = query.cursor === undefined ? null : fromCursor(query.cursor);
  const seen = new Set<string>();
  let page: QuarantineRecord[] = [];
  for await (const found of query.ids ? one(ledger.records(query.ids)) : ledger.quarantined()) {
    for (const record of found) {
      if (seen.has(record.id) || (query.errorCode !== undefined && record.errorCode !== query.errorCode)) continue;
      seen.add(record.id);
      if (start === null || newestFirst(start, record) < 0) page.push(record);
    }
    // One more than a page tells that there is another.
    page = page.toSorted(newestFirst).slice(0, RECORDS_PER_PAGE + 1);
  }
  const records = withinSize(page.slice(0, RECORDS_PER_PAGE));
  const last = records.at(-1);
  const isLast = records.length === page.length || !last;
  return { status: 'ok', size: seen.size, records, ...(!isLast && { cursor: toCursor(last) }) };
}

type Place = Pick<QuarantineRecord, 'at' | 'id'>;

const newestFirst = (a: Place, b: Place): number =>
  a.at < b.at ? 1 : a.at > b.at ? -1 : a.id < b.id ? 1 : a.id > b.id ? -1 : 0;

const toCursor = ({ at, id }: Place): string => Buffer.from(JSON.stringify([at, id])).toString('base64url');

function fromCursor(cursor: string): Place {
  try {
    const [at, id] = JSON.parse(Buffer.from(cursor, 'base64url').toString()) as unknown[];
    if (typeof at === 'string' && typeof id === 'string') return { at, id };
  } catch {
    // Said below.
  }
  throw new InvocationError(
    `Expected in "cursor" what an earlier page of the quarantine gave, got ${JSON.stringify(cursor.slice(0, 80))}.`,
    {
      fix: 'Leave it out to begin with the newest record.',
    },
  );
}

function withinSize(records: readonly QuarantineRecord[]): QuarantineRecord[] {
  let characters = 0;
  const fitting = records.findIndex((record) => (characters += toJson(record).length) > PAGE_MAX_CHARACTERS);
  return fitting < 0 ? records.slice() : records.slice(0, Math.max(1, fitting));
}

async function* one<T>(item: Promise<T>): AsyncGenerator<T> {
  yield await item;
}

export interface DiscardDeps {
  readonly ledger: Pick<Ledger, 'records' | 'release' | 'lock' | 'unlock'>;
  readonly log: Pick<Log, 'warn'>;
  readonly runId: string;
  readonly lockSeconds: number;
  /** Seconds the ledger remembers an entry whose source says nothing. */
  readonly keepSeconds: number;
}

export type Discarded = { readonly status: 'ok'; readonly discarded: number } | { readonly status: 'skipped' };

/** What the ledger says of an entry that an operator discarded. */
export const DISCARDED = 'quarantined:discarded';

/**
 * Takes records out of the quarantine for good. Each is logged with the reason and the SHA-256 of its row; the ledger remembers the
 * id, so that the entry does not come back. Ids that are not in quarantine count for nothing.
 *
 * @returns `skipped` while a run holds the lock: it may be working on the same records
 */
export async function discard(ids: readonly string[], reason: string, deps: DiscardDeps): Promise<Discarded> {
  const { ledger, log, runId } = deps;
  if (!(await ledger.lock(runId, deps.lockSeconds))) return { status: 'skipped' };
  try {
    const records = await ledger.records([...new Set(ids)]);
    for (const { id, entry, errorCode, at } of records)
      log.warn('A quarantined entry is discarded', {
        id,
        reason,
        errorCode,
        quarantinedAt: at,
        rowSha256: hash('sha256', toJson(entry)),
      });
    await ledger.release(records.map(({ id }) => ({ id, value: DISCARDED, ttlSeconds: deps.keepSeconds })));
    return { status: 'ok', discarded: records.length };
  } finally {
    await ledger.unlock(runId).catch(() => undefined);
  }
}
