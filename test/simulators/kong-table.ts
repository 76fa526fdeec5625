import { kongIndex, type IndexedRow, type Page, type PageQuery } from './kong-index.ts';
import { letters, seeded, uuid } from './random.ts';
import type { KongEra } from './kong-version.ts';

/** One row as the Admin API shows it. Any key may be absent, and a test may put anything in it. */
export type KongEntry = Readonly<Record<string, unknown>>;

/** One row of the audit table. */
export interface KongRow extends IndexedRow {
  readonly entry: KongEntry;
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

/**
 * Kong's audit table: rows with an expiry, read by keyset pages, so rows that arrive or expire during a scan shift nothing.
 *
 * Pure: time and randomness are given.
 */
export interface KongTable {
  /**
   * Writes one row. What `entry` names is shown as it is given, unknown keys and wrong types included; `undefined` makes
   * the key absent; everything else gets a usual value. `ttl`, unless named, falls with the clock. The row is ordered and
   * filtered by `request_timestamp` where that is a number of seconds, else by the clock.
   */
  record(entry?: KongEntry, options?: RecordOptions): KongRow;
  /** The next `size` visible rows in the era's order. A cursor of another era's shape finds nothing. */
  page(era: KongEra, query: PageQuery): Page<KongRow>;
  /** The row as a reader sees it now. */
  show(row: KongRow, era: KongEra): KongEntry;
  /** Every row ever written, in the order of writing: expired ones and those not visible yet, too. */
  readonly recorded: readonly KongRow[];
  /** Rows a reader could see now. */
  visible(): readonly KongRow[];
}

const DEFAULT_TTL_SECONDS = 2_592_000;

/** An empty table. `now` gives epoch seconds. */
export function kongTable(options: { readonly now: () => number; readonly seed?: number }): KongTable {
  const { now, seed = 1 } = options;
  const random = seeded(seed);
  const workspace = uuid(random);
  const recorded: KongRow[] = [];
  const copies = new Map<string, number>();
  const index = kongIndex<KongRow>(now, seed);

  function record(entry: KongEntry = {}, recordOptions: RecordOptions = {}): KongRow {
    const { ttlSeconds = DEFAULT_TTL_SECONDS, delaySeconds = 0, skewSeconds = 0, at = now() } = recordOptions;
    const clock = Math.floor(at + skewSeconds);
    const usual = usualEntry(clock, workspace, 'request_id' in entry ? '' : letters(random, 32));
    const given = { ...usual, ...entry };
    const shown = Object.values(entry).includes(undefined) ? without(given, (key) => given[key] === undefined) : given;
    const { request_id: id, request_timestamp: timestamp } = shown;
    const row: KongRow = {
      key: uniqueKey(typeof id === 'string' ? id : ''),
      entry: shown,
      timestamp: typeof timestamp === 'number' && timestamp < 1e11 ? timestamp : clock,
      visibleAt: at + delaySeconds,
      expiresAt: ttlSeconds === null ? Infinity : at + ttlSeconds,
      fixedTtl: 'ttl' in entry,
    };
    recorded.push(row);
    index.add(row);
    return row;
  }

  function uniqueKey(id: string): string {
    const copy = copies.get(id) ?? 0;
    copies.set(id, copy + 1);
    return copy === 0 ? id : `${id}~${copy}`;
  }

  function show(row: KongRow, era: KongEra): KongEntry {
    const left = Math.max(0, row.expiresAt - now());
    const ttl = row.expiresAt === Infinity ? null : era.fractionalTtl ? left : Math.floor(left);
    const entry = row.fixedTtl ? row.entry : { ...row.entry, ttl };
    return era.names ? entry : without(entry, (key) => key === 'rbac_user_name' || key === 'request_source');
  }

  function visible(): readonly KongRow[] {
    const at = now();
    return recorded.filter((row) => row.visibleAt <= at && at <= row.expiresAt);
  }

  return { record, page: (era, query) => index.page(era, query), show, recorded, visible };
}

/** A row with Kong's usual keys (sample of Kong's own CloudTrail integration, Gateway 2.8; names since 3.2). */
function usualEntry(timestamp: number, workspace: string, requestId: string): KongEntry {
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
    request_id: requestId,
  };
}

function without(entry: KongEntry, unwanted: (key: string) => boolean): KongEntry {
  return Object.fromEntries(Object.entries(entry).filter(([key]) => !unwanted(key)));
}
