import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundle } from '../../infra/bundle.ts';
import { toEnvironment } from '../../infra/environment.ts';
import { type RedisServer, startRedis } from '../support/redis-server.ts';
import type { BaselineInvocation } from './baseline.ts';
import type { CloudTrailCounts, CloudTrailProcess, CloudTrailSetup } from './cloudtrail-process.ts';
import type { KongLatency, KongProcess, Traffic } from './kong-process.ts';
import type { Job, Measured } from './measured.ts';
import { type Remote, startRemote } from './remote.ts';

/** How far away the world is: the defaults, or nothing but the machine itself. */
export interface Distance {
  readonly kong: KongLatency;
  readonly cloudTrail: Omit<CloudTrailSetup, 'strict'>;
}

export const NO_DISTANCE: Distance = {
  kong: { perAnswerMs: 0, per100EntriesMs: 0 },
  cloudTrail: { latencyMs: 0, callsPerSecond: null },
};

/** The bundles a run of the benchmark measures, made once. */
export interface Bundles extends Disposable {
  /** What `npm run build` makes. */
  readonly forwarder: string;
  readonly baseline: string;
  readonly measured: string;
}

export function makeBundles(): Bundles {
  const folder = mkdtempSync(join(tmpdir(), 'bench-'));
  const source = (name: string) => fileURLToPath(new URL(`${name}.ts`, import.meta.url));
  const made = (outdir: string) => join(outdir, 'index.mjs');
  return {
    forwarder: made(bundle()),
    baseline: made(bundle(join(folder, 'baseline'), source('baseline'))),
    measured: made(bundle(join(folder, 'measured'), source('measured'))),
    [Symbol.dispose]: () => {
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Kong, CloudTrail and Redis, each a process of its own, empty at first. */
export interface World extends AsyncDisposable {
  readonly redis: RedisServer;
  fill(traffic: Traffic): Promise<void>;
  /** Empties Redis, so that everything is new again. */
  forget(): Promise<void>;
  advance(hours: number): Promise<void>;
  /** Runs this forwarder's bundle once, as a scheduled run. */
  forwarder(distance: Distance, options?: RunOptions): Promise<Run>;
  /** Runs the predecessor's algorithm once, on Redis database 1. */
  baseline(distance: Distance, invocation: BaselineInvocation): Promise<Run>;
}

export interface RunOptions {
  /** Have CloudTrail check every event and signature. Default false. */
  readonly strict?: boolean;
  /** PUT_CONCURRENCY; the function's default where it is not given. */
  readonly putConcurrency?: number | undefined;
}

export interface Run extends Measured {
  readonly kongRequests: number;
  readonly cloudTrail: CloudTrailCounts;
}

/** A run gets as long as it takes, within reason. */
const REMAINING_MS = 60 * 60_000;
/** A million rows take more than Node's usual heap. */
const KONG_HEAP_MB = 8000;

export async function startWorld(bundles: Bundles): Promise<World> {
  const stack = new AsyncDisposableStack();
  const here = (name: string) => fileURLToPath(new URL(name, import.meta.url));
  const redis = stack.use(await startRedis());
  const kong: Remote<KongProcess> = stack.use(
    startRemote(here('kong-process.ts'), [`--max-old-space-size=${KONG_HEAP_MB}`]),
  );
  const cloudTrail: Remote<CloudTrailProcess> = stack.use(startRemote(here('cloudtrail-process.ts')));
  const adminApi = await kong.call('url');

  async function run(job: Job, redisDb: number, distance: Distance, options: RunOptions): Promise<Run> {
    await kong.call('setLatency', distance.kong);
    const aws = await cloudTrail.call('open', { ...distance.cloudTrail, strict: options.strict ?? false });
    const requestsBefore = await kong.call('requests');
    const env = {
      ...aws,
      KONG_ADMIN_API: adminApi,
      REDIS_HOST: `${redis.host}:${redis.port}`,
      REDIS_DB: String(redisDb),
      ...(options.putConcurrency !== undefined && { PUT_CONCURRENCY: String(options.putConcurrency) }),
      PUT_CALLS_PER_SECOND: String(distance.cloudTrail.callsPerSecond ?? 100_000),
    };
    const measured = await measure(bundles, job, env);
    const kongRequests = (await kong.call('requests')) - requestsBefore;
    return { ...measured, kongRequests, cloudTrail: await cloudTrail.call('counts') };
  }

  return {
    redis,
    fill: (traffic) => kong.call('fill', traffic),
    forget: async () => {
      await redis.cli('FLUSHALL');
    },
    advance: (hours) => kong.call('advance', hours),
    forwarder: (distance, options = {}) =>
      run({ bundle: bundles.forwarder, event: {}, remainingMs: REMAINING_MS }, 0, distance, options),
    baseline: (distance, event) => run({ bundle: bundles.baseline, event, remainingMs: REMAINING_MS }, 1, distance, {}),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

/** Only imports the forwarder's bundle, in a fresh process. */
export function importOnly(bundles: Bundles): Promise<Measured> {
  return measure(bundles, { bundle: bundles.forwarder, event: null, remainingMs: 0 }, {});
}

async function measure({ measured }: Bundles, job: Job, env: Readonly<Record<string, string>>): Promise<Measured> {
  const child = fork(measured, [JSON.stringify(job)], {
    // Node's options as deployed, and nothing of this machine's own configuration; the log goes nowhere.
    env: { PATH: process.env['PATH'], ...toEnvironment({}), ...env },
    execArgv: [],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  const messages: Measured[] = [];
  const complaints: string[] = [];
  child.on('message', (message: Measured) => messages.push(message));
  child.stderr?.on('data', (text: Buffer) => complaints.push(text.toString()));
  const stop = () => child.kill('SIGKILL');
  process.once('exit', stop);
  const [code] = (await once(child, 'close')) as [number | null];
  process.off('exit', stop);
  const [message] = messages;
  if (message === undefined) throw new Error(`The measured process ended with ${code}:\n${complaints.join('')}`);
  return message;
}
