import { adminRequests } from '../simulators/kong-traffic.ts';
import type { KongEntry, KongRow, KongTable } from '../simulators/kong-table.ts';
import { eraOf } from '../simulators/kong-version.ts';
import { integer, pick, type Random } from '../simulators/random.ts';
import { drawFlaw, type Flaw } from './flaws.ts';
import type { Profile } from './profile.ts';

/** One row, as the judge must know it. */
export interface Written {
  readonly row: KongRow;
  /** Names the entry; rows of one entry share it. */
  readonly name: string;
  readonly flaw: Flaw | null;
  /** Not an audit entry: its place is the quarantine. */
  readonly invalid: boolean;
  /** By the true clock, epoch seconds. */
  readonly writtenAt: number;
  /** What the clock of the node that wrote it is ahead, seconds. */
  readonly skewSeconds: number;
}

export interface Admins {
  /** Writes what administrators do in the hour from `from` on. */
  work(from: number): void;
  /** Writes so many rows, spread over the time between, all of them there at once. */
  past(count: number, from: number, to: number): void;
  /** Writes one row with nothing wrong about it. Returns its name. */
  plain(at: number): string;
}

export interface AdminsOptions {
  readonly table: KongTable;
  readonly profile: Profile;
  readonly random: Random;
  /** The version of the node that writes. */
  readonly version: () => string;
  /** Of the nodes' clocks, now. */
  readonly skews: () => readonly number[];
  readonly onRow: (written: Written) => void;
}

/** Administrators of every kind, and rows no program should write but some Kong has: each is named by its `workspace`. */
export function hireAdmins({ table, profile, random, version, skews, onRow }: AdminsOptions): Admins {
  let count = 0;

  function write(entry: KongEntry, at: number, isPast = false): void {
    count += 1;
    const kind = random();
    const flaw = drawFlaw(random, profile.flaws);
    const invalid = kind > 0.98;
    record(
      {
        ...entry,
        ...idOf(),
        ...(random() < 0.03 && pick(random, [{ ttl: null }, { ttl: undefined }, { ttl: 'soon' }])),
        ...(random() < 0.05 && { method: 'GET', path: '/audit/requests?size=100', payload: null }),
        ...(random() < 0.03 && { request_timestamp: Math.floor(at) * 1000 }),
        ...(invalid && pick(random, BROKEN)),
      },
      {
        at,
        flaw,
        invalid,
        delaySeconds: isPast ? 0 : random() < profile.late ? random() * profile.latestSeconds : 2 * random(),
      },
    );
  }

  function record(
    entry: KongEntry,
    { at, flaw, invalid, delaySeconds }: { at: number; flaw: Flaw | null; invalid: boolean; delaySeconds: number },
  ): string {
    const name = `${flaw ?? 'row'}-${count}`;
    const row = { ...entry, workspace: name };
    const skewSeconds = 'request_timestamp' in row ? 0 : pick(random, skews());
    const options = { at, delaySeconds, skewSeconds, ttlSeconds: profile.recordTtlSeconds };
    const about = { name, flaw, invalid, writtenAt: at, skewSeconds };
    const written = table.record(row, options);
    onRow({ row: written, ...about });
    // A row that is there twice, as after a write that was repeated.
    const id = written.entry['request_id'];
    if (random() < 0.02 && id !== '') onRow({ row: table.record({ ...row, request_id: id }, options), ...about });
    return name;
  }

  function idOf(): KongEntry {
    const chance = random();
    // Ids could be empty before 3.4.0.0 (changelog).
    if (chance < 0.1 && eraOf(version()).order === 'request_id')
      return { request_id: '', rbac_user_name: null, request_source: null };
    return chance < 0.12 ? { request_id: `  ${integer(random, 1e9)}-${count}` } : {};
  }

  return {
    work(from) {
      const rows = Math.floor(profile.rowsPerHour * 2 * random() + random());
      if (rows === 0) return;
      let last = from;
      for (const { entry, at } of adminRequests({ count: rows, from, to: from + 3600, seed: integer(random, 1e9) })) {
        last = random() < profile.ties ? last : at;
        write(entry, last);
      }
    },
    past(rows, from, to) {
      if (rows === 0) return;
      for (const { entry, at } of adminRequests({ count: rows, from, to, seed: integer(random, 1e9) }))
        write(entry, at, true);
    },
    plain(at) {
      count += 1;
      const [request] = adminRequests({ count: 1, from: 0, to: 1, seed: integer(random, 1e9) });
      return record({ ...request?.entry }, { at, flaw: null, invalid: false, delaySeconds: 0 });
    },
  };
}

const BROKEN: readonly KongEntry[] = [
  { method: null },
  { path: undefined },
  { method: '', status: 'none' },
  { request_timestamp: 'yesterday' },
  { request_timestamp: undefined },
];
