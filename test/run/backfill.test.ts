import { describe, expect, test } from 'vitest';
import { type Forwarder, KONG_NOW, start } from '../support/forwarder.ts';
import { startRedis } from '../support/redis-server.ts';
import { keysOf } from '../support/ids.ts';

const iso = (seconds: number) => new Date(seconds * 1000).toISOString().replace('.000', '');

describe('a backfill', () => {
  test.each([
    ['epoch seconds', KONG_NOW - 60, KONG_NOW - 30],
    ['RFC 3339', iso(KONG_NOW - 60), iso(KONG_NOW - 30)],
    ['RFC 3339 with an offset', '2023-11-15T00:12:20+02:00', '2023-11-14T17:12:50-05:00'],
    ['epoch seconds as text', String(KONG_NOW - 60), String(KONG_NOW - 30)],
  ])('takes its bounds as %s: after inclusive, before exclusive', async (_, after, before) => {
    await using forwarder = await start();
    const rows = forwarder.record(100);
    const summary = await forwarder.invoke({ mode: 'backfill', after, before });
    expect(summary).toMatchObject({ status: 'complete', mode: 'backfill', fetched: 30, forwarded: 30, pending: [] });
    expect(forwarder.uids().sort()).toEqual(keysOf(rows.slice(40, 70)));
  });

  test('without bounds reads everything up to Kong’s now', async () => {
    await using forwarder = await start();
    const rows = forwarder.record(5);
    forwarder.record(1, {}, { at: KONG_NOW, skewSeconds: 50 });
    expect(await forwarder.invoke({ mode: 'backfill' })).toMatchObject({ status: 'complete', forwarded: 5 });
    expect(forwarder.uids().sort()).toEqual(keysOf(rows));
  });

  test('may end in the future: it goes as far as Kong’s now', async () => {
    await using forwarder = await start();
    forwarder.record(5);
    const summary = await forwarder.invoke({ mode: 'backfill', after: KONG_NOW - 3, before: KONG_NOW + 1000 });
    expect(summary).toMatchObject({ status: 'complete', forwarded: 3 });
  });

  test.each([
    [{ after: 20, before: 10 }, 'earlier'],
    [{ after: 10, before: 10 }, 'earlier'],
    [{ after: KONG_NOW + 1000 }, 'past'],
    [{ after: 'yesterday' }, 'RFC 3339'],
    [{ after: -5 }, 'after'],
  ])('from %j is refused and queues nothing', async (bounds, words) => {
    await using forwarder = await start();
    const error = await forwarder.fail({ mode: 'backfill', ...bounds });
    expect(error).toMatchObject({ name: 'InvocationError', code: 'INVOCATION_INVALID' });
    expect(error.message).toContain(words);
    expect(await forwarder.checkpoint()).toBeNull();
  });

  test('before the first scheduled run does not count as that first run', async () => {
    await using forwarder = await start();
    const rows = forwarder.record(100);
    expect(await forwarder.invoke({ mode: 'backfill', after: KONG_NOW - 10 })).toMatchObject({ watermark: null });
    expect(await forwarder.checkpoint()).toMatchObject({ planned: null, pending: [] });
    expect(await forwarder.invoke()).toMatchObject({ status: 'complete', forwarded: 90, duplicates: 10 });
    expect(forwarder.uids().sort()).toEqual(keysOf(rows));
  });

  test('brings what is older than the overlap, and drops what was forwarded', async () => {
    await using forwarder = await start();
    forwarder.record(5);
    await forwarder.invoke();
    const [late] = forwarder.record(1, {}, { at: KONG_NOW - 9000 });
    forwarder.clock.now += 1;
    expect(await forwarder.invoke()).toMatchObject({ forwarded: 0 });
    const summary = await forwarder.invoke({ mode: 'backfill', after: KONG_NOW - 10_000, before: KONG_NOW });
    expect(summary).toMatchObject({ forwarded: 1, duplicates: 5 });
    expect(forwarder.uids().at(-1)).toBe(late?.key);
  });

  test('that the time does not suffice for is finished by scheduled runs', async () => {
    await using forwarder = await start({ env: { KONG_PAGE_SIZE: '10', DEADLINE_RESERVE_MS: '400' } });
    const { kong } = forwarder;
    await forwarder.invoke();
    const old = forwarder.record(50, {}, { at: KONG_NOW - 9000 });
    const rows = forwarder.record(50, {}, { at: KONG_NOW - 8000 });
    kong.faults.always(() => (kong.requests.length > 5 ? { fault: 'hang', at: 'before-handling' } : undefined));
    const isFarEnough = () => kong.requests.length > 5 && forwarder.uids().length > 0;
    const window = { after: KONG_NOW - 9500, before: KONG_NOW - 7500 };
    const cut = await forwarder.cutOff(isFarEnough, 400, { mode: 'backfill', ...window });
    const pending = [{ after: window.after, before: KONG_NOW - 7999 }];
    expect(cut).toMatchObject({ status: 'incomplete', pending });
    expect(forwarder.uids()).not.toEqual([]);
    // What is read again is no backlog.
    expect(forwarder.logged('_aws').at(-1)).toMatchObject({ LagSeconds: 0 });
    // Nor does it count as a scheduled run.
    expect(forwarder.logged('_aws').at(-1)).not.toHaveProperty('RunsIncomplete');

    kong.faults.clear();
    expect(await forwarder.invoke()).toMatchObject({ status: 'complete', pending: [] });
    expect(new Set(forwarder.uids())).toEqual(new Set(keysOf([...old, ...rows])));
  });
});

describe('resend', () => {
  test('sends again what the window holds whatever became of it, but not own requests, and nothing else', async () => {
    await using forwarder = await start();
    const { cloudtrail } = forwarder;
    const rows = forwarder.record(10);
    const refused = rows[8]?.key ?? '';
    cloudtrail.faults.next({ fault: 'events', error: ({ id }) => (id === refused ? 'InvalidData' : undefined) });
    await forwarder.invoke();
    forwarder.clock.now += 1;
    const resend = { mode: 'backfill', after: KONG_NOW - 5, before: KONG_NOW + 1, resend: true };
    expect(await forwarder.invoke(resend)).toMatchObject({ status: 'complete', forwarded: 5, own: 2, duplicates: 0 });
    expect(forwarder.uids().slice(9).sort()).toEqual(keysOf(rows.slice(5)));
    expect(await forwarder.quarantine()).toEqual({});
    expect(await forwarder.seen(refused)).toBe(cloudtrail.accepted.find(({ id }) => id === refused)?.eventID);
  });

  test.each(['3.9.1.0', '3.3.0.0'])(
    'that was interrupted (Kong %s) is finished by a scheduled run',
    async (version) => {
      await using forwarder = await start({ env: { KONG_PAGE_SIZE: '10' }, kong: { version } });
      const { kong } = forwarder;
      const rows = forwarder.record(40, {}, { at: KONG_NOW - 9000 });
      await forwarder.invoke();
      const answered = kong.requests.length + 3;
      kong.faults.always(() => (kong.requests.length > answered ? { fault: 'answer', status: 403 } : undefined));
      await forwarder.fail({ mode: 'backfill', after: KONG_NOW - 9000, before: KONG_NOW - 8000, resend: true });
      expect(forwarder.uids()).toHaveLength(60);
      expect((await forwarder.checkpoint())?.pending).toMatchObject([{ resend: true }]);

      kong.faults.clear();
      expect(await forwarder.invoke()).toMatchObject({ status: 'complete', pending: [] });
      for (const { key } of rows) expect(forwarder.uids().filter((uid) => uid === key).length).toBeGreaterThan(1);
    },
  );

  test('replaces the marks by the new eventIDs', async () => {
    await using forwarder = await start();
    const [row] = forwarder.record(1);
    await forwarder.invoke();
    await forwarder.invoke({ mode: 'backfill', resend: true });
    expect(forwarder.uids()).toEqual([row?.key, row?.key]);
    expect(await forwarder.seen(row?.key ?? '')).toBe(forwarder.cloudtrail.accepted[1]?.eventID);
  });
});

describe('a dry run', () => {
  const dryRun = { mode: 'backfill', dryRun: true };

  test('reads, maps and reports, and writes nothing at all', async () => {
    await using forwarder = await start();
    const { cloudtrail, clock } = forwarder;
    forwarder.record(5);
    await forwarder.invoke();
    clock.now += 10;
    forwarder.record(3);
    forwarder.record(1, { request_timestamp: undefined });
    const before = await forwarder.keyspace();
    const puts = cloudtrail.requests.length;

    expect(await forwarder.invoke(dryRun)).toMatchObject({
      status: 'complete',
      mode: 'backfill',
      dryRun: true,
      fetched: 11,
      duplicates: 5,
      own: 2,
      forwarded: 0,
      quarantined: 0,
      wouldForward: 3,
      wouldQuarantine: 1,
      puts: 0,
      pending: [],
    });
    expect(await forwarder.keyspace()).toEqual(before);
    expect(cloudtrail.requests).toHaveLength(puts);
  });

  test('works for a Redis user who may only read', async () => {
    await using server = await startRedis({ username: 'auditor', password: 'x', rules: '~* +@read +@connection' });
    await using forwarder = await start({
      redis: server,
      env: { REDIS_USERNAME: 'auditor', REDIS_PASSWORD: 'x' },
    });
    forwarder.record(5);
    expect(await forwarder.invoke(dryRun)).toMatchObject({ status: 'complete', wouldForward: 5 });
  });

  test('leaves its own requests to be forwarded later', async () => {
    await using forwarder = await start();
    await forwarder.invoke(dryRun);
    const { key } = forwarder.kong.table.recorded[1] ?? { key: '' };
    forwarder.clock.now += 1;
    expect(await forwarder.invoke()).toMatchObject({ own: 0, forwarded: 2 });
    expect(forwarder.uids()).toContain(key);
  });

  test('looks at its own window, not at what else is pending, and leaves that pending', async () => {
    await using forwarder = await start();
    await leavePending(forwarder, 1);
    const before = await forwarder.keyspace();
    const summary = await forwarder.invoke({ ...dryRun, after: KONG_NOW - 5, before: KONG_NOW });
    expect(summary).toMatchObject({ status: 'complete', fetched: 5, wouldForward: 5 });
    expect(await forwarder.keyspace()).toEqual(before);
  });

  test('of a Kong that must be read whole sees all of it, also while another scan is unfinished', async () => {
    await using forwarder = await start({ kong: { version: '3.3.0.0' }, env: { KONG_PAGE_SIZE: '5' } });
    await leavePending(forwarder, 3);
    expect((await forwarder.checkpoint())?.pending[0]).toHaveProperty('cursor');
    const before = await forwarder.keyspace();
    const summary = await forwarder.invoke({ ...dryRun, after: KONG_NOW - 20, before: KONG_NOW });
    expect(summary).toMatchObject({ status: 'complete', fetched: 20 });
    expect(await forwarder.keyspace()).toEqual(before);
  });
});

/** A run over 20 entries that Kong stops after so many answers. */
async function leavePending(forwarder: Forwarder, answers: number): Promise<void> {
  const { kong } = forwarder;
  forwarder.record(20);
  kong.faults.always(() => (kong.requests.length > answers ? { fault: 'answer', status: 403 } : undefined));
  await forwarder.fail();
  kong.faults.clear();
}
