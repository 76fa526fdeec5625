import { describe, expect, test } from 'vitest';
import { KONG_NOW, start } from '../support/forwarder.ts';

const HOUR = 3600;

describe('what the simulation has found:', () => {
  test('a record that is refused again keeps the time its ttl was read at', async () => {
    await using forwarder = await start();
    forwarder.cloudtrail.faults.always(() => ({ fault: 'events', error: () => 'InvalidData' }));
    const [row] = forwarder.record(1);
    await forwarder.invoke();
    const before = await forwarder.quarantine();
    await forwarder.invoke({ mode: 'replay' });
    expect(before[row?.key ?? '']).toBeDefined();
    expect(await forwarder.quarantine()).toEqual(before);
  });

  test('a node with its clock ahead does not move the next window beyond what the others write', async () => {
    await using forwarder = await start();
    const now = Math.floor(Date.now() / 1000);
    forwarder.clock.now = now + 3 * HOUR;
    await forwarder.invoke();
    // Another node answers, whose clock is right; what was written before it spoke lies below the first one's now.
    forwarder.clock.now = now + HOUR;
    const [row] = forwarder.record(1, {}, { at: now - 2 * HOUR });
    expect(await forwarder.invoke()).toMatchObject({ forwarded: 1 });
    expect(forwarder.uids()).toEqual([row?.key]);
  });

  test('a backfill asked for behind an unfinished full scan is not taken for done when that scan ends', async () => {
    await using forwarder = await start({ kong: { version: '2.8.1.1' }, env: { KONG_PAGE_SIZE: '10' } });
    for (let index = 10; index < 40; index += 1)
      forwarder.record(1, { request_id: `b${index}` }, { at: KONG_NOW - 7 * HOUR });
    forwarder.kong.faults.always(({ path }) =>
      path.includes('offset=') ? { fault: 'answer', status: 404, body: {} } : undefined,
    );
    await forwarder.fail();
    forwarder.kong.faults.clear();

    // Comes late, in front of where the scan has got to.
    forwarder.record(1, { request_id: 'a' }, { at: KONG_NOW - 7 * HOUR });
    const window = { after: KONG_NOW - 8 * HOUR, before: KONG_NOW - 6 * HOUR };
    expect(await forwarder.invoke({ mode: 'backfill', ...window })).toMatchObject({ status: 'complete', pending: [] });
    expect(forwarder.uids()).toContain('a');
  });
});
