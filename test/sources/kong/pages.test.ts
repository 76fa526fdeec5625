import { setImmediate } from 'node:timers/promises';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { KongPageTooLargeError, KongResponseError } from '../../../lambda/errors.ts';
import { connectKong, type Kong, type KongOptions } from '../../../lambda/sources/kong/client.ts';
import {
  AUDIT_REQUESTS,
  fetchPage,
  keysetPages,
  type KongPage,
  OffsetRefused,
} from '../../../lambda/sources/kong/pages.ts';
import { startKong, type KongSimulator } from '../../simulators/kong.ts';
import { fill } from '../../simulators/kong-traffic.ts';
import { oversize } from '../../simulators/wire-fault.ts';

const NOW = 1_700_000_000;
const clients: Kong[] = [];
afterAll(() => Promise.all(clients.map((client) => client.close())));

/** A Kong whose clock stands still and whose own rows never appear. */
const startSilentKong = (version = '3.9.1.0') => startKong({ now: () => NOW, writeDelaySeconds: 1e9, version });

function connect({ url }: KongSimulator, options: Partial<KongOptions> = {}): Kong {
  const { signal } = new AbortController();
  const limits = { maxBodyBytes: 2 ** 20, largestBodyBytes: 2 ** 21, retryDelayMs: 1 };
  const kong = connectKong({ adminApi: url, token: null, signal, ...limits, ...options });
  clients.push(kong);
  return kong;
}

const requestIds = ({ rows }: KongPage) => rows.map((row) => (row as { request_id: string }).request_id);

const queries = ({ requests }: KongSimulator) =>
  requests.map(({ path }) => Object.fromEntries(new URL(path, 'http://kong').searchParams));

describe('fetchPage', () => {
  test('sends what it is given and gives the rows, where they begin and where the next page does', async () => {
    await using simulator = await startSilentKong();
    const rows = fill(simulator.table, { count: 5, from: NOW - 50, to: NOW });
    const kong = connect(simulator);
    const window = { after: NOW - 50, before: NOW };
    const first = await fetchPage(kong, { size: 3, ...window });
    expect(requestIds(first)).toEqual([4, 3, 2].map((index) => rows[index]?.key));
    expect(first).toMatchObject({ start: null, offset: expect.any(String) as string });
    const last = await fetchPage(kong, { size: 3, ...window, offset: first.offset ?? '' });
    expect(requestIds(last)).toEqual([1, 0].map((index) => rows[index]?.key));
    expect(last).toMatchObject({ start: first.offset, offset: null });
    const sent = { size: '3', after: String(NOW - 50), before: String(NOW) };
    expect(queries(simulator)).toEqual([sent, { ...sent, offset: first.offset }]);
  });

  test('gives an empty log as the last page', async () => {
    await using simulator = await startSilentKong();
    expect(await fetchPage(connect(simulator), { size: 1000 })).toEqual({
      rows: [],
      start: null,
      offset: null,
      size: 1000,
    });
  });

  test('gives every row, also one that is no entry', async () => {
    await using simulator = await startSilentKong();
    simulator.table.record({ request_id: 'good' }, { at: NOW - 2 });
    simulator.table.record({ request_id: 'bad', method: undefined }, { at: NOW - 1 });
    const { rows } = await fetchPage(connect(simulator), { size: 10 });
    expect(rows).toMatchObject([{ request_id: 'bad' }, { request_id: 'good' }]);
  });

  test('takes the total and unknown keys of a page, and a missing next, as Kong 2.x shows them', async () => {
    await using simulator = await startSilentKong();
    simulator.faults.next({ fault: 'rewrite', body: () => ({ data: [{ request_id: 'a' }], total: 1, extra: {} }) });
    expect(await fetchPage(connect(simulator), { size: 10 })).toMatchObject({
      rows: [{ request_id: 'a' }],
      offset: null,
    });
  });
});

describe('a page over the size limit', () => {
  /** Every page of more than `entries` entries is over the limit. */
  function limit(simulator: KongSimulator, entries: number, bytes = 2 ** 20): void {
    simulator.faults.always(({ path }) =>
      Number(new URL(path, 'http://kong').searchParams.get('size')) > entries ? oversize(bytes) : undefined,
    );
  }
  const sizes = (simulator: KongSimulator) => queries(simulator).map(({ size }) => Number(size));

  test('is asked for again at half the size, until it fits', async () => {
    await using simulator = await startSilentKong();
    fill(simulator.table, { count: 20, from: NOW - 50, to: NOW });
    limit(simulator, 7);
    const page = await fetchPage(connect(simulator), { size: 25, after: 5 });
    expect(page).toMatchObject({ size: 7, offset: expect.any(String) as string });
    expect(page.rows).toHaveLength(7);
    expect(sizes(simulator)).toEqual([25, 13, 7]);
    expect(queries(simulator).every(({ after }) => after === '5')).toBe(true);
  });

  test('is asked for down to a single entry', async () => {
    await using simulator = await startSilentKong();
    fill(simulator.table, { count: 20, from: NOW - 50, to: NOW });
    limit(simulator, 1);
    expect((await fetchPage(connect(simulator), { size: 1000 })).rows).toHaveLength(1);
    expect(sizes(simulator)).toEqual([1000, 500, 250, 125, 63, 32, 16, 8, 4, 2, 1]);
  });

  test('is taken when it is a single entry: what Kong can write must not stand in the way', async () => {
    await using simulator = await startSilentKong();
    fill(simulator.table, { count: 2, from: NOW - 50, to: NOW });
    limit(simulator, 0);
    expect((await fetchPage(connect(simulator), { size: 2 })).rows).toHaveLength(1);
    expect(sizes(simulator)).toEqual([2, 1]);
  });

  test('is an error with advice when it is a single entry and beyond what Kong takes', async () => {
    await using simulator = await startSilentKong();
    limit(simulator, 0, 2 ** 21);
    const answer = fetchPage(connect(simulator), { size: 2 });
    await expect(answer).rejects.toThrow(KongPageTooLargeError);
    await expect(answer).rejects.toThrow(/2097152 bytes from GET http.+single audit entry.+audit_log_ignore_paths/);
    expect(sizes(simulator)).toEqual([2, 1]);
  });
});

describe('a page deep in the log that Kong fails to give', () => {
  const WHERE = { offset: 'WzE2OTk5OTk5NzUsIiJd' };

  test.each([
    ['with 500', { fault: 'answer', status: 500, body: { message: 'An unexpected error occurred' } }],
    ['in time', { fault: 'hang', at: 'before-headers' }],
  ] as const)('%s: is asked for in much smaller steps, once each', async (_, fault) => {
    await using simulator = await startSilentKong();
    fill(simulator.table, { count: 50, from: NOW - 50, to: NOW });
    simulator.faults.always(({ path }) =>
      Number(new URL(path, 'http://kong').searchParams.get('size')) > 2 ? fault : undefined,
    );
    const limits = { retries: 0, ...(fault.fault === 'hang' && { timeoutMs: 1000 }) };
    const page = await fetchPage(connect(simulator, limits), { size: 1000, ...WHERE });
    expect(page.rows).toHaveLength(2);
    expect(queries(simulator).map(({ size }) => Number(size))).toEqual([1000, 34, 2]);
  });

  test('is that failure when a single entry fails, too', async () => {
    await using simulator = await startSilentKong();
    simulator.faults.always(() => ({ fault: 'answer', status: 500, body: { message: 'first' } }));
    const answer = fetchPage(connect(simulator, { retries: 0 }), { size: 1000, ...WHERE });
    await expect(answer).rejects.toMatchObject({ status: 500 });
    expect(queries(simulator).map(({ size }) => Number(size))).toEqual([1000, 34, 2, 1]);
  });

  test.each([
    [{}, 500],
    [WHERE, 404],
  ])('is not tried in smaller steps where that is not the matter: %j %i', async (where, status) => {
    await using simulator = await startSilentKong();
    simulator.faults.always(() => ({ fault: 'answer', status, body: {} }));
    await expect(fetchPage(connect(simulator, { retries: 0 }), { size: 1000, ...where })).rejects.toMatchObject({
      status,
    });
    expect(simulator.requests).toHaveLength(1);
  });
});

describe('keysetPages', () => {
  test('gives pages to the end, each with its beginning', async () => {
    await using simulator = await startSilentKong();
    const rows = fill(simulator.table, { count: 8, from: NOW - 50, to: NOW });
    const pages = await Array.fromAsync(keysetPages(connect(simulator), { size: 3 }));
    expect(pages.flatMap(requestIds).toSorted()).toEqual(rows.map(({ key }) => key).toSorted());
    expect(pages.map(({ start }) => start)).toEqual([null, pages[0]?.offset, pages[1]?.offset]);
  });

  test.each([
    ['refuses with 400', { fault: 'answer', status: 400, body: { message: 'bad offset' } }],
    ['answers with nothing', { fault: 'rewrite', body: () => ({ data: [], next: null }) }],
  ] as const)('tells of an offset that Kong %s', async (_, fault) => {
    await using simulator = await startSilentKong();
    fill(simulator.table, { count: 4, from: NOW - 50, to: NOW });
    simulator.faults.always(({ path }) => (path.includes('offset') ? fault : undefined));
    const pages = keysetPages(connect(simulator), { size: 2 });
    expect((await pages.next()).value).toMatchObject({ start: null });
    await expect(pages.next()).rejects.toThrow(OffsetRefused);
  });

  test('asks for the next page while this one is looked at, where Kong says itself where the log ends', async () => {
    await using simulator = await startSilentKong();
    fill(simulator.table, { count: 7, from: NOW - 50, to: NOW });
    const pages = keysetPages(connect(simulator), { size: 3, after: 0, before: NOW + 1 });
    await pages.next();
    await vi.waitFor(() => {
      expect(simulator.requests).toHaveLength(2);
    });
    expect(await Array.fromAsync(pages)).toHaveLength(2);
    expect(simulator.requests).toHaveLength(3);
  });

  test('asks for no page ahead where the reader may stop before the end', async () => {
    await using simulator = await startSilentKong();
    fill(simulator.table, { count: 7, from: NOW - 50, to: NOW });
    const kong = connect(simulator);
    for await (const page of keysetPages(kong, { size: 3 })) if (page.start !== null) break;
    expect(simulator.requests).toHaveLength(2);
    expect(kong.requests()).toBe(2);
  });

  test('waits for the page it has asked for when it is given up: its request has an id to be marked', async () => {
    await using simulator = await startSilentKong();
    fill(simulator.table, { count: 7, from: NOW - 50, to: NOW });
    const marked: string[] = [];
    const onRequestId = async (id: string) => {
      await setImmediate();
      marked.push(id);
    };
    for await (const page of keysetPages(connect(simulator, { onRequestId }), { size: 3, after: 0, before: NOW + 1 }))
      if (page.start === null) break;
    expect(marked).toHaveLength(2);
  });

  test('tells of the failure of a page it has asked for when that page is wanted, and not before', async () => {
    await using simulator = await startSilentKong();
    fill(simulator.table, { count: 7, from: NOW - 50, to: NOW });
    simulator.faults.always(({ path }) =>
      path.includes('offset') ? { fault: 'answer', status: 400, body: { message: 'bad offset' } } : undefined,
    );
    const pages = keysetPages(connect(simulator), { size: 3, after: 0, before: NOW + 1 });
    expect((await pages.next()).value).toMatchObject({ start: null });
    await vi.waitFor(() => {
      expect(simulator.requests).toHaveLength(2);
    });
    await expect(pages.next()).rejects.toThrow(OffsetRefused);
  });

  test('tells nothing of the kind where there is no offset to refuse', async () => {
    await using simulator = await startSilentKong();
    await expect(keysetPages(connect(simulator), { size: 5000 }).next()).rejects.toThrow(KongResponseError);
  });
});

describe('an answer that is no page', () => {
  test.each([
    ['null', null],
    ['a list, as the OpenAPI document claims', [{ id: 'a', timestamp: 1, details: {} }]],
    ['an empty object', {}],
    ['a text', 'ok'],
    ['a message', { message: 'Welcome' }],
    ['data that is no list', { data: {}, next: null }],
    ['data that is null', { data: null, next: null }],
    ['next that is a number', { data: [], next: 2 }],
    ['an empty offset', { data: [], next: null, offset: '' }],
    ['an offset that is no text', { data: [], next: '/audit/requests?offset=x', offset: 7 }],
    ['next without any offset', { data: [], next: '/audit/requests?size=100' }],
    ['next that is no path', { data: [], next: 'http://[' }],
  ])('is an error, never the last page: %s', async (_, body) => {
    await using simulator = await startSilentKong();
    simulator.faults.always(() => ({ fault: 'rewrite', body: () => JSON.stringify(body) }));
    const answer = fetchPage(connect(simulator), { size: 10 });
    await expect(answer).rejects.toThrow(KongResponseError);
    await expect(answer).rejects.toThrow(`from GET ${simulator.url}${AUDIT_REQUESTS}`);
    expect(simulator.requests).toHaveLength(1);
  });

  test('shows nothing of the entries', async () => {
    await using simulator = await startSilentKong();
    simulator.faults.next({ fault: 'rewrite', body: () => ({ data: { payload: 'hunter2' }, next: ['hunter2'] }) });
    const error = await fetchPage(connect(simulator), { size: 10 }).catch((thrown: unknown) => thrown);
    expect((error as Error).message).toMatch(/data: .+expected array/);
    expect((error as Error).message).not.toContain('hunter2');
  });

  test('that lacks only the offset beside next is read all the same', async () => {
    await using simulator = await startSilentKong();
    const next = '/audit/requests?offset=WyJhIl0%2B&size=10';
    simulator.faults.next({ fault: 'rewrite', body: () => ({ data: [], next }) });
    expect(await fetchPage(connect(simulator), { size: 10 })).toMatchObject({ offset: 'WyJhIl0+' });
  });
});
