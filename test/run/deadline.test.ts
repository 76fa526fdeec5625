import { describe, expect, test } from 'vitest';
import { KONG_NOW, start } from '../support/forwarder.ts';
import { keysOf } from '../support/ids.ts';

const RESERVE_MS = 600;
const env = { KONG_PAGE_SIZE: '10', DEADLINE_RESERVE_MS: `${RESERVE_MS}`, OVERLAP_SECONDS: '1' };
const secondOf = (row: { readonly timestamp: number } | undefined) => row?.timestamp ?? 0;

describe('the deadline comes', () => {
  test('while Kong does not answer: the window ends below the last settled second, and the next run goes on there', async () => {
    await using forwarder = await start({ env });
    const { kong } = forwarder;
    const rows = forwarder.record(60);
    kong.faults.always(() => (kong.requests.length > 4 ? { fault: 'hang', at: 'before-headers' } : undefined));

    const cut = await forwarder.cutOff(() => forwarder.uids().length === 30 && kong.requests.length > 4, RESERVE_MS);
    const pending = [{ after: 0, before: secondOf(rows[30]) + 1 }];
    expect(cut).toMatchObject({ status: 'incomplete', forwarded: 30, pages: 3, watermark: 0, pending });
    expect(await forwarder.checkpoint()).toMatchObject({ format: 2, planned: KONG_NOW + 1, pending });
    expect(await forwarder.redis.exists(`${forwarder.prefix}lock`)).toBe(0);
    expect(forwarder.logged('summary')).toMatchObject([{ level: 'INFO', summary: { status: 'incomplete', pending } }]);
    expect(forwarder.logged('_aws')).toMatchObject([{ RunsIncomplete: 1, PurgeHeadroomSeconds: 0 }]);

    kong.faults.clear();
    const asked = kong.requests.length;
    forwarder.clock.now += 100;
    // One of them is the request that was never answered: nobody learnt its id.
    expect(await forwarder.invoke()).toMatchObject({ status: 'complete', forwarded: 31, duplicates: 1, pending: [] });
    const [, first, second] = kong.requests.slice(asked).map(({ path }) => path);
    expect(first).toContain(`after=${KONG_NOW + 1}&before=${KONG_NOW + 101}`);
    expect(second).toContain(`after=0&before=${secondOf(rows[30]) + 1}`);
    expect(forwarder.uids()).toEqual(expect.arrayContaining(keysOf(rows)));
  });

  test('while CloudTrail does not answer: what it has not taken stays pending, and the next run delivers it', async () => {
    await using forwarder = await start({ env });
    const { cloudtrail } = forwarder;
    const rows = forwarder.record(60);
    cloudtrail.faults.always(() =>
      cloudtrail.requests.length > 1 ? { fault: 'hang', at: 'before-handling' } : undefined,
    );
    const cut = await forwarder.cutOff(() => cloudtrail.requests.length > 1, RESERVE_MS);
    const pending = [{ after: 0, before: secondOf(rows[49]) + 1 }];
    expect(cut).toMatchObject({ status: 'incomplete', forwarded: 10, pending });

    cloudtrail.faults.clear();
    expect(await forwarder.invoke()).toMatchObject({ status: 'complete', forwarded: 50 });
    expect(forwarder.uids().sort()).toEqual(keysOf(rows));
  });

  test('while a put is slow: it may end in the first half of the reserve, and is marked', async () => {
    const reserveMs = 20_000;
    await using forwarder = await start({ env: { ...env, DEADLINE_RESERVE_MS: `${reserveMs}` } });
    const { cloudtrail } = forwarder;
    forwarder.record(5);
    // Longer than it takes until the run looks at the time again.
    cloudtrail.faults.always(() => ({ fault: 'delay', ms: 800 }));
    const cut = await forwarder.cutOff(() => cloudtrail.requests.length > 0, reserveMs);
    expect(cut).toMatchObject({ forwarded: 5, puts: 1 });
    expect(await forwarder.seen(forwarder.uids()[0] ?? '')).not.toBeNull();
  });

  test('while a page trickles in: what came before is saved', async () => {
    await using forwarder = await start({ env });
    const { kong } = forwarder;
    const rows = forwarder.record(30);
    kong.faults.always(() => (kong.requests.length > 2 ? { fault: 'hang', at: 'mid-body' } : undefined));
    const cut = await forwarder.cutOff(() => forwarder.uids().length === 10 && kong.requests.length > 2, RESERVE_MS);
    expect(cut).toMatchObject({ status: 'incomplete', forwarded: 10 });
    kong.faults.clear();
    expect(await forwarder.invoke()).toMatchObject({ status: 'complete', forwarded: 20 });
    expect(forwarder.uids().sort()).toEqual(keysOf(rows));
  });

  test('before Kong has said who it is: nothing is planned and nothing forgotten', async () => {
    await using forwarder = await start({ env });
    const rows = forwarder.record(5);
    forwarder.kong.faults.always(() => ({ fault: 'hang', at: 'before-handling' }));
    const cut = await forwarder.cutOff(() => forwarder.kong.requests.length > 0, RESERVE_MS);
    expect(cut).toMatchObject({ name: 'NoProgressError' });
    forwarder.kong.faults.clear();
    expect(await forwarder.invoke()).toMatchObject({ status: 'complete', forwarded: 5 });
    expect(forwarder.uids().sort()).toEqual(keysOf(rows));
  });

  test('again and again: each run shrinks what is pending, fresh entries do not wait for the backlog', async () => {
    await using forwarder = await start({ env });
    const { kong, clock } = forwarder;
    const rows = [...forwarder.record(40)];
    let asked = 0;
    kong.faults.always(({ path }) => {
      if (!path.startsWith('/audit')) asked = 0;
      asked += 1;
      return asked > 3 ? { fault: 'hang', at: 'before-handling' } : undefined;
    });
    const cutOff = (delivered: number) =>
      forwarder.cutOff(() => asked > 3 && forwarder.uids().length >= delivered, RESERVE_MS);
    expect(await cutOff(20)).toMatchObject({ status: 'incomplete', forwarded: 20 });
    clock.now += 60;
    const fresh = forwarder.record(1);
    rows.push(...fresh);
    expect(await cutOff(21)).toMatchObject({ status: 'incomplete' });
    expect(forwarder.uids()).toContain(fresh[0]?.key);
    kong.faults.clear();
    expect(await forwarder.invoke()).toMatchObject({ status: 'complete' });
    expect(forwarder.uids().sort()).toEqual(expect.arrayContaining(keysOf(rows)));
  });

  test('sooner than the reserve allows for: half of the time is for working', async () => {
    await using forwarder = await start({ env: { ...env, DEADLINE_RESERVE_MS: '150000' } });
    forwarder.record(30);
    expect(await forwarder.invoke({}, { remainingMs: 60_000 })).toMatchObject({ status: 'complete', forwarded: 30 });
  });
});
