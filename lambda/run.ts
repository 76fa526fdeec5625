import pLimit from 'p-limit';
import type { Channel } from './cloudtrail/client.ts';
import { type EventContext, toAuditEvent } from './cloudtrail/event.ts';
import { put } from './cloudtrail/put.ts';
import { createRedactor } from './redact/redactor.ts';
import type { Config } from './config.ts';
import type { Deadline } from './deadline.ts';
import { drain, type Progress } from './drain.ts';
import { PutRetriesExhaustedError, toError } from './errors.ts';
import type { Invocation } from './invocation.ts';
import { type Capabilities, readCapabilities } from './kong/capabilities.ts';
import type { Kong } from './kong/client.ts';
import { type Checkpoint, CHECKPOINT_FORMAT, type Ledger, OWN } from './ledger/ledger.ts';
import { describeError, type Log } from './log.ts';
import { plan } from './plan.ts';
import { toQuarantineRecord } from './quarantine.ts';
import { replay, type ReplayDeps } from './replay.ts';
import { type RunReport, type Summary, toReport } from './summary.ts';
import type { Tally } from './tally.ts';
import { oldestUnsettled } from './window.ts';

export type RunConfig = Pick<
  Config,
  | 'overlapSeconds'
  | 'auditTtlSeconds'
  | 'ttlGraceSeconds'
  | 'putConcurrency'
  | 'eventSource'
  | 'deriveErrorCode'
  | 'redactKeys'
> & {
  readonly kong: Pick<Config['kong'], 'pageSize' | 'scan'>;
  readonly channel: Pick<Config['channel'], 'accountId'>;
};

export interface RunDeps {
  readonly config: RunConfig;
  readonly kong: Kong;
  readonly channel: Channel;
  readonly ledger: Ledger;
  readonly deadline: Deadline;
  /** Unique to this run: it names the holder of the lock. */
  readonly runId: string;
  /** How long the lock outlives a run that dies. */
  readonly lockSeconds: number;
  readonly tally: Tally;
  readonly log: Log;
  /** Milliseconds; used where Kong's clock is not known or ahead, for durations, and for quarantine records. */
  readonly now: () => number;
  /** See PutDeps. */
  readonly retryDelayMs?: number;
}

export type RunInvocation = Exclude<Invocation, { readonly mode: 'check' }>;

/** What a run knows so far, for the summary of one that fails halfway. */
interface State {
  capabilities: Capabilities | null;
  checkpoint: Checkpoint | null;
}

const NO_CHECKPOINT: Checkpoint = { format: CHECKPOINT_FORMAT, planned: null, pending: [], fullScan: null };

/**
 * One run: lock, plan, drain, checkpoint, summary. Never throws; `error` in the report is what the invocation must fail with,
 * and by then the progress is saved. Only `dryRun` works without the lock, because it writes nothing.
 */
export async function run(invocation: RunInvocation, deps: RunDeps): Promise<RunReport> {
  const startedAt = deps.now();
  const dryRun = invocation.mode === 'backfill' && invocation.dryRun;
  const state: State = { capabilities: null, checkpoint: null };
  let status: Summary['status'] = 'skipped';
  let error: Error | null = null;
  let locked = false;
  try {
    locked = dryRun || (await deps.ledger.lock(deps.runId, deps.lockSeconds));
    if (locked) status = await work(invocation, dryRun, deps, state);
    // Whether the checkpoint is damaged is told by the run that has the lock.
    else state.checkpoint = await deps.ledger.loadCheckpoint().catch(() => null);
  } catch (thrown) {
    if (deps.deadline.stopping.aborted && isInterruption(thrown)) status = 'incomplete';
    else error = toError(thrown);
  }
  error ??= undelivered(deps.tally);
  if (error) status = 'failed';
  const [quarantineSize] = await Promise.all([deps.ledger.quarantineSize().catch(() => null), unlock()]);
  return toReport({
    status,
    mode: invocation.mode,
    dryRun,
    ...state,
    tally: deps.tally,
    kongRequests: deps.kong.requests(),
    now: deps.kong.now() ?? Math.floor(deps.now() / 1000),
    auditTtlSeconds: deps.config.auditTtlSeconds,
    quarantineSize,
    durationMs: deps.now() - startedAt,
    error,
  });

  async function unlock(): Promise<void> {
    if (!locked || dryRun) return;
    await deps.ledger.unlock(deps.runId).catch(warn(deps.log, 'The lock could not be given back; it expires'));
  }
}

async function work(
  invocation: RunInvocation,
  dryRun: boolean,
  deps: RunDeps,
  state: State,
): Promise<Summary['status']> {
  const { config, kong, ledger, log } = deps;
  state.checkpoint = (await ledger.loadCheckpoint()) ?? NO_CHECKPOINT;
  state.capabilities = await readCapabilities(kong, config.kong.scan);
  const forward = forwarding(deps, state.capabilities, dryRun);

  if (invocation.mode === 'replay') {
    const finished = await replay({ ...forward, ledger, now: deps.now });
    if (!finished) return 'incomplete';
  } else {
    const kongNow = kongClock(kong, deps);
    const progress = keepProgress(state, dryRun, deps);
    const { capabilities } = state;
    await progress.update(plan(invocation, state.checkpoint, { config, capabilities, kongNow, now: deps.now, log }));
    const { pageSize } = config.kong;
    const before = kongNow + 1;
    const everything = invocation.mode === 'scheduled';
    const strategy = await drain({ kong, capabilities, pageSize, progress, everything, before, ledger, forward, log });
    state.capabilities = { ...state.capabilities, strategy };
  }
  return invocation.mode !== 'replay' && state.checkpoint.pending.length > 0 ? 'incomplete' : 'complete';
}

/** Said last, when everything else is settled; also when the time was up before. */
function undelivered(tally: Tally): PutRetriesExhaustedError | null {
  if (tally.undelivered === 0) return null;
  return new PutRetriesExhaustedError(
    `CloudTrail did not take ${tally.undelivered} event(s), for all the tries; the last reason: ` +
      `${tally.undeliveredReason}. They stay pending and the next run sends them again.`,
  );
}

/** Kong's clock decides, so the function's own does not matter; it stands in only for a Kong behind a proxy that drops `Date`. */
function kongClock(kong: Kong, { now, log }: RunDeps): number {
  const kongNow = kong.now();
  if (kongNow !== null) return kongNow;
  log.warn('Kong’s answer carries no Date header; using the function’s own clock');
  return Math.floor(now() / 1000);
}

/** Marks the ids of this program's own requests, so that reading the audit log does not fill it with events about reading it. */
export function markOwn(ledger: Pick<Ledger, 'mark'>, config: Pick<Config, 'auditTtlSeconds' | 'ttlGraceSeconds'>) {
  const ttlSeconds = config.auditTtlSeconds + config.ttlGraceSeconds;
  return (requestId: string): Promise<void> => ledger.mark([{ id: requestId.trim(), value: OWN, ttlSeconds }]);
}

const isInterruption = (error: unknown): boolean =>
  error instanceof Error && ['DeadlineReached', 'AbortError'].includes(error.name);

const warn =
  (log: Log, message: string) =>
  (error: unknown): void => {
    log.warn(message, { error: describeError(error) });
  };

function keepProgress(state: State, dryRun: boolean, { ledger, runId }: RunDeps): Progress {
  const current = () => state.checkpoint ?? NO_CHECKPOINT;
  return {
    current,
    async update(change) {
      const next = withSettled({ ...current(), ...change });
      if (!dryRun) await ledger.saveCheckpoint(next, runId);
      state.checkpoint = next;
    },
  };
}

function withSettled(checkpoint: Checkpoint): Checkpoint {
  const settled = oldestUnsettled(checkpoint);
  return settled === null ? checkpoint : { ...checkpoint, settled };
}

function forwarding(deps: RunDeps, capabilities: Capabilities, dryRun: boolean): Omit<ReplayDeps, 'ledger' | 'now'> {
  const { config, channel, deadline, tally, log } = deps;
  const halted = new AbortController();
  const stopping = AbortSignal.any([deadline.stopping, halted.signal]);
  const redactor = createRedactor(config.redactKeys);
  const context: EventContext = {
    kongVersion: capabilities.version,
    hostname: capabilities.hostname,
    accountId: config.channel.accountId,
    eventSource: config.eventSource,
    deriveErrorCode: config.deriveErrorCode,
    redactor,
  };
  const onThrottled = () => void (tally.putThrottled += 1);
  return {
    toEvent: (entry, whole) => toAuditEvent(entry, context, whole),
    put: (events) =>
      put(events, {
        channel,
        stopping,
        aborting: deadline.aborting,
        onThrottled,
        ...(deps.retryDelayMs !== undefined && { retryDelayMs: deps.retryDelayMs }),
      }),
    limit: pLimit(config.putConcurrency),
    toRecord: (entry, refusal, whole) => toQuarantineRecord(entry, refusal, redactor, new Date(deps.now()), whole),
    ttlSeconds: ({ ttlSeconds }) => Math.max(0, ttlSeconds ?? config.auditTtlSeconds) + config.ttlGraceSeconds,
    claims: new Set(),
    dryRun,
    tally,
    log,
    stopping,
    checkTime: () => {
      deadline.check();
    },
    halt: (failure) => {
      halted.abort(failure);
    },
  };
}
