import * as z from 'zod';
import type { Window } from '../window.ts';

/** What became of one `request_id`. */
export interface Outcome {
  readonly id: string;
  /** The CloudTrail `eventID`, or `own`, or `quarantined:<errorCode>`. */
  readonly value: string;
  /** Seconds until the key may go; the caller adds the grace. At least 1. */
  readonly ttlSeconds: number;
}

/** The outcome of a request this program made itself. */
export const OWN = 'own';

/** One entry CloudTrail refused for good, or that is no audit entry; kept until it is replayed. */
export interface QuarantineRecord {
  readonly id: string;
  /** Kong's row with secrets replaced; a payload over 32 kB is cut, and then `payloadBytes` and `payloadSha256` describe the whole one. */
  readonly entry: unknown;
  readonly errorCode: string;
  readonly errorMessage: string;
  /** When it was refused, RFC 3339. */
  readonly at: string;
  readonly payloadBytes?: number;
  readonly payloadSha256?: string;
}

const windowSchema = z
  .strictObject({ after: z.int().min(0), before: z.int().min(0), resend: z.literal(true).exactOptional() })
  .refine((window): window is Window => window.after < window.before, { error: 'after must be less than before' });

/** The checkpoint's format. A newer one is refused: an older program must not guess what it means. */
export const CHECKPOINT_FORMAT = 1;

export const checkpointSchema = z.strictObject({
  format: z.literal(CHECKPOINT_FORMAT),
  /** Upper end of the last window a scheduled run planned, epoch seconds; null before the first one. */
  planned: z.int().min(0).nullable(),
  /** When that was, by the function's own clock, epoch seconds. */
  plannedAt: z.int().min(0).exactOptional(),
  /** Everything before this second was dealt with once, epoch seconds; windows below it are read again. */
  settled: z.int().min(0).exactOptional(),
  /** Windows in which some entry may still lack an outcome. */
  pending: z.array(windowSchema),
  /** Where an interrupted full scan goes on, and what it will have covered when it ends. */
  fullScan: z
    .strictObject({ offset: z.string().min(1), kongVersion: z.string(), covers: z.array(windowSchema) })
    .nullable()
    .default(null),
});

export type Checkpoint = z.infer<typeof checkpointSchema>;

/**
 * What the forwarder remembers between runs. Every method rejects with `LedgerError` when the store cannot be reached or
 * refuses the write; after a rejected write the caller must assume that it may or may not have happened.
 */
export interface Ledger {
  /** Outcomes in the order of `ids`, null where there is none. One round trip. */
  lookup(ids: readonly string[]): Promise<readonly (string | null)[]>;
  /** Records outcomes, overwriting earlier ones. One round trip. */
  mark(outcomes: readonly Outcome[]): Promise<void>;

  /**
   * True when `runId` now holds the lock for `ttlSeconds`; false when another run does. The holder may ask again, so
   * `runId` must be new for every run: Lambda's request id is not, a repeated invocation keeps it.
   */
  lock(runId: string, ttlSeconds: number): Promise<boolean>;
  /** Gives the lock back if `runId` still holds it. */
  unlock(runId: string): Promise<void>;

  /** @throws {CheckpointError} what is stored is garbage or of a newer format */
  loadCheckpoint(): Promise<Checkpoint | null>;
  /** Replaces the checkpoint, atomically, only while `runId` holds the lock. @throws {LockLostError} */
  saveCheckpoint(checkpoint: Checkpoint, runId: string): Promise<void>;

  /** Keeps the record and marks its id `quarantined:<errorCode>`, both or neither. */
  quarantine(records: readonly (QuarantineRecord & { readonly ttlSeconds: number })[]): Promise<void>;
  /** Marks the outcome and forgets the quarantined records of those ids, both or neither. */
  release(outcomes: readonly Outcome[]): Promise<void>;
  /**
   * Everything in quarantine, each record at least once, in batches of no particular order; the consumer may release them
   * meanwhile. A stored value that is no record comes as one with the `errorCode` `UnreadableRecord` and the text as its entry.
   */
  quarantined(): AsyncIterable<readonly QuarantineRecord[]>;
  quarantineSize(): Promise<number>;

  /**
   * Round trip to the store with what `check` reports: may this user write, will keys be evicted. Writes nothing, never
   * rejects. `fix` is empty when there is nothing to do, and may advise even when `ok`.
   */
  diagnose(): Promise<{ readonly ok: boolean; readonly detail: string; readonly fix: string }>;
  /** Ends the connection; what is under way fails. A later call connects again. Never rejects. */
  close(): Promise<void>;
}
