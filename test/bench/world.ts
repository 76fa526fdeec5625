import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { bundle } from '../../infra/bundle.ts';
import { toEnvironment } from '../../infra/constructs/function-environment.ts';
import { type RedisServer, startRedis } from '../support/redis-server.ts';
import type { CloudTrailCounts, CloudTrailProcess, CloudTrailSetup } from './cloudtrail-process.ts';
import type { CloudWatchLogsProcess } from './cloudwatch-logs-process.ts';
import type { Contender } from './contender.ts';
import type { KongLatency, KongProcess, Traffic } from './kong-process.ts';
import type { Cost, Job, Measured } from './measured.ts';
import { runProgram } from './predecessor.ts';
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
  /** `PREDECESSOR`: the command that starts the original; undefined where there is none. */
  readonly predecessor: string | undefined;
}

export function makeBundles(): Bundles {
  const folder = mkdtempSync(join(tmpdir(), 'bench-'));
  const source = (name: string) => fileURLToPath(new URL(`${name}.ts`, import.meta.url));
  const made = (outdir: string) => join(outdir, 'index.mjs');
  return {
    forwarder: made(bundle()),
    baseline: made(bundle(join(folder, 'baseline'), source('baseline'))),
    measured: made(bundle(join(folder, 'measured'), source('measured'))),
    predecessor: process.env['PREDECESSOR'],
    [Symbol.dispose]: () => {
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Kong, CloudTrail and Redis, each a process of its own, empty at first. */
export interface World extends AsyncDisposable {
  readonly redis: RedisServer;
  /** The number of each contender's Redis database. */
  readonly databases: Readonly<Record<Contender, number>>;
  fill(traffic: Traffic): Promise<void>;
  advance(hours: number): Promise<void>;
  /** Has the contender do its work once, in a process of its own. */
  run(contender: Contender, distance: Distance, options?: RunOptions): Promise<Run>;
}

export interface RunOptions {
  /** Have CloudTrail check every event and signature. Default false. */
  readonly strict?: boolean;
  /** Where events go; as far away as CloudTrail. Default `cloudtrail-lake`. */
  readonly sink?: 'cloudtrail-lake' | 'cloudwatch-logs';
}

export interface Run extends Cost {
  readonly kongRequests: number;
  readonly cloudTrail: CloudTrailCounts;
}

/** A run gets as long as it takes, within reason. */
const REMAINING_MS = 60 * 60_000;
const DATABASES: Readonly<Record<Contender, number>> = { forwarder: 0, baseline: 1, predecessor: 2 };
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
  const logs: Remote<CloudWatchLogsProcess> = stack.use(startRemote(here('cloudwatch-logs-process.ts')));
  const adminApi = await kong.call('url');

  async function start(contender: Contender, env: Readonly<Record<string, string>>): Promise<Cost> {
    const invocation = { event: {}, remainingMs: REMAINING_MS };
    if (contender !== 'predecessor') return measure(bundles, { bundle: bundles[contender], ...invocation }, env);
    const command = bundles.predecessor;
    if (command === undefined) throw new Error('PREDECESSOR is not set');
    // It takes the account from its own ARN.
    const [, , , region, account] = env['CHANNEL_ARN']?.split(':') ?? [];
    const functionArn = `arn:aws:lambda:${region}:${account}:function:predecessor`;
    return runProgram({ command, env, functionArn, ...invocation });
  }

  return {
    redis,
    databases: DATABASES,
    fill: (traffic) => kong.call('fill', traffic),
    advance: (hours) => kong.call('advance', hours),
    async run(contender, distance, { strict = false, sink = 'cloudtrail-lake' } = {}) {
      const service = sink === 'cloudwatch-logs' ? logs : cloudTrail;
      await kong.call('setLatency', distance.kong);
      const aws = await service.call('open', { ...distance.cloudTrail, strict });
      const requestsBefore = await kong.call('requests');
      const cost = await start(contender, {
        ...aws,
        // The predecessor's name for it.
        REGION: aws['AWS_REGION'] ?? '',
        KONG_ADMIN_API: adminApi,
        KONG_SUPERADMIN: 'false',
        REDIS_HOST: `${redis.host}:${redis.port}`,
        REDIS_DB: String(DATABASES[contender]),
        PUT_CALLS_PER_SECOND: String(distance.cloudTrail.callsPerSecond ?? 100_000),
      });
      const kongRequests = (await kong.call('requests')) - requestsBefore;
      return { ...cost, kongRequests, cloudTrail: await service.call('counts') };
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

/** Only imports the forwarder's bundle, in a fresh process. */
export function importOnly(bundles: Bundles): Promise<Measured> {
  return measure(bundles, { bundle: bundles.forwarder, event: null, remainingMs: 0 }, {});
}

async function measure({ measured }: Bundles, job: Job, env: Readonly<Record<string, string>>): Promise<Measured> {
  const child = spawn(process.execPath, [measured, JSON.stringify(job)], {
    // Node's options as deployed, and nothing of this machine's own configuration; the log goes nowhere.
    env: { PATH: process.env['PATH'], ...toEnvironment({}), ...env },
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
  });
  const stop = () => child.kill('SIGKILL');
  process.once('exit', stop);
  const [report, complaints, code] = await Promise.all([
    text(child.stdio[3] as Readable),
    text(child.stdio[2] as Readable),
    once(child, 'close').then(([status]) => status as number | null),
  ]);
  process.off('exit', stop);
  if (report === '') throw new Error(`The measured process ended with ${code}:\n${complaints}`);
  return JSON.parse(report) as Measured;
}
