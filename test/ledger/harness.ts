import { expect } from 'vitest';
import type { Checkpoint } from '../../lambda/ledger/checkpoint.ts';
import type { Ledger, QuarantineRecord } from '../../lambda/ledger/ledger.ts';

/** A ledger of its own for one test, and a way around it. Keys are named without the prefix. */
export interface LedgerHarness extends AsyncDisposable {
  readonly ledger: Ledger;
  keys(): Promise<readonly string[]>;
  /** Seconds until `key` expires; null when it never does or is not there. */
  ttlSeconds(key: string): Promise<number | null>;
  /** Stores a text as it is under one of the ledger's plain keys. */
  plant(key: 'checkpoint' | 'last-run', text: string): Promise<void>;
  plantRecord(id: string, text: string): Promise<void>;
  /** Loses a quarantined record, as a failover to a server that never had it does. */
  loseRecord(id: string): Promise<void>;
  /** As if that much time went by for every key. */
  advance(seconds: number): Promise<void>;
}

export type OpenLedger = () => Promise<LedgerHarness>;

/** A checkpoint with every member there is. */
export const checkpoint: Checkpoint = {
  format: 2,
  planned: 1_763_676_000,
  plannedAt: 1_763_676_003,
  lead: { seconds: 7200, at: 1_763_670_000 },
  retriedAt: 1_763_660_000,
  pending: [
    { after: 0, before: 5, again: true, cursor: '{"order":"key","version":"3.4.0.0","offset":"WyJ0b2tlbiJd"}' },
    { after: 7, before: 8, tries: 2 },
    { after: 10, before: 1_763_000_000 },
    { after: 1_763_000_000, before: 1_763_676_001, resend: true },
  ],
};

export function record(id: string, more: Partial<QuarantineRecord> = {}) {
  return {
    id,
    entry: { request_id: id, path: '/services', payload: null },
    errorCode: 'InvalidEntry',
    errorMessage: 'request_timestamp is missing',
    at: '2026-11-20T22:00:00.000Z',
    ttlSeconds: 60,
    ...more,
  };
}

/** A record as it comes out again. */
export function stored(id: string, more: Partial<QuarantineRecord> = {}): QuarantineRecord {
  const { ttlSeconds, ...kept } = record(id, more);
  expect(ttlSeconds).toBeGreaterThan(0);
  return kept;
}

export const seen = (id: string, value = 'event-1', ttlSeconds = 60) => ({ id, value, ttlSeconds });

export async function quarantinedIn(ledger: Ledger): Promise<QuarantineRecord[]> {
  return (await Array.fromAsync(ledger.quarantined())).flat();
}
