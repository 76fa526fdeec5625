import * as z from 'zod';
import { CheckpointError, LockLostError } from '../errors.ts';
import { CHECKPOINT_FORMAT, checkpointSchema, type Checkpoint } from './ledger.ts';

/** Where a checkpoint lies and how an operator removes it, for the message of an error. */
export interface CheckpointPlace {
  readonly key: string;
  /** What to type to delete it. */
  readonly reset: string;
}

/**
 * The checkpoint as it is stored. Checked before it is written: what this program could not read back must not replace
 * what it can.
 *
 * @throws {CheckpointError} `checkpoint` is not one `parseCheckpoint` would accept
 */
export function stringifyCheckpoint(checkpoint: Checkpoint): string {
  const checked = checkpointSchema.safeParse(checkpoint);
  if (checked.success) return JSON.stringify(checked.data);
  throw new CheckpointError(
    `Refused to save a checkpoint that could not be read back: ${z.prettifyError(checked.error)}. ` +
      'The one saved before it stays. This is a bug of this program; please report it.',
    { cause: checked.error },
  );
}

/**
 * The checkpoint that was stored as `text`.
 *
 * @throws {CheckpointError} it is garbage, or of a newer format than this version writes; the message says how to reset it
 */
export function parseCheckpoint(text: string, place: CheckpointPlace): Checkpoint {
  const value = parseJson(text);
  const { format } = z
    .object({ format: z.number().optional().catch(undefined) })
    .catch({})
    .parse(value);
  if (format !== undefined && format > CHECKPOINT_FORMAT) {
    throw new CheckpointError(
      `The checkpoint at ${place.key} has format ${format}; this version reads format ${CHECKPOINT_FORMAT}. ` +
        'A newer version of this program wrote it: deploy that version again. ' +
        reset(place),
    );
  }
  const checked = checkpointSchema.safeParse(value);
  if (checked.success) return checked.data;
  throw unreadableCheckpoint(`is ${excerpt(text)}`, place, checked.error);
}

/** The error for what is no checkpoint; `found` completes the sentence "What is stored there …". */
export function unreadableCheckpoint(found: string, place: CheckpointPlace, cause: Error): CheckpointError {
  return new CheckpointError(
    `Expected a checkpoint of format ${CHECKPOINT_FORMAT} at ${place.key}, but what is stored there ${found}. ` +
      reset(place),
    { cause },
  );
}

const reset = (place: CheckpointPlace): string =>
  `To reset it: ${place.reset}. The next scheduled run then reads everything Kong still retains. ` +
  'Nothing is lost, and the seen keys drop what was forwarded already; windows of unfinished backfills are forgotten.';

/** The error for a checkpoint not saved; `holder` is the run that has the lock now, null when nobody does. */
export function lockLost(runId: string, holder: string | null): LockLostError {
  return new LockLostError(
    `Run ${runId} no longer holds the lock (${holder === null ? 'it expired, or Redis lost it' : `run ${holder} does`}), ` +
      'so its checkpoint was not saved. Nothing is lost: the next run reads those windows again. ' +
      'If this repeats, look for runs that outlive their time limit, and for a Redis that restarts or evicts keys.',
  );
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function excerpt(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
}
