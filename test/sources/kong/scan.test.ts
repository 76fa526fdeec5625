import { afterAll, describe, expect, test } from 'vitest';
import { KongResponseError } from '../../../lambda/errors.ts';
import { type ScanStrategy, strategyOf } from '../../../lambda/sources/kong/capabilities.ts';
import { connectKong, type Kong } from '../../../lambda/sources/kong/client.ts';
import {
  type Entry,
  fullScanPages,
  ScanMismatch,
  type ScanPage,
  timeOrderedPages,
} from '../../../lambda/sources/kong/scan.ts';
import type { Window } from '../../../lambda/pipeline/window.ts';
import { startKong, type KongOptions, type KongSimulator } from '../../simulators/kong.ts';
import type { KongRow } from '../../simulators/kong-table.ts';
import { oversize } from '../../simulators/wire-fault.ts';

const NOW = 1_700_000_000;
const clients: Kong[] = [];
afterAll(() => Promise.all(clients.map((client) => client.close())));

/** A Kong whose clock the test holds and whose own rows never appear. */
const startSilentKong = (version: string, options: Partial<KongOptions> = {}) =>
  startKong({ now: () => NOW, writeDelaySeconds: 1e9, version, ...options });

function connect({ url }: KongSimulator, maxBodyBytes = 2 ** 20): Kong {
  const { signal } = new AbortController();
  const kong = connectKong({ adminApi: url, token: null, signal, maxBodyBytes, retryDelayMs: 1 });
  clients.push(kong);
  return kong;
}

/** Writes rows of these seconds, counted back from NOW. */
const record = ({ table }: KongSimulator, ...secondsAgo: readonly number[]): KongRow[] =>
  secondsAgo.map((ago) => table.record({}, { at: NOW - ago }));

const keys = (rows: readonly KongRow[]) => rows.map(({ key }) => key).sort();
const ids = (pages: readonly ScanPage[]) => pages.flatMap(({ entries }) => entries.map(({ id }) => id)).sort();
const ago = (after: number, before: number): Window => ({ after: NOW - after, before: NOW - before });

const queries = ({ requests }: KongSimulator) =>
  requests.map(({ path }) => {
    const { pathname, searchParams } = new URL(path, 'http://kong');
    expect(pathname).toBe('/audit/requests');
    return Object.fromEntries(searchParams);
  });

interface Scan {
  readonly pages: ScanPage[];
  readonly error: unknown;
}

/** Reads a scan to its end or its error; `between` is called after each page. */
async function collect(scan: AsyncIterable<ScanPage>, between: (count: number) => void = () => undefined) {
  const pages: ScanPage[] = [];
  try {
    for await (const page of scan) {
      pages.push(page);
      between(pages.length);
    }
    return { pages, error: null } satisfies Scan;
  } catch (error) {
    return { pages, error } satisfies Scan;
  }
}

const everything = () => true;
const fullScan = (
  kong: Kong,
  size: number,
  offset: string | null = null,
  wanted: (entry: Entry) => boolean = everything,
) => fullScanPages(kong, size, offset, wanted);

/** Whatever page a reader stops after, nothing outside what `rest` names may be unread. */
function expectRestIsHonest(pages: readonly ScanPage[], rows: readonly KongRow[], window: Window): void {
  const inWindow = rows.filter(({ timestamp }) => window.after <= timestamp && timestamp < window.before);
  pages.forEach(({ rest }, index) => {
    const read = new Set(ids(pages.slice(0, index + 1)));
    const before = rest.kind === 'window' ? rest.before : window.after;
    expect(before).toBeLessThanOrEqual(window.before);
    const lost = inWindow.filter(({ key, timestamp }) => timestamp >= before && !read.has(key));
    expect(lost).toEqual([]);
  });
  expect(pages.at(-1)?.rest).toEqual({ kind: 'nothing' });
}

const ERAS = [
  '2.8.1.1-enterprise-edition',
  '3.0.0.0',
  '3.1.1.2',
  '3.3.1.0',
  '3.4.3.7',
  '3.4.3.8',
  '3.4.3.9',
  '3.5.0.3',
  '3.5.0.4',
  '3.5.0.5',
  '3.6.1.4',
  '3.6.1.5',
  '3.7.0.0',
  '3.8.1.0',
  '3.9.1.0',
];
const STRENGTH: Record<ScanStrategy, readonly ScanStrategy[]> = {
  filtered: ['filtered', 'newest-first', 'full-scan'],
  'newest-first': ['newest-first', 'full-scan'],
  'full-scan': ['full-scan'],
};
/** Every version with its own strategy, and with the weaker ones an operator may choose. */
const PAIRS = ERAS.flatMap((version) =>
  STRENGTH[strategyOf(version) ?? 'full-scan'].map((by) => [version, by] as const),
);

describe('every strategy on every Kong that supports it', () => {
  // Two thirds of the seconds hold several rows, and pages of 3 and 7 end within them.
  const seconds = Array.from({ length: 60 }, (_, index) => Math.floor(index / 2.5) * (index % 4 === 0 ? 2 : 1));

  test.each(PAIRS)('%s, %s: reads the window once, and all of it', async (version, strategy) => {
    await using simulator = await startSilentKong(version);
    const rows = record(simulator, ...seconds);
    const window = ago(20, 4);
    const wanted = keys(rows.filter(({ timestamp }) => window.after <= timestamp && timestamp < window.before));
    for (const size of [1, 3, 7, 60, 1000]) {
      const kong = connect(simulator);
      const inside = ({ timestamp }: Entry) =>
        timestamp !== null && window.after <= timestamp && timestamp < window.before;
      const { pages, error } = await collect(
        strategy === 'full-scan' ? fullScan(kong, size, null, inside) : timeOrderedPages(kong, strategy, window, size),
      );
      expect(error).toBeNull();
      expect(ids(pages)).toEqual(wanted);
      if (strategy !== 'full-scan') expectRestIsHonest(pages, rows, window);
    }
  });

  test.each(PAIRS)('%s, %s: an empty log is one request and nothing to do', async (version, strategy) => {
    await using simulator = await startSilentKong(version);
    const kong = connect(simulator);
    const { pages } = await collect(
      strategy === 'full-scan' ? fullScan(kong, 10) : timeOrderedPages(kong, strategy, ago(10, 0), 10),
    );
    expect(pages).toEqual([{ entries: [], rest: { kind: 'nothing' } }]);
    expect(simulator.requests).toHaveLength(1);
  });
});

describe('a window', () => {
  test.each(['filtered', 'newest-first'] as const)(
    '%s: begins with its first second and ends before its last',
    async (strategy) => {
      await using simulator = await startSilentKong('3.9.1.0');
      const [, last, first] = record(simulator, 10, 11, 20, 21);
      const { pages } = await collect(timeOrderedPages(connect(simulator), strategy, ago(20, 10), 10));
      expect(ids(pages)).toEqual(keys([last, first] as KongRow[]));
    },
  );

  test.each(['filtered', 'newest-first'] as const)(
    '%s: of one second with more rows than a page is read whole',
    async (strategy) => {
      await using simulator = await startSilentKong('3.9.1.0');
      const rows = record(simulator, ...Array.from({ length: 11 }, () => 5));
      record(simulator, 4, 6);
      const window = ago(5, 4);
      const { pages } = await collect(timeOrderedPages(connect(simulator), strategy, window, 3));
      expect(ids(pages)).toEqual(keys(rows));
      expectRestIsHonest(pages, rows, window);
    },
  );

  test('filtered: takes exactly as many requests as it has pages', async () => {
    await using simulator = await startSilentKong('3.9.1.0');
    record(simulator, ...Array.from({ length: 10 }, (_, index) => index + 1));
    await collect(timeOrderedPages(connect(simulator), 'filtered', ago(10, 0), 5));
    expect(simulator.requests).toHaveLength(2);
    expect((await collect(timeOrderedPages(connect(simulator), 'filtered', ago(10, 0), 3))).pages).toHaveLength(4);
  });

  test('newest-first: is left as soon as an entry is older, and what is newer is passed over', async () => {
    await using simulator = await startSilentKong('3.5.0.4');
    const rows = record(simulator, ...Array.from({ length: 100 }, (_, index) => index));
    const window = ago(29, 20);
    const { pages } = await collect(timeOrderedPages(connect(simulator), 'newest-first', window, 10));
    expect(ids(pages)).toEqual(keys(rows.slice(21, 30)));
    expect(pages.map(({ entries }) => entries.length)).toEqual([0, 0, 9, 0]);
    expectRestIsHonest(pages, rows, window);
  });

  test('shrinks from above: what is left ends with the second that may not be complete', async () => {
    await using simulator = await startSilentKong('3.9.1.0');
    record(simulator, 1, 2, 2, 2, 3);
    const { pages } = await collect(timeOrderedPages(connect(simulator), 'filtered', ago(5, 0), 3));
    expect(pages[0]?.rest).toEqual({ kind: 'window', before: NOW - 2 + 1 });
  });

  test.each(['filtered', 'newest-first'] as const)(
    '%s: gives entries without timestamp, for somebody to look at',
    async (strategy) => {
      await using simulator = await startSilentKong('3.9.1.0');
      simulator.table.record({ request_id: 'no-time', request_timestamp: undefined }, { at: NOW - 5 });
      record(simulator, 4, 6);
      const { pages } = await collect(timeOrderedPages(connect(simulator), strategy, ago(5, 4), 10));
      expect(pages.flatMap(({ entries }) => entries)).toMatchObject([{ id: 'no-time', valid: false }]);
    },
  );
});

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
    const { pages } = await collect(timeOrderedPages(connect(simulator), 'filtered', ago(6, 0), 2));
    expect(ids(pages)).toEqual(keys(rows));
    const [first, ...others] = queries(simulator);
    const sent = { size: '2', after: String(NOW - 6), before: String(NOW) };
    expect(first).toEqual(sent);
    expect(others).toHaveLength(2);
    for (const query of others) expect(query).toEqual({ ...sent, offset: expect.any(String) as string });
  });

  test.each(['newest-first', 'full-scan'] as const)('%s: is asked for with size and offset alone', async (strategy) => {
    await using simulator = await startSilentKong('3.5.0.4');
    record(simulator, 1, 2, 3);
    const kong = connect(simulator);
    await collect(strategy === 'full-scan' ? fullScan(kong, 2) : timeOrderedPages(kong, strategy, ago(9, 0), 2));
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
    const { pages } = await collect(timeOrderedPages(connect(simulator), 'filtered', ago(40, 0), 16));
    expect(ids(pages)).toEqual(keys(rows));
    expect(queries(simulator).map(({ size }) => Number(size))).toEqual([16, 8, 4, 8, 16, 16]);
  });
});

describe('a Kong that does not keep to the strategy', () => {
  test.each(['3.4.3.8', '3.5.0.4', '3.4.3.7', '2.8.1.1-enterprise-edition'])(
    '%s ignores the filter: ScanMismatch before anything of that page is given',
    async (version) => {
      await using simulator = await startSilentKong(version);
      record(simulator, 1, 5, 6, 20);
      const { pages, error } = await collect(timeOrderedPages(connect(simulator), 'filtered', ago(10, 4), 10));
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
    const { error } = await collect(timeOrderedPages(connect(simulator), by, ago(100, 0), 10));
    expect(error).toBeInstanceOf(ScanMismatch);
  });

  test('is noticed over a page border, too', async () => {
    await using simulator = await startSilentKong('3.9.1.0');
    simulator.table.record({ request_id: 'a' }, { at: NOW - 5 });
    let calls = 0;
    simulator.faults.always(() => ({
      fault: 'rewrite',
      body: () =>
        (calls += 1) === 1
          ? {
              data: [{ request_id: 'a', request_timestamp: NOW - 5 }],
              next: '/audit/requests?offset=WzEsImIiXQ',
              offset: 'WzEsImIiXQ',
            }
          : { data: [{ request_id: 'b', request_timestamp: NOW - 4 }], next: null },
    }));
    const { pages, error } = await collect(timeOrderedPages(connect(simulator), 'filtered', ago(10, 0), 1));
    expect(error).toBeInstanceOf(ScanMismatch);
    expect(ids(pages)).toEqual(['a']);
  });

  test('or a proxy that drops the query string is an error, never an endless scan', async () => {
    await using simulator = await startSilentKong('2.8.1.1-enterprise-edition');
    record(simulator, 1, 1, 1);
    simulator.faults.always(() => ({ fault: 'rewrite', body: (body) => ({ ...(body as object), offset: 'WyJhIl0' }) }));
    for (const scan of [
      fullScan(connect(simulator), 2),
      timeOrderedPages(connect(simulator), 'filtered', ago(10, 0), 2),
    ]) {
      const { error } = await collect(scan);
      expect(error).toBeInstanceOf(KongResponseError);
      expect((error as Error).message).toMatch(/same one twice/);
    }
    expect(simulator.requests.length).toBeLessThanOrEqual(6);
  });
});

describe('a full scan', () => {
  const OLD = '2.8.1.1-enterprise-edition';

  test('gives what is wanted of each page, and where it would go on', async () => {
    await using simulator = await startSilentKong(OLD);
    const rows = record(simulator, 1, 2, 3, 4, 5, 6, 7);
    const odd = ({ timestamp }: Entry) => timestamp !== null && (NOW - timestamp) % 2 === 1;
    const { pages } = await collect(fullScan(connect(simulator), 3, null, odd));
    expect(ids(pages)).toEqual(keys(rows.filter((_, index) => index % 2 === 0)));
    expect(pages.map(({ rest }) => rest.kind)).toEqual(['offset', 'offset', 'nothing']);
  });

  test('goes on at the offset of any of its pages', async () => {
    await using simulator = await startSilentKong(OLD);
    const rows = record(simulator, ...Array.from({ length: 20 }, (_, index) => index));
    const { pages } = await collect(fullScan(connect(simulator), 6));
    for (const [index, { rest }] of pages.entries()) {
      if (rest.kind !== 'offset') continue;
      const resumed = await collect(fullScan(connect(simulator), 6, rest.offset));
      expect([...ids(pages.slice(0, index + 1)), ...ids(resumed.pages)].sort()).toEqual(keys(rows));
    }
    expect(pages).toHaveLength(4);
  });

  test('starts again when Kong refuses the saved offset', async () => {
    await using simulator = await startSilentKong(OLD);
    const rows = record(simulator, 1, 2, 3);
    const { pages, error } = await collect(fullScan(connect(simulator), 2, '!not base64!'));
    expect(error).toBeNull();
    expect(ids(pages)).toEqual(keys(rows));
    expect(queries(simulator).map(({ offset }) => offset)).toEqual(['!not base64!', undefined, expect.any(String)]);
  });

  test('starts again when Kong answers the saved offset with nothing', async () => {
    await using simulator = await startSilentKong(OLD);
    const rows = record(simulator, 1, 2, 3);
    const [page] = (await collect(fullScan(connect(simulator), 2))).pages;
    const offset = page?.rest.kind === 'offset' ? page.rest.offset : '';
    simulator.settings.version = '3.9.1.0';
    const { pages, error } = await collect(fullScan(connect(simulator), 2, offset));
    expect(error).toBeNull();
    expect(ids(pages)).toEqual(keys(rows));
  });

  test('starts again when Kong refuses an offset of this run, and fails when it does so again', async () => {
    await using simulator = await startSilentKong(OLD);
    const rows = record(simulator, 1, 2, 3, 4, 5, 6);
    const refuse = (...requests: number[]) => {
      simulator.requests.length = 0;
      simulator.faults.always(() =>
        requests.includes(simulator.requests.length)
          ? { fault: 'answer', status: 400, body: { message: 'bad' } }
          : undefined,
      );
    };
    refuse(2);
    const { pages, error } = await collect(fullScan(connect(simulator), 2));
    expect(error).toBeNull();
    expect(ids(pages).toSorted()).toEqual([...ids(pages.slice(0, 1)), ...keys(rows)].toSorted());
    refuse(2, 4);
    expect((await collect(fullScan(connect(simulator), 2))).error).toMatchObject({ status: 400 });
  });

  test('fails when Kong refuses a query without offset', async () => {
    await using simulator = await startSilentKong(OLD);
    expect((await collect(fullScan(connect(simulator), 2000))).error).toMatchObject({ status: 400 });
    expect(simulator.requests).toHaveLength(1);
  });

  test('fails for any other refusal of a saved offset', async () => {
    await using simulator = await startSilentKong(OLD, { licensed: false });
    const { error } = await collect(fullScan(connect(simulator), 2, 'WyJhIl0'));
    expect(error).toMatchObject({ name: 'KongAuthError' });
    expect(simulator.requests).toHaveLength(1);
  });
});

describe('an empty answer to an offset of this run is not taken for the end', () => {
  test('full scan: Kong is upgraded between two pages, the scan starts again and misses nothing', async () => {
    await using simulator = await startSilentKong('3.4.3.7');
    const rows = record(simulator, 1, 2, 3, 4, 5);
    const { pages, error } = await collect(fullScan(connect(simulator), 2), (count) => {
      if (count === 1) simulator.settings.version = '3.4.3.9';
    });
    expect(error).toBeNull();
    expect([...new Set(ids(pages))]).toEqual(keys(rows));
  });

  test.each(['filtered', 'newest-first'] as const)('%s: what is left is asked for without offset', async (strategy) => {
    await using simulator = await startSilentKong('3.9.1.0');
    const rows = record(simulator, 1, 2, 3, 4, 5);
    simulator.faults.next(
      { fault: 'rewrite', body: () => ({ data: [], next: null }) },
      { match: ({ path }) => path.includes('offset') },
    );
    const window = ago(5, 0);
    const { pages, error } = await collect(timeOrderedPages(connect(simulator), strategy, window, 2));
    expect(error).toBeNull();
    expect([...new Set(ids(pages))]).toEqual(keys(rows));
    expectRestIsHonest(pages, rows, window);
  });

  test('filtered: a Kong that is rolled back between two pages is a ScanMismatch', async () => {
    await using simulator = await startSilentKong('3.4.3.9');
    record(simulator, ...Array.from({ length: 20 }, (_, index) => index + 1));
    const { error } = await collect(timeOrderedPages(connect(simulator), 'filtered', ago(30, 0), 8), (count) => {
      if (count === 1) simulator.settings.version = '3.4.3.7';
    });
    expect(error).toBeInstanceOf(ScanMismatch);
  });

  test.each(['filtered', 'newest-first', 'full-scan'] as const)(
    '%s: when it stays so, it is an error',
    async (strategy) => {
      await using simulator = await startSilentKong('3.9.1.0');
      record(simulator, 1, 2, 2, 2, 2, 3);
      simulator.faults.always(({ path }) =>
        path.includes('offset') ? { fault: 'rewrite', body: () => ({ data: [], next: null }) } : undefined,
      );
      const kong = connect(simulator);
      const { error } = await collect(
        strategy === 'full-scan' ? fullScan(kong, 2) : timeOrderedPages(kong, strategy, ago(5, 0), 2),
      );
      expect(error).toBeInstanceOf(KongResponseError);
      expect((error as Error).message).toMatch(/got an empty page/);
      expect(simulator.requests.length).toBeLessThan(10);
    },
  );

  test.each(['filtered', 'newest-first'] as const)(
    '%s: an offset that is refused is not the end either; what is left is asked for without',
    async (strategy) => {
      await using simulator = await startSilentKong('3.9.1.0');
      const rows = record(simulator, 1, 2, 3, 4, 5, 6);
      simulator.faults.always(() =>
        simulator.requests.length === 2 ? { fault: 'answer', status: 400, body: { message: 'bad' } } : undefined,
      );
      const { pages, error } = await collect(timeOrderedPages(connect(simulator), strategy, ago(9, 0), 2));
      expect(error).toBeNull();
      expect([...new Set(ids(pages))].toSorted()).toEqual(keys(rows).toSorted());
    },
  );

  test('filtered: the rows behind a page of one second may really have expired', async () => {
    let now = NOW;
    await using simulator = await startSilentKong('3.9.1.0', { now: () => now });
    const lasting = record(simulator, 1, 1);
    simulator.table.record({}, { at: NOW - 3, ttlSeconds: 4 });
    const { pages, error } = await collect(timeOrderedPages(connect(simulator), 'filtered', ago(9, 0), 2), () => {
      now = NOW + 60;
    });
    expect(error).toBeNull();
    expect([...new Set(ids(pages))].toSorted()).toEqual(keys(lasting).toSorted());
  });

  test('filtered: the last rows may really have expired', async () => {
    let now = NOW;
    await using simulator = await startSilentKong('3.9.1.0', { now: () => now });
    const lasting = record(simulator, 1, 2);
    simulator.table.record({}, { at: NOW - 3, ttlSeconds: 4 });
    const { pages, error } = await collect(timeOrderedPages(connect(simulator), 'filtered', ago(9, 0), 2), () => {
      now = NOW + 60;
    });
    expect(error).toBeNull();
    expect([...new Set(ids(pages))]).toEqual(keys(lasting));
    expect(pages.at(-1)?.rest).toEqual({ kind: 'nothing' });
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
    const kong = connect(simulator);
    const window = { after: 0, before: NOW + 1 };
    const { pages, error } = await collect(
      strategy === 'full-scan' ? fullScan(kong, 4) : timeOrderedPages(kong, strategy, window, 4),
      (count) => {
        now += 1;
        // One that is new, and one that was made long ago and is written late.
        simulator.table.record({ request_id: `new-${count}` }, { at: now });
        simulator.table.record({ request_id: `late-${count}` }, { at: NOW - 20 });
      },
    );
    expect(error).toBeNull();
    const read = ids(pages);
    expect(new Set(read).size).toBe(read.length);
    expect(read).toEqual(expect.arrayContaining(keys(lasting)));
    if (strategy !== 'full-scan') expect(read.filter((id) => id.startsWith('new-'))).toEqual([]);
  });
});
