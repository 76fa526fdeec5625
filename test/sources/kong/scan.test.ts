import { describe, expect, test } from 'vitest';
import { contains, type Window } from '../../../lambda/pipeline/window.ts';
import type { ScanStrategy } from '../../../lambda/sources/kong/capabilities.ts';
import { ScanMismatch } from '../../../lambda/sources/kong/scan.ts';
import { ago, collect, ids, NOW, queries, record, scan, startSilentKong } from './support.ts';
import { keysOf } from '../../support/ids.ts';
import { VERSIONS } from './versions.ts';

const STRENGTH: Record<ScanStrategy, readonly ScanStrategy[]> = {
  filtered: ['filtered', 'newest-first', 'full-scan'],
  'newest-first': ['newest-first', 'full-scan'],
  'full-scan': ['full-scan'],
};
/** Every version with its own strategy, and with the weaker ones an operator may choose. */
const PAIRS = VERSIONS.flatMap(([version, strategy]) => STRENGTH[strategy].map((by) => [version, by] as const));

describe('every strategy on every Kong that supports it', () => {
  // Two thirds of the seconds hold several rows, and pages of 3 and 7 end within them.
  const seconds = Array.from({ length: 60 }, (_, index) => Math.floor(index / 2.5) * (index % 4 === 0 ? 2 : 1));

  test.each(PAIRS)('%s, %s: reads the window once, and all of it', async (version, strategy) => {
    await using simulator = await startSilentKong(version);
    const rows = record(simulator, ...seconds);
    const window = ago(20, 4);
    const wanted = keysOf(rows.filter(({ timestamp }) => contains(window, timestamp)));
    for (const size of [1, 3, 7, 60, 1000]) {
      const { pages, error } = await collect(scan(simulator, strategy, window, size));
      expect(error).toBeNull();
      expect(ids(pages)).toEqual(wanted);
      expect(pages.at(-1)?.left).toEqual([]);
    }
  });

  test.each(PAIRS)('%s, %s: an empty log is one request and nothing to do', async (version, strategy) => {
    await using simulator = await startSilentKong(version);
    const { pages } = await collect(scan(simulator, strategy, ago(10, 0), 10));
    expect(pages).toEqual([{ items: [], left: [] }]);
    expect(simulator.requests).toHaveLength(1);
  });
});

describe('a window', () => {
  test('filtered: takes exactly as many requests as it has pages', async () => {
    await using simulator = await startSilentKong('3.9.1.0');
    record(simulator, ...Array.from({ length: 10 }, (_, index) => index + 1));
    await collect(scan(simulator, 'filtered', ago(10, 0), 5));
    expect(simulator.requests).toHaveLength(2);
    expect((await collect(scan(simulator, 'filtered', ago(10, 0), 3))).pages).toHaveLength(4);
  });

  test('newest-first: is left as soon as an entry is older, and what is newer is passed over', async () => {
    await using simulator = await startSilentKong('3.5.0.4');
    const rows = record(simulator, ...Array.from({ length: 100 }, (_, index) => index));
    const { pages } = await collect(scan(simulator, 'newest-first', ago(29, 20), 10));
    expect(ids(pages)).toEqual(keysOf(rows.slice(21, 30)));
    expect(pages.map(({ items }) => items.length)).toEqual([0, 0, 9, 0]);
  });

  test('filtered: shrinks from above; what is left ends with the second that may not be complete', async () => {
    await using simulator = await startSilentKong('3.9.1.0');
    record(simulator, 1, 2, 2, 2, 3);
    const { pages } = await collect(scan(simulator, 'filtered', ago(5, 0), 3));
    expect(pages[0]?.left).toEqual([{ after: NOW - 5, before: NOW - 2 + 1 }]);
  });

  test.each(['filtered', 'newest-first', 'full-scan'] as const)(
    '%s: gives entries without timestamp, for somebody to look at',
    async (strategy) => {
      await using simulator = await startSilentKong('3.9.1.0');
      simulator.table.record({ request_id: 'no-time', request_timestamp: undefined }, { at: NOW - 5 });
      record(simulator, 4, 6);
      const { pages } = await collect(scan(simulator, strategy, ago(5, 4), 10));
      expect(pages.flatMap(({ items }) => items)).toMatchObject([{ id: 'no-time', valid: false, second: null }]);
    },
  );
});

describe('several windows', () => {
  test('filtered: are asked for one after the other, as they touch together, in the order of the todo', async () => {
    await using simulator = await startSilentKong('3.9.1.0');
    record(simulator, 1, 15, 25, 45);
    await collect(scan(simulator, 'filtered', [ago(20, 10), ago(30, 20, { again: true }), ago(50, 40), ago(5, 0)], 10));
    expect(queries(simulator)).toEqual(
      [
        [30, 10],
        [50, 40],
        [5, 0],
      ].map(([after = 0, before = 0]) => ({ size: '10', after: String(NOW - after), before: String(NOW - before) })),
    );
  });

  test('filtered: settled seconds between two unread windows are not read again, however few', async () => {
    await using simulator = await startSilentKong('3.9.1.0');
    record(simulator, 1, 5, 9);
    const { pages } = await collect(scan(simulator, 'filtered', [ago(3, 0), ago(10, 7)], 10));
    expect(simulator.requests).toHaveLength(2);
    expect(ids(pages)).toHaveLength(2);
  });

  test('filtered: left-overs less than a minute apart cost one request, and nothing between them is given', async () => {
    await using simulator = await startSilentKong('3.9.1.0');
    const [first, , last] = record(simulator, 5, 30, 65);
    const leftOvers = [ago(5, 4, { tries: 1 }), ago(65, 64, { tries: 2 }), ago(200, 199, { tries: 1 })];
    const { pages } = await collect(scan(simulator, 'filtered', leftOvers, 10));
    expect(queries(simulator)).toHaveLength(2);
    expect(ids(pages)).toEqual([first?.key, last?.key].toSorted());
  });

  test('newest-first: that share a cursor go on together, the others begin at the top', async () => {
    await using simulator = await startSilentKong('3.5.0.4');
    record(simulator, ...Array.from({ length: 40 }, (_, index) => index));
    const both = [ago(20, 15), ago(35, 20, { again: true })];
    const [, , third] = (await collect(scan(simulator, 'newest-first', both, 6))).pages;
    simulator.requests.length = 0;
    const { pages } = await collect(scan(simulator, 'newest-first', third?.left ?? [], 6));
    expect(queries(simulator).every(({ offset }) => offset !== undefined)).toBe(true);
    expect(pages.at(-1)?.left).toEqual([]);
  });

  test('newest-first: one that touches the window above it goes on with that one’s cursor', async () => {
    await using simulator = await startSilentKong('3.5.0.4');
    record(simulator, ...Array.from({ length: 40 }, (_, index) => index));
    const pagesOf = async (...todo: Window[]) => (await collect(scan(simulator, 'newest-first', todo, 6))).pages;
    const upper = (await pagesOf(ago(40, 0)))[2]?.left[0] as Window;
    const lower = (await pagesOf(ago(40, 0)))[4]?.left[0] as Window;
    simulator.requests.length = 0;
    const pages = await pagesOf({ ...upper, after: lower.before }, lower);
    expect(ids(pages)).toHaveLength(22);
    expect(queries(simulator)).toHaveLength(4);
  });

  test('newest-first: what a pass from the top passes by is read by it, though it is less urgent', async () => {
    await using simulator = await startSilentKong('3.5.0.4');
    record(simulator, ...Array.from({ length: 40 }, (_, index) => index));
    const begun = (await collect(scan(simulator, 'newest-first', ago(40, 0), 6))).pages[4]?.left[0];
    simulator.requests.length = 0;
    const again = (from: number, to: number) => ago(from, to, { again: true });
    const todo = [again(20, 15), { ...begun, ...again(39, 38) }, again(10, 0)];
    const { pages } = await collect(scan(simulator, 'newest-first', todo, 50));
    expect(ids(pages)).toHaveLength(16);
    expect(queries(simulator)).toHaveLength(2);
  });
});

describe('a Kong that does not keep to the strategy', () => {
  test.each(['3.4.3.8', '3.5.0.4', '3.4.3.7', '2.8.1.1-enterprise-edition'])(
    '%s ignores the filter: ScanMismatch before anything of that page is given',
    async (version) => {
      await using simulator = await startSilentKong(version);
      record(simulator, 1, 5, 6, 20);
      const { pages, error } = await collect(scan(simulator, 'filtered', ago(10, 4), 10));
      expect(error).toBeInstanceOf(ScanMismatch);
      expect(error).toMatchObject({ code: 'SCAN_MISMATCH' });
      expect(pages).toEqual([]);
    },
  );

  test.each([
    ['3.4.3.7', 'newest-first'],
    ['3.4.3.7', 'filtered'],
    ['2.8.1.1-enterprise-edition', 'newest-first'],
  ] as const)('%s, %s: another order is ScanMismatch, even where every entry is in the window', async (version, by) => {
    await using simulator = await startSilentKong(version);
    record(simulator, ...Array.from({ length: 30 }, (_, index) => index + 1));
    const { error } = await collect(scan(simulator, by, ago(100, 0), 10));
    expect(error).toBeInstanceOf(ScanMismatch);
  });

  test('is noticed over a page border, too', async () => {
    await using simulator = await startSilentKong('3.9.1.0');
    const row = (request_id: string, secondsAgo: number) => ({ request_id, request_timestamp: NOW - secondsAgo });
    let calls = 0;
    simulator.faults.always(() => ({
      fault: 'rewrite',
      body: () =>
        (calls += 1) === 1
          ? { data: [row('a', 5)], next: '/audit/requests?offset=WzEsImIiXQ', offset: 'WzEsImIiXQ' }
          : { data: [row('b', 4)], next: null },
    }));
    const { pages, error } = await collect(scan(simulator, 'filtered', ago(10, 0), 1));
    expect(error).toBeInstanceOf(ScanMismatch);
    expect(ids(pages)).toEqual(['a']);
  });

  test('is noticed when it is rolled back between two pages', async () => {
    await using simulator = await startSilentKong('3.4.3.9');
    record(simulator, ...Array.from({ length: 20 }, (_, index) => index + 1));
    const { error } = await collect(scan(simulator, 'filtered', ago(30, 0), 8), (count) => {
      if (count === 1) simulator.settings.version = '3.4.3.7';
    });
    expect(error).toBeInstanceOf(ScanMismatch);
  });
});

describe('a log that changes during the scan', () => {
  test.each([
    ['3.9.1.0', 'filtered'],
    ['3.5.0.4', 'newest-first'],
    ['2.8.1.1-enterprise-edition', 'full-scan'],
  ] as const)('%s, %s: every row that is there from beginning to end is read, once', async (version, strategy) => {
    let now = NOW;
    await using simulator = await startSilentKong(version, { now: () => now });
    const lasting = record(simulator, ...Array.from({ length: 30 }, (_, index) => 2 * index + 1));
    for (let index = 0; index < 30; index += 1)
      simulator.table.record({}, { at: NOW - 2 * index, ttlSeconds: 2 * index + 1 + index / 3 });
    const window = { after: 0, before: NOW + 1 };
    const { pages, error } = await collect(scan(simulator, strategy, window, 4), (count) => {
      now += 1;
      // One that is new, and one that was made long ago and is written late.
      simulator.table.record({ request_id: `new-${count}` }, { at: now });
      simulator.table.record({ request_id: `late-${count}` }, { at: NOW - 20 });
    });
    expect(error).toBeNull();
    const read = ids(pages);
    expect(new Set(read).size).toBe(read.length);
    expect(read).toEqual(expect.arrayContaining(keysOf(lasting)));
    if (strategy !== 'full-scan') expect(read.filter((id) => id.startsWith('new-'))).toEqual([]);
  });
});
