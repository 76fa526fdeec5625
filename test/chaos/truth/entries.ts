import type { KongRow } from '../../simulators/kong-table.ts';
import type { Written } from '../admins.ts';
import type { Doubt } from '../cloudtrail.ts';
import type { Flaw } from '../flaws.ts';
import type { Life } from '../life.ts';

/** What became of one entry, in truth. Rows that Kong holds twice share one. */
export interface Fate {
  readonly name: string;
  readonly flaw: Flaw | null;
  readonly rows: Row[];
  /** The run whose request Kong recorded here; null for what administrators did. */
  readonly own: Life | null;
  /** Kong shows no usable `ttl` for it. */
  hasOddTtl: boolean;
  /** Its run could not learn that it is its own, or could not mark it. */
  isUntold: boolean;
  /** Times CloudTrail accepted it. */
  accepted: number;
  /** The latest acceptance: by whom, and why the run may not know. */
  by: Life | null;
  doubt: Doubt | 'mark lost' | 'ledger wiped' | 'ledger failed over';
  /** The ledger has a key for it. */
  marked: boolean;
  inQuarantine: boolean;
  /** CloudTrail said of it that it will never take it, or it is no entry at all. */
  isRefused: boolean;
  /** Its quarantine record was lost with the ledger after Kong had purged the row. */
  wasInQuarantine: boolean;
}

export interface Row {
  readonly fate: Fate;
  /** Epoch seconds, as Kong orders and filters. */
  readonly timestamp: number;
  /** By the true clock. */
  readonly writtenAt: number;
  readonly visibleAt: number;
  readonly expiresAt: number;
  /** Not an audit entry: its place is the quarantine. */
  readonly invalid: boolean;
}

export interface EntriesOptions {
  readonly now: () => number;
  readonly overlapSeconds: number;
  /** How far the clocks of nodes stand apart that are as they should be, at most, seconds. */
  readonly ordinarySkewSeconds: number;
  /** How far clocks are ahead for all of the history. Others are so only for a while. */
  readonly lastingSkews: readonly number[];
}

/** Kong's `Date` has whole seconds, and a run takes a moment from its first request to its plan. */
export const MARGIN_SECONDS = 5;

/** Every entry there ever was, found by its names, and the rows that still wait for an outcome. */
export type Entries = ReturnType<typeof createEntries>;

export function createEntries({ now, overlapSeconds, ordinarySkewSeconds, lastingSkews }: EntriesOptions) {
  const byName = new Map<string, Fate>();
  const byLedgerId = new Map<string, Fate>();
  const byEventID = new Map<string, Fate>();
  /** Rows without outcome that Kong still shows. */
  const open = new Set<Row>();
  const purgedUnread = new Set<Fate>();
  const marginSeconds = MARGIN_SECONDS + 2 * ordinarySkewSeconds;

  const isSettled = ({ accepted, inQuarantine, wasInQuarantine }: Fate): boolean =>
    accepted > 0 || inQuarantine || wasInQuarantine;

  function settle({ rows }: Fate): void {
    for (const row of rows) open.delete(row);
  }

  function unsettle(fate: Fate): void {
    if (isSettled(fate)) return;
    for (const row of fate.rows) if (row.expiresAt >= now()) open.add(row);
  }

  /** The clock of the node that wrote it is wrong by more than clocks usually are. */
  const isSkewed = ({ timestamp, writtenAt }: Row): boolean =>
    Math.abs(timestamp - writtenAt) > MARGIN_SECONDS + ordinarySkewSeconds;
  const isLastingSkew = ({ timestamp, writtenAt }: Row): boolean =>
    lastingSkews.some((skew) => Math.abs(timestamp - writtenAt - skew) <= MARGIN_SECONDS);

  /** Kong showed it later than the overlap reaches back. */
  function isTooLate(row: Row): boolean {
    const happenedAt = isLastingSkew(row) ? row.writtenAt : row.timestamp;
    return row.visibleAt + marginSeconds > happenedAt + overlapSeconds;
  }

  function purge(): void {
    for (const row of open) {
      if (row.expiresAt >= now()) continue;
      open.delete(row);
      if (!isTooLate(row)) purgedUnread.add(row.fate);
    }
  }

  function add({ row, name, flaw, invalid, writtenAt }: Written, own: Life | null): Fate {
    let fate = byName.get(name);
    if (!fate) {
      const nothing = {
        accepted: 0,
        by: null,
        doubt: null,
        marked: false,
        inQuarantine: false,
        wasInQuarantine: false,
      };
      fate = { name, flaw, rows: [], own, hasOddTtl: false, isUntold: false, isRefused: false, ...nothing };
      byName.set(name, fate);
    }
    const { timestamp, visibleAt, expiresAt } = row;
    const known: Row = { fate, timestamp, writtenAt, visibleAt, expiresAt, invalid };
    fate.rows.push(known);
    if (row.fixedTtl && typeof row.entry['ttl'] !== 'number') fate.hasOddTtl = true;
    const id = ledgerIdOf(row);
    if (id !== '') byLedgerId.set(id, fate);
    if (!isSettled(fate)) open.add(known);
    return fate;
  }

  return {
    byName: byName as ReadonlyMap<string, Fate>,
    byLedgerId,
    byEventID,
    open: open as ReadonlySet<Row>,
    purgedUnread: purgedUnread as ReadonlySet<Fate>,
    marginSeconds,
    add,
    settle,
    unsettle,
    isTooLate,
    isSkewed,
    purge,
  };
}

function ledgerIdOf({ entry }: KongRow): string {
  const { request_id: id } = entry;
  return typeof id === 'string' ? id.trim() : '';
}

export const describeRow = ({ fate, timestamp, visibleAt }: Row): string =>
  `${fate.name} of second ${timestamp}, visible since ${new Date(visibleAt * 1000).toISOString()}`;
