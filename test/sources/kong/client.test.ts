import { once } from 'node:events';
import { connect as connectTcp, createServer, type AddressInfo } from 'node:net';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { inspect } from 'node:util';
import { generate } from 'selfsigned';
import { afterAll, describe, expect, test } from 'vitest';
import {
  KongAuthError,
  KongPageTooLargeError,
  KongResponseError,
  KongUnreachableError,
  LedgerError,
  SecretError,
} from '../../../lambda/errors.ts';
import { connectKong, type Kong, type KongOptions } from '../../../lambda/sources/kong/client.ts';
import type { Secret } from '../../../lambda/secrets.ts';
import { makeCertificates } from '../../support/certificates.ts';
import { freePort } from '../../support/redis-server.ts';
import { until } from '../../support/until.ts';
import { startKong, type KongSimulator } from '../../simulators/kong.ts';
import { faults, htmlPage, oversize, type WireFault } from '../../simulators/wire-fault.ts';
import { wireServer } from '../../simulators/wire-server.ts';

const TOKEN = 'the-token-nobody-may-see';
const AUDIT = '/audit/requests';
const admin = (token = TOKEN) => [{ token, name: 'forwarder', id: 'b1f34145-705a-4a0a-b4d4-dd3ea4c2dc6f' }];
const secret = (value = TOKEN): Secret => ({ rotates: false, read: () => Promise.resolve(value) });

const clients: Kong[] = [];
afterAll(() => Promise.all(clients.splice(0).map((client) => client.close())));

/** A client that waits only milliseconds before it tries again. */
function connect(to: Pick<KongSimulator, 'url'>, options: Partial<KongOptions> = {}): Kong {
  const kong = connectKong({
    adminApi: to.url,
    token: null,
    signal: new AbortController().signal,
    retryDelayMs: 1,
    ...options,
  });
  clients.push(kong);
  return kong;
}

/** What `get` rejects with; everything one could print of it is searched for the token. */
async function failure(answer: Promise<unknown>): Promise<Error> {
  const error: unknown = await answer.then(
    (body) => new Error(`expected a rejection, got ${JSON.stringify(body)}`),
    (thrown: unknown) => thrown,
  );
  expect(inspect(error, { depth: 10, showHidden: true })).not.toContain(TOKEN);
  return error as Error;
}

const answer = (status: number, body: unknown, headers: Record<string, string> = {}): WireFault => ({
  fault: 'answer',
  status,
  headers: { 'content-type': 'application/json', ...headers },
  body,
});

describe('a request', () => {
  test('gives the JSON body, Kong’s clock and the count of requests', async () => {
    await using simulator = await startKong({ now: () => 1_700_000_000.7 });
    const kong = connect(simulator);
    expect([kong.now(), kong.requests()]).toEqual([null, 0]);
    expect(await kong.get('/')).toMatchObject({ version: '3.9.1.0', hostname: 'kong-cp-1' });
    expect([kong.now(), kong.requests()]).toEqual([1_700_000_000, 1]);
  });

  test('keeps the path prefix as given, and encodes the query', async () => {
    await using simulator = await startKong({ pathPrefix: '/_api/Kong%20A' });
    const kong = connect(simulator);
    await kong.get('/');
    await kong.get(AUDIT, { size: 5, after: undefined, offset: 'WyI+/w' }).catch(() => undefined);
    expect(simulator.requests.map(({ path }) => path)).toEqual([
      '/_api/Kong%20A/',
      '/_api/Kong%20A/audit/requests?size=5&offset=WyI%2B%2Fw',
    ]);
  });

  test('carries the token where there is one', async () => {
    await using simulator = await startKong();
    await connect(simulator).get('/');
    await connect(simulator, { token: secret() }).get('/');
    expect(simulator.requests.map(({ headers }) => headers['kong-admin-token'])).toEqual([undefined, TOKEN]);
  });

  test('is not sent with a token that no header can carry', async () => {
    await using simulator = await startKong();
    for (const bad of [`${TOKEN}\nx: y`, `${TOKEN} ü`, '{"a":1, "b":2}']) {
      const error = await failure(connect(simulator, { token: secret(bad) }).get('/'));
      expect(error).toBeInstanceOf(SecretError);
      expect(error.message).toMatch(/printable ASCII/);
    }
    expect(simulator.requests).toEqual([]);
  });
});

describe('TLS', () => {
  test('is spoken with a Kong whose authority is in rootCa', async () => {
    await using simulator = await startKong({ tls: true });
    const kong = connect(simulator, { rootCa: simulator.ca });
    expect(await kong.get('/')).toMatchObject({ version: '3.9.1.0' });
    const byName = connect({ url: simulator.url.replace('127.0.0.1', 'localhost') }, { rootCa: simulator.ca });
    expect(await byName.get('/')).toMatchObject({ version: '3.9.1.0' });
  });

  test('trusts every authority in rootCa, and the default ones beside them', async () => {
    await using simulator = await startKong({ tls: true });
    const other = await authority('Another authority');
    expect(await connect(simulator, { rootCa: `${other}\n${simulator.ca ?? ''}` }).get('/')).toBeDefined();
    const before = getCACertificates('default');
    setDefaultCACertificates([...before, simulator.ca ?? '']);
    try {
      expect(await connect(simulator, { rootCa: other }).get('/')).toBeDefined();
    } finally {
      setDefaultCACertificates(before);
    }
  });

  test('is refused at once, without sending the token, when the authority is unknown', async () => {
    await using simulator = await startKong({ tls: true });
    const namesake = await makeCertificates();
    for (const rootCa of [undefined, await authority('Another authority'), namesake.ca]) {
      const kong = connect(simulator, { rootCa, token: secret() });
      const error = await failure(kong.get('/'));
      expect(error).toBeInstanceOf(KongUnreachableError);
      expect(error.message).toMatch(new RegExp(`^Expected an answer from GET ${simulator.url}/, got .+KONG_ROOT_CA`));
      expect(kong.requests()).toBe(1);
    }
    expect(simulator.requests).toEqual([]);
  });

  test('is refused at once when the certificate is for another host', async () => {
    await using simulator = await startKong({ tls: true });
    const url = simulator.url.replace('127.0.0.1', '127.0.0.2');
    // The simulator listens on 127.0.0.1 alone, so something there must hand the connection on.
    await using relay = await relayTo(simulator.url, '127.0.0.2');
    const kong = connect({ url: url.replace(/\d+$/, String(relay.port)) }, { rootCa: simulator.ca });
    const error = await failure(kong.get('/'));
    expect(error).toBeInstanceOf(KongUnreachableError);
    expect(error.message).toMatch(/ERR_TLS_CERT_ALTNAME_INVALID.+a host name the certificate covers/);
    expect([kong.requests(), simulator.requests]).toEqual([1, []]);
  });
});

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

describe('a passing failure', () => {
  test.each([408, 429, 500, 502, 503, 504])('%i is asked again', async (status) => {
    await using simulator = await startKong();
    simulator.faults.next(answer(status, { message: 'An unexpected error occurred' }), { times: 3 });
    const kong = connect(simulator);
    expect(await kong.get('/')).toMatchObject({ version: '3.9.1.0' });
    expect(kong.requests()).toBe(4);
  });

  test.each([
    [500, /^Expected 200 from GET http:.+, got 500 "An unexpected error occurred".+database/],
    [429, /got 429 .+limits requests/],
  ])('%i is asked again three times, then it is the error', async (status, words) => {
    await using simulator = await startKong();
    simulator.faults.always(() => answer(status, { message: 'An unexpected error occurred' }));
    const kong = connect(simulator);
    const error = await failure(kong.get('/'));
    expect(error).toBeInstanceOf(KongResponseError);
    expect(error).toMatchObject({ status });
    expect(error.message).toMatch(words);
    expect(kong.requests()).toBe(4);
  });

  test('is asked again as often as the caller wants', async () => {
    await using simulator = await startKong({ databaseUp: false });
    const kong = connect(simulator, { retries: 1 });
    await failure(kong.get(AUDIT));
    expect(kong.requests()).toBe(2);
  });

  test.each([501, 405, 418])('is not what %i means', async (status) => {
    await using simulator = await startKong();
    simulator.faults.next(answer(status, {}));
    const kong = connect(simulator);
    expect(await failure(kong.get('/'))).toMatchObject({ name: 'KongResponseError', status });
    expect(kong.requests()).toBe(1);
  });

  test.each(['before-handling', 'before-headers', 'mid-body'] as const)(
    'is a connection that breaks %s',
    async (at) => {
      await using simulator = await startKong();
      simulator.faults.next({ fault: 'reset', at }, { times: 2 });
      const kong = connect(simulator);
      expect(await kong.get('/')).toMatchObject({ version: '3.9.1.0' });
      expect(kong.requests()).toBe(3);
    },
  );

  test.each(['before-handling', 'before-headers', 'mid-body'] as const)(
    'that does not pass is KongUnreachableError: a connection that always breaks %s',
    async (at) => {
      await using simulator = await startKong();
      simulator.faults.always(() => ({ fault: 'reset', at }));
      const kong = connect(simulator, { token: secret() });
      const error = await failure(kong.get('/'));
      expect(error).toBeInstanceOf(KongUnreachableError);
      expect(error.message).toContain(`GET ${simulator.url}/, got `);
      expect(kong.requests()).toBe(4);
    },
  );

  test('is a Kong that is not there, and one that does not exist', async () => {
    const nobody = connect({ url: `http://localhost:${await freePort()}` });
    const error = await failure(nobody.get('/'));
    expect(error).toBeInstanceOf(KongUnreachableError);
    expect(error.message).toMatch(/got ECONNREFUSED.+security groups/);
    expect(nobody.requests()).toBe(4);
    expect(await failure(connect({ url: 'http://kong.invalid' }, { retries: 0 }).get('/'))).toBeInstanceOf(
      KongUnreachableError,
    );
  });

  test('is silence, before the headers or within the body', async () => {
    await using simulator = await startKong();
    for (const at of ['before-headers', 'mid-body'] as const) {
      simulator.faults.next({ fault: 'hang', at });
      const kong = connect(simulator, { timeoutMs: 50 });
      expect(await kong.get('/')).toMatchObject({ version: '3.9.1.0' });
      expect(kong.requests()).toBe(2);
      simulator.faults.next({ fault: 'hang', at });
      const error = await failure(connect(simulator, { timeoutMs: 50, retries: 0 }).get('/'));
      expect(error).toBeInstanceOf(KongUnreachableError);
      expect(error.message).toMatch(/Timeout/);
    }
  });

  test('is not an answer that merely takes its time', async () => {
    await using simulator = await startKong();
    simulator.faults.next({ fault: 'slow', bodyMs: 200 });
    const kong = connect(simulator, { timeoutMs: 150 });
    expect(await kong.get('/')).toMatchObject({ version: '3.9.1.0' });
    expect(kong.requests()).toBe(1);
  });
});

describe('the wait before a retry', () => {
  const gaps = ({ requests }: KongSimulator): number[] =>
    requests.slice(1).map(({ atMs }, index) => atMs - (requests[index]?.atMs ?? 0));

  test.concurrent('doubles, with jitter', async () => {
    await using simulator = await startKong({ databaseUp: false });
    await failure(connect(simulator, { retryDelayMs: 20 }).get(AUDIT));
    const [first = 0, second = 0, third = 0] = gaps(simulator);
    expect(first).toBeGreaterThanOrEqual(19);
    expect(second).toBeGreaterThanOrEqual(39);
    expect(third).toBeGreaterThanOrEqual(79);
    const waits = async (): Promise<number> => {
      await using other = await startKong({ databaseUp: false });
      await failure(connect(other, { retryDelayMs: 100, retries: 1 }).get(AUDIT));
      return gaps(other)[0] ?? 0;
    };
    const several = await Promise.all([waits(), waits(), waits(), waits()]);
    expect(Math.max(...several) - Math.min(...several)).toBeGreaterThan(2);
  });

  test.concurrent.each([
    ['seconds', () => '1', 1000],
    ['a date', () => new Date(Date.now() + 2000).toUTCString(), 1000],
  ])('is at least what Retry-After asks for, in %s', async (_, header, milliseconds) => {
    await using simulator = await startKong();
    simulator.faults.next(answer(503, { message: 'busy' }, { 'retry-after': header() }));
    expect(await connect(simulator).get('/')).toMatchObject({ version: '3.9.1.0' });
    expect(gaps(simulator)[0]).toBeGreaterThanOrEqual(milliseconds - 5);
  });

  test.concurrent.each(['0', 'soon', new Date(0).toUTCString()])(
    'is the usual one for Retry-After %j',
    async (header) => {
      await using simulator = await startKong();
      simulator.faults.next(answer(429, {}, { 'retry-after': header }));
      await connect(simulator).get('/');
      expect(gaps(simulator)[0]).toBeLessThan(500);
    },
  );

  test.concurrent('is not begun when Retry-After asks for longer than a run can wait', async () => {
    await using simulator = await startKong();
    simulator.faults.always(() => answer(429, { message: 'API rate limit exceeded' }, { 'retry-after': '3600' }));
    const kong = connect(simulator);
    const error = await failure(kong.get('/'));
    expect(error).toMatchObject({ name: 'KongResponseError', status: 429 });
    expect(error.message).toMatch(/3600 s/);
    expect(kong.requests()).toBe(1);
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
    expect(error.message).toBe(`Expected at most 1000 bytes from GET ${simulator.url}/, got more.`);
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

describe('the id of a request', () => {
  /** A simulator’s own ids, in the order of its answers, as its audit log knows them. */
  const recorded = ({ table }: KongSimulator) => table.recorded.map(({ key }) => key);

  function reporting() {
    const reported: string[] = [];
    return { reported, onRequestId: (id: string) => Promise.resolve(void reported.push(id)) };
  }

  test('is reported for every answer, whatever its status', async () => {
    await using simulator = await startKong({ rbacUsers: admin('old') });
    const { reported, onRequestId } = reporting();
    const read = ({ fresh = false } = {}) => Promise.resolve(fresh ? 'new' : 'old');
    const kong = connect(simulator, { onRequestId, token: { rotates: true, read } });
    await kong.get('/');
    await failure(kong.get(AUDIT, { size: 0 }));
    simulator.settings.databaseUp = false;
    await failure(kong.get(AUDIT));
    simulator.settings.auditLog = true;
    await failure(kong.get('/nothing'));
    simulator.settings.licensed = false;
    await failure(kong.get(AUDIT));
    simulator.settings.rbacUsers = admin('newest');
    await failure(kong.get('/'));
    expect(reported).toHaveLength(1 + 1 + 4 + 1 + 1 + 2);
    expect(reported).toEqual(recorded(simulator));
  });

  test('is reported for answers whose body is broken, cut, too large, or never ends', async () => {
    await using simulator = await startKong();
    const { reported, onRequestId } = reporting();
    const kong = connect(simulator, { onRequestId, retries: 0, maxBodyBytes: 1000, timeoutMs: 50 });
    for (const fault of [
      { fault: 'truncate' },
      { fault: 'reset', at: 'mid-body' },
      { fault: 'hang', at: 'mid-body' },
      oversize(2000),
    ] as const) {
      simulator.faults.next(fault);
      await failure(kong.get('/'));
    }
    expect(reported).toHaveLength(4);
    expect(reported).toEqual(recorded(simulator));
  });

  test('is reported before the body has arrived', async () => {
    await using simulator = await startKong();
    simulator.faults.next({ fault: 'hang', at: 'mid-body' });
    const { reported, onRequestId } = reporting();
    const run = new AbortController();
    const body = connect(simulator, { onRequestId, signal: run.signal }).get('/');
    const ended = failure(body);
    await until('the id is reported', () => reported.length === 1);
    run.abort(new Error('over'));
    await ended;
  });

  test('that cannot be noted fails the request: the entry would be forwarded', async () => {
    await using simulator = await startKong();
    const kong = connect(simulator, { onRequestId: () => Promise.reject(new LedgerError('Redis is down')) });
    expect(await failure(kong.get('/'))).toBeInstanceOf(LedgerError);
    simulator.faults.next({ fault: 'reset', at: 'mid-body' });
    expect(await failure(kong.get('/'))).toBeInstanceOf(LedgerError);
    expect(kong.requests()).toBe(2);
  });
});

describe('the signal', () => {
  class TimeIsUp extends Error {
    override readonly name = 'TimeIsUp';
  }

  test.each(['before-headers', 'mid-body'] as const)('ends a request that hangs %s, with its reason', async (at) => {
    await using simulator = await startKong();
    simulator.faults.next({ fault: 'hang', at });
    const run = new AbortController();
    const ended = failure(connect(simulator, { signal: run.signal }).get('/'));
    await until('the request has arrived', () => simulator.requests.length === 1);
    run.abort(new TimeIsUp());
    expect(await ended).toBeInstanceOf(TimeIsUp);
    expect(simulator.requests).toHaveLength(1);
  });

  test.each([
    ['a retry', {}],
    ['Retry-After', { 'retry-after': '20' }],
  ])('ends the wait for %s, with its reason', async (_, headers) => {
    await using simulator = await startKong();
    simulator.faults.always(() => answer(503, {}, headers));
    const run = new AbortController();
    const retryDelayMs = 'retry-after' in headers ? 0 : 20_000;
    const kong = connect(simulator, { signal: run.signal, retryDelayMs });
    const ended = failure(kong.get('/'));
    await until('the answer is here', () => kong.now() !== null);
    run.abort(new TimeIsUp());
    expect(await ended).toBeInstanceOf(TimeIsUp);
    expect(simulator.requests).toHaveLength(1);
  });

  test('that has aborted lets nothing begin', async () => {
    await using simulator = await startKong();
    const kong = connect(simulator, { signal: AbortSignal.abort(new TimeIsUp()) });
    expect(await failure(kong.get('/'))).toBeInstanceOf(TimeIsUp);
    expect(simulator.requests).toEqual([]);
  });
});

test('the clock is the latest answer’s, and stays when an answer has none', async () => {
  let now = 1_700_000_000;
  await using simulator = await startKong({ now: () => now });
  const kong = connect(simulator);
  await kong.get('/');
  now += 100;
  await failure(kong.get('/nothing'));
  expect(kong.now()).toBe(now);
  await using undated = await wireServer({
    handle: () => ({ status: 200, headers: { date: 'yesterday' }, body: {} }),
    faults: faults(),
  });
  const other = connect(undated);
  await other.get('/');
  expect(other.now()).toBeNull();
});

/** PEM of an authority that signed nothing. */
async function authority(name: string): Promise<string> {
  const extensions = [{ name: 'basicConstraints', cA: true, critical: true } as const];
  return (await generate([{ name: 'commonName', value: name }], { algorithm: 'sha256', extensions })).cert;
}

/** Listens on another address and hands connections on. */
async function relayTo(target: string, host: string): Promise<AsyncDisposable & { readonly port: number }> {
  const { port } = new URL(target);
  const server = createServer((socket) => {
    const onward = connectTcp(Number(port), '127.0.0.1');
    socket.pipe(onward).pipe(socket);
    for (const end of [socket, onward]) end.on('error', () => undefined);
  }).listen(0, host);
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: async () => {
      server.close();
      await once(server, 'close');
    },
  };
}
