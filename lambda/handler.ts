import { randomUUID } from 'node:crypto';
import type { Context } from 'aws-lambda';
import { check, type CheckReport, toCheckReport } from './check.ts';
import { type Channel, connectChannel } from './cloudtrail/client.ts';
import { loadConfig } from './config.ts';
import { startDeadline } from './deadline.ts';
import { toInvocation } from './invocation.ts';
import { ConfigError, toError } from './errors.ts';
import { connectKong } from './kong/client.ts';
import type { Ledger } from './ledger/ledger.ts';
import { createRedisLedger } from './ledger/redis.ts';
import { createLog, describeError, type Log } from './log.ts';
import { publishMetrics } from './metrics.ts';
import { markOwn, run, type RunInvocation } from './run.ts';
import { toSecret } from './secrets.ts';
import { failedReport, type RunReport, type Summary } from './summary.ts';
import { newTally, type Tally } from './tally.ts';

type LambdaContext = Partial<Pick<Context, 'awsRequestId' | 'getRemainingTimeInMillis'>>;

/** A run may last this long where no Lambda sets the limit. */
const WITHOUT_LAMBDA_MS = 15 * 60_000;
/** The lock outlives the run's own deadline by this much. */
const LOCK_GRACE_SECONDS = 30;

type ColdStart = ReturnType<typeof compose>;
let coldStart: ColdStart | undefined;

/** What a warm function keeps: the configuration, and the secrets once they have been read. */
function compose() {
  const config = loadConfig(process.env);
  return {
    config,
    kongToken: config.kong.token && toSecret(config.kong.token, 'token'),
    redisPassword: config.redis.password && toSecret(config.redis.password, 'password'),
  };
}

/**
 * The Lambda's entry. What an invocation may ask for is described in README.md, "Invocations".
 *
 * @returns the run's summary, or what `check` found
 * @throws every `ForwarderError`: an invocation that could not do its work fails, after its progress was saved
 */
export async function handler(event?: unknown, context: LambdaContext = {}): Promise<Summary | CheckReport> {
  const startedAt = Date.now();
  const remaining = clockOf(context, startedAt);
  const requestId = context.awsRequestId ?? 'local';
  const invocation = loudly(requestId, () => toInvocation(event));
  if (invocation.mode === 'check') return await checkOnce(remaining);

  const parts = loudly(requestId, () => (coldStart ??= compose()));
  const { config } = parts;
  const log = createLog(config.logLevel, { source: config.sourceName, requestId });
  const report = await runOnce(invocation, parts, remaining, requestId, log).catch((error: unknown) =>
    failedReport(invocation.mode, Date.now() - startedAt, toError(error)),
  );
  const { summary, error } = report;
  if (!summary.dryRun) publishMetrics(config.sourceName, report);
  if (error === null) {
    log.info(`Run ${summary.status}`, { summary });
    return summary;
  }
  // A secret may have been rotated: the next invocation reads it again.
  coldStart = undefined;
  log.error('Run failed', { summary, error: describeError(error) });
  throw error;
}

/** What fails before there is a run has its line in the log, too. */
function loudly<Result>(requestId: string, begin: () => Result): Result {
  try {
    return begin();
  } catch (error) {
    createLog('INFO', { requestId }).error('Nothing was run', { error: describeError(error) });
    throw error;
  }
}

async function runOnce(
  invocation: RunInvocation,
  parts: ColdStart,
  remaining: () => number,
  requestId: string,
  log: Log,
): Promise<RunReport> {
  const { config } = parts;
  const tally = newTally();
  const dryRun = invocation.mode === 'backfill' && invocation.dryRun;
  const remainingMs = remaining();
  using deadline = startDeadline(remaining, reserveMs(config, remainingMs));
  const { ledger, kong, channel } = await connect(parts, deadline.stopping, remaining, tally, !dryRun);
  try {
    return await run(invocation, {
      config,
      kong,
      channel,
      ledger,
      deadline,
      // Lambda repeats its request id when it repeats an invocation; the lock must not take that for the same run.
      runId: `${requestId}/${randomUUID()}`,
      lockSeconds: Math.ceil(remainingMs / 1000) + LOCK_GRACE_SECONDS,
      tally,
      log,
      now: Date.now,
    });
  } finally {
    channel.close();
    await Promise.allSettled([kong.close(), ledger.close()]);
  }
}

/** Lambda's own countdown, in milliseconds. */
function clockOf(context: LambdaContext, startedAt: number): () => number {
  return () => context.getRemainingTimeInMillis?.() ?? startedAt + WITHOUT_LAMBDA_MS - Date.now();
}

/** A function that has no more time than the reserve works half of it, rather than never. */
function reserveMs({ deadlineReserveMs }: ColdStart['config'], remainingMs: number): number {
  return deadlineReserveMs < remainingMs ? deadlineReserveMs : remainingMs / 2;
}

/** Connections are made for one invocation: an hour of frozen sockets gains nothing. */
async function connect(
  parts: ColdStart,
  signal: AbortSignal,
  remainingMs: () => number,
  tally: Tally,
  marksOwn: boolean,
) {
  const { config, kongToken, redisPassword } = parts;
  const ledger = connectLedger(config, await redisPassword?.read({ signal }), remainingMs);
  const onRequestId = marksOwn && !config.forwardOwnRequests ? { onRequestId: markOwn(ledger, config) } : {};
  const { adminApi, rootCa } = config.kong;
  const kong = connectKong({ adminApi, token: kongToken, rootCa, signal, ...onRequestId });
  return { ledger, kong, channel: channelOf(config, tally) };
}

function connectLedger(
  { redis, sourceName }: ColdStart['config'],
  password: string | undefined,
  remainingMs: () => number,
): Ledger {
  return createRedisLedger({ ...redis, password, source: sourceName, remainingMs });
}

function channelOf({ channel, putCallsPerSecond }: ColdStart['config'], tally: Tally): Channel {
  return connectChannel({
    ...channel,
    callsPerSecond: putCallsPerSecond,
    onRequest: () => (tally.puts += 1),
    onThrottled: () => (tally.putThrottled += 1),
  });
}

/** One try at each thing, and not for long: who checks is waiting. Kong needs 32 s to say that its database is down. */
const CHECK_LIMITS = { timeoutMs: 40_000, retries: 0 };

async function checkOnce(remaining: () => number): Promise<CheckReport> {
  const parts = composeForCheck();
  if ('status' in parts) return parts;
  const { config, kongToken, redisPassword } = parts;
  using deadline = startDeadline(remaining, reserveMs(config, remaining()));
  const password = await redisPassword?.read({ signal: deadline.stopping }).catch(toError);
  const ledger = password instanceof Error ? null : connectLedger(config, password, remaining);
  const { adminApi, rootCa } = config.kong;
  const kong = connectKong({ adminApi, token: kongToken, rootCa, signal: deadline.stopping, ...CHECK_LIMITS });
  const channel = channelOf(config, newTally());
  try {
    return await check({ kong, ledger: ledger ?? unopened(password), channel });
  } finally {
    channel.close();
    await Promise.allSettled([kong.close(), ledger?.close()]);
  }
}

/** The parts, or a report of what is wrong with the configuration, problem by problem. */
function composeForCheck(): ColdStart | CheckReport {
  try {
    return compose();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return toCheckReport(
      error.problems.map((detail) => {
        const variable = detail.split(' ', 1)[0] ?? '';
        return { name: 'configuration', ok: false, detail, fix: `Correct ${variable} in the function's environment.` };
      }),
    );
  }
}

/** Stands in for a ledger whose password cannot be read. */
function unopened(reason: unknown): Pick<Ledger, 'diagnose' | 'loadCheckpoint' | 'quarantineSize'> {
  const error = toError(reason);
  return {
    diagnose: () =>
      Promise.resolve({
        ok: false,
        detail: error.message,
        fix: 'Make the secret of REDIS_PASSWORD_SECRET_ARN readable, with the password in it.',
      }),
    loadCheckpoint: () => Promise.reject(error),
    quarantineSize: () => Promise.reject(error),
  };
}
