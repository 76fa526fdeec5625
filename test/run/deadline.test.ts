import { describe, expect, test } from 'vitest';
import type { Summary } from '../../lambda/summary.ts';
import { type Forwarder, KONG_NOW, start } from '../support/forwarder.ts';

const env = { KONG_PAGE_SIZE: '10', DEADLINE_RESERVE_MS: '600', OVERLAP_SECONDS: '0' };
const idsOf = (rows: readonly { readonly key: string }[]) => rows.map(({ key }) => key).sort();

/** Invokes with two seconds left, and expects the answer within them. */
async function invokeInTime(forwarder: Forwarder, event: unknown = {}): Promise<Summary> {
  await forwarder.coldStart();
  const startedAt = performance.now();
  const summary = await forwarder.invoke(event, { remainingMs: 2000 });
  expect(performance.now() - startedAt).toBeLessThan(2000);
  return summary;
}

describe('the deadline comes', () => {
  test('while Kong does not answer: the window is left below the last settled second, and the next run goes on there', async () => {
    await using forwarder = await start({ env });
    const { kong } = forwarder;
    const rows = forwarder.record(60);
    kong.faults.always(() => (kong.requests.length > 4 ? { fault: 'hang', at: 'before-headers' } : undefined));

    const cut = await invokeInTime(forwarder);
    expect(cut).toMatchObject({ status: 'incomplete', forwarded: 30, pages: 3, watermark: 0 });
    const pending = [{ after: 0, before: (rows[30]?.timestamp ?? 0) + 1 }];
    expect(cut.pending).toEqual(pending);
    expect(await forwarder.checkpoint()).toMatchObject({ planned: KONG_NOW + 1, pending, fullScan: null });
    expect(await forwarder.redis.exists(`${forwarder.prefix}lock`)).toBe(0);
    expect(forwarder.logged('summary')).toMatchObject([{ level: 'INFO', summary: { status: 'incomplete', pending } }]);
    expect(forwarder.logged('_aws')).toMatchObject([{ RunsIncomplete: 1, LagSeconds: 2_592_000 }]);

    kong.faults.clear();
    const asked = kong.requests.length;
    forwarder.clock.now += 100;
    expect(await forwarder.invoke()).toMatchObject({ status: 'complete', forwarded: 30 });
    const readings = kong.requests.slice(asked + 1).map(({ path }) => path);
    expect(readings[0]).toContain(`after=${KONG_NOW + 1}&before=${KONG_NOW + 101}`);
    expect(readings[1]).toContain(`after=0&before=${rows[31]?.timestamp ?? 0}`);
    expect(forwarder.uids().sort()).toEqual(expect.arrayContaining(idsOf(rows)));
  });
});
