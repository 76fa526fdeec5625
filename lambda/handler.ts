import { randomUUID } from 'node:crypto';
import type { Context } from 'aws-lambda';
import { check, type CheckReport, toCheckReport } from './check.ts';
import { connectChannel } from './cloudtrail/client.ts';
import { loadConfig } from './config.ts';
import { startDeadline } from './deadline.ts';
import { toInvocation } from './invocation.ts';
import { ConfigError, SecretError, toError } from './errors.ts';
import { connectKong } from './kong/client.ts';
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
  const remainingMs = context.getRemainingTimeInMillis?.() ?? WITHOUT_LAMBDA_MS;
  const requestId = context.awsRequestId ?? 'local';
  const invocation = toInvocation(event);
  if (invocation.mode === 'check') return await checkOnce(remainingMs);

  coldStart ??= compose();
  const { config } = coldStart;
  const log = createLog(config.logLevel, { source: config.sourceName, requestId });
  const report = await runOnce(invocation, coldStart, remainingMs, requestId, log).catch((error: unknown) =>
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

async function runOnce(
  invocation: RunInvocation,
  parts: ColdStart,
  remainingMs: number,
  requestId: string,
  log: Log,
): Promise<RunReport> {
  const { config } = parts;
  const tally = newTally();
  const dryRun = invocation.mode === 'backfill' && invocation.dryRun;
  using deadline = startDeadline(remainingMs, reserveMs(config, remainingMs));
  const { ledger, kong, channel } = await connect(parts, deadline.stopping, tally, !dryRun);
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

/** A function that has no more time than the reserve works half of it, rather than never. */
function reserveMs({ deadlineReserveMs }: ColdStart['config'], remainingMs: number): number {
  return deadlineReserveMs < remainingMs ? deadlineReserveMs : remainingMs / 2;
}

/** Connections are made for one invocation: an hour of frozen sockets gains nothing. */
async function connect(
  { config, kongToken, redisPassword }: ColdStart,
  signal: AbortSignal,
  tally: Tally,
  marksOwn: boolean,
) {
  const ledger = createRedisLedger({
    ...config.redis,
    password: await redisPassword?.read(),
    source: config.sourceName,
  });
  const kong = connectKong({
    adminApi: config.kong.adminApi,
    token: kongToken,
    rootCa: config.kong.rootCa,
    signal,
    ...(marksOwn && !config.forwardOwnRequests && { onRequestId: markOwn(ledger, config) }),
  });
  const channel = connectChannel({
    ...config.channel,
    callsPerSecond: config.putCallsPerSecond,
    onRequest: () => (tally.puts += 1),
    onThrottled: () => (tally.putThrottled += 1),
  });
  return { ledger, kong, channel };
}

async function checkOnce(remainingMs: number): Promise<CheckReport> {
  try {
    const parts = compose();
    using deadline = startDeadline(remainingMs, reserveMs(parts.config, remainingMs));
    const { ledger, kong, channel } = await connect(parts, deadline.stopping, newTally(), false);
    try {
      return await check({ kong, ledger, channel });
    } finally {
      channel.close();
      await Promise.allSettled([kong.close(), ledger.close()]);
    }
  } catch (error) {
    if (error instanceof ConfigError || error instanceof SecretError) {
      const name = error instanceof ConfigError ? 'configuration' : 'secrets';
      return toCheckReport([
        { name, ok: false, detail: error.message, fix: 'Correct what detail names, and deploy or fill it.' },
      ]);
    }
    throw error;
  }
}
