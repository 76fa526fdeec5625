import { describe, expect, test } from 'vitest';
import { type Forwarder, KONG_NOW, start } from '../support/forwarder.ts';
import { keysOf } from '../support/ids.ts';
import { ONE_OF_EACH, VERSIONS } from '../sources/kong/versions.ts';

const env = { KONG_PAGE_SIZE: '10' };
const onRoot = ({ path }: { readonly path: string }) => path === '/';
const readings = ({ kong }: Forwarder) => kong.requests.map(({ path }) => path).filter((path) => path !== '/');

/** Kong says that it is another release than it is. */
function pretend({ kong }: Forwarder, version: string): void {
  kong.faults.always((request) =>
    onRoot(request) ? { fault: 'rewrite', body: (body) => ({ ...(body as object), version }) } : undefined,
  );
}

describe('the version of Kong decides how the log is read', () => {
  test.each(VERSIONS)(
    '%s: %s; a first run reads everything, the next one what is new and late',
    async (version, strategy) => {
      await using forwarder = await start({ env, kong: { version } });
      const rows = [...forwarder.record(45, {}, { at: KONG_NOW - 9000 }), ...forwarder.record(45)];
      expect(await forwarder.invoke()).toMatchObject({
        status: 'complete',
        strategy,
        kongVersion: version,
        forwarded: 90,
        watermark: KONG_NOW + 1,
      });

      forwarder.clock.now += 1800;
      rows.push(...forwarder.record(20), ...forwarder.record(1, {}, { at: KONG_NOW - 1700 }));
      expect(await forwarder.invoke()).toMatchObject({ status: 'complete', strategy, forwarded: 21 });
      expect(forwarder.uids().sort()).toEqual(keysOf(rows));
      expect(forwarder.output()).not.toContain('WARN');
    },
  );

  test('filtered: every page carries after, before and size beside the offset', async () => {
    await using forwarder = await start({ env });
    forwarder.record(25);
    await forwarder.invoke();
    const pages = readings(forwarder).map((path) => new URLSearchParams(path.split('?')[1]));
    expect(pages).toHaveLength(3);
    for (const page of pages)
      expect(Object.fromEntries(page)).toMatchObject({ size: '10', after: '0', before: String(KONG_NOW + 1) });
    expect(pages.map((page) => page.has('offset'))).toEqual([false, true, true]);
  });

  test('newest-first: stops below the window', async () => {
    await using forwarder = await start({ env, kong: { version: '3.4.3.8' } });
    forwarder.record(95, {}, { at: KONG_NOW - 9000 });
    await forwarder.invoke();
    const before = readings(forwarder).length;
    forwarder.clock.now += 60;
    await forwarder.invoke();
    expect(readings(forwarder).length - before).toBeLessThanOrEqual(2);
    expect(readings(forwarder).join()).not.toMatch(/after|before/);
  });

  test('full-scan: a scheduled run forwards also what came later than the overlap', async () => {
    await using forwarder = await start({ env, kong: { version: '3.3.0.0' } });
    forwarder.record(20);
    await forwarder.invoke();
    const [late] = forwarder.record(1, {}, { at: KONG_NOW - 500_000 });
    expect(await forwarder.invoke()).toMatchObject({ forwarded: 1 });
    expect(forwarder.uids()).toContain(late?.key);
  });

  test.each(ONE_OF_EACH)('%s: a backfill forwards what lies in its window', async (version) => {
    await using forwarder = await start({ env, kong: { version } });
    const rows = forwarder.record(50);
    const summary = await forwarder.invoke({ mode: 'backfill', after: KONG_NOW - 40, before: KONG_NOW - 15 });
    expect(summary).toMatchObject({ status: 'complete', fetched: 25, forwarded: 25 });
    expect(forwarder.uids().sort()).toEqual(keysOf(rows.slice(10, 35)));
  });
});

describe('the version is not known', () => {
  const denied = { token: 'a-token', name: 'auditor', id: 'b0c5a1ce-9a4c-4c4e-8d39-6a1f4d3c1c11', denied: ['/'] };
  const login = { KONG_SUPERADMIN: 'true', KONG_ADMIN_TOKEN: 'a-token' };

  test.each([
    ['3.9.1.0', 'filtered'],
    ['3.4.3.8', 'full-scan'],
    ['3.3.0.0', 'full-scan'],
  ])('GET / is forbidden on a %s: a probe finds %s', async (version, strategy) => {
    await using forwarder = await start({ env: { ...env, ...login }, kong: { version, rbacUsers: [denied] } });
    forwarder.record(25);
    const summary = await forwarder.invoke();
    expect(summary).toMatchObject({ status: 'complete', strategy, kongVersion: 'unknown', forwarded: 25 });
    expect(readings(forwarder)[0]).toContain('size=1&after=0&before=1');
    expect(forwarder.events()[0]).toMatchObject({
      version: 'unknown',
      additionalEventData: { hostname: forwarder.kong.url },
    });
    forwarder.clock.now += 60;
    forwarder.record(1);
    expect(await forwarder.invoke()).toMatchObject({ status: 'complete', forwarded: 1, strategy });
  });

  test.each([
    ['is not there', { fault: 'answer', status: 404, body: { message: 'Not found' } }],
    ['is a page of HTML', { fault: 'answer', status: 200, headers: { 'content-type': 'text/html' }, body: '<html>' }],
    ['names no version', { fault: 'rewrite', body: () => ({ tagline: 'Welcome to kong' }) }],
    ['names a version nobody understands', { fault: 'rewrite', body: () => ({ version: 'nightly' }) }],
  ] as const)('GET / %s: a probe tells', async (_, fault) => {
    await using forwarder = await start({ env });
    forwarder.record(25);
    forwarder.kong.faults.always((request) => (onRoot(request) ? fault : undefined));
    expect(await forwarder.invoke()).toMatchObject({ status: 'complete', strategy: 'filtered', forwarded: 25 });
  });
});

describe('Kong does not keep to its strategy', () => {
  test('the filter is silently ignored: one warning, everything read, nothing lost', async () => {
    await using forwarder = await start({ env, kong: { version: '3.4.3.8' } });
    pretend(forwarder, '3.4.3.9');
    const rows = [...forwarder.record(25, {}, { at: KONG_NOW - 9000 })];
    await forwarder.invoke();
    forwarder.clock.now += 9000;
    rows.push(...forwarder.record(25));
    expect(await forwarder.invoke()).toMatchObject({ status: 'complete', strategy: 'full-scan', forwarded: 25 });
    expect(forwarder.uids().sort()).toEqual(keysOf(rows));
    const warnings = forwarder.logged('level').filter(({ level }) => level === 'WARN');
    expect(warnings).toMatchObject([{ message: expect.stringContaining('filtered') as string }]);
  });

  test('few rows lie in order by chance: an entry below them is not overlooked', async () => {
    await using forwarder = await start({ env: { KONG_PAGE_SIZE: '2' }, kong: { version: '3.3.0.0' } });
    pretend(forwarder, '3.9.1.0');
    forwarder.record(1, { request_id: 'a1' }, { at: KONG_NOW - 20_000 });
    forwarder.record(1, { request_id: 'a2' }, { at: KONG_NOW - 21_000 });
    await forwarder.invoke();
    forwarder.clock.now += 60;
    forwarder.record(1, { request_id: 'b' }, { at: KONG_NOW + 30 });
    expect(await forwarder.invoke()).toMatchObject({ status: 'complete', forwarded: 1 });
    expect(forwarder.uids()).toContain('b');
  });

  test.each(['3.9.1.0', '3.4.3.8'])('an older Kong says it were %s: read whole, nothing lost', async (version) => {
    await using forwarder = await start({ env, kong: { version: '3.3.0.0' } });
    pretend(forwarder, version);
    const rows = [...forwarder.record(45)];
    expect(await forwarder.invoke()).toMatchObject({ status: 'complete', strategy: 'full-scan', forwarded: 45 });
    forwarder.clock.now += 9000;
    rows.push(...forwarder.record(15), ...forwarder.record(1, {}, { at: KONG_NOW + 6000 }));
    expect(await forwarder.invoke()).toMatchObject({ status: 'complete', strategy: 'full-scan', forwarded: 16 });
    expect(forwarder.uids().sort()).toEqual(keysOf(rows));
  });

  test.each(['filtered', 'newest-first', 'full-scan'])('KONG_SCAN=%s overrides the version', async (strategy) => {
    await using forwarder = await start({ env: { ...env, KONG_SCAN: strategy } });
    forwarder.record(25);
    expect(await forwarder.invoke()).toMatchObject({ status: 'complete', strategy, forwarded: 25 });
    expect(/after=/.test(readings(forwarder).join())).toBe(strategy === 'filtered');
  });

  test('KONG_SCAN=filtered on a Kong that cannot: nothing is lost', async () => {
    await using forwarder = await start({ env: { ...env, KONG_SCAN: 'filtered' }, kong: { version: '3.3.0.0' } });
    const rows = forwarder.record(45);
    expect(await forwarder.invoke()).toMatchObject({ status: 'complete', strategy: 'full-scan', forwarded: 45 });
    expect(forwarder.uids().sort()).toEqual(keysOf(rows));
  });
});

describe('a full scan is interrupted', () => {
  /** Kong answers no more after so many pages. */
  async function interrupt(forwarder: Forwarder, pages: number): Promise<void> {
    const { kong } = forwarder;
    const until = kong.requests.length + 1 + pages;
    kong.faults.always(() => (kong.requests.length > until ? { fault: 'answer', status: 403 } : undefined));
    await forwarder.fail();
    kong.faults.clear();
  }

  test('the next run goes on at the saved offset and plans no second scan behind it', async () => {
    await using forwarder = await start({ env, kong: { version: '3.3.0.0' } });
    const rows = [...forwarder.record(60)];
    await interrupt(forwarder, 3);
    const cut = await forwarder.checkpoint();
    expect(cut).toMatchObject({ planned: KONG_NOW + 1, pending: [{ after: 0, before: KONG_NOW + 1 }] });
    const { offset } = JSON.parse(cut?.pending[0]?.cursor ?? '{}') as { offset?: string };
    expect(forwarder.uids()).toHaveLength(30);

    forwarder.clock.now += 9000;
    rows.push(...forwarder.record(30));
    const asked = readings(forwarder).length;
    expect(await forwarder.invoke()).toMatchObject({ status: 'complete', pending: [], watermark: KONG_NOW + 1 });
    expect(readings(forwarder)[asked]).toContain(`offset=${encodeURIComponent(offset ?? 'none')}`);
    expect(await forwarder.checkpoint()).toMatchObject({ planned: KONG_NOW + 1, pending: [] });

    expect(await forwarder.invoke()).toMatchObject({ status: 'complete', watermark: KONG_NOW + 9001 });
    expect(
      forwarder
        .uids()
        .filter((uid) => rows.some(({ key }) => key === uid))
        .sort(),
    ).toEqual(keysOf(rows));
  });

  test('many times: it still ends, and nothing is lost or sent twice', async () => {
    await using forwarder = await start({ env, kong: { version: '2.8.1.1-enterprise-edition' } });
    const rows = forwarder.record(60);
    for (let run = 0; run < 4; run += 1) await interrupt(forwarder, 1);
    expect(await forwarder.invoke()).toMatchObject({ status: 'complete', pending: [] });
    expect(forwarder.uids().sort()).toEqual(keysOf(rows));
  });

  test('and Kong refuses the saved offset: the scan starts again', async () => {
    await using forwarder = await start({ env, kong: { version: '3.3.0.0' } });
    const rows = forwarder.record(60);
    await interrupt(forwarder, 3);
    const body = { code: 7, name: 'invalid offset', message: "'x' is not a valid offset: bad base64 encoding" };
    forwarder.kong.faults.next(
      { fault: 'answer', status: 400, body },
      { match: ({ path }) => path.includes('offset') },
    );
    expect(await forwarder.invoke()).toMatchObject({ status: 'complete', forwarded: 30, duplicates: 30 });
    expect(forwarder.uids().sort()).toEqual(keysOf(rows));
  });

  test.each([
    ['3.3.0.0', '3.3.1.0'],
    ['3.3.0.0', '3.4.3.8'],
    ['3.3.0.0', '3.9.1.0'],
    ['3.4.3.8', '3.9.1.0'],
    ['3.9.1.0', '3.3.0.0'],
  ])('or any run, and Kong goes from %s to %s: nothing is lost', async (from, to) => {
    await using forwarder = await start({ env: { ...env, OVERLAP_SECONDS: '1' }, kong: { version: from } });
    const rows = forwarder.record(60);
    await interrupt(forwarder, 3);
    forwarder.kong.settings.version = to;
    expect(await forwarder.invoke()).toMatchObject({ status: 'complete', kongVersion: to, pending: [] });
    expect([...new Set(forwarder.uids())].sort()).toEqual(keysOf(rows));
    expect((await forwarder.checkpoint())?.pending).toEqual([]);
  });
});
