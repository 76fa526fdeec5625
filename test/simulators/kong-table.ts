import { letters, seeded, uuid } from './random.ts';
import type { KongEra } from './kong-version.ts';

/** One row as the Admin API shows it. Any key may be absent, and a test may put anything in it. */
export type KongEntry = Readonly<Record<string, unknown>>;

/** One row of the audit table. */
export interface KongRow {
  /** Unique in the table; the `request_id` wherever that is unique itself. */
  readonly key: string;
  readonly entry: KongEntry;
  /** What the row is ordered and filtered by, epoch seconds. */
  readonly timestamp: number;
  /** When readers first see it, by the true clock. */
  readonly visibleAt: number;
  /** When readers last see it, by the true clock; `Infinity` for a row without expiry. */
  readonly expiresAt: number;
  /** Order among rows of one second: fixed, but unrelated to anything a reader can see. */
  readonly tie: number;
  /** The entry names a `ttl` itself, so none is computed. */
  readonly fixedTtl: boolean;
}

export interface RecordOptions {
  /** The row's life, seconds; null never expires and shows `"ttl": null`. Default 2592000 (`audit_log_record_ttl`). */
  readonly ttlSeconds?: number | null;
  /** Seconds from `at` until readers see it. Default 0. */
  readonly delaySeconds?: number;
  /** What the node's clock is ahead of the true one, seconds. Default 0. */
  readonly skewSeconds?: number;
  /** When the request happened by the true clock, epoch seconds; expiry counts from here. Default now. */
  readonly at?: number;
}

export interface PageQuery {
  readonly size: number;
  /** The key of the last row of the page before. */
  readonly cursor?: readonly unknown[] | undefined;
  readonly after?: number | undefined;
  readonly before?: number | undefined;
}

export interface TablePage {
  readonly rows: readonly KongRow[];
  /** Key of the last row, only when there are more rows. */
  readonly cursor: readonly unknown[] | null;
}

/**
 * Kong's audit table: rows with an expiry, read by keyset pages, so rows that arrive or expire during a scan shift nothing.
 *
 * Pure: time and randomness are given.
 */
export interface KongTable {
  /**
   * Writes one row. What `entry` names is shown as it is given, unknown keys and wrong types included; `undefined` makes
   * the key absent; everything else gets a usual value. `ttl`, unless named, falls with the clock.
   */
  record(entry?: KongEntry, options?: RecordOptions): KongRow;
  /** The next `size` visible rows in the era's order. A cursor of another era's shape finds nothing. */
  page(era: KongEra, query: PageQuery): TablePage;
  /** The row as a reader sees it now. */
  show(row: KongRow, era: KongEra): KongEntry;
  /** Every row ever written, in the order of writing, expired ones too. */
  readonly recorded: readonly KongRow[];
  /** Rows a reader could see now. */
  visible(): readonly KongRow[];
}

const DEFAULT_TTL_SECONDS = 2_592_000;
/** Expired rows are dropped from the index this often, model seconds, as Kong's own clean-up does. */
const PURGE_INTERVAL_SECONDS = 3600;

/** An empty table. `now` gives epoch seconds. */
export function kongTable(options: { readonly now: () => number; readonly seed?: number }): KongTable {
  const { now, seed = 1 } = options;
  const random = seeded(seed);
  const defaultWorkspace = uuid(random);
  const recorded: KongRow[] = [];
  const keys = new Set<string>();
  let index: { readonly order: KongEra['order']; rows: KongRow[] } = { order: 'request_timestamp', rows: [] };
  let unsorted: KongRow[] = [];
  let purgedAt = now();

  const shows = (row: KongRow, at: number): boolean => row.visibleAt <= at && at <= row.expiresAt;

  function record(entry: KongEntry = {}, recordOptions: RecordOptions = {}): KongRow {
    const { ttlSeconds = DEFAULT_TTL_SECONDS, delaySeconds = 0, skewSeconds = 0, at = now() } = recordOptions;
    const clock = Math.floor(at + skewSeconds);
    const named = entry['request_timestamp'];
    const usual = usualEntry(clock, defaultWorkspace, () => letters(random, 32));
    const shown = without({ ...usual, ...entry }, ([, value]) => value === undefined);
    const key = uniqueKey(shown['request_id'], keys);
    const row: KongRow = {
      key,
      entry: shown,
      timestamp: typeof named === 'number' && named < 1e11 ? named : clock,
      visibleAt: at + delaySeconds,
      expiresAt: ttlSeconds === null ? Infinity : at + ttlSeconds,
      tie: hash(key, seed),
      fixedTtl: 'ttl' in entry,
    };
    recorded.push(row);
    unsorted.push(row);
    return row;
  }

  /** Brings the index up to date with the era's order, the rows written since, and the clock. */
  function sorted(order: KongEra['order']): readonly KongRow[] {
    const compare = order === 'request_id' ? byKey : byTime;
    if (index.order !== order) index = { order, rows: index.rows.sort(compare) };
    const at = now();
    if (at - purgedAt >= PURGE_INTERVAL_SECONDS) {
      index.rows = index.rows.filter((row) => row.expiresAt >= at);
      purgedAt = at;
    }
    // A handful of new rows is cheaper to insert one by one: a large table is not sorted again for each request.
    if (unsorted.length > 256) index.rows = index.rows.concat(unsorted).sort(compare);
    else
      for (const row of unsorted)
        index.rows.splice(
          firstIndex(index.rows, (other) => compare(other, row) > 0),
          0,
          row,
        );
    unsorted = [];
    return index.rows;
  }

  function page(era: KongEra, query: PageQuery): TablePage {
    return era.order === 'request_id' ? pageById(era, query) : pageByTime(era, query);
  }

  function pageById(era: KongEra, { size, cursor }: PageQuery): TablePage {
    const after = cursor?.[0];
    if (cursor !== undefined && (cursor.length !== 1 || typeof after !== 'string')) return { rows: [], cursor: null };
    const rows = sorted(era.order);
    const start = typeof after === 'string' ? firstIndex(rows, (row) => row.key > after) : 0;
    return collect(
      rows,
      start,
      1,
      size,
      () => true,
      (row) => [row.key],
    );
  }

  function pageByTime(era: KongEra, { size, cursor, after, before }: PageQuery): TablePage {
    const [timestamp, key] = cursor ?? [];
    if (cursor !== undefined && (typeof timestamp !== 'number' || typeof key !== 'string')) {
      return { rows: [], cursor: null };
    }
    const rows = sorted(era.order);
    let end = era.filters && before !== undefined ? firstIndex(rows, (row) => row.timestamp >= before) : rows.length;
    if (typeof timestamp === 'number' && typeof key === 'string') {
      const last = { timestamp, key, tie: hash(key, seed) };
      end = Math.min(
        end,
        firstIndex(rows, (row) => byTime(row, last) >= 0),
      );
    }
    const low = era.filters && after !== undefined ? after : -Infinity;
    return collect(
      rows,
      end - 1,
      -1,
      size,
      (row) => row.timestamp >= low,
      (row) => [row.timestamp, row.key],
    );
  }

  function collect(
    rows: readonly KongRow[],
    start: number,
    step: 1 | -1,
    size: number,
    within: (row: KongRow) => boolean,
    keyOf: (row: KongRow) => readonly unknown[],
  ): TablePage {
    const at = now();
    const found: KongRow[] = [];
    for (let position = start; ; position += step) {
      const row = rows[position];
      if (row === undefined || !within(row)) return { rows: found, cursor: null };
      if (!shows(row, at)) continue;
      const last = found.at(-1);
      // One row more than asked for says that there is a next page, as Kong's own query does.
      if (found.length === size && last !== undefined) return { rows: found, cursor: keyOf(last) };
      found.push(row);
    }
  }

  function show(row: KongRow, era: KongEra): KongEntry {
    const left = Math.max(0, row.expiresAt - now());
    const ttl = row.expiresAt === Infinity ? null : era.fractionalTtl ? left : Math.floor(left);
    const entry = row.fixedTtl ? row.entry : { ...row.entry, ttl };
    return era.names ? entry : without(entry, ([key]) => key === 'rbac_user_name' || key === 'request_source');
  }

  return {
    record,
    page,
    show,
    recorded,
    visible: () => {
      const at = now();
      return recorded.filter((row) => shows(row, at));
    },
  };
}

/** A row with Kong's usual keys (sample of Kong's own CloudTrail integration, Gateway 2.8; names since 3.2). */
function usualEntry(timestamp: number, workspace: string, id: () => string): KongEntry {
  return {
    client_ip: '10.1.2.3',
    signature: null,
    removed_from_payload: null,
    status: 200,
    rbac_user_id: null,
    rbac_user_name: null,
    request_source: null,
    path: '/services',
    payload: null,
    request_timestamp: timestamp,
    workspace,
    method: 'GET',
    request_id: id(),
  };
}

function without(entry: KongEntry, unwanted: (pair: readonly [string, unknown]) => boolean): KongEntry {
  const pairs = Object.entries(entry);
  return pairs.some(unwanted) ? Object.fromEntries(pairs.filter((pair) => !unwanted(pair))) : entry;
}

function uniqueKey(requestId: unknown, keys: Set<string>): string {
  const wanted = typeof requestId === 'string' ? requestId : '';
  let key = wanted;
  for (let copy = 2; keys.has(key); copy += 1) key = `${wanted}~${copy}`;
  keys.add(key);
  return key;
}

/** FNV-1a. */
function hash(text: string, seed: number): number {
  let value = 0x811c9dc5 ^ seed;
  for (let index = 0; index < text.length; index += 1) value = Math.imul(value ^ text.charCodeAt(index), 0x01000193);
  return value >>> 0;
}

function byKey(left: Pick<KongRow, 'key'>, right: Pick<KongRow, 'key'>): number {
  return left.key < right.key ? -1 : left.key > right.key ? 1 : 0;
}

type TimeKey = Pick<KongRow, 'timestamp' | 'tie' | 'key'>;

function byTime(left: TimeKey, right: TimeKey): number {
  return left.timestamp - right.timestamp || left.tie - right.tie || byKey(left, right);
}

/** Binary search: the first position where `matches` holds, given that it holds from there on. */
function firstIndex<T>(items: readonly T[], matches: (item: T) => boolean): number {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (matches(items[middle] as T)) high = middle;
    else low = middle + 1;
  }
  return low;
}
