import { describe, expect, test } from 'vitest';
import { hash } from 'node:crypto';
import { type Forwarder, start } from '../support/forwarder.ts';

const replay = { mode: 'replay' };

/** Records `count` rows with the ids `0`, `1` … and lets CloudTrail refuse them all. */
async function quarantineRows(forwarder: Forwarder, count: number, entry = {}): Promise<void> {
  for (let index = 0; index < count; index += 1) forwarder.record(1, { request_id: String(index), ...entry });
  forwarder.cloudtrail.faults.always(() => ({ fault: 'events', error: () => 'AccountQuirk' }));
  expect(await forwarder.invoke()).toMatchObject({ quarantined: count });
  forwarder.cloudtrail.faults.clear();
}

describe('a replay', () => {
  test('sends what is in quarantine; what is accepted leaves it and is marked', async () => {
    await using forwarder = await start();
    await quarantineRows(forwarder, 3);
    expect(await forwarder.invoke(replay)).toMatchObject({
      status: 'complete',
      mode: 'replay',
      fetched: 3,
      forwarded: 3,
      quarantined: 0,
      puts: 1,
    });
    expect(forwarder.uids().sort()).toEqual(['0', '1', '2']);
    expect(await forwarder.quarantine()).toEqual({});
    for (const { id, eventID } of forwarder.cloudtrail.accepted) expect(await forwarder.seen(id)).toBe(eventID);
    expect(forwarder.logged('QuarantineSize').at(-1)).toMatchObject({ QuarantineSize: 0 });
  });

  test('keeps what is refused again, with the new reason', async () => {
    await using forwarder = await start();
    await quarantineRows(forwarder, 3);
    forwarder.cloudtrail.faults.next({ fault: 'events', error: ({ id }) => (id === '1' ? 'FieldTooLong' : undefined) });
    expect(await forwarder.invoke(replay)).toMatchObject({ forwarded: 2, quarantined: 1 });
    expect(await forwarder.quarantine()).toEqual({
      '1': expect.objectContaining({ errorCode: 'FieldTooLong', errorMessage: 'injected' }) as unknown,
    });
    expect(await forwarder.seen('1')).toBe('quarantined:FieldTooLong');
  });

  test('keeps what is no audit entry', async () => {
    await using forwarder = await start();
    forwarder.record(1, { request_id: 'odd', request_timestamp: 'soon' });
    await forwarder.invoke();
    expect(await forwarder.invoke(replay)).toMatchObject({ status: 'complete', forwarded: 0, quarantined: 1 });
    expect(await forwarder.quarantine()).toMatchObject({ odd: { errorCode: 'InvalidEntry' } });
  });

  test('of a payload that was cut still describes the whole one, also after a second refusal', async () => {
    await using forwarder = await start();
    const payload = JSON.stringify({ text: 'é'.repeat(40_000) });
    await quarantineRows(forwarder, 1, { payload });
    const digest = { payloadBytes: Buffer.byteLength(payload), payloadSha256: hash('sha256', payload) };
    const kept = (await forwarder.quarantine())['0'];
    expect(kept).toMatchObject(digest);
    expect(Buffer.byteLength((kept?.entry as { payload: string }).payload)).toBeLessThanOrEqual(32_000);

    forwarder.cloudtrail.faults.next({ fault: 'events', error: () => 'AccountQuirk' });
    await forwarder.invoke(replay);
    expect((await forwarder.quarantine())['0']).toMatchObject(digest);

    await forwarder.invoke(replay);
    const [event] = forwarder.events();
    expect(event).toMatchObject({ requestParameters: { payloadTruncated: true, ...digest } });
    const sent = (event?.['requestParameters'] as { payload: string }).payload;
    expect(payload.startsWith(sent)).toBe(true);
  });

  test('of many tries each once', async () => {
    await using forwarder = await start();
    await quarantineRows(forwarder, 700);
    forwarder.cloudtrail.faults.always(() => ({
      fault: 'events',
      error: ({ id }) => (Number(id) % 2 ? 'No' : undefined),
    }));
    expect(await forwarder.invoke(replay)).toMatchObject({ fetched: 700, forwarded: 350, quarantined: 350 });
    expect(Object.keys(await forwarder.quarantine())).toHaveLength(350);
    expect(new Set(forwarder.uids()).size).toBe(350);
  });

  test('gets to each record in time, however many others take the sink’s answer with them for ever', async () => {
    await using forwarder = await start();
    await quarantineRows(forwarder, 9);
    const { cloudtrail } = forwarder;
    for (const [id, record] of Object.entries(await forwarder.quarantine()))
      await forwarder.redis.hset(`${forwarder.prefix}quarantine`, id, JSON.stringify({ ...record, isTransient: true }));
    cloudtrail.faults.always(({ body }) =>
      /"id":"[0-6]"/.test(body.toString()) ? { fault: 'reset', at: 'before-handling' } : undefined,
    );
    // The order is drawn anew each time. That one of the two comes behind five of the seven thirty times in a row is not to be expected.
    for (let day = 0; day < 30 && forwarder.uids().length < 2; day += 1)
      await forwarder.invoke(replay).catch(() => null);
    expect(forwarder.uids().sort()).toEqual(['7', '8']);
  });

  test('of nothing is complete', async () => {
    await using forwarder = await start();
    expect(await forwarder.invoke(replay)).toMatchObject({ status: 'complete', fetched: 0, forwarded: 0, puts: 0 });
  });

  test('fails with the named error while the channel is wrong, and loses nothing', async () => {
    await using forwarder = await start();
    await quarantineRows(forwarder, 3);
    forwarder.cloudtrail.faults.always(() => ({ fault: 'error', code: 'ChannelNotFound' }));
    expect(await forwarder.fail(replay)).toMatchObject({ name: 'ChannelError' });
    expect(Object.keys(await forwarder.quarantine())).toHaveLength(3);
    forwarder.cloudtrail.faults.clear();
    expect(await forwarder.invoke(replay)).toMatchObject({ forwarded: 3 });
  });

  test('neither touches what is pending nor counts as the first scheduled run', async () => {
    await using forwarder = await start();
    forwarder.record(5);
    await forwarder.redis.hset(`${forwarder.prefix}quarantine`, 'x', '{}');
    expect(await forwarder.invoke(replay)).toMatchObject({ quarantined: 1, watermark: null });
    expect((await forwarder.checkpoint())?.planned ?? null).toBeNull();
    expect(await forwarder.invoke()).toMatchObject({ forwarded: 5 });
  });

  test('keeps secrets replaced', async () => {
    await using forwarder = await start();
    await quarantineRows(forwarder, 1, {
      payload: '{"name":"a","password":"hunter2"}',
      path: '/userinfo?token=hunter3',
    });
    expect(JSON.stringify(await forwarder.quarantine())).not.toMatch(/hunter/);
    await forwarder.invoke(replay);
    expect(JSON.stringify(forwarder.events())).not.toMatch(/hunter/);
  });

  test('is incomplete when the time is up, and a later one goes on', async () => {
    await using forwarder = await start({ env: { DEADLINE_RESERVE_MS: '400' } });
    await quarantineRows(forwarder, 250);
    const { cloudtrail } = forwarder;
    const before = cloudtrail.requests.length;
    cloudtrail.faults.always(() => ({ fault: 'hang', at: 'before-handling' }));
    const cut = await forwarder.cutOff(() => cloudtrail.requests.length > before, 400, replay);
    expect(cut).toMatchObject({ status: 'incomplete', forwarded: 0 });
    cloudtrail.faults.clear();
    expect(await forwarder.invoke(replay)).toMatchObject({ status: 'complete', forwarded: 250 });
  });
});
