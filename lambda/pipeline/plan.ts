import { InvocationError } from '../errors.ts';
import type { Checkpoint } from '../ledger/checkpoint.ts';
import type { Log } from '../log.ts';
import { toRfc3339 } from '../rfc-3339.ts';
import { tidy } from './tidy.ts';
import { isDue, type Window } from './window.ts';

export interface PlanDeps {
  readonly overlapSeconds: number;
  /** The source's clock, epoch seconds. */
  readonly sourceNow: number;
  /** The function's clock, epoch seconds. Only the time that passed is taken from it, never the time of day. */
  readonly ownNow: number;
  /** See `OpenSource`. */
  readonly readsEverything: boolean;
  /** See `OpenSource`. */
  readonly isUnderWay?: (window: Window) => boolean;
  readonly log: Pick<Log, 'warn'>;
}

/** What of the checkpoint a run replaces before it begins to work. */
export type Plan = Partial<Omit<Checkpoint, 'format'>>;

export interface ScheduledPlan {
  readonly plan: Plan;
  /** The second this run's overlap begins at; absent when nothing but what is due waits for what it takes. See `byUrgency`. */
  readonly overlapFrom?: number;
}

/** Clocks of nodes may differ by this much without anything being wrong. */
const ORDINARY_SKEW_SECONDS = 60;
/** How long a lead is remembered after it was last seen; also the largest one that is remembered. */
const LEAD_SECONDS = 86_400;

/**
 * What a scheduled run has to read: what is new since the last plan, and once more what lies within the overlap below it,
 * for entries that are written late or by a node whose clock is behind.
 *
 * - Nothing planned before: everything retained.
 * - The nodes' clocks differ: the largest lead seen within a day is added to the overlap.
 * - The lead is larger than overlap and memory cover: everything retained is read again, once, after all that is unread.
 * - A source that can only be read as a whole: nothing new while a reading is unfinished.
 */
export function planScheduled(checkpoint: Checkpoint, deps: PlanDeps): ScheduledPlan {
  const { planned, pending } = checkpoint;
  const { overlapSeconds, sourceNow, ownNow, readsEverything, log } = deps;
  const isUnderWay = deps.isUnderWay ?? (({ cursor }: Window) => cursor !== undefined);
  if (readsEverything && pending.some((window) => isDue(window) && isUnderWay(window))) return { plan: {} };
  const before = sourceNow + 1;
  const next = { planned: before, plannedAt: ownNow };
  if (planned === null) return { plan: { ...next, pending: tidy([...pending, { after: 0, before }]) } };

  const known = knownLead(checkpoint, ownNow);
  const furthest = furthestAhead(checkpoint, planned, ownNow);
  const ahead = furthest.second + Math.max(0, ownNow - furthest.at) - before;
  const inDoubt = ahead > Math.max(overlapSeconds, ORDINARY_SKEW_SECONDS) + (known?.seconds ?? 0);
  if (inDoubt)
    log.warn('The source’s clock is not where the last run left it; everything retained is read once more', {
      planned,
      sourceNow,
    });
  const isLead = ahead > ORDINARY_SKEW_SECONDS && ahead <= LEAD_SECONDS;
  const lead = isLead ? { seconds: Math.max(ahead, known?.seconds ?? 0), at: ownNow } : known;
  const lookback = inDoubt || readsEverything ? Infinity : overlapSeconds + (lead?.seconds ?? 0);
  const overlapFrom = Math.max(0, planned - lookback);
  const windows: Window[] = [
    { after: planned, before },
    { after: overlapFrom, before: Math.min(planned, before), again: true },
  ];
  return {
    plan: {
      ...next,
      ...(lead && { lead }),
      ...(isLead && { furthest }),
      pending: tidy([...pending, ...windows.filter((window) => window.after < window.before)]),
    },
    ...(!pending.every(isDue) && { overlapFrom }),
  };
}

function knownLead({ lead }: Checkpoint, ownNow: number): Checkpoint['lead'] {
  return lead && ownNow - lead.at <= LEAD_SECONDS ? lead : undefined;
}

/**
 * The source's clock where it was furthest ahead. Not where it was last: of nodes that answer one after the other, each is perhaps only a bit
 * less ahead than the one before it.
 */
function furthestAhead(
  { furthest, plannedAt }: Checkpoint,
  planned: number,
  ownNow: number,
): NonNullable<Checkpoint['furthest']> {
  const last = { second: planned, at: plannedAt ?? ownNow };
  const isRecent = furthest && ownNow - furthest.at <= LEAD_SECONDS;
  return isRecent && furthest.second - furthest.at > last.second - last.at ? furthest : last;
}

export interface BackfillRequest {
  /** Epoch seconds; absent: everything retained. */
  readonly after?: number;
  /** Epoch seconds; absent, or in the source's future: up to now. */
  readonly before?: number;
  readonly resend: boolean;
}

/**
 * The window a backfill asks for. A scheduled run has read it or will read it, so nothing waits for it.
 *
 * @throws {InvocationError} it begins in the source's future
 */
export function backfillWindow({ after = 0, before, resend }: BackfillRequest, sourceNow: number): Window {
  const end = Math.min(before ?? Infinity, sourceNow + 1);
  if (after < end) return { after, before: end, ...(resend ? { resend } : { again: true }) };
  throw new InvocationError(
    `"after" must be in the source's past: got ${toRfc3339(after)}, and its clock says ${toRfc3339(sourceNow)}.`,
    { fix: `Give "after" as ${toRfc3339(sourceNow)} or earlier.` },
  );
}
