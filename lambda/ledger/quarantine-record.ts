import * as z from 'zod';
import { LedgerError } from '../errors.ts';
import type { QuarantineRecord } from './ledger.ts';

/** Written by `Ledger.quarantine`, read by replays and by the operator's modes. What newer versions add is passed over. */
const recordSchema = z.object({
  entry: z.unknown(),
  errorCode: z.string(),
  errorMessage: z.string(),
  at: z.string(),
  isTransient: z.literal(true).exactOptional(),
  payloadBytes: z.number().exactOptional(),
  payloadSha256: z.string().exactOptional(),
});

/** The `errorCode` of a quarantined value that is not a record. */
export const UNREADABLE_RECORD = 'UnreadableRecord';

/** A quarantined record as it is stored under its id. */
export function stringifyRecord(record: QuarantineRecord): string {
  return JSON.stringify(recordSchema.parse(record));
}

/**
 * The record that was stored as `text` under `id`. Never throws: one damaged value must not keep the others from being
 * replayed. What is no record becomes one whose entry is the stored text itself, so replaying it refuses it as
 * an invalid entry and quarantines it again, well-formed, with nothing lost.
 */
export function parseRecord(id: string, text: string): QuarantineRecord {
  const checked = recordSchema.safeParse(parseJson(text));
  if (checked.success) return { id, ...checked.data };
  return {
    id,
    entry: text,
    errorCode: UNREADABLE_RECORD,
    errorMessage: 'What is stored in quarantine under this id is not a record of this program; it is the entry here.',
    at: new Date(0).toISOString(),
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The error for a checkpoint that was not saved, because records put into quarantine before it are gone. */
export function quarantineLost(store: string, count: number): LedgerError {
  return new LedgerError(
    `${store} has lost at least one of ${count} record(s) this run put into quarantine, probably in a failover. The checkpoint was not saved.`,
    { fix: 'Nothing is lost: the next run reads those entries again. If this repeats, look at the cache’s events.' },
  );
}
