import { describe, expect, test } from 'vitest';
import { fill } from './simulators/kong-traffic.ts';
import { KONG_NOW, start } from './support/forwarder.ts';
import { startRedis } from './support/redis-server.ts';

const DAY = 86_400;

describe('a scheduled run', () => {
  test('forwards everything Kong retains, then costs two requests while nothing is new', async () => {
    await using forwarder = await start();
    const { kong, cloudtrail, clock } = forwarder;
    const rows = fill(kong.table, { count: 5000, from: KONG_NOW - 29 * DAY, to: KONG_NOW - 2 * 3600 });

    const first = await forwarder.invoke();
    expect(first).toEqual({
      status: 'complete',
      mode: 'scheduled',
      strategy: 'filtered',
      kongVersion: '3.9.1.0',
      fetched: 5000,
      forwarded: 5000,
      duplicates: 0,
      own: 0,
      ignored: 0,
      quarantined: 0,
      pages: 5,
      puts: 50,
      watermark: KONG_NOW + 1,
      pending: [],
      durationMs: expect.any(Number) as number,
    });
    expect(new Set(forwarder.uids())).toEqual(new Set(rows.map(({ key }) => key)));

    clock.now += 3600;
    const [requests, accepted] = [kong.requests.length, cloudtrail.acceptedCount()];
    const second = await forwarder.invoke();
    expect(second).toMatchObject({ status: 'complete', forwarded: 0, own: 6, puts: 0, watermark: KONG_NOW + 3601 });
    // `GET /`, and one page of fresh entries and overlap.
    expect(kong.requests.length - requests).toBe(2);
    expect(cloudtrail.acceptedCount()).toBe(accepted);
  });

  test('is what {}, no event, an EventBridge event and {"mode":"scheduled"} ask for', async () => {
    await using forwarder = await start();
    const fromEventBridge = { source: 'aws.events', 'detail-type': 'Scheduled Event', detail: {} };
    for (const event of [{}, undefined, fromEventBridge, { mode: 'scheduled' }])
      expect(await forwarder.invoke(event)).toMatchObject({ status: 'complete', mode: 'scheduled' });
  });

  test('catches entries that Kong writes late, as far back as the overlap goes', async () => {
    await using forwarder = await start({ env: { OVERLAP_SECONDS: '600' } });
    const { clock } = forwarder;
    forwarder.record(3);
    await forwarder.invoke();

    clock.now += 60;
    const [late] = forwarder.record(1, {}, { at: KONG_NOW - 500 });
    const [tooLate] = forwarder.record(1, {}, { at: KONG_NOW - 700 });
    expect(await forwarder.invoke()).toMatchObject({ forwarded: 1, duplicates: 3 });
    expect(forwarder.uids()).toContain(late?.key);
    expect(forwarder.uids()).not.toContain(tooLate?.key);
  });

  test('leaves entries beyond Kong’s now to a later run', async () => {
    await using forwarder = await start();
    const [ahead] = forwarder.record(1, {}, { at: KONG_NOW, skewSeconds: 90 });
    forwarder.record(2);
    expect(await forwarder.invoke()).toMatchObject({ fetched: 2, forwarded: 2 });

    forwarder.clock.now += 120;
    expect(await forwarder.invoke()).toMatchObject({ forwarded: 1 });
    expect(forwarder.uids().at(-1)).toBe(ahead?.key);
  });

  test.each([
    ['1999', 946_000_000],
    ['2096', 4_000_000_000],
  ])('goes by Kong’s clock, though the function’s own is far from %s', async (_, kongNow) => {
    await using forwarder = await start();
    forwarder.clock.now = kongNow;
    forwarder.record(3);
    expect(await forwarder.invoke()).toMatchObject({ forwarded: 3, watermark: kongNow + 1 });
    forwarder.clock.now += 3600;
    forwarder.record(1);
    expect(await forwarder.invoke()).toMatchObject({ forwarded: 1, watermark: kongNow + 3601 });
  });

  test('rereads everything retained after Kong’s clock went back by more than the overlap, and says so', async () => {
    await using forwarder = await start();
    forwarder.clock.now += 10 * DAY;
    await forwarder.invoke();
    forwarder.clock.now = KONG_NOW;
    const [row] = forwarder.record(1, {}, { at: KONG_NOW - 5 * DAY });
    expect(await forwarder.invoke()).toMatchObject({ forwarded: 1, watermark: KONG_NOW + 1 });
    expect(forwarder.uids()).toEqual([row?.key]);
    expect(forwarder.output()).toContain('The source’s clock is not where the last run left it');
  });

  test('counts what it rereads because of Kong’s clock as no backlog', async () => {
    await using forwarder = await start();
    forwarder.clock.now += 10 * DAY;
    await forwarder.invoke();
    forwarder.clock.now = KONG_NOW;
    forwarder.kong.settings.licensed = false;
    await forwarder.fail();
    expect(forwarder.logged('_aws').at(-1)).toMatchObject({ LagSeconds: 0, PurgeHeadroomSeconds: 30 * DAY });
  });

  test('sends a row that Kong holds twice once, also when the two stand on different pages', async () => {
    await using forwarder = await start({ env: { KONG_PAGE_SIZE: '2' } });
    for (const at of [KONG_NOW - 9, KONG_NOW - 9, KONG_NOW - 5]) forwarder.record(1, { request_id: 'twin' }, { at });
    forwarder.record(3);
    expect(await forwarder.invoke()).toMatchObject({ status: 'complete', fetched: 6, forwarded: 4, duplicates: 2 });
    expect(forwarder.uids().filter((uid) => uid === 'twin')).toHaveLength(1);
  });

  test('reads everything again when Redis has lost its data, and nothing is lost', async () => {
    await using forwarder = await start();
    const rows = forwarder.record(3);
    await forwarder.invoke();
    await forwarder.redis.del(await forwarder.redis.keys(`${forwarder.prefix}*`));
    expect(await forwarder.invoke()).toMatchObject({ status: 'complete', forwarded: 3 });
    expect(new Set(forwarder.uids())).toEqual(new Set(rows.map(({ key }) => key)));
  });
});

describe('own requests', () => {
  test('are marked by their exact ids; what others read from the audit log is forwarded', async () => {
    await using forwarder = await start();
    const { kong, clock } = forwarder;
    await forwarder.invoke();
    await fetch(`${kong.url}/audit/requests?size=1000&after=0&before=${KONG_NOW + 1}`);
    clock.now += 1;
    expect(await forwarder.invoke()).toMatchObject({ own: 2, forwarded: 1 });
    const [other, ...none] = forwarder.events();
    expect(none).toEqual([]);
    expect(other).toMatchObject({ eventName: 'GET/audit/requests' });
  });

  test('are marked in failing runs, too', async () => {
    await using forwarder = await start();
    const { kong, clock } = forwarder;
    kong.settings.licensed = false;
    expect(await forwarder.fail()).toMatchObject({ name: 'KongAuthError', code: 'KONG_REFUSED' });
    kong.settings.licensed = true;
    kong.settings.auditLog = false;
    expect(await forwarder.fail()).toMatchObject({ name: 'KongResponseError', code: 'KONG_BAD_RESPONSE' });
    kong.settings.auditLog = true;
    clock.now += 1;
    expect(await forwarder.invoke()).toMatchObject({ status: 'complete', own: 2, forwarded: 0 });
  });

  test('are marked although the answer’s body never arrives', async () => {
    await using forwarder = await start();
    forwarder.kong.faults.next({ fault: 'reset', at: 'mid-body' }, { match: ({ path }) => path.startsWith('/audit') });
    await forwarder.invoke();
    forwarder.clock.now += 1;
    expect(await forwarder.invoke()).toMatchObject({ own: 3, forwarded: 0 });
  });

  test('are forwarded like any other with FORWARD_OWN_REQUESTS', async () => {
    await using forwarder = await start({ env: { FORWARD_OWN_REQUESTS: 'true' } });
    await forwarder.invoke();
    forwarder.clock.now += 1;
    expect(await forwarder.invoke()).toMatchObject({ own: 0, forwarded: 2 });
    expect(forwarder.events().map(({ eventName }) => eventName)).toEqual(
      expect.arrayContaining(['GET/', 'GET/audit/requests']),
    );
  });
});

describe('what a run leaves in Redis', () => {
  test('has the documented keys, values and expiries', async () => {
    await using server = await startRedis();
    await using forwarder = await start({ redis: server, env: { SOURCE_NAME: 'kong', TTL_GRACE_SECONDS: '500' } });
    const { redis, cloudtrail, kong } = forwarder;
    const ids = ['falling', 'zero', 'null', 'missing', 'fractional', 'text', 'nonsense'];
    forwarder.record(1, { request_id: 'falling' }, { ttlSeconds: 7000, at: KONG_NOW - 1000 });
    forwarder.record(1, { request_id: 'zero', ttl: 0 });
    forwarder.record(1, { request_id: 'null', ttl: null });
    forwarder.record(1, { request_id: 'missing', ttl: undefined });
    forwarder.record(1, { request_id: 'fractional', ttl: 99.2 });
    forwarder.record(1, { request_id: 'text', ttl: '1234' });
    forwarder.record(1, { request_id: 'nonsense', ttl: { odd: true } });
    forwarder.record(1, { request_id: 'refused' });
    cloudtrail.faults.always(() => ({
      fault: 'events',
      error: ({ id }) => (id === 'refused' ? 'InvalidData' : undefined),
    }));
    await forwarder.invoke();

    const own = kong.table.recorded.slice(-2).map(({ key }) => `seen:${key}`);
    const seen = [...ids, 'refused'].map((id) => `seen:${id}`);
    expect((await redis.keys('*')).sort()).toEqual(
      ['checkpoint', 'last-run', 'quarantine', ...seen, ...own].map((key) => `kong-audit:{kong}:${key}`).sort(),
    );
    expect(await forwarder.checkpoint()).toEqual({
      format: 2,
      planned: KONG_NOW + 1,
      plannedAt: expect.any(Number) as number,
      pending: [],
    });
    for (const { id, eventID } of cloudtrail.accepted) expect(await forwarder.seen(id)).toBe(eventID);
    expect(await forwarder.seen('refused')).toBe('quarantined:InvalidData');
    for (const key of own) expect(await redis.get(`kong-audit:{kong}:${key}`)).toBe('own');

    const expiries: Record<string, number> = {};
    for (const id of ids) expiries[id] = Math.round((await redis.pttl(`kong-audit:{kong}:seen:${id}`)) / 10_000) * 10;
    expect(expiries).toEqual({
      falling: 6500,
      zero: 500,
      null: 2_592_500,
      missing: 2_592_500,
      fractional: 600,
      text: 1730,
      nonsense: 2_592_500,
    });
    expect(await redis.pttl('kong-audit:{kong}:checkpoint')).toBe(-1);
    expect(await redis.pttl('kong-audit:{kong}:quarantine')).toBe(-1);
    expect(await forwarder.quarantine()).toEqual({
      refused: {
        entry: expect.objectContaining({ request_id: 'refused', path: '/services' }) as unknown,
        errorCode: 'InvalidData',
        errorMessage: 'injected',
        at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/) as string,
      },
    });
  });

  test('keeps the lock only while the run lives, for its remaining life and 30 s', async () => {
    await using forwarder = await start({ env: { DEADLINE_RESERVE_MS: '1000' } });
    const { kong, redis, prefix } = forwarder;
    let expiry: Promise<number> | undefined;
    kong.faults.always(() => void (expiry ??= redis.ttl(`${prefix}lock`)));
    await forwarder.invoke({}, { remainingMs: 100_000 });
    expect(await expiry).toBeGreaterThanOrEqual(129);
    expect(await expiry).toBeLessThanOrEqual(130);
    expect(await redis.exists(`${prefix}lock`)).toBe(0);
  });

  test('has no lock after a failing run', async () => {
    await using forwarder = await start();
    forwarder.kong.settings.licensed = false;
    await forwarder.fail();
    expect(await forwarder.redis.exists(`${forwarder.prefix}lock`)).toBe(0);
  });
});

describe('another run holds the lock', () => {
  test.each([
    [{}],
    [{ mode: 'backfill', after: 0 }],
    [{ mode: 'backfill', after: 0, resend: true }],
    [{ mode: 'replay' }],
  ])('%j is skipped and queues nothing', async (event) => {
    await using forwarder = await start();
    const { redis, prefix, kong, cloudtrail } = forwarder;
    forwarder.record(3);
    await redis.set(`${prefix}lock`, 'another run', 'EX', 60);
    const before = await forwarder.keyspace();
    expect(await forwarder.invoke(event)).toMatchObject({ status: 'skipped', forwarded: 0, pending: [] });
    expect(await forwarder.keyspace()).toEqual(before);
    expect(kong.requests).toEqual([]);
    expect(cloudtrail.requests).toEqual([]);
  });

  test('a dry run works all the same', async () => {
    await using forwarder = await start();
    forwarder.record(3);
    await forwarder.redis.set(`${forwarder.prefix}lock`, 'another run', 'EX', 60);
    expect(await forwarder.invoke({ mode: 'backfill', dryRun: true })).toMatchObject({ wouldForward: 3 });
  });
});

describe('the checkpoint', () => {
  test('of a newer format is refused and kept', async () => {
    await using forwarder = await start();
    const newer = JSON.stringify({ format: 2, planned: 5, pending: [], fullScan: null, more: true });
    await forwarder.redis.set(`${forwarder.prefix}checkpoint`, newer);
    forwarder.record(3);
    const error = await forwarder.fail();
    expect(error).toMatchObject({ name: 'CheckpointError', code: 'CHECKPOINT_UNREADABLE' });
    expect(error.message).toContain('format 2');
    expect(await forwarder.redis.get(`${forwarder.prefix}checkpoint`)).toBe(newer);
    expect(forwarder.uids()).toEqual([]);
  });

  test.each(['garbage', '{"format":1}', '[]', ''])('that is %j is an error that says how to reset it', async (text) => {
    await using forwarder = await start();
    const key = `${forwarder.prefix}checkpoint`;
    await forwarder.redis.set(key, text);
    forwarder.record(3);
    const error = await forwarder.fail();
    expect(error).toMatchObject({ name: 'CheckpointError' });
    expect(error.message).toContain(`redis-cli -h 127.0.0.1 -p ${forwarder.server.port} DEL '${key}'`);
    expect(await forwarder.redis.get(key)).toBe(text);

    await forwarder.redis.del(key);
    expect(await forwarder.invoke()).toMatchObject({ status: 'complete', forwarded: 3 });
  });
});
