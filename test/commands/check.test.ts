import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { check, type CheckDeps, type CheckReport } from '../../lambda/commands/check.ts';
import type { Ledger } from '../../lambda/ledger/ledger.ts';
import { createRedisLedger } from '../../lambda/ledger/redis/ledger.ts';
import type { Sink } from '../../lambda/pipeline/sink.ts';
import type { Source } from '../../lambda/pipeline/source.ts';
import { createRedactor } from '../../lambda/redact/redactor.ts';
import { connectChannel } from '../../lambda/sinks/cloudtrail-lake/client.ts';
import { createCloudTrailLake } from '../../lambda/sinks/cloudtrail-lake/sink.ts';
import { connectKong } from '../../lambda/sources/kong/client.ts';
import { createKongSource } from '../../lambda/sources/kong/source.ts';
import { checkpoint, record } from '../ledger/harness.ts';
import { startCloudTrail, type CloudTrailSimulator } from '../simulators/cloudtrail.ts';
import { EXAMPLE_CHANNEL_ARN } from '../simulators/cloudtrail-model.ts';
import { startKong, type KongSimulator } from '../simulators/kong.ts';
import { stubAwsEnvironment } from '../support/aws-environment.ts';
import { found } from '../support/checks.ts';
import { freePort, type RedisServer, startRedis } from '../support/redis-server.ts';

const matching = (pattern: RegExp) => expect.stringMatching(pattern) as string;
const NEVER = new AbortController().signal;

let redis: RedisServer;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis[Symbol.asyncDispose]());

const open: { close(): unknown }[] = [];
afterEach(async () => {
  vi.unstubAllEnvs();
  await Promise.all(open.splice(0).map((connection) => connection.close()));
});
const opened = <T extends { close(): unknown }>(connection: T): T => {
  open.push(connection);
  return connection;
};

const kongAt = ({ url }: KongSimulator): Source =>
  opened(
    createKongSource({
      kong: connectKong({ adminApi: url, token: null, signal: NEVER, retries: 0 }),
      pageSize: 1000,
      scan: 'auto',
      deriveErrorCode: false,
      log: { warn: () => undefined },
    }),
  );

function ledgerAt({ host, port }: Pick<RedisServer, 'host' | 'port'>, source: string = randomUUID()): Ledger {
  return opened(createRedisLedger({ host, port, db: 0, tls: false, source }));
}

function cloudTrailAt({ env }: CloudTrailSimulator): Sink {
  stubAwsEnvironment(env);
  const channel = connectChannel({
    arn: EXAMPLE_CHANNEL_ARN,
    region: 'eu-central-1',
    callsPerSecond: 100,
    stopping: NEVER,
    onRequest: () => undefined,
    onThrottled: () => undefined,
  });
  const context = { accountId: '111122223333', eventSource: 'kong-gateway', redactor: createRedactor([]) };
  return opened(createCloudTrailLake({ channel, context, onThrottled: () => undefined, reader: { missing: '' } }));
}

/** Everything a run depends on, with nothing wrong but what a test makes wrong. */
async function everything() {
  const kong = await startKong({ now: () => 1_700_000_000, writeDelaySeconds: 1e9 });
  const cloudTrail = await startCloudTrail();
  return {
    kong,
    cloudTrail,
    check: (changes: Partial<CheckDeps> = {}): Promise<CheckReport> =>
      check({ source: kongAt(kong), ledger: ledgerAt(redis), sink: cloudTrailAt(cloudTrail), ...changes }),
    [Symbol.asyncDispose]: () => Promise.all([kong.close(), cloudTrail.close()]).then(() => undefined),
  };
}

describe('check', () => {
  test('says of everything that it is in order, thing by thing', async () => {
    await using world = await everything();
    world.kong.table.record();
    expect(await world.check()).toEqual({
      status: 'ok',
      checks: [
        { name: 'kong', ok: true, detail: matching(/answers as Kong 3\.9\.1\.0; .+filtered$/), fix: '' },
        { name: 'kong-audit-log', ok: true, detail: 'GET /audit/requests gives audit entries', fix: '' },
        { name: 'redis', ok: true, detail: matching(/^Redis at .+ answers and takes writes/), fix: '' },
        { name: 'checkpoint', ok: true, detail: matching(/^none yet/), fix: '' },
        { name: 'aws-credentials', ok: true, detail: matching(/gives credentials/), fix: '' },
        { name: 'cloudtrail', ok: true, detail: `${world.cloudTrail.url} accepts plain connections`, fix: '' },
      ],
    });
  });

  test('writes nothing and sends no event', async () => {
    await using world = await everything();
    /** Every key with its value, and Redis's own count of changes, which notices what is undone again. */
    const dump = async () => {
      const keys = ((await redis.cli('KEYS', '*')) as string[]).sort();
      const values = await Promise.all(keys.map(async (key) => [key, String(await redis.cli('DUMP', key))]));
      const changes = /rdb_changes_since_last_save:\d+/.exec(String(await redis.cli('INFO', 'persistence')))?.[0];
      return { values, changes };
    };
    const ledger = ledgerAt(redis);
    await ledger.lock('run-1', 60);
    await ledger.saveCheckpoint(checkpoint, 'run-1');
    await ledger.unlock('run-1');
    await ledger.quarantine([record('q', { errorCode: 'X' })]);
    const before = await dump();
    expect(before.values.length).toBeGreaterThanOrEqual(3);
    expect(before.changes).toBeDefined();
    const { checks } = await world.check({ ledger });
    expect(found(checks, 'checkpoint').detail).toBe(
      'planned up to 2025-11-20T22:00:00.000Z, 4 window(s) pending, 1 in quarantine',
    );
    expect(await dump()).toEqual(before);
    expect(world.cloudTrail.requests).toEqual([]);
    expect(world.kong.requests.map(({ method }) => method)).toEqual(['GET', 'GET']);
  });

  test('has failed when one thing has, and looks at the others all the same', async () => {
    await using world = await everything();
    world.kong.settings.auditLog = false;
    const { status, checks } = await world.check();
    expect(status).toBe('failed');
    expect(checks.filter(({ ok }) => !ok).map(({ name }) => name)).toEqual(['kong-audit-log']);
  });

  test('does not ask a Redis that does not answer for the checkpoint', async () => {
    await using world = await everything();
    const nobody = { host: '127.0.0.1', port: await freePort() };
    const { checks } = await world.check({ ledger: ledgerAt(nobody) });
    expect(found(checks, 'redis').ok).toBe(false);
    expect(checks.map(({ name }) => name)).not.toContain('checkpoint');
  });

  test('says that the checkpoint is garbage, and how to reset it', async () => {
    await using world = await everything();
    const source = randomUUID();
    await redis.cli('SET', `kong-audit:{${source}}:checkpoint`, 'garbage');
    const { checks } = await world.check({ ledger: ledgerAt(redis, source) });
    expect(found(checks, 'redis').ok).toBe(true);
    expect(found(checks, 'checkpoint')).toMatchObject({
      ok: false,
      detail: matching(/"garbage"/),
      fix: matching(/^To reset it: redis-cli /),
    });
  });
});
