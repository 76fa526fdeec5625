import {
  type ForwarderError,
  NoProgressError,
  PutRejectedError,
  PutRetriesExhaustedError,
  toError,
} from '../errors.ts';
import type { Invocation } from '../invocation.ts';
import { NO_CHECKPOINT } from '../ledger/checkpoint.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { describeError } from '../log.ts';
import { isInterruption } from '../pipeline/deadline.ts';
import { drain } from '../pipeline/drain.ts';
import { backfillWindow, planScheduled, type ScheduledPlan } from '../pipeline/plan.ts';
import { keepProgress, type Progress } from '../pipeline/progress.ts';
import { type RunReport, type Summary, toReport } from '../pipeline/report.ts';
import type { OpenSource } from '../pipeline/source.ts';
import { newTally, type Tally } from '../pipeline/tally.ts';
import { tidy } from '../pipeline/tidy.ts';
import { type Forwarding, forwarding, type RunDeps } from './forwarding.ts';
import { replay } from './replay.ts';

export type RunInvocation = Extract<Invocation, { readonly mode: 'scheduled' | 'backfill' | 'replay' }>;

/** What a run knows so far, for the summary of one that fails halfway. */
interface State {
  source: OpenSource | null;
  progress: Pick<Progress, 'current'> | null;
}

/**
 * One run: lock, plan, drain, checkpoint, summary. Never throws; `error` in the report is what the invocation must fail with,
 * and by then the progress is saved.
 */
export async function run(invocation: RunInvocation, deps: RunDeps): Promise<RunReport> {
  const { ledger, deadline, settings, source, tally, log } = deps;
  const startedAt = deps.now();
  const state: State = { source: null, progress: null };
  let status: Summary['status'] = 'skipped';
  let error: Error | null = null;
  let isLocked = false;
  try {
    isLocked = await ledger.lock(deps.runId, deps.lockSeconds);
    if (isLocked) {
      status = await work(invocation, deps, state);
    } else {
      // Whether the checkpoint is damaged is told by the run that has the lock.
      const checkpoint = await ledger.loadCheckpoint().catch(() => null);
      state.progress = checkpoint && { current: () => checkpoint };
    }
  } catch (thrown) {
    if (deadline.stopping.aborted && isInterruption(thrown)) status = 'incomplete';
    else error = toError(thrown);
  }
  error ??= undelivered(tally);
  if (error) status = 'failed';
  const report = toReport({
    status,
    invocation,
    facts: state.source?.about() ?? null,
    checkpoint: state.progress?.current() ?? null,
    tally,
    sourceRequests: source.requests(),
    now: source.now() ?? Math.floor(deps.now() / 1000),
    auditTtlSeconds: settings.auditTtlSeconds,
    quarantineSize: await ledger.quarantineSize().catch(() => null),
    durationMs: deps.now() - startedAt,
    error,
  });
  if (isLocked) await release();
  return report;

  async function release(): Promise<void> {
    const lastRun = { at: new Date(deps.now()).toISOString(), summary: report.summary };
    await Promise.all([
      invocation.mode === 'scheduled' &&
        ledger.saveLastRun(lastRun).catch(warn('What this run did could not be noted for later looks')),
      ledger.unlock(deps.runId).catch(warn('The lock could not be given back; it expires')),
    ]);
  }

  function warn(message: string): (reason: unknown) => void {
    return (reason) => {
      log.warn(message, { error: describeError(reason) });
    };
  }
}

async function work(invocation: RunInvocation, deps: RunDeps, state: State): Promise<Summary['status']> {
  const { ledger, source, settings, log } = deps;
  const loaded = (await ledger.loadCheckpoint()) ?? NO_CHECKPOINT;
  state.progress = { current: () => loaded };
  const opened = await source.open().catch(explainInterruption);
  state.source = opened;
  const saveCheckpoint: Ledger['saveCheckpoint'] = (checkpoint, runId, quarantined) =>
    ledger.saveCheckpoint(checkpoint, runId, quarantined, deps.tally.fetched);
  const progress = keepProgress(loaded, { saveCheckpoint }, deps.runId);
  state.progress = progress;
  const forward = forwarding(deps, progress);
  if (invocation.mode === 'replay') {
    const { ids, errorCode } = invocation;
    const wanted = ids && new Set(ids);
    const isWhole = await replay({
      ledger,
      source: opened,
      forwarding: forward,
      now: deps.now,
      wanted: (record) =>
        (!wanted || wanted.has(record.id)) && (errorCode === undefined || record.errorCode === errorCode),
    });
    return isWhole ? 'complete' : 'incomplete';
  }
  const sourceNow = sourceClock(opened, deps);
  const { plan, ...overlap } = planFor();
  await progress.update(plan);
  await drain({ ...forward, ...overlap, source: opened, progress, log });
  if (invocation.mode === 'scheduled') await retryQuarantined(deps, opened, forward, progress);
  return progress.current().pending.length > 0 ? 'incomplete' : 'complete';

  function planFor(): ScheduledPlan {
    const checkpoint = progress.current();
    const ownNow = Math.floor(deps.now() / 1000);
    const { overlapSeconds } = settings;
    if (invocation.mode === 'scheduled')
      return planScheduled(checkpoint, {
        overlapSeconds,
        sourceNow,
        ownNow,
        readsEverything: opened.readsEverything,
        ...(opened.isUnderWay && { isUnderWay: opened.isUnderWay }),
        log,
      });
    const window = backfillWindow(invocation as Extract<RunInvocation, { mode: 'backfill' }>, sourceNow);
    // A dry run looks at what it was asked for, not at what else is pending.
    return { plan: { pending: isDryRun(invocation) ? [window] : tidy([...checkpoint.pending, window]) } };
  }
}

export const isDryRun = (invocation: { readonly mode: string; readonly dryRun?: boolean }): boolean =>
  invocation.mode === 'backfill' && invocation.dryRun === true;

const RETRY_QUARANTINED_SECONDS = 86_400;

/**
 * Once a day, what was put into quarantine for a transient reason is tried again. It stays there when that fails, and the run does
 * not fail for it.
 */
async function retryQuarantined(
  deps: RunDeps,
  source: OpenSource,
  forward: Forwarding,
  progress: Progress,
): Promise<void> {
  const ownNow = Math.floor(deps.now() / 1000);
  const { retriedAt } = progress.current();
  const isDue = retriedAt === undefined || Math.abs(ownNow - retriedAt) >= RETRY_QUARANTINED_SECONDS;
  if (!isDue || deps.deadline.stopping.aborted) return;
  const tally = newTally();
  const isWhole = await replay({
    ledger: deps.ledger,
    source,
    forwarding: { ...forward, tally },
    now: deps.now,
    wanted: ({ isTransient }) => isTransient === true,
  });
  for (const name of ['forwarded', 'writes', 'denied', 'errors', 'anonymousWrites'] as const)
    deps.tally[name] += tally[name];
  if (isWhole && tally.pages > 0) await progress.update({ retriedAt: ownNow });
}

/** A run that ends before the source has said anything must not look like one that was merely not finished. */
function explainInterruption(error: unknown): never {
  if (!isInterruption(error)) throw error;
  throw new NoProgressError('The run’s time was up before the source had answered.', {
    fix: 'Look at how long the source takes to answer (for Kong: its database and its load), or give the function a longer timeout. The next run tries again.',
    cause: error,
  });
}

/** Said last, when everything else is settled; also when the time was up before. */
function undelivered({ undelivered: count, undeliveredReason, doubtful }: Tally): ForwarderError | null {
  if (count === 0) return null;
  if (doubtful === count)
    return new PutRejectedError(
      `The sink refused ${count} event(s) with an error this version does not know, and took no other: ${undeliveredReason}.`,
      { fix: 'Look it up in the service’s API reference. They stay pending and the next run sends them again.' },
    );
  return new PutRetriesExhaustedError(
    `The sink did not take ${count} event(s), after all retries; the last reason: ${undeliveredReason}.`,
    {
      fix: 'They stay pending and the next run sends them again; what five runs could not deliver goes to quarantine.',
    },
  );
}

/** The source's clock decides, so the function's own does not matter; it stands in only where the source tells none. */
function sourceClock({ now }: OpenSource, deps: RunDeps): number {
  if (now !== null) return now;
  deps.log.warn('The source’s answer carries no time (for Kong: no Date header); using the function’s own clock');
  return Math.floor(deps.now() / 1000);
}
