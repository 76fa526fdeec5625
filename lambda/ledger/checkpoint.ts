import * as z from 'zod';
import { CheckpointError, LockLostError } from '../errors.ts';
import { tidy } from '../pipeline/tidy.ts';
import type { Window } from '../pipeline/window.ts';

/** The checkpoint's format. A newer one is refused: an older program must not guess what it means. */
export const CHECKPOINT_FORMAT = 2;

const second = z.int().min(0);

const windowSchema = z
  .strictObject({
    after: second,
    before: second,
    tries: z.int().min(1).exactOptional(),
    again: z.literal(true).exactOptional(),
    resend: z.literal(true).exactOptional(),
    cursor: z.string().min(1).exactOptional(),
  })
  .refine(({ after, before }) => after < before, { error: 'after must be less than before' });

/**
 * What is true between runs. Written by every run that holds the lock, after each page; read by the next run, `status` and
 * `check`. Times are epoch seconds.
 */
export const checkpointSchema = z.strictObject({
  format: z.literal(CHECKPOINT_FORMAT),
  /**
   * Upper end of the last window a scheduled run planned, on the source's clock; null before the first one. Every entry of a
   * second below it has an outcome, lies in a pending window, or appeared later than the overlap looks back.
   */
  planned: second.nullable(),
  /** When that was, by the function's own clock. */
  plannedAt: second.exactOptional(),
  /** The largest lead of one node's clock over another's that was seen, and when last, by the function's own clock. */
  lead: z.strictObject({ seconds: second, at: second }).exactOptional(),
  /** The clock of the source where it was furthest ahead within a day, and the function's own clock then; see `lead`. */
  furthest: z.strictObject({ second, at: second }).exactOptional(),
  /** When quarantined entries with a transient reason were last tried again, by the function's own clock. */
  retriedAt: second.exactOptional(),
  /** What is still to be read, lowest first; see `Window`. An entry outside all of them, and below `planned`, has an outcome. */
  pending: z.array(windowSchema),
  /** Ids that windows which resend have sent, of pages that a run had no time to finish. */
  resent: z.array(z.string()).exactOptional(),
});

export type Checkpoint = z.infer<typeof checkpointSchema>;

export const NO_CHECKPOINT: Checkpoint = { format: CHECKPOINT_FORMAT, planned: null, pending: [] };

/** Version 1.0.0 wrote this: one list of windows, and beside it the full scan under way. */
const format1Schema = z
  .strictObject({
    format: z.literal(1),
    planned: second.nullable(),
    plannedAt: second.exactOptional(),
    settled: second.exactOptional(),
    pending: z.array(windowSchema),
    fullScan: z
      .strictObject({ offset: z.string().min(1), kongVersion: z.string(), covers: z.array(windowSchema) })
      .nullable()
      .default(null),
  })
  .transform(({ planned, plannedAt, settled = 0, pending, fullScan }): Checkpoint => {
    // A cursor as `sources/kong/cursor.ts` writes it: version 1.0.0 knew no other source, and only full scans had offsets.
    const cursor = fullScan && JSON.stringify({ order: 'key', version: fullScan.kongVersion, offset: fullScan.offset });
    const scanned = fullScan && cursor ? fullScan.covers.map((window) => ({ ...window, cursor })) : [];
    return {
      format: CHECKPOINT_FORMAT,
      planned,
      ...(plannedAt !== undefined && { plannedAt }),
      pending: tidy([...outside(pending, scanned), ...scanned].flatMap((window) => splitAt(settled, window))),
    };
  });

/** What of `windows` a reading under way does not cover; one that resends is covered only by one that resends. */
function outside(windows: readonly Window[], covers: readonly Window[]): Window[] {
  return windows.flatMap((window) => {
    const alike = covers.filter(({ resend }) => resend === window.resend);
    return alike.reduce<Window[]>(
      (rest, { after, before }) => rest.flatMap((one) => cut(one, after, before)),
      [window],
    );
  });
}

function cut(window: Window, after: number, before: number): Window[] {
  const parts = [
    { ...window, before: Math.min(window.before, after) },
    { ...window, after: Math.max(window.after, before) },
  ];
  return parts.filter((part) => part.after < part.before);
}

/** What lies below `settled` was dealt with once. */
function splitAt(settled: number, window: Window): Window[] {
  if (window.resend) return [window];
  const below: Window = { ...window, before: Math.min(window.before, settled), again: true };
  const above: Window = { ...window, after: Math.max(window.after, settled) };
  return [below, above].filter(({ after, before }) => after < before);
}

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
    `Refused to save a checkpoint that could not be read back: ${z.prettifyError(checked.error)}. The one saved before it stays.`,
    { fix: 'This is a bug of this program; please report it.', cause: checked.error },
  );
}

/**
 * The checkpoint that was stored as `text`, also one that an older version stored.
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
        'A newer version of this program wrote it.',
      { fix: `Deploy that version again. ${reset(place)}` },
    );
  }
  const checked = (format === 1 ? format1Schema : checkpointSchema).safeParse(value);
  if (checked.success) return checked.data;
  throw unreadableCheckpoint(`is ${excerpt(text)}`, place, checked.error);
}

/** The error for what is no checkpoint; `found` completes the sentence "What is stored there …". */
export function unreadableCheckpoint(found: string, place: CheckpointPlace, cause: Error): CheckpointError {
  return new CheckpointError(
    `Expected a checkpoint of format ${CHECKPOINT_FORMAT} at ${place.key}, but what is stored there ${found}.`,
    { fix: reset(place), cause },
  );
}

const reset = (place: CheckpointPlace): string =>
  `To reset it: ${place.reset}. The next scheduled run then reads everything the source still retains. ` +
  'Nothing is lost, and the seen keys drop what was forwarded already; windows of unfinished backfills are forgotten.';

/** The error for a checkpoint not saved; `holder` is the run that has the lock now, null when nobody does. */
export function lockLost(runId: string, holder: string | null): LockLostError {
  return new LockLostError(
    `Run ${runId} no longer holds the lock (${holder === null ? 'it expired, or Redis lost it' : `run ${holder} does`}), ` +
      'so its checkpoint was not saved. Nothing is lost: the next run reads those windows again.',
    {
      fix: 'If this repeats, look for runs that outlive their time limit, and for a Redis that restarts or evicts keys.',
    },
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
