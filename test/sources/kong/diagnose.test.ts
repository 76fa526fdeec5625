import { inspect } from 'node:util';
import { afterEach, describe, expect, test } from 'vitest';
import { SecretError } from '../../../lambda/errors.ts';
import type { Check } from '../../../lambda/pipeline/check.ts';
import { DeadlineReached } from '../../../lambda/pipeline/deadline.ts';
import { connectKong, type Kong, type KongOptions } from '../../../lambda/sources/kong/client.ts';
import { diagnoseKong } from '../../../lambda/sources/kong/diagnose.ts';
import { startKong, type KongSimulator } from '../../simulators/kong.ts';
import { htmlPage } from '../../simulators/wire-fault.ts';
import { found } from '../../support/checks.ts';
import { freePort } from '../../support/redis-server.ts';

const matching = (pattern: RegExp) => expect.stringMatching(pattern) as string;
const TOKEN = 'the-token-nobody-may-see';
const token = { rotates: false, read: () => Promise.resolve(TOKEN) };
const user = { token: TOKEN, name: 'forwarder', id: 'b1f34145-705a-4a0a-b4d4-dd3ea4c2dc6f' };

const clients: Kong[] = [];
afterEach(() => Promise.all(clients.splice(0).map((kong) => kong.close())));

/** A Kong whose own rows never appear. */
const startSilentKong = (tls = false) => startKong({ now: () => 1_700_000_000, writeDelaySeconds: 1e9, tls });

async function diagnose({ url }: Pick<KongSimulator, 'url'>, options: Partial<KongOptions> = {}) {
  const { signal } = new AbortController();
  const kong = connectKong({ adminApi: url, token: null, signal, retryDelayMs: 1, retries: 0, ...options });
  clients.push(kong);
  const checks = await diagnoseKong(kong);
  expect(inspect(checks)).not.toContain(TOKEN);
  return checks;
}

const names = (checks: readonly Check[]) => checks.map(({ name }) => name);

describe('with everything in order', () => {
  test('names version and strategy, and that there are entries', async () => {
    await using simulator = await startSilentKong();
    simulator.table.record();
    expect(await diagnose(simulator, { token })).toEqual([
      {
        name: 'kong',
        ok: true,
        detail: `${simulator.url} answers as Kong 3.9.1.0; the audit log is read with filtered`,
        fix: '',
      },
      { name: 'kong-audit-log', ok: true, detail: 'GET /audit/requests gives audit entries', fix: '' },
    ]);
    expect(simulator.requests.map(({ method }) => method)).toEqual(['GET', 'GET']);
  });

  test('says what an audit log without entries may mean', async () => {
    await using simulator = await startSilentKong();
    const detail = matching(/without any entry yet.+audit_log=on/);
    expect(found(await diagnose(simulator), 'kong-audit-log')).toMatchObject({ ok: true, detail });
  });

  test.each([
    ['2.8.1.1-enterprise-edition', 'full-scan'],
    ['3.4.3.8', 'newest-first'],
    ['custom-build', 'a strategy found by a probe'],
  ])('names how the log of Kong %s is read', async (version, strategy) => {
    await using simulator = await startSilentKong();
    simulator.settings.version = version;
    const { detail } = found(await diagnose(simulator), 'kong');
    expect(detail).toBe(`${simulator.url} answers as Kong ${version}; the audit log is read with ${strategy}`);
  });
});

describe('says what is wrong and what to do:', () => {
  test('the audit log is off', async () => {
    await using simulator = await startSilentKong();
    simulator.settings.auditLog = false;
    const checks = await diagnose(simulator);
    expect(found(checks, 'kong').ok).toBe(true);
    expect(found(checks, 'kong-audit-log')).toMatchObject({
      ok: false,
      detail: matching(/404 "Not found"/),
      fix: matching(/audit_log=on in kong\.conf/),
    });
  });

  test.each([
    ['refused', { token }, /^Put a valid RBAC token into KONG_ADMIN_TOKEN/],
    ['missing', {}, /KONG_SUPERADMIN=true.+KONG_ADMIN_TOKEN/],
  ])('the token is %s', async (_, options, fix) => {
    await using simulator = await startSilentKong();
    simulator.settings.rbacUsers = [{ ...user, token: 'another' }];
    const checks = await diagnose(simulator, options);
    for (const name of ['kong', 'kong-audit-log'])
      expect(found(checks, name)).toMatchObject({
        ok: false,
        detail: matching(/401 "Invalid RBAC credentials"/),
        fix: matching(fix),
      });
  });

  test('the permission on the audit log is missing', async () => {
    await using simulator = await startSilentKong();
    simulator.settings.rbacUsers = [{ ...user, denied: ['/audit/requests'] }];
    const checks = await diagnose(simulator, { token });
    expect(found(checks, 'kong').ok).toBe(true);
    expect(found(checks, 'kong-audit-log')).toMatchObject({
      ok: false,
      detail: matching(/forwarder, you do not have permissions to read this resource/),
      fix: matching(/permission to read the endpoint \/audit\/requests/),
    });
  });

  test('the permission on / is missing, which a run survives', async () => {
    await using simulator = await startSilentKong();
    simulator.settings.rbacUsers = [{ ...user, denied: ['/'] }];
    const checks = await diagnose(simulator, { token });
    expect(found(checks, 'kong')).toEqual({
      name: 'kong',
      ok: true,
      detail: matching(/403.+Runs go on without version and hostname/),
      fix: matching(/permission to read the endpoint \/\./),
    });
    expect(found(checks, 'kong-audit-log').ok).toBe(true);
  });

  test.each([
    ['404', { fault: 'answer', status: 404, body: { message: 'Not found' } }],
    ['HTML', htmlPage(200)],
    ['null', { fault: 'rewrite', body: () => 'null' }],
    ['no version', { fault: 'rewrite', body: () => ({ tagline: 'Welcome' }) }],
  ] as const)('GET / gives %s, which a run survives', async (_, fault) => {
    await using simulator = await startSilentKong();
    simulator.faults.always(({ path }) => (path === '/' ? fault : undefined));
    const checks = await diagnose(simulator);
    expect(checks.map(({ ok }) => ok)).toEqual([true, true]);
    expect(found(checks, 'kong').detail).toMatch(/GET http.+Runs go on without version and hostname/);
    expect(found(checks, 'kong').fix).not.toMatch(/audit_log/);
  });

  test.each([
    ['the licence has expired', { licensed: false }, /license missing or expired/, /Renew the Kong Enterprise licence/],
    ['its database is down', { databaseUp: false }, /500/, /database/],
  ])('%s', async (_, settings, detail, fix) => {
    await using simulator = await startSilentKong();
    Object.assign(simulator.settings, settings);
    expect(found(await diagnose(simulator), 'kong-audit-log')).toMatchObject({
      ok: false,
      detail: matching(detail),
      fix: matching(fix),
    });
  });

  test('something else answers in its place', async () => {
    await using simulator = await startSilentKong();
    simulator.faults.always(() => htmlPage(200));
    const checks = await diagnose(simulator);
    for (const name of ['kong', 'kong-audit-log'])
      expect(found(checks, name)).toMatchObject({ ok: false, fix: matching(/KONG_ADMIN_API/) });
  });

  test('its certificate is not to be trusted', async () => {
    await using simulator = await startSilentKong(true);
    const checks = await diagnose(simulator, { token });
    expect(found(checks, 'kong')).toMatchObject({ ok: false, fix: matching(/KONG_ROOT_CA/) });
    expect([names(checks), simulator.requests]).toEqual([['kong'], []]);
  });

  test('it cannot be reached, and nothing more is tried', async () => {
    const checks = await diagnose({ url: `http://127.0.0.1:${await freePort()}` });
    expect(found(checks, 'kong')).toMatchObject({
      ok: false,
      detail: matching(/ECONNREFUSED/),
      fix: matching(/security groups/),
    });
    expect(names(checks)).toEqual(['kong']);
  });

  test('its token cannot be read, and the secret’s own advice is given', async () => {
    await using simulator = await startSilentKong();
    const error = new SecretError('The secret could not be read.', { fix: 'Check the ARN of the secret.' });
    const unreadable = { rotates: true, read: () => Promise.reject(error) };
    const checks = await diagnose(simulator, { token: unreadable });
    expect(checks).toEqual([
      {
        name: 'kong',
        ok: false,
        detail: 'The secret could not be read. Check the ARN of the secret.',
        fix: 'Check the ARN of the secret.',
      },
    ]);
    expect(simulator.requests).toEqual([]);
  });

  test('there was no time to find out', async () => {
    await using simulator = await startSilentKong();
    const signal = AbortSignal.abort(new DeadlineReached('The run’s time is up'));
    const checks = await diagnose(simulator, { signal });
    expect(found(checks, 'kong')).toMatchObject({
      ok: false,
      detail: 'The run’s time is up',
      fix: matching(/does not answer: look at its load and its database/),
    });
  });
});
