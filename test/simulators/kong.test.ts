import { Agent, request } from 'undici';
import { describe, expect, test } from 'vitest';
import { startKong } from './kong.ts';
import { adminRequests, fill } from './kong-traffic.ts';
import { htmlPage, oversize } from './wire-fault.ts';

interface Data {
  readonly data: readonly { readonly request_id: string }[];
}

describe('startKong', () => {
  test('serves the audit log and logs every request', async () => {
    await using kong = await startKong({ pathPrefix: '/_api' });
    const row = kong.table.record();
    const response = await fetch(`${kong.url}/audit/requests?size=5`, { headers: { 'Kong-Admin-Token': 't' } });
    const page = (await response.json()) as Data;
    expect(page.data.map((entry) => entry.request_id)).toEqual([row.key]);
    expect(kong.requests).toMatchObject([
      { method: 'GET', path: '/_api/audit/requests?size=5', headers: { 'kong-admin-token': 't' } },
    ]);
  });

  test.each([true, false])('speaks TLS that only its own authority vouches for (HTTP/2: %s)', async (allowH2) => {
    await using kong = await startKong({ tls: true });
    const trusting = new Agent({ connect: { ca: kong.ca }, allowH2 });
    const { statusCode, headers, body } = await request(kong.url, { dispatcher: trusting });
    expect(statusCode).toBe(200);
    expect(headers['x-kong-admin-request-id']).toHaveLength(32);
    expect(await body.json()).toMatchObject({ version: '3.9.1.0' });
    expect(kong.requests[0]?.httpVersion).toBe(allowH2 ? '2.0' : '1.1');
    const suspicious = new Agent({ allowH2 });
    await expect(request(kong.url, { dispatcher: suspicious })).rejects.toThrow(/certificate/);
  });

  test('takes as long as it is told to', async () => {
    await using kong = await startKong({ latencyMs: 20, latencyPer100EntriesMs: 40 });
    fill(kong.table, { count: 200, from: 1, to: 2, ttlSeconds: Infinity });
    const started = performance.now();
    await (await fetch(`${kong.url}/audit/requests?size=200`)).json();
    expect(performance.now() - started).toBeGreaterThan(95);
  });

  test('logs nothing when it is quiet', async () => {
    await using kong = await startKong({ quiet: true });
    await (await fetch(kong.url)).text();
    expect(kong.requests).toEqual([]);
  });
});

describe('faults', () => {
  test.each([true, false])('reset the connection at each point; rows tell what was handled (TLS: %s)', async (tls) => {
    await using kong = await startKong({ tls });
    const dispatcher = new Agent(kong.ca === undefined ? {} : { connect: { ca: kong.ca } });
    for (const [at, rows] of [
      ['before-handling', 0],
      ['before-headers', 1],
      ['mid-body', 2],
    ] as const) {
      kong.faults.next({ fault: 'reset', at });
      const answer = request(kong.url, { dispatcher }).then(({ body }) => body.text());
      await expect(answer).rejects.toThrow();
      expect(kong.table.recorded).toHaveLength(rows);
    }
    const { statusCode, body } = await request(kong.url, { dispatcher });
    await body.dump();
    expect(statusCode).toBe(200);
  });

  test('cut the body as if it were complete, let it trickle, or change it', async () => {
    await using kong = await startKong();
    kong.faults.next({ fault: 'truncate' });
    const cut = await (await fetch(kong.url)).text();
    expect(() => JSON.parse(cut) as unknown).toThrow(SyntaxError);
    kong.faults.next({ fault: 'slow', bodyMs: 60 });
    const started = performance.now();
    expect(await (await fetch(kong.url)).json()).toMatchObject({ version: '3.9.1.0' });
    expect(performance.now() - started).toBeGreaterThan(50);
    kong.faults.next({ fault: 'rewrite', body: () => ['wrong shape'] });
    expect(await (await fetch(kong.url)).json()).toEqual(['wrong shape']);
    kong.faults.next(oversize(1_000_000));
    expect((await (await fetch(kong.url)).text()).length).toBeGreaterThan(1_000_000);
  });

  test('answer in place of Kong, which then writes no row', async () => {
    await using kong = await startKong();
    kong.faults.next(htmlPage(502));
    kong.faults.next({ fault: 'answer', status: 503, headers: { 'Retry-After': '2' }, body: { message: 'busy' } });
    const html = await fetch(kong.url);
    expect([html.status, html.headers.get('content-type')]).toEqual([502, 'text/html']);
    const busy = await fetch(kong.url);
    expect([busy.status, busy.headers.get('retry-after'), await busy.json()]).toEqual([503, '2', { message: 'busy' }]);
    expect(kong.table.recorded).toEqual([]);
  });

  test('hang until the client gives up, and do not keep the server from closing', async () => {
    const kong = await startKong();
    kong.faults.always(({ path }) => (path === '/' ? { fault: 'hang', at: 'before-headers' } : undefined));
    await expect(fetch(kong.url, { signal: AbortSignal.timeout(50) })).rejects.toThrow(/timeout/);
    const waiting = fetch(kong.url);
    await Promise.all([expect(waiting).rejects.toThrow(), kong.close()]);
  });

  test('come as often as asked, to the requests that match, until they are cleared', async () => {
    await using kong = await startKong();
    const status = async (path: string): Promise<number> => (await fetch(`${kong.url}${path}`)).status;
    const fault = { fault: 'answer', status: 500 } as const;
    kong.faults.next(fault, { times: 2, match: ({ path }) => path.startsWith('/audit') });
    expect(await status('/')).toBe(200);
    expect([await status('/audit/requests'), await status('/audit/requests')]).toEqual([500, 500]);
    expect(await status('/audit/requests')).toBe(200);
    kong.faults.always(() => fault);
    expect(await status('/')).toBe(500);
    kong.faults.clear();
    expect(await status('/')).toBe(200);
  });
});

describe('admin traffic', () => {
  const options = { count: 2000, from: 1_700_000_000, to: 1_700_086_400, seed: 7 };

  test('is the same for the same seed, in the order of time, within the bounds', () => {
    const requests = [...adminRequests(options)];
    expect(requests).toEqual([...adminRequests(options)]);
    expect(requests).not.toEqual([...adminRequests({ ...options, seed: 8 })]);
    const times = requests.map(({ at }) => at);
    expect(times).toEqual(times.toSorted((left, right) => left - right));
    expect(times.every((at) => at >= options.from && at < options.to)).toBe(true);
  });

  test('holds what real logs hold: secrets, forms, failures, users with and without RBAC', () => {
    const entries = [...adminRequests(options)].map(({ entry }) => entry);
    const has = (key: string, pattern: RegExp): boolean => entries.some((entry) => pattern.test(String(entry[key])));
    expect(has('payload', /client_secret/)).toBe(true);
    expect(has('payload', /^name=/)).toBe(true);
    expect(has('payload', /^null$/)).toBe(true);
    expect(has('status', /^40[1349]$/)).toBe(true);
    expect(has('rbac_user_name', /^alice$/)).toBe(true);
    expect(has('rbac_user_id', /^null$/)).toBe(true);
    expect(has('request_source', /^kong-manager$/)).toBe(true);
    expect(has('client_ip', /:/)).toBe(true);
  });
});
