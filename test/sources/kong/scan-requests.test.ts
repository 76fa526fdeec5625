import { describe, expect, test } from 'vitest';
import { oversize } from '../../simulators/wire-fault.ts';
import { ago, collect, ids, NOW, queries, record, scan, startSilentKong } from './support.ts';
import { keysOf } from '../../support/ids.ts';

describe('every page', () => {
  test('filtered: is asked for with size, after, before and offset; next is never followed', async () => {
    await using simulator = await startSilentKong('3.8.1.0');
    const rows = record(simulator, 1, 2, 3, 4, 5, 6);
    simulator.faults.always(() => ({
      fault: 'rewrite',
      body: (body) => ({
        ...(body as object),
        ...((body as { next: unknown }).next ? { next: '/trap?offset=x' } : {}),
      }),
    }));
    const { pages } = await collect(scan(simulator, 'filtered', ago(6, 0), 2));
    expect(ids(pages)).toEqual(keysOf(rows));
    const [first, ...others] = queries(simulator);
    const sent = { size: '2', after: String(NOW - 6), before: String(NOW) };
    expect(first).toEqual(sent);
    expect(others).toHaveLength(2);
    for (const query of others) expect(query).toEqual({ ...sent, offset: expect.any(String) as string });
  });

  test.each(['newest-first', 'full-scan'] as const)('%s: is asked for with size and offset alone', async (strategy) => {
    await using simulator = await startSilentKong('3.5.0.4');
    record(simulator, 1, 2, 3);
    await collect(scan(simulator, strategy, ago(9, 0), 2));
    expect(queries(simulator)).toEqual([{ size: '2' }, { size: '2', offset: expect.any(String) as string }]);
  });

  test('that is too large is asked for smaller, and the next ones grow again', async () => {
    await using simulator = await startSilentKong('3.9.1.0');
    const rows = record(simulator, ...Array.from({ length: 40 }, (_, index) => index + 1));
    // Only the newest entries are large.
    simulator.faults.always(({ path }) => {
      const { searchParams } = new URL(path, 'http://kong');
      return !searchParams.has('offset') && Number(searchParams.get('size')) > 4 ? oversize(2 ** 20) : undefined;
    });
    const { pages } = await collect(scan(simulator, 'filtered', ago(40, 0), 16));
    expect(ids(pages)).toEqual(keysOf(rows));
    expect(queries(simulator).map(({ size }) => Number(size))).toEqual([16, 8, 4, 8, 16, 16]);
  });
});

describe('an offset is saved', () => {
  test.each([
    ['3.5.0.4', 'newest-first'],
    ['2.8.1.1-enterprise-edition', 'full-scan'],
  ] as const)('of Kong %s, %s, where its version is known', async (version, strategy) => {
    await using simulator = await startSilentKong(version);
    record(simulator, 1, 2, 3, 4);
    const { pages } = await collect(scan(simulator, strategy, ago(9, 0), 2));
    expect(pages[0]?.left.map(({ cursor }) => cursor)).toEqual([expect.stringContaining(version)]);
  });

  test.each(['newest-first', 'full-scan'] as const)(
    '%s: nowhere else, for it could not be told what it means',
    async (by) => {
      await using simulator = await startSilentKong('3.5.0.4');
      simulator.settings.version = 'unknown';
      const scanning = scan(simulator, by, ago(9, 0), 2);
      simulator.settings.version = '3.5.0.4';
      record(simulator, 1, 2, 3, 4);
      const { pages } = await collect(scanning);
      expect(pages.length).toBeGreaterThan(1);
      for (const { left, cursor } of pages)
        expect([cursor, ...left.map((one) => one.cursor)].filter(Boolean)).toEqual([]);
    },
  );

  test('by a full scan, once: left-overs alone are not worth a pass of their own', async () => {
    await using simulator = await startSilentKong('2.8.1.1-enterprise-edition');
    record(simulator, 1, 2, 3, 4, 5, 6);
    const [page] = (await collect(scan(simulator, 'full-scan', ago(9, 0), 4))).pages;
    simulator.requests.length = 0;
    const leftOver = ago(3, 2, { tries: 1 });
    const { pages } = await collect(scan(simulator, 'full-scan', [...(page?.left ?? []), leftOver], 4));
    expect(simulator.requests).toHaveLength(1);
    expect(pages.at(-1)?.left).toEqual([leftOver]);
  });
});
