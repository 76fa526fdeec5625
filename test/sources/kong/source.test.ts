import { describe, expect, test, vi } from 'vitest';
import type { OpenSource, Page } from '../../../lambda/pipeline/source.ts';
import { contains, type Window } from '../../../lambda/pipeline/window.ts';
import type { ScanStrategy } from '../../../lambda/sources/kong/capabilities.ts';
import { toCursor } from '../../../lambda/sources/kong/cursor.ts';
import { createKongSource } from '../../../lambda/sources/kong/source.ts';
import type { KongSimulator } from '../../simulators/kong.ts';
import type { KongRow } from '../../simulators/kong-table.ts';
import { ago, collect, connect, ids, NOW, record, startSilentKong } from './support.ts';
import { keysOf } from '../../support/ids.ts';

/** A Kong of primary-key order and without filters. */
const OLD = '3.4.3.7';

async function open(simulator: KongSimulator, scan: ScanStrategy | 'auto' = 'filtered') {
  const warn = vi.fn();
  const kong = connect(simulator);
  const opened = await createKongSource({ kong, pageSize: 4, scan, deriveErrorCode: true, log: { warn } }).open();
  return { opened, warn };
}

const read = async (opened: OpenSource, todo: readonly Window[]): Promise<readonly Page[]> => {
  const { pages, error } = await collect(opened.pages(todo));
  expect(error).toBeNull();
  return pages;
};

const inside = (rows: readonly KongRow[], todo: readonly Window[]) =>
  keysOf(rows.filter(({ timestamp }) => todo.some((window) => contains(window, timestamp))));

const SECONDS = Array.from({ length: 30 }, (_, index) => index);

describe('a Kong that does not keep to its strategy', () => {
  test('is read as a whole, with one warning, and the summary says so', async () => {
    await using simulator = await startSilentKong(OLD);
    record(simulator, ...SECONDS);
    const { opened, warn } = await open(simulator);
    expect(opened.about().strategy).toBe('filtered');
    await read(opened, [ago(10, -1)]);
    expect(opened.about()).toEqual({ strategy: 'full-scan', kongVersion: OLD });
    expect(warn).toHaveBeenCalledTimes(1);
    expect(warn).toHaveBeenCalledWith(expect.stringContaining('scan strategy filtered'), {
      kongVersion: OLD,
      reason: expect.stringMatching(/got/) as string,
    });
  });

  test.each<[string, Window[]]>([
    ['a backfill', [ago(25, 5, { again: true })]],
    ['two backfills', [ago(9, 5, { again: true }), ago(25, 20, { again: true })]],
    ['a resend', [ago(25, 5, { resend: true })]],
    ['what was left over', [ago(9, 8, { tries: 1 }), ago(25, 24, { tries: 2 })]],
  ])('gives of %s all, and nothing else', async (_, todo) => {
    await using simulator = await startSilentKong(OLD);
    const rows = record(simulator, ...SECONDS);
    const { opened } = await open(simulator);
    expect(ids(await read(opened, todo))).toEqual(inside(rows, todo));
  });

  test('may have been wrong before: a run that reads what is new reads everything', async () => {
    await using simulator = await startSilentKong(OLD);
    const rows = record(simulator, ...SECONDS);
    const { opened } = await open(simulator);
    const pages = await read(opened, [ago(5, -1), ago(25, 20, { again: true })]);
    expect(ids(pages)).toEqual(keysOf(rows));
  });

  test('starts over: what shrank under the wrong assumption is all to be read again', async () => {
    await using simulator = await startSilentKong('3.9.1.0');
    const rows = record(simulator, ...SECONDS);
    const { opened } = await open(simulator);
    const todo = [ago(25, 5, { again: true })];
    const { pages } = await collect(opened.pages(todo), (count) => {
      // Rolled back while it was being read.
      if (count === 2) simulator.settings.version = OLD;
    });
    const begun = pages.findIndex(({ startsOver }) => startsOver);
    expect(pages[begun]).toEqual({ items: [], left: todo, startsOver: true });
    expect(begun).toBe(2);
    expect(pages[begun - 1]?.left).not.toEqual(todo);
    expect(ids(pages.slice(begun))).toEqual(inside(rows, todo));
    expect(pages.filter(({ startsOver }) => startsOver)).toHaveLength(1);
  });

  test('leaves after any page exactly the rest of all that was asked for', async () => {
    await using simulator = await startSilentKong(OLD);
    const rows = record(simulator, ...SECONDS);
    const todo = [ago(25, 15, { again: true }), ago(10, 5, { again: true })];
    const pages = await read((await open(simulator)).opened, todo);
    expect(pages.length).toBeGreaterThan(4);
    for (const [index, { left }] of pages.entries()) {
      // The next run, by a Kong that is known now for what it is.
      const rest = left.length === 0 ? [] : await read((await open(simulator, 'full-scan')).opened, left);
      expect(new Set([...ids(pages.slice(0, index + 1)), ...ids(rest)])).toEqual(new Set(inside(rows, todo)));
    }
  });

  test('goes on with a full scan that an earlier run began', async () => {
    await using simulator = await startSilentKong(OLD);
    const rows = record(simulator, ...SECONDS);
    const begun = [{ after: 0, before: NOW + 1 }];
    const [page] = await read((await open(simulator, 'full-scan')).opened, begun);
    const { opened } = await open(simulator);
    const left = page?.left ?? [];
    const pages = await read(opened, [ago(-1, -2), ...left]);
    expect(pages.find(({ startsOver }) => startsOver)?.left.slice(0, left.length)).toEqual(left);
    expect(new Set(ids(pages))).toEqual(new Set(keysOf(rows)));
  });

  test('fails as Kong fails where that is another matter', async () => {
    await using simulator = await startSilentKong(OLD);
    const { opened, warn } = await open(simulator, 'full-scan');
    simulator.settings.licensed = false;
    const { error } = await collect(opened.pages([ago(9, 0)]));
    expect(error).toMatchObject({ name: 'KongAuthError' });
    expect(warn).not.toHaveBeenCalled();
  });
});

describe('an open Kong', () => {
  test.each([
    ['3.9.1.0', 'filtered', false],
    ['3.5.0.4', 'newest-first', false],
    ['2.8.1.1-enterprise-edition', 'full-scan', true],
  ])('%s is read by %s; that is everything: %s', async (version, strategy, readsEverything) => {
    await using simulator = await startSilentKong(version);
    const { opened } = await open(simulator, 'auto');
    expect(opened).toMatchObject({ now: NOW, readsEverything });
    expect(opened.about()).toEqual({ strategy, kongVersion: version });
  });

  test('makes activities that know its version and its host name', async () => {
    await using simulator = await startSilentKong('3.9.1.0');
    simulator.table.record({ status: 403 }, { at: NOW - 5 });
    const { opened } = await open(simulator);
    const [item] = (await read(opened, [ago(9, 0)])).flatMap(({ items }) => items);
    expect(item).toMatchObject({
      version: '3.9.1.0',
      details: { hostname: 'kong-cp-1' },
      error: { code: '403', message: 'Forbidden' },
    });
  });

  test('that an upgrade gave another order does not use an offset of before', async () => {
    await using simulator = await startSilentKong('3.9.1.0');
    const rows = record(simulator, ...SECONDS);
    const { opened } = await open(simulator, 'auto');
    const cursor = toCursor('key', OLD, 'WyJhIl0');
    const pages = await read(opened, [{ after: 0, before: NOW + 1, cursor }]);
    expect(ids(pages)).toEqual(keysOf(rows));
    expect(simulator.requests.filter(({ path }) => path.includes('WyJhIl0'))).toEqual([]);
  });
});
