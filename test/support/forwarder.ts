import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { inject, vi } from 'vitest';
import { createHandler } from '../../lambda/handler.ts';
import type { Checkpoint } from '../../lambda/ledger/checkpoint.ts';
import type { QuarantineRecord } from '../../lambda/ledger/ledger.ts';
import type { Summary } from '../../lambda/pipeline/report.ts';
import { type CloudTrailOptions, type CloudTrailSimulator, startCloudTrail } from '../simulators/cloudtrail.ts';
import { EXAMPLE_LOG_GROUP } from '../simulators/cloudwatch-logs-model.ts';
import {
  type CloudWatchLogsOptions,
  type CloudWatchLogsSimulator,
  startCloudWatchLogs,
} from '../simulators/cloudwatch-logs.ts';
import { type KongOptions, type KongSimulator, startKong } from '../simulators/kong.ts';
import type { KongEntry, KongRow, RecordOptions } from '../simulators/kong-table.ts';
import { type LambdaProcess, startLambdaProcess } from './lambda-process.ts';
import { existingServer, type RedisServer } from './redis-server.ts';

/** What Kong's clock shows when a test begins. It stands still and is nowhere near the machine's. */
export const KONG_NOW = 1_700_000_000;

/** The log group that is read where the source is one: the audit log of an EKS cluster. */
export const SOURCE_GROUP = '/aws/eks/prod/cluster';

export interface StartOptions {
  /** Reads `SOURCE_GROUP` instead of Kong; `clock` then shows the machine's time, as the log group does. */
  readonly source?: 'kubernetes-audit' | 'nginx';
  readonly kong?: KongOptions;
  readonly cloudtrail?: CloudTrailOptions;
  readonly logs?: CloudWatchLogsOptions;
  /** Where events go. Default `cloudtrail-lake`. */
  readonly sink?: 'cloudtrail-lake' | 'cloudwatch-logs';
  /** On top of what the simulators need. */
  readonly env?: Readonly<Record<string, string>>;
  /** A server of the test's own; the test disposes it. Default: one for all tests. */
  readonly redis?: RedisServer;
  /** Run the handler in a process of its own, which can be killed, and whose tests may run side by side. Default false. */
  readonly ownProcess?: boolean;
}

export interface InvokeOptions {
  /** What Lambda still gives the invocation. Default 60000. */
  readonly remainingMs?: number;
}

/** The deployed whole: a Kong, a CloudTrail, a Redis, and the Lambda between them. */
export interface Forwarder extends AsyncDisposable {
  readonly kong: KongSimulator;
  readonly cloudtrail: CloudTrailSimulator;
  /** Has the groups `EXAMPLE_LOG_GROUP` and `SOURCE_GROUP`, with no stream in them, and lives in real time. */
  readonly logs: CloudWatchLogsSimulator;
  readonly server: RedisServer;
  /** A connection to the server, for looking at what is stored. */
  readonly redis: Redis;
  /** Prefix of every key of the ledger. */
  readonly prefix: string;
  /** Kong's clock, epoch seconds; the test moves it. */
  readonly clock: { now: number };
  /** May be changed between cold starts. */
  readonly env: Record<string, string>;

  /** One invocation of the handler, warm from the second one on. Rejects with what the handler throws. */
  invoke(event?: unknown, options?: InvokeOptions): Promise<Summary>;
  /** Like `invoke`, but gives what the handler throws, and rejects when it throws nothing. */
  fail(event?: unknown, options?: InvokeOptions): Promise<Error & { readonly code?: string }>;
  /**
   * Invokes, and when it has come so far, Lambda says that in so many milliseconds it ends the invocation. Gives what the handler answers
   * or throws. Not with `ownProcess`.
   */
  cutOff(isFarEnough: () => boolean, remainingMs: number, event?: unknown): Promise<Summary | Error>;
  /** The next invocation meets a new instance of the function. */
  coldStart(): Promise<void>;
  /** Ends the function in the middle of what it does. Only with `ownProcess`. */
  kill(): Promise<void>;
  /** Everything the function has written to its log. */
  output(): string;
  /** The lines of the log that are JSON and have `key`. */
  logged(key: string): Record<string, unknown>[];

  /** Writes rows into Kong's audit log: `count` of them, one second apart, the newest one second ago. */
  record(count: number, entry?: KongEntry, options?: RecordOptions): readonly KongRow[];
  /** `UID`s of the events the sink took, in order. */
  uids(): string[];
  /** The events the sink took, parsed. */
  events(): Record<string, unknown>[];
  /** What the ledger says became of `id`. */
  seen(id: string): Promise<string | null>;
  checkpoint(): Promise<Checkpoint | null>;
  /** Quarantined records by id. */
  quarantine(): Promise<Record<string, Omit<QuarantineRecord, 'id'>>>;
  /** Every key of the ledger with its value and expiry, for comparison. */
  keyspace(): Promise<Record<string, string>>;
}

/** Starts everything with an empty audit log and an empty ledger. */
export async function start(options: StartOptions = {}): Promise<Forwarder> {
  const clock = { now: options.source ? Math.floor(Date.now() / 1000) : KONG_NOW };
  const kong = await startKong({ now: () => clock.now, ...options.kong });
  const cloudtrail = await startCloudTrail(options.cloudtrail);
  const groups = [{ name: EXAMPLE_LOG_GROUP }, { name: SOURCE_GROUP }];
  const logs = await startCloudWatchLogs({ groups, ...options.logs });
  const toLogs = options.sink === 'cloudwatch-logs';
  const server = options.redis ?? existingServer(inject('redisUrl'));
  const redis = new Redis(server.url, { lazyConnect: true, retryStrategy: () => 20 });
  redis.on('error', () => undefined);
  const source = `test-${randomUUID().slice(0, 8)}`;
  const env: Record<string, string> = {
    ...(options.source
      ? { ...logs.env, SOURCE_LOG_GROUP_ARN: logs.model.groupArn(SOURCE_GROUP), SOURCE_FORMAT: options.source }
      : kong.env),
    ...(toLogs ? { ...logs.env, LOG_GROUP_ARN: logs.model.groupArn(EXAMPLE_LOG_GROUP) } : cloudtrail.env),
    AWS_EC2_METADATA_DISABLED: 'true',
    REDIS_HOST: `${server.host}:${server.port}`,
    SOURCE_NAME: source,
    ...options.env,
  };
  const prefix = `kong-audit:{${env['SOURCE_NAME'] ?? ''}}:`;
  const log: string[] = [];
  let lambda: LambdaProcess | ReturnType<typeof startInProcess> | undefined;
  const coldStart = async () => {
    if (lambda && 'kill' in lambda) await lambda.kill();
    lambda = options.ownProcess ? startLambdaProcess(env, log) : startInProcess(env, log);
  };
  const invoke = async (event: unknown = {}, { remainingMs = 60_000 }: InvokeOptions = {}) => {
    if (!lambda) await coldStart();
    return (await lambda?.invoke(event, remainingMs)) as Summary;
  };
  const events = () =>
    (toLogs
      ? logs.model.accepted.flatMap(({ logGroupName, message }) => (logGroupName === EXAMPLE_LOG_GROUP ? message : []))
      : cloudtrail.accepted.map(({ eventData }) => eventData)
    ).map((text) => JSON.parse(text) as Record<string, unknown>);
  const output = () => log.join('');

  return {
    kong,
    cloudtrail,
    logs,
    server,
    redis,
    prefix,
    clock,
    env,
    invoke,
    fail: async (event, invokeOptions) => {
      const outcome = await invoke(event, invokeOptions).catch(asError);
      if (outcome instanceof Error) return outcome;
      throw new Error(`Expected the invocation to fail, got ${JSON.stringify(outcome)}`);
    },
    cutOff: async (isFarEnough, remainingMs, event) => {
      if (!lambda) await coldStart();
      if (!lambda || !('endIn' in lambda)) throw new Error('A process of its own counts its time itself.');
      const running = invoke(event).catch(asError);
      await Promise.race([running, vi.waitUntil(isFarEnough, { timeout: 60_000, interval: 10 })]);
      lambda.endIn(remainingMs);
      return running;
    },
    coldStart,
    kill: async () => {
      if (lambda && 'kill' in lambda) await lambda.kill();
      lambda = undefined;
    },
    output,
    logged: (key) =>
      output()
        .split('\n')
        .filter((line) => line.startsWith('{'))
        .map((line) => JSON.parse(line) as Record<string, unknown>)
        .filter((line) => key in line),

    record: (count, entry, recordOptions) =>
      Array.from({ length: count }, (_, index) =>
        kong.table.record(entry, { at: clock.now - count + index, ...recordOptions }),
      ),
    uids: () => events().map(({ UID }) => String(UID)),
    events,
    seen: (id) => redis.get(`${prefix}seen:${id}`),
    checkpoint: async () => JSON.parse((await redis.get(`${prefix}checkpoint`)) ?? 'null') as Checkpoint | null,
    quarantine: async () => {
      const stored = await redis.hgetall(`${prefix}quarantine`);
      return Object.fromEntries(
        Object.entries(stored).map(([id, text]) => [id, JSON.parse(text) as Omit<QuarantineRecord, 'id'>]),
      );
    },
    keyspace: async () => {
      const keys = (await redis.keys(`${prefix}*`)).sort();
      const described = keys.map(async (key) => {
        const [value, expiry] = [await redis.dumpBuffer(key), await redis.call('PEXPIRETIME', key)];
        return [key.slice(prefix.length), `${value.toString('hex')} ${String(expiry)}`] as const;
      });
      return Object.fromEntries(await Promise.all(described));
    },
    [Symbol.asyncDispose]: async () => {
      if (lambda && 'kill' in lambda) await lambda.kill();
      redis.disconnect();
      await Promise.all([kong.close(), cloudtrail.close(), logs.close()]);
    },
  };
}

let isRunning = false;

/** A new instance of the function in this process: it reads `env` once, as at a cold start. Only one may run at a time. */
function startInProcess(env: Readonly<Record<string, string>>, log: string[]) {
  const handler = createHandler();
  let endsAt = Infinity;
  return {
    endIn: (ms: number) => {
      endsAt = performance.now() + ms;
    },
    invoke: async (event: unknown, remainingMs: number) => {
      if (isRunning)
        throw new Error('One invocation runs in this process already. Start the forwarder with `ownProcess`.');
      isRunning = true;
      const before = { ...process.env };
      endsAt = performance.now() + remainingMs;
      const { stdout, stderr } = process;
      const writers = [stdout, stderr].map((stream) => ({ stream, write: stream.write.bind(stream) }));
      Object.assign(process.env, env);
      for (const { stream } of writers) stream.write = (text: string | Uint8Array) => log.push(String(text)) > 0;
      try {
        return await handler(event, { getRemainingTimeInMillis: () => endsAt - performance.now() });
      } finally {
        for (const { stream, write } of writers) stream.write = write;
        for (const name of Object.keys(process.env)) if (!(name in before)) Reflect.deleteProperty(process.env, name);
        Object.assign(process.env, before);
        isRunning = false;
      }
    },
  };
}

const asError = (error: unknown): Error => error as Error;
