import type { KongEra } from './kong-version.ts';

/** What the order and the visibility of a row depend on. */
export interface IndexedRow {
  /** Unique in the table; the `request_id` wherever that is unique itself. */
  readonly key: string;
  /** What the row is ordered and filtered by, epoch seconds. */
  readonly timestamp: number;
  /** When readers first see it, by the true clock. */
  readonly visibleAt: number;
  /** When readers last see it, by the true clock; `Infinity` for a row without expiry. */
  readonly expiresAt: number;
}

export interface PageQuery {
  readonly size: number;
  /** The key of the last row of the page before. */
  readonly cursor?: readonly unknown[] | undefined;
  /** Inclusive, epoch seconds. */
  readonly after?: number | undefined;
  /** Exclusive, epoch seconds. */
  readonly before?: number | undefined;
}

export interface Page<Row> {
  readonly rows: readonly Row[];
  /** Key of the last row, only when there are more rows. */
  readonly cursor: readonly unknown[] | null;
}

/** Rows in an era's order, read by keyset. */
export interface KongIndex<Row extends IndexedRow> {
  add(row: Row): void;
  /** The next `size` visible rows. A cursor of another era's shape finds nothing. */
  page(era: KongEra, query: PageQuery): Page<Row>;
}

/** Expired rows are dropped this often, model seconds, as Kong's own clean-up does. */
const PURGE_INTERVAL_SECONDS = 3600;

/**
 * An empty index. Rows of one second stand in an order that `seed` fixes and that means nothing, but it is always the
 * same one, so that a scan from page to page misses none of them.
 */
export function kongIndex<Row extends IndexedRow>(now: () => number, seed: number): KongIndex<Row> {
  let order: KongEra['order'] = 'request_timestamp';
  let rows: Row[] = [];
  let added: Row[] = [];
  let purgedAt = now();
  const byTime = (left: TimeKey, right: TimeKey): number =>
    left.timestamp - right.timestamp || hash(left.key, seed) - hash(right.key, seed) || byKey(left, right);

  /** Brings the rows up to date with the era's order, what was added, and the clock. */
  function refresh(era: KongEra): void {
    const compare = era.order === 'request_id' ? byKey : byTime;
    if (order !== era.order || added.length > 256) {
      order = era.order;
      rows = rows.concat(added).sort(compare);
    } else {
      // A handful is cheaper to insert one by one: a large table is not sorted again for each request.
      for (const row of added)
        rows.splice(
          firstIndex(rows, (other) => compare(other, row) > 0),
          0,
          row,
        );
    }
    added = [];
    const at = now();
    if (at - purgedAt < PURGE_INTERVAL_SECONDS) return;
    rows = rows.filter((row) => row.expiresAt >= at);
    purgedAt = at;
  }

  function pageById({ size, cursor }: PageQuery): Page<Row> {
    const [key] = cursor ?? [];
    if (cursor !== undefined && (cursor.length !== 1 || typeof key !== 'string')) return { rows: [], cursor: null };
    const start = typeof key === 'string' ? firstIndex(rows, (row) => row.key > key) : 0;
    return take(visible(start, 1), size, (row) => [row.key]);
  }

  function pageByTime({ size, cursor, after = -Infinity, before = Infinity }: PageQuery): Page<Row> {
    const [timestamp, key] = cursor ?? [];
    let end = firstIndex(rows, (row) => row.timestamp >= before);
    if (cursor !== undefined) {
      if (typeof timestamp !== 'number' || typeof key !== 'string') return { rows: [], cursor: null };
      end = Math.min(
        end,
        firstIndex(rows, (row) => byTime(row, { timestamp, key }) >= 0),
      );
    }
    return take(visible(end - 1, -1, after), size, (row) => [row.timestamp, row.key]);
  }

  function* visible(start: number, step: 1 | -1, oldest = -Infinity): Generator<Row> {
    const at = now();
    for (let position = start; ; position += step) {
      const row = rows[position];
      if (row === undefined || row.timestamp < oldest) return;
      if (row.visibleAt <= at && at <= row.expiresAt) yield row;
    }
  }

  return {
    add: (row) => void added.push(row),
    page: (era, query) => {
      refresh(era);
      if (era.order === 'request_id') return pageById(query);
      return pageByTime(era.filters ? query : { size: query.size, cursor: query.cursor });
    },
  };
}

/** One row more than asked for says that there is a next page, as in Kong's own query. */
function take<Row>(source: Iterable<Row>, size: number, keyOf: (row: Row) => readonly unknown[]): Page<Row> {
  const rows: Row[] = [];
  for (const row of source) {
    const last = rows.at(-1);
    if (rows.length === size && last !== undefined) return { rows, cursor: keyOf(last) };
    rows.push(row);
  }
  return { rows, cursor: null };
}

type TimeKey = Pick<IndexedRow, 'timestamp' | 'key'>;

function byKey(left: Pick<IndexedRow, 'key'>, right: Pick<IndexedRow, 'key'>): number {
  return left.key < right.key ? -1 : left.key > right.key ? 1 : 0;
}

/** FNV-1a. */
function hash(text: string, seed: number): number {
  let value = 0x811c9dc5 ^ seed;
  for (let index = 0; index < text.length; index += 1) value = Math.imul(value ^ text.charCodeAt(index), 0x01000193);
  return value >>> 0;
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
