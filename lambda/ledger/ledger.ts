import type { Check } from '../pipeline/check.ts';
import type { Checkpoint } from './checkpoint.ts';

/** What became of one `request_id`. */
export interface Outcome {
  readonly id: string;
  /** What finds the event in its sink, or `own`, or `quarantined:<errorCode>`. */
  readonly value: string;
  /** Seconds until the key may go; the caller adds the grace. At least 1. */
  readonly ttlSeconds: number;
}

/** What asks for an id that others may ask for, too. */
export interface Binding {
  readonly id: string;
  /** Tells it from the others; the same whenever it asks. */
  readonly value: string;
  /** Seconds for which the id stays its own after it asked last. Longer than any mark of the id lasts. */
  readonly ttlSeconds: number;
}

/** The outcome of a request this program made itself. */
export const OWN = 'own';

/** One entry that cannot be sent, or that is no audit entry; kept until it is replayed or discarded. */
export interface QuarantineRecord {
  readonly id: string;
  /** The source's row with secrets replaced; a payload over 32 kB is cut, and then `payloadBytes` and `payloadSha256` describe the whole one. */
  readonly entry: unknown;
  readonly errorCode: string;
  readonly errorMessage: string;
  /** When it was refused, RFC 3339. */
  readonly at: string;
  /** It may be taken another day; a scheduled run tries it again once a day. */
  readonly isTransient?: true;
  readonly payloadBytes?: number;
  readonly payloadSha256?: string;
}

/** What of the last scheduled run is kept for `status`. */
export interface LastRun {
  /** When it ended, RFC 3339, by the function's clock. */
  readonly at: string;
  /** As the run returned it. */
  readonly summary: unknown;
}

/** Who holds the lock. */
export interface LockHolder {
  readonly runId: string;
  readonly secondsLeft: number;
  /** Entries it had read when it saved its checkpoint last; absent before. */
  readonly fetched?: number;
}

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
   * Gives each id to the first that asks for it; an id with an outcome that nobody asked for is given to nobody. In the order of
   * `bindings`: true where the id is the asking one's, now and whenever it asks. One round trip.
   */
  bind(bindings: readonly Binding[]): Promise<readonly boolean[]>;

  /**
   * True when `runId` now holds the lock for `ttlSeconds`; false when another run does. The holder may ask again, so
   * `runId` must be new for every run: Lambda's request id is not, a repeated invocation keeps it.
   */
  lock(runId: string, ttlSeconds: number): Promise<boolean>;
  /** Gives the lock back if `runId` still holds it. */
  unlock(runId: string): Promise<void>;
  /** Null when nobody holds it. */
  lockHolder(): Promise<LockHolder | null>;

  /** @throws {CheckpointError} what is stored is garbage or of a newer format */
  loadCheckpoint(): Promise<Checkpoint | null>;
  /**
   * Replaces the checkpoint, atomically, only while `runId` holds the lock and the records of all ids in `quarantined` are there: a
   * failover may have lost them after they were acknowledged.
   *
   * @param fetched what `lockHolder` tells of the run until it gives the lock back
   * @throws {LockLostError}
   * @throws {LedgerError} a record is gone
   */
  saveCheckpoint(
    checkpoint: Checkpoint,
    runId: string,
    quarantined?: readonly string[],
    fetched?: number,
  ): Promise<void>;

  /** What `saveLastRun` kept; null before the first one, and when what is stored cannot be read. */
  lastRun(): Promise<LastRun | null>;
  saveLastRun(run: LastRun): Promise<void>;

  /** Keeps the record and marks its id `quarantined:<errorCode>`, both or neither. */
  quarantine(records: readonly (QuarantineRecord & { readonly ttlSeconds: number })[]): Promise<void>;
  /** Marks the outcome and forgets the quarantined records of those ids, both or neither. */
  release(outcomes: readonly Outcome[]): Promise<void>;
  /**
   * Everything in quarantine, each record at least once, in batches of no particular order; the consumer may release them
   * meanwhile. A stored value that is no record comes as one with the `errorCode` `UnreadableRecord` and the text as its entry.
   */
  quarantined(): AsyncIterable<readonly QuarantineRecord[]>;
  /** The quarantined records of those ids that there are, in no particular order. One round trip. */
  records(ids: readonly string[]): Promise<readonly QuarantineRecord[]>;
  quarantineSize(): Promise<number>;

  /**
   * Round trip to the store with what `check` reports: may this user write, will keys be evicted. Writes nothing, never
   * rejects. The check's `fix` may advise even when it is `ok`.
   */
  diagnose(): Promise<Check>;
  /** Ends the connection; what is under way fails. A later call connects again. Never rejects. */
  close(): Promise<void>;
}
