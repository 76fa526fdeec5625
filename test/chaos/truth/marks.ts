import type { Outcome, QuarantineRecord } from '../../../lambda/ledger/ledger.ts';
import { MAX_BUDGET_SECONDS } from '../profile.ts';
import type { Contents } from '../store.ts';
import type { Life } from '../life.ts';
import type { Entries, Fate } from './entries.ts';
import type { Sending } from './sending.ts';

export interface MarksOptions {
  readonly now: () => number;
  readonly entries: Entries;
  readonly sending: Sending;
  readonly auditTtlSeconds: number;
  readonly ttlGraceSeconds: number;
  readonly violate: (what: string) => void;
}

/** A stuck entry goes to quarantine after so many runs (design). */
const MOST_TRIES = 5;

/** Judges what is written into the ledger about entries: it must be true, and be kept as long as Kong shows the row, and no longer. */
export function judgeMarks({ now, entries, sending, auditTtlSeconds, ttlGraceSeconds, violate }: MarksOptions) {
  const ownIds = new Set<string>();
  const refusals = new Set<string>();
  const ownKeysEnd = new Map<string, number>();
  const keysEnd = new Map<Fate, number>();

  /** A run was told the id of its own request. */
  function reportedOwn(id: string): void {
    ownIds.add(id);
    const fate = entries.byLedgerId.get(id);
    if (fate) entries.settle(fate);
  }

  function marked(outcomes: readonly Outcome[], life: Life): void {
    for (const { id, value, ttlSeconds } of outcomes) {
      if (value === 'own') {
        if (!ownIds.has(id)) violate(`${life.name} marked ${id} as its own request, which it is not`);
        if (ttlSeconds > auditTtlSeconds + ttlGraceSeconds) violate(`the own id ${id} is kept for ${ttlSeconds} s`);
        ownKeysEnd.set(id, now() + ttlSeconds);
        continue;
      }
      const fate = entries.byEventID.get(value);
      if (!fate || fate !== entries.byLedgerId.get(id)) {
        violate(`${life.name} marked ${id} with ${value}, but CloudTrail has not accepted it`);
        continue;
      }
      sending.settled(fate, life);
      checkExpiry(fate, ttlSeconds);
    }
  }

  function released(outcomes: readonly Outcome[], life: Life): void {
    marked(outcomes, life);
    for (const { id } of outcomes) {
      const fate = entries.byLedgerId.get(id);
      if (fate) fate.inQuarantine = false;
    }
  }

  function quarantined(records: readonly (QuarantineRecord & { readonly ttlSeconds: number })[], life: Life): void {
    for (const record of records) {
      const workspace = (record.entry as { workspace?: unknown } | null)?.workspace;
      const fate = entries.byName.get(String(workspace)) ?? entries.byLedgerId.get(record.id);
      if (!fate) {
        violate(`${life.name} put ${record.id} into quarantine, which is no entry of Kong's`);
        continue;
      }
      entries.byLedgerId.set(record.id, fate);
      if (isRefused(fate, record)) fate.isRefused = true;
      else if (!fate.inQuarantine && sending.tries(fate) < MOST_TRIES)
        violate(`${life.name} put ${fate.name} into quarantine for ${record.errorCode}, which is no reason yet`);
      fate.inQuarantine = true;
      sending.settled(fate, life);
      entries.settle(fate);
      checkExpiry(fate, record.ttlSeconds);
    }
  }

  function isRefused({ rows }: Fate, { id, errorCode }: QuarantineRecord): boolean {
    return errorCode === 'InvalidEntry' ? rows.some(({ invalid }) => invalid) : refusals.has(`${id} ${errorCode}`);
  }

  /** A key may outlive its row by the grace, and by the time between the reading of `ttl` and the mark. */
  function checkExpiry(fate: Fate, ttlSeconds: number): void {
    // A `ttl` that is no number stands for the longest there is.
    const lastShown = Math.max(
      now(),
      ...fate.rows.map(({ expiresAt }) => expiresAt),
      now() + (fate.hasOddTtl ? auditTtlSeconds : 0),
    );
    const latest = lastShown + ttlGraceSeconds + MAX_BUDGET_SECONDS;
    if (now() + ttlSeconds > latest)
      violate(`the key of ${fate.name} lives until ${now() + ttlSeconds}, its row until ${lastShown}`);
    keysEnd.set(fate, now() + ttlSeconds);
  }

  return {
    reportedOwn,
    refused: (id: string, errorCode: string): void => void refusals.add(`${id} ${errorCode}`),
    marked,
    released,
    quarantined,

    /** The ledger holds only this any more. */
    forgot({ seen, quarantined: kept }: Contents, why: 'ledger wiped' | 'ledger failed over'): void {
      for (const id of ownKeysEnd.keys()) {
        if (seen.has(id)) continue;
        ownKeysEnd.delete(id);
        const fate = entries.byLedgerId.get(id);
        if (fate) fate.isUntold = true;
      }
      for (const [id, fate] of entries.byLedgerId) {
        if (!fate.marked || seen.has(id)) continue;
        const isShown = fate.rows.some(({ expiresAt }) => expiresAt >= now());
        if (fate.accepted > 0 && isShown) sending.forgotten(fate, why);
        fate.marked = false;
        keysEnd.delete(fate);
      }
      for (const [id, fate] of entries.byLedgerId) {
        // A replay that is forgotten leaves the record where it was.
        if (kept.has(id)) fate.inQuarantine = true;
        if (!fate.inQuarantine || kept.has(id)) continue;
        fate.inQuarantine = false;
        fate.wasInQuarantine = fate.rows.every(({ expiresAt }) => expiresAt < now() + 1);
        entries.unsettle(fate);
      }
    },

    /** Every key belongs to an entry that Kong shows or showed within the grace, or to an own request. */
    checkKeys(seen: ReadonlySet<string>): void {
      for (const id of seen) {
        const fate = entries.byLedgerId.get(id);
        const end = Math.max(ownKeysEnd.get(id) ?? 0, (fate && keysEnd.get(fate)) ?? 0);
        if (end < now() - 1) violate(`the ledger still has the key seen:${id}`);
      }
    },
  };
}
