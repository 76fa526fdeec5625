import type { Checkpoint } from '../../../lambda/ledger/checkpoint.ts';
import type { RunReport } from '../../../lambda/pipeline/report.ts';
import type { Window } from '../../../lambda/pipeline/window.ts';
import type { Life } from '../life.ts';
import { describeRow, type Entries, type Fate } from './entries.ts';

export interface WatermarkOptions {
  readonly now: () => number;
  readonly entries: Entries;
  readonly overlapSeconds: number;
  readonly onResending: (count: number) => void;
  readonly violate: (what: string) => void;
}

/** Of seconds left over that touch each other; no history has as many rows in a row. */
const LONGEST_LEFT_OVER = 120;

/** Judges every write of the checkpoint: what it gives up must have an outcome. */
export function judgeWatermark({ now, entries, overlapSeconds, onResending, violate }: WatermarkOptions) {
  let checkpoint: Checkpoint | null = null;
  let savedBy: Life | null = null;
  let plannedBy: Life | null = null;
  /** What each run has saved last; it goes on from there, whatever the ledger forgets. */
  const savedLast = new Map<Life, Checkpoint>();
  /** When the scan of the whole log began that is not finished. */
  let scanBeganAt = Infinity;
  /** What Kong shows since then, the run has had before it. */
  const readSince = new Map<Life, number>();
  /** The node that answered when `planned` was last moved was ahead of true time by more than nodes usually are. */
  let isPlannedAhead = false;
  let sweeps = 0;

  const isPending = (windows: readonly Window[], timestamp: number): boolean =>
    windows.some(({ after, before }) => after <= timestamp && timestamp < before);
  const resending = (saved: Checkpoint | null) => (saved?.pending ?? []).filter(({ resend }) => resend);
  const seconds = (saved: Checkpoint | null): number =>
    resending(saved).reduce((sum, { after, before }) => sum + before - after, 0);
  const isPartial = ({ after, again }: Window): boolean => !again || after > 0;
  const isScan = ({ cursor }: Window): boolean => cursor?.includes('"order":"key"') ?? false;

  /**
   * Let an entry be *open* when it has no outcome and Kong has shown it from before this run (for a scan of the whole log: before the
   * run that began the scan) until now.
   *
   * 1. A pending second that holds an open entry stays pending.
   * 2. No open entry lies below `planned` − overlap outside the pending windows, because no later run would look there;
   *    those apart that Kong showed too late for the overlap, or that a node with a wrong clock wrote. (While the node that
   *    answered was ahead, `planned` says nothing about the others; the run that notices reads again, and at the end nothing may
   *    be missing.)
   * 3. What is left over is single seconds.
   */
  function saved(next: Checkpoint, life: Life): void {
    entries.purge();
    if (savedBy !== life && savedLast.has(life))
      violate(`${life.name} wrote the checkpoint again after ${savedBy?.name ?? 'a wipe'} had`);
    const previous = checkpoint;
    const began = Math.min(life.startedAt, scanBeganAt);
    readSince.set(life, began);
    const isPlanned = next.planned !== (previous?.planned ?? null);
    if (isPlanned && previous?.pending.every(isPartial) && !next.pending.every(isPartial)) sweeps += 1;
    if (isPlanned) isPlannedAhead = (next.planned ?? 0) > now() + entries.marginSeconds;
    const planned = next.planned === null || isPlannedAhead ? 0 : next.planned;
    for (const row of entries.open) {
      const { timestamp } = row;
      if (row.visibleAt >= began || isPending(next.pending, timestamp)) continue;
      // Too late, and before the place that the reading had reached: nobody could know.
      const isBehind = ({ after, before, cursor }: Window) =>
        cursor !== undefined && after <= timestamp && timestamp === before - 1;
      if (entries.isTooLate(row) && previous?.pending.some(isBehind)) continue;
      if (previous && isPending(previous.pending, timestamp))
        violate(`${life.name} dropped a pending window before ${describeRow(row)} was settled`);
      else if (timestamp < planned - overlapSeconds && !entries.isTooLate(row) && !entries.isSkewed(row))
        violate(`${life.name} moved the watermark beyond ${describeRow(row)}`);
    }
    for (const { after, before, tries } of next.pending)
      if (tries !== undefined && before - after > LONGEST_LEFT_OVER)
        violate(`${life.name} leaves ${before - after} seconds over, not those alone that hold something undelivered`);
    if (savedBy !== life || seconds(next) > seconds(previous)) onResending(resendable(next));
    if (!next.pending.some(isScan)) scanBeganAt = Infinity;
    else if (!previous?.pending.some(isScan)) scanBeganAt = life.startedAt;
    if (isPlanned) plannedBy = life;
    checkpoint = next;
    savedBy = life;
    savedLast.set(life, next);
  }

  /** A run sends again, once, what the pending windows that resend hold. */
  function resendable(next: Checkpoint): number {
    const windows = resending(next);
    if (windows.length === 0) return 0;
    return [...entries.byName.values()].filter(({ rows }) =>
      rows.some(({ timestamp }) => isPending(windows, timestamp)),
    ).length;
  }

  return {
    saved,
    /** The ledger holds this one, or none, though nobody saved it. @param isWiped the lock is gone, too */
    replaced(by: Checkpoint | null, isWiped: boolean): void {
      // A run that was complete need not be so after what it saved last was forgotten; the next one finds out.
      if (JSON.stringify(by) !== JSON.stringify(checkpoint)) plannedBy = null;
      checkpoint = by;
      isPlannedAhead = (by?.planned ?? 0) > now() + entries.marginSeconds;
      scanBeganAt = by?.pending.some(isScan) ? Math.min(scanBeganAt, 0) : Infinity;
      if (isWiped) savedBy = null;
    },
    /** A window that resends is pending for this entry, as far as the run knows. */
    isResent({ rows }: Fate, life: Life): boolean {
      const windows = [...resending(checkpoint), ...resending(savedLast.get(life) ?? null)];
      return rows.some(({ timestamp }) => isPending(windows, timestamp));
    },
    /** How often a run has planned to read everything again. */
    sweeps: () => sweeps,
    /** What is pending, for the log. */
    describe: (): string => (checkpoint?.pending ?? []).map(describeWindow).join(' '),
    /** A later run will look at this second. */
    isToBeRead: (timestamp: number): boolean =>
      timestamp >= (checkpoint?.planned ?? 0) || isPending(checkpoint?.pending ?? [], timestamp),

    /** A scheduled run that calls itself complete, and was not busy with an older scan, has left nothing open below Kong's now. */
    completed({ summary }: RunReport, life: Life): void {
      entries.purge();
      if (summary.pending.length > 0) violate(`${life.name} is complete with windows pending`);
      const planned = checkpoint?.planned ?? 0;
      if (plannedBy !== life || isPlannedAhead) return;
      for (const row of entries.open)
        if (
          row.visibleAt < (readSince.get(life) ?? 0) &&
          row.timestamp < planned &&
          !entries.isTooLate(row) &&
          !entries.isSkewed(row)
        )
          violate(`${life.name} says it is complete, without ${describeRow(row)}`);
    },
  };
}

function describeWindow({ after, before, tries, again, resend, cursor }: Window): string {
  const kind = resend ? 'resend' : again ? 'again' : tries ? `tries ${tries}` : 'unread';
  return `[${after}, ${before}) ${kind}${cursor === undefined ? '' : ' at a cursor'};`;
}
