import { randomUUID } from 'node:crypto';
import type { Deployment } from '../compose.ts';
import { toError } from '../errors.ts';
import type { Invocation } from '../invocation.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { readOnly } from '../ledger/read-only.ts';
import { describeError, type Log } from '../log.ts';
import { publishMetrics, publishVerified } from '../metrics.ts';
import type { Check } from '../pipeline/check.ts';
import { type Deadline, startDeadline } from '../pipeline/deadline.ts';
import { pretending } from '../pipeline/pretend.ts';
import { failedReport, type RunReport, type Summary } from '../pipeline/report.ts';
import { newTally } from '../pipeline/tally.ts';
import { check, type CheckReport } from './check.ts';
import type { RunDeps } from './forwarding.ts';
import { discard, type Discarded, listQuarantine, type QuarantineList } from './quarantine.ts';
import { rewind, type Rewound } from './rewind.ts';
import { isDryRun, run, type RunInvocation } from './run.ts';
import { status, type StatusReport } from './status.ts';
import { verify, type VerifyReport, type VerifyRequest } from './verify/verify.ts';

export type Answer = Summary | CheckReport | StatusReport | QuarantineList | Discarded | VerifyReport | Rewound;

/** One invocation, as `handler.ts` has understood it. */
export interface Call {
  readonly deployment: Deployment;
  readonly log: Log;
  /** Lambda's. It keeps it when it repeats an invocation. */
  readonly requestId: string;
  readonly remainingMs: () => number;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  /** Stands in for Redis. */
  readonly ledger?: Ledger;
}

/** The lock outlives the run's own deadline by this much. */
const LOCK_GRACE_SECONDS = 30;

/**
 * Does what the invocation asks for, with one line in the log that says how it went.
 *
 * @throws {ForwarderError} it could not be done; what was done until then is saved
 */
export async function execute(invocation: Invocation, call: Call): Promise<Answer> {
  switch (invocation.mode) {
    case 'scheduled':
    case 'backfill':
    case 'replay':
      return await executeRun(invocation, call);
    case 'check':
      return await loudly(call.log, invocation.mode, () => checkAll(call));
    case 'verify':
      return await loudly(call.log, invocation.mode, () => executeVerify(invocation, call));
    case 'status':
    case 'quarantine':
    case 'rewind':
      return await loudly(call.log, invocation.mode, () => look(invocation, call));
  }
}

async function loudly<Result>(log: Log, mode: string, act: () => Promise<Result>): Promise<Result> {
  try {
    return await act();
  } catch (error) {
    log.error(`The mode ${mode} failed`, { error: describeError(error) });
    throw error;
  }
}

async function executeRun(invocation: RunInvocation, call: Call): Promise<Summary> {
  const { config } = call.deployment;
  const isReadOnly = isDryRun(invocation);
  const report: RunReport = await connected(call, isReadOnly, async (deps) => {
    const ends = isReadOnly ? { sink: pretending(deps.sink), ledger: readOnly(deps.ledger) } : {};
    return await run(invocation, { ...deps, ...ends });
  }).catch((error: unknown) => failedReport(invocation, Date.now() - call.startedAt, toError(error)));
  const { summary, error } = report;
  if (!summary.dryRun) publishMetrics(config.sourceName, report);
  if (summary.beyondRetention) warnOfRetention(call);
  if (error === null) {
    call.log.info(`Run ${summary.status}`, { summary });
    return summary;
  }
  call.log.error('Run failed', { summary, error: describeError(error) });
  throw error;
}

async function executeVerify(request: VerifyRequest, call: Call): Promise<VerifyReport> {
  const report = await connected(call, false, (deps) => verify(request, deps));
  if (report.status !== 'skipped')
    publishVerified(call.deployment.config.sourceName, report.source, report.missing - report.repaired);
  if (report.beyondRetention) warnOfRetention(call);
  call.log.info(`Verify ${report.status}`, { report });
  return report;
}

function warnOfRetention({ log, deployment }: Call): void {
  const { auditTtlSeconds } = deployment.config;
  log.warn('The window begins before anything the source can still hold', { auditTtlSeconds });
}

/** Connects both ends and the ledger for `work`, and closes them after it. */
async function connected<Result>(
  call: Call,
  isReadOnly: boolean,
  work: (deps: RunDeps) => Promise<Result>,
): Promise<Result> {
  const { deployment, log } = call;
  const tally = newTally();
  using deadline = deadlineOf(call);
  const settings = await deployment.settings();
  const ledger = await deployment.connectLedger({ ...call, deadline });
  const ends = await deployment.connect({ ...call, deadline, tally, isReadOnly }, ledger);
  try {
    return await work({ ...ends, ...lockOf(call), ledger, settings, deadline, tally, log, now: Date.now });
  } finally {
    ends.sink.close();
    await Promise.allSettled([ends.source.close(), ledger.close()]);
  }
}

/** Lambda repeats its request id when it repeats an invocation; the lock must not take that for the same run. */
function lockOf({ requestId, remainingMs }: Call) {
  return {
    runId: `${requestId}/${randomUUID()}`,
    lockSeconds: Math.ceil(remainingMs() / 1000) + LOCK_GRACE_SECONDS,
  };
}

/** A function that has no more time than the reserve works half of it, rather than never. */
function deadlineOf({ deployment, remainingMs }: Call): Deadline & Disposable {
  const { deadlineReserveMs } = deployment.config;
  const remaining = remainingMs();
  return startDeadline(remainingMs, deadlineReserveMs < remaining ? deadlineReserveMs : remaining / 2);
}

type LookInvocation = Extract<Invocation, { mode: 'status' | 'quarantine' | 'rewind' }>;

/** What needs the ledger alone. */
async function look(
  invocation: LookInvocation,
  call: Call,
): Promise<StatusReport | QuarantineList | Discarded | Rewound> {
  const { deployment, log } = call;
  const { config } = deployment;
  using deadline = deadlineOf(call);
  const ledger = await deployment.connectLedger({ ...call, deadline });
  const deps = { ledger, log, ...lockOf(call) };
  try {
    switch (invocation.mode) {
      case 'status': {
        const { sourceName: source, sink, auditTtlSeconds } = config;
        return await status({ ledger, source, sink: sink.name, auditTtlSeconds, now: Date.now });
      }
      case 'quarantine': {
        const { discard: ids, reason = '' } = invocation;
        if (!ids) return await listQuarantine(invocation, ledger);
        return await discard(ids, reason, { ...deps, keepSeconds: config.auditTtlSeconds + config.ttlGraceSeconds });
      }
      case 'rewind':
        return await rewind(invocation.to, invocation.dryRun, deps);
    }
  } finally {
    await ledger.close().catch(() => undefined);
  }
}

async function checkAll(call: Call): Promise<CheckReport> {
  const { deployment } = call;
  using deadline = deadlineOf(call);
  const ledger = await deployment.connectLedger({ ...call, deadline }).catch(toError);
  const usable = ledger instanceof Error ? null : ledger;
  const occasion = { ...call, deadline, tally: newTally(), isReadOnly: true, isCheck: true };
  const { source, sink } = await deployment.connect(occasion, usable);
  try {
    return await check({ source, sink, ledger: usable ?? unopened(toError(ledger)) });
  } finally {
    sink.close();
    await Promise.allSettled([source.close(), usable?.close()]);
  }
}

/** Stands in for a ledger whose password cannot be read. */
function unopened(error: Error): Pick<Ledger, 'diagnose' | 'loadCheckpoint' | 'quarantineSize'> {
  const found: Check = {
    name: 'redis',
    ok: false,
    detail: error.message,
    fix: 'Make the secret of REDIS_PASSWORD_SECRET_ARN readable, with the password in it.',
  };
  return {
    diagnose: () => Promise.resolve(found),
    loadCheckpoint: () => Promise.reject(error),
    quarantineSize: () => Promise.reject(error),
  };
}
