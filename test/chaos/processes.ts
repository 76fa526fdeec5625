import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { bundle } from '../../infra/bundle.ts';
import { startCloudTrail } from '../simulators/cloudtrail.ts';
import { startKong } from '../simulators/kong.ts';
import { adminRequests } from '../simulators/kong-traffic.ts';
import { integer, pick, seeded } from '../simulators/random.ts';
import { startRedis } from '../support/redis-server.ts';
import { openEndpoint } from './endpoint.ts';
import { type Answer, startFunction } from './function-process.ts';
import { inspectLedger } from './inspect-ledger.ts';
import { add, type Failure, NOTHING, type Sums } from './sums.ts';

export interface RealProcesses {
  readonly firstSeed: number;
  readonly histories: number;
  /** Hours of Kong's time, one scheduled run each. Default 14. */
  readonly hours?: number;
  /** Called after every hour. @param hours lived through so far, over all histories */
  readonly onHour?: (hours: number, trouble: Trouble) => void;
}

const START = 1_790_000_000;
const PUT_CONCURRENCY = 3;
const MAX_EVENTS_PER_PUT = 100;
const OVERLAP_SECONDS = 3600;
const REMAINING_MS = 40_000;
const SOURCE = 'chaos';

const TROUBLES = [
  'none',
  'function killed',
  'redis killed, back empty',
  'redis failover',
  'redis connections reset',
  'kong connections reset',
  'cloudtrail accepts, then resets',
  'cloudtrail fails some events',
  'two runs at once',
] as const;
type Trouble = (typeof TROUBLES)[number];

/**
 * The built handler in processes of its own, against simulators over HTTP and a real Redis with a replica. The seed chooses
 * what goes wrong and when; as real processes take part, the same seed gives a similar history, not the same one.
 */
export async function realProcesses({ firstSeed, histories, hours = 14, onHour }: RealProcesses): Promise<Sums> {
  const code = join(bundle(), 'index.mjs');
  let sums = NOTHING;
  for (let history = 0; history < histories; history += 1) {
    const lived = (hour: number, trouble: Trouble) => onHour?.(history * hours + hour, trouble);
    sums = add(sums, await live(firstSeed + history, hours, code, lived));
  }
  return sums;
}

async function live(
  seed: number,
  hours: number,
  code: string,
  lived: (hour: number, trouble: Trouble) => void,
): Promise<Sums> {
  const random = seeded(seed);
  const clock = { now: START };
  await using kong = await startKong({
    now: () => clock.now,
    seed,
    version: pick(random, ['2.8.1.1-enterprise-edition', '3.4.3.8', '3.9.1.0']),
    writeDelaySeconds: 0,
    latencyMs: 5,
  });
  await using cloudtrail = await startCloudTrail({ latencyMs: 5 });
  await using first = await startRedis();
  await using second = await startRedis({ replicaOf: { port: first.port } });
  const servers = [first, second];
  await using endpoint = await openEndpoint(first.port);
  const env = {
    ...kong.env,
    ...cloudtrail.env,
    AWS_EC2_METADATA_DISABLED: 'true',
    REDIS_HOST: `127.0.0.1:${endpoint.port}`,
    SOURCE_NAME: SOURCE,
    KONG_PAGE_SIZE: '30',
    PUT_CONCURRENCY: String(PUT_CONCURRENCY),
    OVERLAP_SECONDS: String(OVERLAP_SECONDS),
    LOG_LEVEL: 'CRITICAL',
  };
  let lambda = await startFunction(code, env);
  /** Id and second of what administrators did. */
  const rows = new Map<string, number>();
  const log: string[] = [];
  const violations: string[] = [];
  const faults: Record<string, number> = {};
  let runs = 0;
  let bound = 0;
  const primary = () => servers[0] ?? first;

  try {
    for (let hour = 0; hour < hours; hour += 1) {
      work(20 + integer(random, 200));
      const trouble = pick(random, TROUBLES);
      if (trouble !== 'none') faults[trouble] = (faults[trouble] ?? 0) + 1;
      log.push(`hour ${hour}: ${trouble}`);
      const [answer] = await Promise.all([run(), cause(trouble)]);
      log.push(`hour ${hour}: ${describe(answer)}`);
      cloudtrail.faults.clear();
      kong.faults.clear();
      if (lambda.isDead()) lambda = await startFunction(code, env);
      // In real life it is the hour that passes until the lock of a dead run has expired.
      await primary().cli('DEL', `kong-audit:{${SOURCE}}:lock`);
      await check();
      lived(hour + 1, trouble);
    }
    for (let clean = 0; clean < 2; clean += 1) {
      clock.now += 3600;
      const answer = await run();
      log.push(`clean run: ${describe(answer)}`);
      if (answer === 'dead' || answer.summary?.status !== 'complete')
        violations.push(`nothing goes wrong, yet a run is not complete: ${describe(answer)}`);
    }
    const { lost, quarantined } = await check();
    for (const id of lost) violations.push(`lost: ${id}`);
    const duplicates = cloudtrail.accepted.length - new Set(cloudtrail.accepted.map(({ id }) => id)).size;
    if (duplicates > bound) violations.push(`${duplicates} duplicates, more than the ${bound} the promise allows`);
    const failures: Failure[] = violations.length > 0 ? [{ seed, violations, log }] : [];
    return {
      ...NOTHING,
      histories: 1,
      runs,
      entries: rows.size,
      lost: lost.length,
      duplicates,
      bound,
      quarantined,
      faults,
      failures,
    };
  } finally {
    await lambda.kill();
  }

  /** What administrators do in an hour, from the second after the one the last run has planned up to. */
  function work(count: number): void {
    const hour = { from: clock.now + 2, to: clock.now + 3599 };
    for (const { entry, at } of adminRequests({ count, ...hour, seed: integer(random, 1e9) })) {
      const { key, timestamp } = kong.table.record(entry, { at });
      rows.set(key, timestamp);
    }
    clock.now += 3600;
  }

  async function run(): Promise<Answer | 'dead'> {
    runs += 1;
    return await lambda.invoke({}, REMAINING_MS);
  }

  async function cause(trouble: Trouble): Promise<void> {
    const moment = integer(random, 300);
    const inFlight = PUT_CONCURRENCY * MAX_EVENTS_PER_PUT;
    switch (trouble) {
      case 'none':
        return;
      case 'function killed':
        await delay(moment);
        bound += inFlight;
        await lambda.kill();
        return;
      case 'redis killed, back empty':
        await delay(moment);
        await Promise.all(servers.map((server) => server.kill()));
        await Promise.all(servers.map((server) => server.restart()));
        await promote();
        // The ledger has forgotten everything, and so may everything be sent once more.
        bound += cloudtrail.accepted.length + inFlight;
        return;
      case 'redis failover': {
        await delay(moment);
        const [, next] = servers;
        if (!next) return;
        // The address leads to the replica, which takes no writes yet.
        endpoint.pointTo(next.port);
        await delay(integer(random, 300));
        servers.reverse();
        await promote();
        // Replication is asynchronous: the last marks may not have come along.
        bound += inFlight;
        return;
      }
      case 'redis connections reset':
        for (let times = 0; times < 3; times += 1) {
          await delay(moment / 3);
          endpoint.reset();
        }
        return;
      case 'kong connections reset':
        for (const at of ['before-handling', 'before-headers', 'mid-body'] as const)
          kong.faults.next({ fault: 'reset', at }, { match: () => random() < 0.5 });
        return;
      case 'cloudtrail accepts, then resets':
        cloudtrail.faults.next({ fault: 'reset', at: 'before-headers' }, { times: 2 });
        bound += 2 * MAX_EVENTS_PER_PUT;
        return;
      case 'cloudtrail fails some events': {
        const code = () =>
          random() < 0.7 ? undefined : pick(random, ['Throttling', 'InternalFailure', 'FieldTooLong']);
        cloudtrail.faults.next({ fault: 'events', error: code }, { times: 3 });
        cloudtrail.faults.next({ fault: 'omit', ids: () => random() < 0.2, stored: true });
        bound += MAX_EVENTS_PER_PUT;
        return;
      }
      case 'two runs at once':
        await delay(moment);
        log.push(`the other run: ${describe(await run())}`);
    }
  }

  /** Makes the first server the primary, whatever it was, and the other one its replica. */
  async function promote(): Promise<void> {
    const [next, other] = servers;
    await next?.cli('REPLICAOF', 'NO', 'ONE');
    await other?.cli('REPLICAOF', '127.0.0.1', next?.port ?? 0);
  }

  async function check(): Promise<{ readonly lost: readonly string[]; readonly quarantined: number }> {
    const found = await inspectLedger({
      server: primary(),
      source: SOURCE,
      accepted: cloudtrail.accepted,
      rows,
    });
    violations.push(...found.violations);
    const lost = [...rows.keys()].filter((id) => !found.settled.has(id));
    return { lost, quarantined: found.quarantined };
  }
}

function describe(answer: Answer | 'dead'): string {
  if (answer === 'dead') return 'the function is dead';
  if (answer.error) return `${answer.error.name}: ${answer.error.message}`;
  return JSON.stringify(answer.summary);
}
