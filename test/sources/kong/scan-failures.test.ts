import { describe, expect, test } from 'vitest';
import { KongResponseError, KongUnreachableError } from '../../../lambda/errors.ts';
import { byUrgency, merge, type Window } from '../../../lambda/pipeline/window.ts';
import { toRfc3339 } from '../../../lambda/rfc-3339.ts';
import type { Kong } from '../../../lambda/sources/kong/client.ts';
import { toCursor } from '../../../lambda/sources/kong/cursor.ts';
import type { KongSimulator } from '../../simulators/kong.ts';
import { failForSeconds } from './failing-seconds.ts';
import { ago, collect, connect, ids, NOW, queries, record, scan, startSilentKong } from './support.ts';
import { keysOf } from '../../support/ids.ts';

const OLD = '2.8.1.1-enterprise-edition';
const BAD = { fault: 'answer', status: 400, body: { message: 'bad' } } as const;

/** From now on Kong fails to give what a request with `isBad` asks for. */
function failFor(simulator: KongSimulator, isBad: (query: URLSearchParams) => boolean, status = 500): void {
  simulator.faults.always(({ path }) =>
    isBad(new URL(path, 'http://kong').searchParams) ? { ...BAD, status } : undefined,
  );
}

describe('a proxy that drops the query string', () => {
  test.each([
    [OLD, 'full-scan'],
    ['3.9.1.0', 'filtered'],
    ['3.5.0.4', 'newest-first'],
  ] as const)('%s, %s: is an error, never an endless scan', async (version, strategy) => {
    await using simulator = await startSilentKong(version);
    record(simulator, 1, 1, 1);
    simulator.faults.always(() => ({ fault: 'rewrite', body: (body) => ({ ...(body as object), offset: 'WyJhIl0' }) }));
    const { error } = await collect(scan(simulator, strategy, ago(10, 0), 2));
    expect(error).toBeInstanceOf(KongResponseError);
    expect((error as Error).message).toMatch(/same one twice/);
    expect(simulator.requests.length).toBeLessThanOrEqual(6);
  });
});

describe('a full scan', () => {
  test('starts again when Kong refuses an offset of this run, and fails when it does so again', async () => {
    await using simulator = await startSilentKong(OLD);
    const rows = record(simulator, 1, 2, 3, 4, 5, 6);
    const refuse = (...requests: number[]) => {
      simulator.requests.length = 0;
      simulator.faults.clear();
      simulator.faults.always(() => (requests.includes(simulator.requests.length) ? BAD : undefined));
    };
    refuse(2);
    const { pages, error } = await collect(scan(simulator, 'full-scan', ago(9, 0), 2));
    expect(error).toBeNull();
    expect(ids(pages).toSorted()).toEqual([...ids(pages.slice(0, 1)), ...keysOf(rows)].toSorted());
    refuse(2, 4);
    expect((await collect(scan(simulator, 'full-scan', ago(9, 0), 2))).error).toMatchObject({ status: 400 });
  });

  test('fails when Kong refuses a query without offset', async () => {
    await using simulator = await startSilentKong(OLD);
    expect((await collect(scan(simulator, 'full-scan', ago(9, 0), 2000))).error).toMatchObject({ status: 400 });
    expect(simulator.requests).toHaveLength(1);
  });

  test('fails, and keeps its saved offset, when the licence has expired', async () => {
    await using simulator = await startSilentKong(OLD, { licensed: false });
    const cursor = toCursor('key', OLD, 'WyJhIl0');
    const { pages, error } = await collect(scan(simulator, 'full-scan', ago(9, 0, { cursor }), 2));
    expect(error).toMatchObject({ name: 'KongAuthError' });
    expect([pages, simulator.requests.length]).toEqual([[], 1]);
  });
});

describe('an empty answer to an offset of this run is not taken for the end', () => {
  test('full scan: Kong is upgraded between two pages, the scan starts again and misses nothing', async () => {
    await using simulator = await startSilentKong('3.4.3.7');
    const rows = record(simulator, 1, 2, 3, 4, 5);
    const { pages, error } = await collect(scan(simulator, 'full-scan', ago(9, 0), 2), (count) => {
      if (count === 1) simulator.settings.version = '3.4.3.9';
    });
    expect(error).toBeNull();
    expect([...new Set(ids(pages))]).toEqual(keysOf(rows));
  });

  test.each(['filtered', 'newest-first'] as const)('%s: what is left is asked for without offset', async (strategy) => {
    await using simulator = await startSilentKong('3.9.1.0');
    const rows = record(simulator, 1, 2, 3, 4, 5);
    simulator.faults.next(
      { fault: 'rewrite', body: () => ({ data: [], next: null }) },
      { match: ({ path }) => path.includes('offset') },
    );
    const { pages, error } = await collect(scan(simulator, strategy, ago(5, 0), 2));
    expect(error).toBeNull();
    expect([...new Set(ids(pages))]).toEqual(keysOf(rows));
    expect(pages.at(-1)?.left).toEqual([]);
  });

  test.each(['filtered', 'newest-first', 'full-scan'] as const)('%s: when it stays so, it is an error', async (by) => {
    await using simulator = await startSilentKong('3.9.1.0');
    record(simulator, 1, 2, 2, 2, 2, 3);
    simulator.faults.always(({ path }) =>
      path.includes('offset') ? { fault: 'rewrite', body: () => ({ data: [], next: null }) } : undefined,
    );
    const { error } = await collect(scan(simulator, by, ago(5, 0), 2));
    expect(error).toBeInstanceOf(KongResponseError);
    expect((error as Error).message).toMatch(/got an empty page/);
    expect(simulator.requests.length).toBeLessThan(20);
  });

  test.each(['filtered', 'newest-first'] as const)(
    '%s: an offset that is refused is not the end either; what is left is asked for without',
    async (strategy) => {
      await using simulator = await startSilentKong('3.9.1.0');
      const rows = record(simulator, 1, 2, 3, 4, 5, 6);
      simulator.faults.always(() => (simulator.requests.length === 2 ? BAD : undefined));
      const { pages, error } = await collect(scan(simulator, strategy, ago(9, 0), 2));
      expect(error).toBeNull();
      expect([...new Set(ids(pages))].toSorted()).toEqual(keysOf(rows).toSorted());
    },
  );

  test.each([
    [[1, 1], 'behind a page of one second'],
    [[1, 2], 'at the end'],
  ])('filtered: the rows %s may really have expired (%s)', async (secondsAgo) => {
    let now = NOW;
    await using simulator = await startSilentKong('3.9.1.0', { now: () => now });
    const lasting = record(simulator, ...secondsAgo);
    simulator.table.record({}, { at: NOW - 3, ttlSeconds: 4 });
    const { pages, error } = await collect(scan(simulator, 'filtered', ago(9, 0), 2), () => {
      now = NOW + 60;
    });
    expect(error).toBeNull();
    expect([...new Set(ids(pages))].toSorted()).toEqual(keysOf(lasting).toSorted());
    expect(pages.at(-1)?.left).toEqual([]);
  });
});

describe('endless empty pages with new offsets', () => {
  test.each(['filtered', 'newest-first', 'full-scan'] as const)('%s: are an error that says so', async (strategy) => {
    await using simulator = await startSilentKong('3.9.1.0');
    let page = 0;
    simulator.faults.always(() => {
      page += 1;
      const body = { data: [], next: `/audit/requests?offset=o${page}`, offset: `o${page}` };
      return { fault: 'answer', status: 200, body };
    });
    const { error } = await collect(scan(simulator, strategy, ago(9, 0), 2));
    expect((error as Error).message).toMatch(/pages in a row that are empty and still name a next one/);
    expect(simulator.requests.length).toBeLessThan(20);
  });
});

describe('a part of the log that Kong fails to give', () => {
  test('does not keep another window from being read, and the failure is thrown at the end', async () => {
    await using simulator = await startSilentKong('3.9.1.0');
    const rows = record(simulator, 5, 15, 25);
    failFor(simulator, (query) => query.get('before') === String(NOW - 10));
    const todo = [ago(8, 0), ago(11, 10), ago(30, 20)];
    const { pages, error } = await collect(scan(simulator, 'filtered', todo, 10));
    expect(error).toMatchObject({ name: 'KongResponseError', status: 500 });
    expect(ids(pages)).toEqual(keysOf([rows[0], rows[2]].filter((row) => row !== undefined)));
    expect(pages.at(-1)?.left).toEqual([ago(11, 10)]);
  });

  test('is Kong itself when it fails to give anything else: nothing more is asked', async () => {
    await using simulator = await startSilentKong('3.9.1.0');
    failFor(simulator, () => true, 404);
    const todo = [5, 15, 25, 35].map((second) => ago(second, second - 1));
    const { pages, error } = await collect(scan(simulator, 'filtered', todo, 10));
    expect(error).toMatchObject({ status: 404 });
    expect([pages, simulator.requests.length]).toEqual([[], 1]);
  });

  test.each([
    [0, 10],
    [1, 10],
    [40, 10],
    [63, 10],
    [0, 100],
    [20, 100],
    [40, 100],
    [63, 100],
  ])('a second, %i ago: is closed in on, and all others are read, by pages of %i', async (secondsAgo, pageSize) => {
    await using simulator = await startSilentKong('3.9.1.0');
    const rows = record(simulator, ...Array.from({ length: 64 }, (_, index) => index));
    const bad = NOW - secondsAgo;
    failForSeconds(simulator, [bad]);
    const { pages, error } = await collect(scan(simulator, 'filtered', ago(63, -1), pageSize));
    expect(error).toMatchObject({ status: 500 });
    expect((error as Error).message).toContain(`Kong fails to give what it logged at ${toRfc3339(bad)}.`);
    expect(pages.at(-1)?.left).toEqual([{ after: bad, before: bad + 1 }]);
    expect(new Set(ids(pages))).toEqual(new Set(keysOf(rows.filter(({ timestamp }) => timestamp !== bad))));
  });

  test('many seconds: are closed in on in a few runs, of few requests each', async () => {
    await using simulator = await startSilentKong('3.9.1.0');
    const rows = record(simulator, ...Array.from({ length: 64 }, (_, index) => index));
    const bad = [3, 9, 10, 11, 30, 50, 51, 63].map((secondsAgo) => NOW - secondsAgo);
    failForSeconds(simulator, bad);
    let left: readonly Window[] = [{ after: 0, before: NOW + 1 }];
    const read = new Set<string>();
    for (let run = 0; run < 4; run += 1) {
      simulator.requests.length = 0;
      const { pages } = await collect(scan(simulator, 'filtered', byUrgency(left), 10));
      for (const id of ids(pages)) read.add(id);
      left = merge(pages.at(-1)?.left ?? left);
      expect(simulator.requests.length).toBeLessThan(330);
    }
    expect(left).toEqual(merge(bad.map((second) => ({ after: second, before: second + 1 }))));
    expect(read).toEqual(new Set(keysOf(rows.filter(({ timestamp }) => !bad.includes(timestamp)))));
  });

  test('is searched no further when the run must end, or Kong is gone meanwhile', async () => {
    await using simulator = await startSilentKong('3.9.1.0');
    record(simulator, ...Array.from({ length: 64 }, (_, index) => index));
    failForSeconds(simulator, [NOW - 40]);
    const kong = connect(simulator);
    for (const end of [new Error('the time is up'), new KongUnreachableError('refused')]) {
      let asked = 0;
      const ending: Kong = {
        ...kong,
        get: (...args) => {
          asked += 1;
          return asked > 6 ? Promise.reject(end) : kong.get(...args);
        },
      };
      const { error } = await collect(scan(simulator, 'filtered', ago(63, -1), 100, ending));
      expect(error).toBe(end);
      expect(asked).toBeLessThanOrEqual(8);
    }
  });

  test('because it would take too long: is asked for in smaller parts', async () => {
    await using simulator = await startSilentKong('3.9.1.0');
    const rows = record(simulator, ...Array.from({ length: 64 }, (_, index) => index));
    const kong = connect(simulator);
    const slow: Kong = {
      ...kong,
      get: (path, query = {}, options) =>
        Number(query['before']) - Number(query['after']) > 10
          ? Promise.reject(new KongUnreachableError('no answer in time', { isTimeout: true }))
          : kong.get(path, query, options),
    };
    const { pages, error } = await collect(scan(simulator, 'filtered', ago(63, -1), 10, slow));
    expect(error).toBeNull();
    expect(pages.at(-1)?.left).toEqual([]);
    expect(new Set(ids(pages))).toEqual(new Set(keysOf(rows)));
  });

  test('newest-first: the saved offset is given up once, and the failure of the rest is thrown', async () => {
    await using simulator = await startSilentKong('3.5.0.4');
    record(simulator, 1, 2, 3, 4);
    failFor(simulator, (query) => query.has('offset'), 404);
    const cursor = toCursor('time', '3.5.0.4', 'WzE3MDAwMDAwMDAsImEiXQ');
    const { pages, error } = await collect(scan(simulator, 'newest-first', ago(9, 0, { cursor }), 2));
    expect(error).toMatchObject({ status: 404 });
    expect(queries(simulator).filter(({ offset }) => offset === 'WzE3MDAwMDAwMDAsImEiXQ')).toHaveLength(1);
    expect(ids(pages)).toHaveLength(2);
  });
});
