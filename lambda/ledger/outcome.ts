import type { Outcome, QuarantineRecord } from './ledger.ts';

/** More than 300 years, and far below where `SET … EX` answers "invalid expire time". */
const LONGEST_SECONDS = 9_999_999_999;

/** Seconds as `SET … EX` takes them: whole, rounded up so that no key goes early, at least 1. */
export function toExpirySeconds(seconds: number): number {
  return seconds > 1 ? Math.min(Math.ceil(seconds), LONGEST_SECONDS) : 1;
}

/** What the outcome of an entry in quarantine begins with. */
export const QUARANTINED = 'quarantined:';

/** What the ledger says of an entry in quarantine. */
export function toQuarantinedOutcome(record: QuarantineRecord & { readonly ttlSeconds: number }): Outcome {
  return { id: record.id, value: `${QUARANTINED}${record.errorCode}`, ttlSeconds: record.ttlSeconds };
}
