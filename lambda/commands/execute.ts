import { randomUUID } from 'node:crypto';
import type { Deployment } from '../compose.ts';
import { toError } from '../errors.ts';
import type { Invocation } from '../invocation.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { readOnly } from '../ledger/read-only.ts';
import { describeError, type Log } from '../log.ts';
import { publishMetrics } from '../metrics.ts';
import type { Check } from '../pipeline/check.ts';
import { type Deadline, startDeadline } from '../pipeline/deadline.ts';
import { pretending } from '../pipeline/pretend.ts';
import { failedReport, type RunReport, type Summary } from '../pipeline/report.ts';
import { newTally } from '../pipeline/tally.ts';
import { check, type CheckReport } from './check.ts';
import { discard, type Discarded, listQuarantine, type QuarantineList } from './quarantine.ts';
import { rewind, type Rewound } from './rewind.ts';
import { isDryRun, run, type RunInvocation } from './run.ts';
import { status, type StatusReport } from './status.ts';
import { verify, type VerifyReport } from './verify.ts';

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
    default:
      return await loudly(call.log, `The mode ${invocation.mode} failed`, () => look(invocation, call));
  }
}

async function loudly<Result>(log: Log, failure: string, act: () => Promise<Result>): Promise<Result> {
  try {
    return await act();
  } catch (error) {
    log.error(failure, { error: describeError(error) });
    throw error;
  }
}

async function executeRun(invocation: RunInvocation, call: Call): Promise<Summary> {
  const { config } = call.deployment;
  const report = await runOnce(invocation, call).catch((error: unknown) =>
    failedReport(invocation, Date.now() - call.startedAt, toError(error)),
  );
  const { summary, error } = report;
  if (!summary.dryRun) publishMetrics(config.sourceName, report);
  if (summary.beyondRetention)
    call.log.warn('The window begins before anything the source can still hold', {
      auditTtlSeconds: config.auditTtlSeconds,
    });
  if (error === null) {
    call.log.info(`Run ${summary.status}`, { summary });
    return summary;
  }
  call.log.error('Run failed', { summary, error: describeError(error) });
  throw error;
}

async function runOnce(invocation: RunInvocation, call: Call): Promise<RunReport> {
  const { deployment, log, remainingMs } = call;
  const tally = newTally();
  using deadline = deadlineOf(call);
  const settings = await deployment.settings();
  const isReadOnly = isDryRun(invocation);
  const ledger = await deployment.connectLedger({ ...call, deadline });
  const { source, sink } = deployment.connect({ ...call, deadline, tally, isReadOnly }, ledger);
  const ends = isReadOnly ? { source, sink: pretending(sink), ledger: readOnly(ledger) } : { source, sink, ledger };
  try {
    return await run(invocation, { ...ends, ...lockOf(call), settings, deadline, tally, log, now: Date.now });
  } finally {
    sink.close();
    await Promise.allSettled([source.close(), ledger.close()]);
  }

  function lockOf({ requestId }: Call) {
    // Lambda repeats its request id when it repeats an invocation; the lock must not take that for the same run.
    const runId = `${requestId}/${randomUUID()}`;
    return { runId, lockSeconds: Math.ceil(remainingMs() / 1000) + LOCK_GRACE_SECONDS };
  }
}

/** A function that has no more time than the reserve works half of it, rather than never. */
function deadlineOf({ deployment, remainingMs }: Call): Deadline & Disposable {
  const { deadlineReserveMs } = deployment.config;
  const remaining = remainingMs();
  return startDeadline(remainingMs, deadlineReserveMs < remaining ? deadlineReserveMs : remaining / 2);
}

async function look(
  invocation: Exclude<Invocation, { mode: RunInvocation['mode'] }>,
  call: Call,
): Promise<Exclude<Answer, Summary>> {
  using deadline = deadlineOf(call);
  if (invocation.mode === 'check') return await checkAll(call, deadline);
  const { deployment, log, remainingMs } = call;
  const { config } = deployment;
  const ledger = await deployment.connectLedger({ ...call, deadline });
  const runId = `${call.requestId}/${randomUUID()}`;
  const lockSeconds = Math.ceil(remainingMs() / 1000) + LOCK_GRACE_SECONDS;
  try {
    switch (invocation.mode) {
      case 'status':
        return await status({
          ledger,
          source: config.sourceName,
          sink: config.sink.name,
          auditTtlSeconds: config.auditTtlSeconds,
          now: Date.now,
        });
      case 'quarantine': {
        if (!invocation.discard) return await listQuarantine(invocation, ledger);
        const keepSeconds = config.auditTtlSeconds + config.ttlGraceSeconds;
        return await discard(invocation.discard, invocation.reason ?? '', {
          ledger,
          log,
          runId,
          lockSeconds,
          keepSeconds,
        });
      }
      case 'rewind':
        return await rewind(invocation.to, invocation.dryRun, { ledger, log, runId, lockSeconds });
      case 'verify':
        return await verify(invocation, { ...call, deadline, ledger, runId, lockSeconds });
    }
  } finally {
    await ledger.close().catch(() => undefined);
  }
}

async function checkAll(call: Call, deadline: Deadline): Promise<CheckReport> {
  const { deployment } = call;
  const ledger = await deployment.connectLedger({ ...call, deadline }).catch(toError);
  const usable = ledger instanceof Error ? null : ledger;
  const occasion = { ...call, deadline, tally: newTally(), isReadOnly: true, isCheck: true };
  const { source, sink } = deployment.connect(occasion, usable);
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
