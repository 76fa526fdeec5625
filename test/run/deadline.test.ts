import { describe, expect, test } from 'vitest';
import type { Summary } from '../../lambda/pipeline/report.ts';
import { type Forwarder, KONG_NOW, start } from '../support/forwarder.ts';

const env = { KONG_PAGE_SIZE: '10', DEADLINE_RESERVE_MS: '600', OVERLAP_SECONDS: '1' };
const idsOf = (rows: readonly { readonly key: string }[]) => rows.map(({ key }) => key).sort();
const secondOf = (row: { readonly timestamp: number } | undefined) => row?.timestamp ?? 0;

/** Invokes with so much time left, and expects the answer within it. */
async function invokeInTime(forwarder: Forwarder, remainingMs = 6000): Promise<Summary> {
  await forwarder.coldStart();
  const startedAt = performance.now();
  const summary = await forwarder.invoke({}, { remainingMs });
  expect(performance.now() - startedAt).toBeLessThan(remainingMs);
  return summary;
}

describe('the deadline comes', () => {
  test('while Kong does not answer: the window ends below the last settled second, and the next run goes on there', async () => {
    await using forwarder = await start({ env });
    const { kong } = forwarder;
    const rows = forwarder.record(60);
    kong.faults.always(() => (kong.requests.length > 4 ? { fault: 'hang', at: 'before-headers' } : undefined));

    const cut = await invokeInTime(forwarder);
    expect(cut).toMatchObject({ status: 'incomplete', forwarded: 30, pages: 3, watermark: 0 });
    const pending = [{ after: 0, before: secondOf(rows[30]) + 1 }];
    expect(cut.pending).toEqual(pending);
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
    expect(forwarder.uids()).toEqual(expect.arrayContaining(idsOf(rows)));
  });

  test('while CloudTrail does not answer: what it has not taken stays pending, and the next run delivers it', async () => {
    await using forwarder = await start({ env });
    const { cloudtrail } = forwarder;
    const rows = forwarder.record(60);
    cloudtrail.faults.always(() =>
      cloudtrail.requests.length > 1 ? { fault: 'hang', at: 'before-handling' } : undefined,
    );
    const cut = await invokeInTime(forwarder);
    expect(cut).toMatchObject({ status: 'incomplete', forwarded: 10 });
    expect(cut.pending).toEqual([{ after: 0, before: secondOf(rows[49]) + 1 }]);

    cloudtrail.faults.clear();
    expect(await forwarder.invoke()).toMatchObject({ status: 'complete', forwarded: 50 });
    expect(forwarder.uids().sort()).toEqual(idsOf(rows));
  });

  test('while a put is slow: it may end in the first half of the reserve, and is marked', async () => {
    await using forwarder = await start({ env: { ...env, DEADLINE_RESERVE_MS: '2000' } });
    forwarder.record(5);
    forwarder.cloudtrail.faults.always(() => ({ fault: 'delay', ms: 2300 }));
    expect(await invokeInTime(forwarder, 4000)).toMatchObject({ forwarded: 5, puts: 1 });
    expect(await forwarder.seen(forwarder.uids()[0] ?? '')).not.toBeNull();
  });

  test('while a page trickles in: what came before is saved', async () => {
    await using forwarder = await start({ env });
    const { kong } = forwarder;
    const rows = forwarder.record(30);
    kong.faults.always(() => (kong.requests.length > 2 ? { fault: 'hang', at: 'mid-body' } : undefined));
    expect(await invokeInTime(forwarder)).toMatchObject({ status: 'incomplete', forwarded: 10 });
    kong.faults.clear();
    expect(await forwarder.invoke()).toMatchObject({ status: 'complete', forwarded: 20 });
    expect(forwarder.uids().sort()).toEqual(idsOf(rows));
  });

  test('before Kong has said who it is: nothing is planned and nothing forgotten', async () => {
    await using forwarder = await start({ env });
    const rows = forwarder.record(5);
    forwarder.kong.faults.always(() => ({ fault: 'hang', at: 'before-handling' }));
    expect(await forwarder.fail({}, { remainingMs: 3000 })).toMatchObject({ name: 'NoProgressError' });
    forwarder.kong.faults.clear();
    expect(await forwarder.invoke()).toMatchObject({ status: 'complete', forwarded: 5 });
    expect(forwarder.uids().sort()).toEqual(idsOf(rows));
  });

  test('again and again: each run shrinks what is pending, fresh entries do not wait for the backlog', async () => {
    await using forwarder = await start({ env });
    const { kong, clock } = forwarder;
    const rows = [...forwarder.record(40)];
    let answers = 0;
    kong.faults.always(({ path }) => {
      if (!path.startsWith('/audit')) answers = 0;
      answers += 1;
      return answers > 3 ? { fault: 'hang', at: 'before-handling' } : undefined;
    });
    expect(await invokeInTime(forwarder)).toMatchObject({ status: 'incomplete', forwarded: 20 });
    clock.now += 60;
    const fresh = forwarder.record(1);
    rows.push(...fresh);
    expect(await invokeInTime(forwarder)).toMatchObject({ status: 'incomplete' });
    expect(forwarder.uids()).toContain(fresh[0]?.key);
    kong.faults.clear();
    expect(await forwarder.invoke()).toMatchObject({ status: 'complete' });
    expect(forwarder.uids().sort()).toEqual(expect.arrayContaining(idsOf(rows)));
  });

  test('sooner than the reserve allows for: half of the time is for working', async () => {
    await using forwarder = await start({ env: { ...env, DEADLINE_RESERVE_MS: '15000' } });
    forwarder.record(30);
    expect(await invokeInTime(forwarder)).toMatchObject({ status: 'complete', forwarded: 30 });
  });
});
