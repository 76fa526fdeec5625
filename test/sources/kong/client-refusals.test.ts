import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { KongAuthError, KongPageTooLargeError, SecretError } from '../../../lambda/errors.ts';
import type { Secret } from '../../../lambda/secrets.ts';
import { startKong } from '../../simulators/kong.ts';
import { htmlPage, oversize } from '../../simulators/wire-fault.ts';
import { admin, answer, AUDIT, connect, failure, secret, TOKEN } from './client-support.ts';

describe('a refusal', () => {
  test('of the token is KongAuthError', async () => {
    await using simulator = await startKong({ rbacUsers: admin('another one') });
    const kong = connect(simulator, { token: secret() });
    const error = await failure(kong.get(AUDIT));
    expect(error).toBeInstanceOf(KongAuthError);
    expect(error).toMatchObject({ status: 401, code: 'KONG_REFUSED' });
    expect(error.message).toMatch(
      new RegExp(`^Kong refused GET ${simulator.url}${AUDIT} with 401 "Invalid RBAC credentials".+KONG_ADMIN_TOKEN`),
    );
    expect(kong.requests()).toBe(1);
  });

  test('of a request without token says how to give one', async () => {
    await using simulator = await startKong({ rbacUsers: admin() });
    const error = await failure(connect(simulator).get(AUDIT));
    expect(error.message).toMatch(/KONG_SUPERADMIN=true/);
  });

  test('for want of a permission names the endpoint, without the prefix of a proxy', async () => {
    const [user] = admin();
    await using simulator = await startKong({
      pathPrefix: '/_api',
      rbacUsers: user ? [{ ...user, denied: ['/', AUDIT] }] : [],
    });
    const kong = connect(simulator, { token: secret() });
    const audit = await failure(kong.get(AUDIT));
    expect(audit).toMatchObject({ name: 'KongAuthError', status: 403 });
    expect(audit.message).toMatch(
      /you do not have permissions.+the permission to read the endpoint \/audit\/requests\.$/,
    );
    expect((await failure(kong.get('/'))).message).toMatch(/the permission to read the endpoint \/\.$/);
  });

  test('for want of a licence says so', async () => {
    await using simulator = await startKong({ licensed: false });
    const error = await failure(connect(simulator).get(AUDIT));
    expect(error).toMatchObject({ name: 'KongAuthError', status: 403 });
    expect(error.message).toMatch(/Enterprise license missing or expired.+Renew the Kong Enterprise licence/);
  });

  test('because the audit log is off is KongResponseError with a hint', async () => {
    await using simulator = await startKong({ auditLog: false });
    const kong = connect(simulator);
    const error = await failure(kong.get(AUDIT));
    expect(error).toMatchObject({ name: 'KongResponseError', status: 404 });
    expect(error.message).toMatch(/"Not found".+audit_log/);
    expect(kong.requests()).toBe(1);
  });

  test.each([
    [{ size: 0 }, 'size must be an integer between 1 and 1000'],
    [{ offset: '!' }, "'!' is not a valid offset: bad base64 encoding"],
  ])('of a query %j gives Kong’s words and is not repeated', async (query, words) => {
    await using simulator = await startKong();
    const kong = connect(simulator);
    const error = await failure(kong.get(AUDIT, query));
    expect(error).toMatchObject({ name: 'KongResponseError', status: 400 });
    expect(error.message).toContain(words);
    expect(kong.requests()).toBe(1);
  });

  test('of a wrong path is not about the audit log', async () => {
    await using simulator = await startKong({ pathPrefix: '/_api' });
    const error = await failure(connect({ url: simulator.url.replace('/_api', '/api') }).get('/'));
    expect(error).toMatchObject({ name: 'KongResponseError', status: 404 });
    expect(error.message).toMatch(/no Route matched.+KONG_ADMIN_API/);
  });

  test('that is a redirect is not followed: the token stays here', async () => {
    await using elsewhere = await startKong();
    await using simulator = await startKong();
    simulator.faults.always(() => answer(302, '', { location: `${elsewhere.url}/?${TOKEN}` }));
    const error = await failure(connect(simulator, { token: secret() }).get('/'));
    expect(error).toMatchObject({ name: 'KongResponseError', status: 302 });
    expect(error.message).toMatch(/Redirects are not followed/);
    expect([simulator.requests.length, elsewhere.requests]).toEqual([1, []]);
  });
});

describe('a token that was rotated', () => {
  function rotating(...values: string[]): Secret & { readonly readings: () => number } {
    let readings = 0;
    let kept = values[0] ?? '';
    return {
      rotates: true,
      readings: () => readings,
      read: ({ fresh = false } = {}) => {
        if (fresh) kept = values[Math.min(++readings, values.length - 1)] ?? kept;
        return Promise.resolve(kept);
      },
    };
  }

  test('is read again after a 401, and the request goes on', async () => {
    await using simulator = await startKong({ rbacUsers: admin('new') });
    const token = rotating('old', 'new');
    expect(await connect(simulator, { token }).get(AUDIT)).toMatchObject({ next: null });
    expect(simulator.requests.map(({ headers }) => headers['kong-admin-token'])).toEqual(['old', 'new']);
  });

  test('is read again once per run, then the run fails', async () => {
    await using simulator = await startKong({ rbacUsers: admin('newest') });
    const token = rotating('old', 'new', 'newest');
    const kong = connect(simulator, { token });
    expect(await failure(kong.get('/'))).toMatchObject({ name: 'KongAuthError', status: 401 });
    expect(await failure(kong.get(AUDIT))).toMatchObject({ name: 'KongAuthError', status: 401 });
    expect([token.readings(), kong.requests()]).toEqual([1, 3]);
  });

  test('is not looked for where the environment gave it, nor after a 403', async () => {
    await using simulator = await startKong({ rbacUsers: admin('new'), licensed: false });
    const kong = connect(simulator, { token: secret('old') });
    await failure(kong.get(AUDIT));
    expect(kong.requests()).toBe(1);
    const token = rotating('new', 'newer');
    await failure(connect(simulator, { token }).get(AUDIT));
    expect(token.readings()).toBe(0);
  });

  test('that cannot be read again is the error', async () => {
    await using simulator = await startKong({ rbacUsers: admin('new') });
    const token: Secret = {
      rotates: true,
      read: ({ fresh = false } = {}) =>
        fresh ? Promise.reject(new SecretError('The secret could not be read')) : Promise.resolve('old'),
    };
    expect(await failure(connect(simulator, { token }).get('/'))).toBeInstanceOf(SecretError);
  });
});

describe('an answer that is not what was asked for', () => {
  test.each([200, 502] as const)('a proxy’s HTML page with %i is a KongResponseError', async (status) => {
    await using simulator = await startKong();
    simulator.faults.always(() => htmlPage(status));
    const error = await failure(connect(simulator).get(AUDIT));
    expect(error).toMatchObject({ name: 'KongResponseError', code: 'KONG_BAD_RESPONSE', status });
    expect(error.message).toMatch(/text\/html/);
  });

  test('truncated JSON is a KongResponseError that shows nothing of the entries', async () => {
    await using simulator = await startKong();
    for (let entry = 0; entry < 5; entry += 1)
      simulator.table.record({ payload: '{"password":"hunter2","message":"hunter2"}', signature: 'hunter2' });
    simulator.faults.next({ fault: 'truncate' });
    const error = await failure(connect(simulator).get(AUDIT, { size: 5 }));
    expect(error).toMatchObject({ name: 'KongResponseError', status: 200 });
    expect(error.message).toMatch(/^Expected JSON from GET http.+characters of application\/json/);
    expect(inspect(error, { depth: 10, showHidden: true })).not.toContain('hunter2');
  });

  test.each([
    ['an empty body', ''],
    ['JSON with something behind it', '{"data":[],"next":null}{'],
    ['a page of another host', '<!doctype html>'],
  ])('%s is a KongResponseError', async (_, body) => {
    await using simulator = await startKong();
    simulator.faults.next(answer(200, body));
    expect(await failure(connect(simulator).get(AUDIT))).toMatchObject({ name: 'KongResponseError', status: 200 });
  });

  test('is quoted without the token it echoes, and briefly', async () => {
    await using simulator = await startKong();
    const page = `kong-admin-token: ${TOKEN} `.repeat(100);
    for (const [status, body] of [
      [200, page],
      [400, page],
      [400, { message: page }],
      [401, { message: page }],
      [403, page],
      [418, { error: page }],
    ] as const) {
      simulator.faults.next(answer(status, body));
      const error = await failure(connect(simulator, { token: secret() }).get('/'));
      expect(error.message.length).toBeLessThan(450);
    }
  });

  test('is too large when its body is over the limit, and is not asked for again', async () => {
    await using simulator = await startKong();
    simulator.faults.next(oversize(2000));
    const kong = connect(simulator, { maxBodyBytes: 1000 });
    const error = await failure(kong.get('/'));
    expect(error).toBeInstanceOf(KongPageTooLargeError);
    expect(error).toHaveProperty('problem', `Expected at most 1000 bytes from GET ${simulator.url}/, got more.`);
    expect(kong.requests()).toBe(1);
    expect(await kong.get('/')).toMatchObject({ version: '3.9.1.0' });
  });

  test('may be exactly as large as the limit', async () => {
    await using simulator = await startKong();
    const body = JSON.stringify({ text: 'é'.repeat(100) });
    const bytes = Buffer.byteLength(body);
    simulator.faults.next(answer(200, body), { times: 2 });
    expect(await connect(simulator, { maxBodyBytes: bytes }).get('/')).toEqual(JSON.parse(body));
    expect(await failure(connect(simulator, { maxBodyBytes: bytes - 1 }).get('/'))).toBeInstanceOf(
      KongPageTooLargeError,
    );
  });
});
