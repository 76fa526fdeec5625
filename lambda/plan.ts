import type { Config } from './config.ts';
import { InvocationError } from './errors.ts';
import type { Invocation } from './invocation.ts';
import type { Capabilities } from './kong/capabilities.ts';
import type { Checkpoint } from './ledger/ledger.ts';
import type { Log } from './log.ts';
import { clockWentBack, merge, nextWindow, subtract, type Window } from './window.ts';

export interface PlanDeps {
  readonly config: Pick<Config, 'overlapSeconds'>;
  readonly capabilities: Capabilities;
  /** Kong's clock, epoch seconds. */
  readonly kongNow: number;
  /** The function's clock, milliseconds. */
  readonly now: () => number;
  readonly log: Log;
}

/** What of the checkpoint a run replaces before it begins to work. */
export type Plan = Partial<Omit<Checkpoint, 'format'>>;

/**
 * Puts on the list what this run is asked for: for a scheduled run everything since the last one, for a backfill its window.
 * A full scan that was interrupted goes on first; no second one is queued behind it.
 *
 * @throws {InvocationError} a backfill that begins in Kong's future
 */
export function plan(
  invocation: Extract<Invocation, { mode: 'scheduled' | 'backfill' }>,
  checkpoint: Checkpoint,
  deps: PlanDeps,
): Plan {
  return invocation.mode === 'scheduled' ? planScheduled(checkpoint, deps) : planBackfill(invocation, checkpoint, deps);
}

function planScheduled(checkpoint: Checkpoint, deps: PlanDeps): Plan {
  const { capabilities, kongNow, now, config, log } = deps;
  const { planned, fullScan } = checkpoint;
  if (capabilities.strategy === 'full-scan' && fullScan?.kongVersion === capabilities.version) return {};
  const clocks = { kongNow, ownNow: Math.floor(now() / 1000) };
  if (clockWentBack(checkpoint, clocks, config.overlapSeconds))
    log.warn('Kong’s clock is not where the last run left it; rereading everything retained', { planned, kongNow });
  const window = nextWindow(checkpoint, clocks, config.overlapSeconds);
  return {
    planned: window.before,
    plannedAt: clocks.ownNow,
    // More than the overlap is read again only when it is in doubt.
    settled: Math.min(checkpoint.settled ?? 0, window.after + config.overlapSeconds),
    ...withWindow(checkpoint, window, capabilities.version),
  };
}

function planBackfill(
  { after = 0, before, resend, dryRun }: Extract<Invocation, { mode: 'backfill' }>,
  checkpoint: Checkpoint,
  { capabilities, kongNow }: PlanDeps,
): Plan {
  const window: Window = { after, before: Math.min(before ?? Infinity, kongNow + 1), ...(resend && { resend }) };
  if (window.after >= window.before)
    throw new InvocationError(`"after" must be in Kong's past: got ${after}, and Kong's clock says ${kongNow}.`);
  // A dry run looks at what it was asked for, not at what else is pending or half read.
  return dryRun ? { pending: [window], fullScan: null } : withWindow(checkpoint, window, capabilities.version);
}

/**
 * What an unfinished full scan has passed by may hold entries that came late, so it does not cover a window asked for since.
 * After an upgrade its offset means nothing any more.
 */
function withWindow({ pending, fullScan }: Checkpoint, window: Window, kongVersion: string): Plan {
  return {
    pending: merge([...pending, window]),
    fullScan:
      fullScan?.kongVersion === kongVersion ? { ...fullScan, covers: subtract(fullScan.covers, [window]) } : null,
  };
}
