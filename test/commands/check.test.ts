import { randomUUID } from 'node:crypto';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { inspect } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { check, type Check, type CheckDeps, type CheckReport } from '../../lambda/commands/check.ts';
import { connectChannel, type Channel } from '../../lambda/sinks/cloudtrail-lake/client.ts';
import { SecretError } from '../../lambda/errors.ts';
import { connectKong, type Kong, type KongOptions } from '../../lambda/sources/kong/client.ts';
import type { Ledger } from '../../lambda/ledger/ledger.ts';
import { createRedisLedger } from '../../lambda/ledger/redis/ledger.ts';
import { startCloudTrail, type CloudTrailSimulator } from '../simulators/cloudtrail.ts';
import { EXAMPLE_CHANNEL_ARN } from '../simulators/cloudtrail-model.ts';
import { startKong, type KongSimulator } from '../simulators/kong.ts';
import { htmlPage } from '../simulators/wire-fault.ts';
import { stubAwsEnvironment } from '../support/aws-environment.ts';
import { freePort, type RedisServer, startRedis } from '../support/redis-server.ts';

const matching = (pattern: RegExp) => expect.stringMatching(pattern) as string;
const TOKEN = 'the-token-nobody-may-see';
const token = { rotates: false, read: () => Promise.resolve(TOKEN) };
const user = { token: TOKEN, name: 'forwarder', id: 'b1f34145-705a-4a0a-b4d4-dd3ea4c2dc6f' };

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

const kongAt = ({ url }: Pick<KongSimulator, 'url'>, options: Partial<KongOptions> = {}): Kong =>
  opened(
    connectKong({ adminApi: url, token: null, signal: new AbortController().signal, retryDelayMs: 1, ...options }),
  );

function ledgerAt({ host, port }: Pick<RedisServer, 'host' | 'port'>, options: { password?: string } = {}): Ledger {
  return opened(createRedisLedger({ host, port, db: 0, tls: false, source: randomUUID(), ...options }));
}

function channelAt(env: Readonly<Record<string, string>>): Channel {
  stubAwsEnvironment(env);
  return opened(
    connectChannel({
      arn: EXAMPLE_CHANNEL_ARN,
      region: 'eu-central-1',
      callsPerSecond: 100,
      onRequest: () => undefined,
      onThrottled: () => undefined,
    }),
  );
}

/** Dependencies in which nothing is wrong but what a test replaces. */
const deps = (kong: KongSimulator, cloudTrail: CloudTrailSimulator, changes: Partial<CheckDeps> = {}): CheckDeps => ({
  kong: kongAt(kong),
  ledger: ledgerAt(redis),
  channel: channelAt(cloudTrail.env),
  ...changes,
});

/** The check of this name; the report as a whole says failed exactly when one of its checks does, and shows no token. */
function found(report: CheckReport, name: string): Check {
  expect(report.status).toBe(report.checks.every(({ ok }) => ok) ? 'ok' : 'failed');
  expect(inspect(report, { depth: 5 })).not.toContain(TOKEN);
  for (const { ok, detail, fix } of report.checks) {
    expect(detail).not.toBe('');
    if (!ok) expect(fix).toMatch(/^\w.{10}/);
  }
  const one = report.checks.filter((each) => each.name === name);
  expect(one).toHaveLength(1);
  return one[0] as Check;
}

async function everything() {
  const kong = await startKong({ now: () => 1_700_000_000, writeDelaySeconds: 1e9 });
  const cloudTrail = await startCloudTrail();
  return {
    kong,
    cloudTrail,
    [Symbol.asyncDispose]: () => Promise.all([kong.close(), cloudTrail.close()]).then(() => undefined),
  };
}

describe('with everything in order, check', () => {
  test('says so, thing by thing', async () => {
    await using world = await everything();
    world.kong.table.record();
    const report = await check(deps(world.kong, world.cloudTrail));
    expect(report).toEqual({
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
    const runId = randomUUID();
    const ledger = ledgerAt(redis);
    await ledger.lock(runId, 60);
    await ledger.saveCheckpoint({ format: 1, planned: 5, pending: [{ after: 1, before: 3 }], fullScan: null }, runId);
    await ledger.unlock(runId);
    await ledger.quarantine([
      { id: 'q', entry: {}, errorCode: 'X', errorMessage: '', at: '2026-01-01T00:00:00Z', ttlSeconds: 1e6 },
    ]);
    const before = await dump();
    expect(before.values.length).toBeGreaterThanOrEqual(3);
    expect(before.changes).toBeDefined();
    const report = await check(deps(world.kong, world.cloudTrail, { ledger }));
    expect(found(report, 'checkpoint').detail).toBe('planned up to 5, 1 window(s) pending, 1 in quarantine');
    expect(await dump()).toEqual(before);
    expect(world.cloudTrail.requests).toEqual([]);
    expect(world.kong.requests.map(({ method }) => method)).toEqual(['GET', 'GET']);
  });

  test('opens TLS to CloudTrail', async () => {
    await using world = await everything();
    await using secure = await startCloudTrail({ tls: true });
    const refused = found(await check(deps(world.kong, secure)), 'cloudtrail');
    expect(refused.ok).toBe(false);
    expect(refused.detail).toMatch(/certificate/);
    expect(refused.fix).toMatch(/NODE_EXTRA_CA_CERTS/);
  });

  test('says how an audit log without entries is to be read', async () => {
    await using world = await everything();
    const audit = found(await check(deps(world.kong, world.cloudTrail)), 'kong-audit-log');
    expect(audit).toMatchObject({
      ok: true,
      detail: matching(/without any entry yet.+audit_log=on/),
    });
  });

  test.each([
    ['2.8.1.1-enterprise-edition', 'full-scan'],
    ['3.4.3.8', 'newest-first'],
    ['custom-build', 'a strategy found by a probe'],
  ])('names how the log of Kong %s is read', async (version, strategy) => {
    await using world = await everything();
    world.kong.settings.version = version;
    const { detail } = found(await check(deps(world.kong, world.cloudTrail)), 'kong');
    expect(detail).toBe(`${world.kong.url} answers as Kong ${version}; the audit log is read with ${strategy}`);
  });
});

describe('of Kong, check says what is wrong and what to do:', () => {
  test('the audit log is off', async () => {
    await using world = await everything();
    world.kong.settings.auditLog = false;
    const report = await check(deps(world.kong, world.cloudTrail));
    expect(found(report, 'kong').ok).toBe(true);
    expect(found(report, 'kong-audit-log')).toMatchObject({
      ok: false,
      detail: matching(/404 "Not found"/),
      fix: matching(/audit_log=on in kong\.conf/),
    });
  });

  test('the token is refused, or missing', async () => {
    await using world = await everything();
    world.kong.settings.rbacUsers = [{ ...user, token: 'another' }];
    for (const kong of [kongAt(world.kong, { token }), kongAt(world.kong)]) {
      const report = await check(deps(world.kong, world.cloudTrail, { kong }));
      for (const name of ['kong', 'kong-audit-log'])
        expect(found(report, name)).toMatchObject({
          ok: false,
          detail: matching(/401 "Invalid RBAC credentials"/),
          fix: matching(/KONG_SUPERADMIN=true.+KONG_ADMIN_TOKEN/),
        });
    }
  });

  test('the permission on the audit log is missing', async () => {
    await using world = await everything();
    world.kong.settings.rbacUsers = [{ ...user, denied: ['/audit/requests'] }];
    const report = await check(deps(world.kong, world.cloudTrail, { kong: kongAt(world.kong, { token }) }));
    expect(found(report, 'kong').ok).toBe(true);
    const audit = found(report, 'kong-audit-log');
    expect(audit.detail).toMatch(/forwarder, you do not have permissions to read this resource/);
    expect(audit.fix).toMatch(/read permission on the endpoint \/audit\/requests/);
  });

  test('the permission on / is missing, which a run survives', async () => {
    await using world = await everything();
    world.kong.settings.rbacUsers = [{ ...user, denied: ['/'] }];
    const report = await check(deps(world.kong, world.cloudTrail, { kong: kongAt(world.kong, { token }) }));
    const root = found(report, 'kong');
    expect([report.status, root.ok]).toEqual(['ok', true]);
    expect(root.detail).toMatch(/403.+Runs go on without version and hostname/);
    expect(root.fix).toMatch(/permission on the endpoint \/ \(for version/);
  });

  test.each([
    ['404', { fault: 'answer', status: 404, body: { message: 'Not found' } }],
    ['HTML', htmlPage(200)],
    ['null', { fault: 'rewrite', body: () => 'null' }],
    ['no version', { fault: 'rewrite', body: () => ({ tagline: 'Welcome' }) }],
  ] as const)('GET / gives %s, which a run survives', async (_, fault) => {
    await using world = await everything();
    world.kong.faults.always(({ path }) => (path === '/' ? fault : undefined));
    const report = await check(deps(world.kong, world.cloudTrail));
    expect(report.status).toBe('ok');
    expect(found(report, 'kong').detail).toMatch(/GET http.+Runs go on without version and hostname/);
    expect(found(report, 'kong').fix).not.toMatch(/audit_log/);
  });

  test('the licence has expired', async () => {
    await using world = await everything();
    world.kong.settings.licensed = false;
    const audit = found(await check(deps(world.kong, world.cloudTrail)), 'kong-audit-log');
    expect(audit).toMatchObject({ ok: false, detail: matching(/license missing or expired/) });
    expect(audit.fix).toMatch(/Renew the Kong Enterprise licence/);
  });

  test('its database is down', async () => {
    await using world = await everything();
    world.kong.settings.databaseUp = false;
    const audit = found(await check(deps(world.kong, world.cloudTrail)), 'kong-audit-log');
    expect(audit).toMatchObject({ ok: false, fix: matching(/database/) });
  });

  test('something else answers in its place', async () => {
    await using world = await everything();
    world.kong.faults.always(() => htmlPage(200));
    const report = await check(deps(world.kong, world.cloudTrail));
    for (const name of ['kong', 'kong-audit-log'])
      expect(found(report, name)).toMatchObject({ ok: false, fix: matching(/KONG_ADMIN_API/) });
  });

  test('its certificate is not to be trusted', async () => {
    await using world = await everything();
    await using secure = await startKong({ tls: true });
    const report = await check(deps(secure, world.cloudTrail, { kong: kongAt(secure, { token }) }));
    expect(found(report, 'kong')).toMatchObject({ ok: false, fix: matching(/KONG_ROOT_CA/) });
    expect(secure.requests).toEqual([]);
  });

  test('it cannot be reached, and it is not tried twice', async () => {
    await using world = await everything();
    const kong = kongAt({ url: `http://127.0.0.1:${await freePort()}` });
    const report = await check(deps(world.kong, world.cloudTrail, { kong }));
    expect(found(report, 'kong')).toMatchObject({
      ok: false,
      detail: matching(/ECONNREFUSED/),
      fix: matching(/security groups/),
    });
    expect(report.checks.map(({ name }) => name)).not.toContain('kong-audit-log');
    expect(kong.requests()).toBe(4);
  });

  test('its token cannot be read', async () => {
    await using world = await everything();
    const unreadable = { rotates: true, read: () => Promise.reject(new SecretError('The secret could not be read')) };
    const report = await check(deps(world.kong, world.cloudTrail, { kong: kongAt(world.kong, { token: unreadable }) }));
    expect(found(report, 'kong')).toMatchObject({
      ok: false,
      detail: 'The secret could not be read',
      fix: matching(/KONG_ADMIN_TOKEN_SECRET_ARN/),
    });
  });

  test('there was no time to find out', async () => {
    await using world = await everything();
    const signal = AbortSignal.abort(new Error('The run’s time is up'));
    const report = await check(deps(world.kong, world.cloudTrail, { kong: kongAt(world.kong, { signal }) }));
    expect(found(report, 'kong')).toMatchObject({ ok: false, detail: 'The run’s time is up' });
    expect(found(report, 'redis').ok).toBe(true);
  });
});

describe('of Redis, check says what is wrong and what to do:', () => {
  test('nobody is there', async () => {
    await using world = await everything();
    const ledger = ledgerAt({ host: '127.0.0.1', port: await freePort() });
    const report = await check(deps(world.kong, world.cloudTrail, { ledger }));
    expect(found(report, 'redis').ok).toBe(false);
    expect(report.checks.map(({ name }) => name)).not.toContain('checkpoint');
  });

  test('the password is wrong', async () => {
    await using world = await everything();
    await using locked = await startRedis({ password: 'right' });
    const ledger = ledgerAt(locked, { password: 'wrong' });
    const report = await check(deps(world.kong, world.cloudTrail, { ledger }));
    expect(found(report, 'redis')).toMatchObject({
      ok: false,
      detail: matching(/password/),
      fix: matching(/REDIS_PASSWORD/),
    });
  });

  test('the checkpoint is garbage', async () => {
    await using world = await everything();
    const source = randomUUID();
    const ledger = opened(createRedisLedger({ host: redis.host, port: redis.port, db: 0, tls: false, source }));
    await redis.cli('SET', `kong-audit:{${source}}:checkpoint`, 'garbage');
    const report = await check(deps(world.kong, world.cloudTrail, { ledger }));
    expect(found(report, 'redis').ok).toBe(true);
    expect(found(report, 'checkpoint')).toMatchObject({
      ok: false,
      detail: matching(/To reset it: /),
    });
  });

  test('anything else, even what the ledger promises not to do', async () => {
    await using world = await everything();
    const ledger: CheckDeps['ledger'] = {
      ...ledgerAt(redis),
      diagnose: () => Promise.reject(new Error('out of the blue')),
    };
    expect(found(await check(deps(world.kong, world.cloudTrail, { ledger })), 'redis')).toMatchObject({
      ok: false,
      detail: 'out of the blue',
    });
  });
});

describe('of AWS, check says what is wrong and what to do:', () => {
  test('there are no credentials, and nothing else is blamed', async () => {
    await using world = await everything();
    const { kong, ledger } = deps(world.kong, world.cloudTrail);
    const channel = channelAt({ AWS_ENDPOINT_URL_CLOUDTRAIL_DATA: world.cloudTrail.url });
    const report = await check({ kong, ledger, channel });
    expect(found(report, 'aws-credentials')).toMatchObject({
      ok: false,
      fix: matching(/role with cloudtrail-data:PutAuditEvents/),
    });
    expect(found(report, 'cloudtrail').ok).toBe(true);
  });

  test('the endpoint refuses connections', async () => {
    await using world = await everything();
    const url = `http://localhost:${await freePort()}`;
    const { kong, ledger } = deps(world.kong, world.cloudTrail);
    const channel = channelAt({ ...world.cloudTrail.env, AWS_ENDPOINT_URL_CLOUDTRAIL_DATA: url });
    const endpoint = found(await check({ kong, ledger, channel }), 'cloudtrail');
    expect(endpoint).toMatchObject({ ok: false, detail: matching(/ECONNREFUSED/) });
    expect(endpoint.fix).toMatch(/NAT/);
  });

  test('the endpoint takes connections and stays silent', async () => {
    await using world = await everything();
    const silent = createServer().listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as { port: number };
    const { kong, ledger } = deps(world.kong, world.cloudTrail);
    const channel = channelAt({
      ...world.cloudTrail.env,
      AWS_ENDPOINT_URL_CLOUDTRAIL_DATA: `https://127.0.0.1:${port}`,
    });
    const endpoint = found(await check({ kong, ledger, channel, connectTimeoutMs: 100 }), 'cloudtrail');
    expect(endpoint).toMatchObject({ ok: false, detail: matching(/within 100 ms/) });
    silent.close();
  });

  test('the SDK’s settings exclude each other', async () => {
    await using world = await everything();
    const { kong, ledger } = deps(world.kong, world.cloudTrail);
    const channel = channelAt({ ...world.cloudTrail.env, AWS_USE_FIPS_ENDPOINT: 'true' });
    const endpoint = found(await check({ kong, ledger, channel }), 'cloudtrail');
    expect(endpoint).toMatchObject({ ok: false, detail: matching(/FIPS/) });
    expect(endpoint.fix).toMatch(/AWS_USE_FIPS_ENDPOINT/);
  });
});
