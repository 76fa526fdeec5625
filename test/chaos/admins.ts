import { adminRequests } from '../simulators/kong-traffic.ts';
import type { KongEntry, KongRow, KongTable } from '../simulators/kong-table.ts';
import { eraOf } from '../simulators/kong-version.ts';
import { integer, pick, type Random } from '../simulators/random.ts';
import type { Profile } from './profile.ts';

export interface Admins {
  /** Writes what administrators do in the hour from `from` on. */
  work(from: number): void;
}

export interface AdminsOptions {
  readonly table: KongTable;
  readonly profile: Profile;
  readonly random: Random;
  /** The version of the node that writes. */
  readonly version: () => string;
  readonly onRow: (row: KongRow, name: string, invalid: boolean) => void;
}

/** The request that holds such an entry is refused as a whole. */
export const POISON = 'poison';
/** CloudTrail never takes such an entry. */
export const REFUSED = 'refused';

/** Administrators of every kind, and rows no program should write but some Kong has: each is named by its `workspace`. */
export function hireAdmins({ table, profile, random, version, onRow }: AdminsOptions): Admins {
  let count = 0;

  function write(entry: KongEntry, at: number): void {
    count += 1;
    const kind = random();
    const flaw = kind < 0.005 ? POISON : kind < 0.01 ? REFUSED : 'row';
    const name = `${flaw}-${count}`;
    const invalid = kind > 0.98;
    const row: KongEntry = {
      ...entry,
      workspace: name,
      ...idOf(),
      ...(random() < 0.03 && pick(random, [{ ttl: null }, { ttl: undefined }, { ttl: 'soon' }])),
      ...(random() < 0.05 && { method: 'GET', path: '/audit/requests?size=100', payload: null }),
      ...(random() < 0.03 && { request_timestamp: Math.floor(at) * 1000 }),
      ...(invalid && pick(random, BROKEN)),
    };
    const delaySeconds = random() < profile.late ? random() * profile.latestSeconds : random() * 2;
    const options = {
      at,
      delaySeconds,
      skewSeconds: 'request_timestamp' in row ? 0 : pick(random, profile.skews),
      ttlSeconds: profile.recordTtlSeconds,
    };
    const written = table.record(row, options);
    onRow(written, name, invalid);
    // A row that is there twice, as after a write that was repeated.
    const id = written.entry['request_id'];
    if (random() < 0.02 && id !== '') onRow(table.record({ ...row, request_id: id }, options), name, invalid);
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
  };
}

const BROKEN: readonly KongEntry[] = [
  { method: null },
  { path: undefined },
  { method: '', status: 'none' },
  { request_timestamp: 'yesterday' },
  { request_timestamp: undefined },
];
