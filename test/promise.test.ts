import { describe, expect, test } from 'vitest';
import { type Forwarder, start } from './support/forwarder.ts';
import { freePort } from './support/redis-server.ts';
import { until } from './support/until.ts';
import { keysOf } from './support/ids.ts';
import { ONE_OF_EACH } from './sources/kong/versions.ts';

/*
 * "The promise" in the README, one describe per invariant. Each of these tests has been seen to fail with the invariant broken
 * in the code. No overlap, so that nothing but the checkpoint brings an entry back.
 */
const env = { OVERLAP_SECONDS: '1' };

describe('1: an entry is marked only after CloudTrail has taken it', () => {
  test('a run that dies before CloudTrail got its events has marked none of them, and the next run sends them', async () => {
    await using forwarder = await start({ env, ownProcess: true });
    const { cloudtrail, redis, prefix } = forwarder;
    const rows = forwarder.record(30);
    cloudtrail.faults.always(() => ({ fault: 'hang', at: 'before-handling' }));
    const dying = forwarder.fail();
    await until('the events are on their way', () => cloudtrail.requests.length > 0);
    await forwarder.kill();
    expect((await dying).message).toContain('ended before it answered');
    expect(await redis.exists(...rows.map(({ key }) => `${prefix}seen:${key}`))).toBe(0);

    cloudtrail.faults.clear();
    await redis.del(`${prefix}lock`);
    expect(await forwarder.invoke()).toMatchObject({ status: 'complete', forwarded: 30 });
    expect(forwarder.uids().sort()).toEqual(keysOf(rows));
  });

  test('what CloudTrail lists neither in successful nor in failed stays unmarked and is sent again', async () => {
    await using forwarder = await start({ env });
    const [first, , third] = keysOf(forwarder.record(3));
    forwarder.cloudtrail.faults.next({ fault: 'omit', ids: (id) => id === first });
    await forwarder.fail();
    expect(await forwarder.seen(first ?? '')).toBeNull();
    expect(await forwarder.seen(third ?? '')).toMatch(/^[0-9a-f-]{36}$/);
    expect(await forwarder.invoke()).toMatchObject({ status: 'complete', forwarded: 1 });
    expect(forwarder.uids().at(-1)).toBe(first);
  });

  test('a run that dies between CloudTrail’s answer and its mark repeats no more than its puts in flight', async () => {
    await using forwarder = await start({ env: { ...env, PUT_CONCURRENCY: '3' }, ownProcess: true });
    const { cloudtrail, redis, prefix } = forwarder;
    const rows = forwarder.record(1500);
    cloudtrail.faults.always(() =>
      cloudtrail.requests.length > 4 ? { fault: 'hang', at: 'before-headers' } : undefined,
    );
    const dying = forwarder.fail();
    await until('three puts are taken and not answered', () => cloudtrail.acceptedCount() === 700);
    await forwarder.kill();
    await dying;

    cloudtrail.faults.clear();
    await redis.del(`${prefix}lock`);
    expect(await forwarder.invoke()).toMatchObject({ status: 'complete' });
    expect([...new Set(forwarder.uids())].sort()).toEqual(keysOf(rows));
    expect(forwarder.uids().length - rows.length).toBe(300);
  });
});

describe('2: a window is done only when every entry in it has an outcome', () => {
  test('a run that dies on its third page leaves all it had not settled to the next one', async () => {
    await using forwarder = await start({ env: { ...env, KONG_PAGE_SIZE: '20' }, ownProcess: true });
    const { cloudtrail, redis, prefix } = forwarder;
    const rows = forwarder.record(100);
    cloudtrail.faults.always(() =>
      cloudtrail.requests.length > 2 ? { fault: 'hang', at: 'before-handling' } : undefined,
    );
    const dying = forwarder.fail();
    await until('the third page is on its way', () => cloudtrail.requests.length > 2);
    await forwarder.kill();
    await dying;

    cloudtrail.faults.clear();
    await redis.del(`${prefix}lock`);
    forwarder.clock.now += 10;
    expect(await forwarder.invoke()).toMatchObject({ status: 'complete' });
    // The request that was under way when the function was killed is in the log, too: nobody learnt its id.
    expect(forwarder.uids()).toEqual(expect.arrayContaining(keysOf(rows)));
  });

  test.each(ONE_OF_EACH)(
    'with Kong %s (%s) one entry without outcome keeps its second pending',
    async (version, strategy) => {
      await using forwarder = await start({ env: { ...env, KONG_PAGE_SIZE: '10' }, kong: { version } });
      const rows = forwarder.record(50);
      const left = rows[42];
      const second = left?.timestamp ?? 0;
      forwarder.cloudtrail.faults.always(() => ({ fault: 'omit', ids: (id) => id === left?.key }));
      const failure = await forwarder.fail();
      expect(failure).toMatchObject({ name: 'PutRetriesExhaustedError' });
      expect(forwarder.uids()).toHaveLength(49);
      const pending = (await forwarder.checkpoint())?.pending ?? [];
      expect(pending.some(({ after, before }) => after <= second && second < before)).toBe(true);

      forwarder.cloudtrail.faults.clear();
      forwarder.clock.now += 10;
      expect(await forwarder.invoke()).toMatchObject({ strategy, status: 'complete', pending: [] });
      expect(forwarder.uids().sort()).toEqual(keysOf(rows));
    },
  );
});

describe('3: one run per source at a time', () => {
  test('a run that begins while another works is skipped, and no event is sent twice', async () => {
    await using forwarder = await start({ env, ownProcess: true });
    const { cloudtrail } = forwarder;
    forwarder.record(250);
    cloudtrail.faults.next({ fault: 'delay', ms: 1000 }, { times: 3 });
    const first = forwarder.invoke();
    await until('the first run is putting', () => cloudtrail.requests.length > 0);
    expect(await forwarder.invoke()).toMatchObject({ status: 'skipped', forwarded: 0 });
    expect(await first).toMatchObject({ status: 'complete', forwarded: 250 });
    expect(cloudtrail.acceptedCount()).toBe(250);
  });

  test('the lock of a run that died holds until that run’s deadline has passed', async () => {
    await using forwarder = await start({ env, ownProcess: true });
    const { cloudtrail, redis, prefix } = forwarder;
    forwarder.record(3);
    cloudtrail.faults.always(() => ({ fault: 'hang', at: 'before-handling' }));
    const dying = forwarder.fail({}, { remainingMs: 40_000 });
    await until('the run is putting', () => cloudtrail.requests.length > 0);
    await forwarder.kill();
    await dying;
    cloudtrail.faults.clear();
    expect(await forwarder.invoke()).toMatchObject({ status: 'skipped' });
    expect(await redis.ttl(`${prefix}lock`)).toBeGreaterThan(60);
    expect(cloudtrail.acceptedCount()).toBe(0);
  });

  test('a run that lost its lock to another does not overwrite the checkpoint', async () => {
    await using forwarder = await start({ env });
    const { cloudtrail, redis, prefix } = forwarder;
    forwarder.record(3);
    cloudtrail.faults.next({ fault: 'delay', ms: 500 });
    const outrun = forwarder.fail();
    await until('the run is putting', () => cloudtrail.requests.length > 0);
    await redis.set(`${prefix}lock`, 'another run', 'EX', 60);
    const others = JSON.stringify({ format: 1, planned: 7, pending: [{ after: 1, before: 7 }], fullScan: null });
    await redis.set(`${prefix}checkpoint`, others);
    expect(await outrun).toMatchObject({ name: 'LockLostError', code: 'LOCK_LOST' });
    expect(await redis.get(`${prefix}checkpoint`)).toBe(others);
    expect(await redis.get(`${prefix}lock`)).toBe('another run');
  });
});

describe('4: an entry that cannot be sent neither stops the others nor is dropped', () => {
  test('it is in quarantine with its reason, counted, and replayed once it can be sent', async () => {
    await using forwarder = await start({ env });
    const { cloudtrail } = forwarder;
    const rows = forwarder.record(150);
    const [refused, poison] = [rows[3]?.key ?? '', rows[77]?.key ?? ''];
    forwarder.record(1, { request_id: 'invalid', method: undefined });
    cloudtrail.faults.always(({ body }) => {
      if (body.includes(poison)) return { fault: 'error', code: 'ValidationException', message: 'poison' };
      return { fault: 'events', error: ({ id }) => (id === refused ? 'FieldTooLong' : undefined) };
    });
    expect(await forwarder.invoke()).toMatchObject({ status: 'complete', forwarded: 148, quarantined: 3 });
    const expected = keysOf(rows).filter((key) => key !== refused && key !== poison);
    expect(forwarder.uids().sort()).toEqual(expected);
    expect(await forwarder.quarantine()).toMatchObject({
      [refused]: { errorCode: 'FieldTooLong', errorMessage: 'injected', entry: { request_id: refused } },
      [poison]: { errorCode: 'ValidationException', errorMessage: 'poison', entry: { request_id: poison } },
      invalid: { errorCode: 'InvalidEntry', entry: { request_id: 'invalid' } },
    });
    expect(forwarder.logged('QuarantineSize')).toMatchObject([{ QuarantineSize: 3, EntriesQuarantined: 3 }]);

    cloudtrail.faults.clear();
    expect(await forwarder.invoke({ mode: 'replay' })).toMatchObject({ forwarded: 2, quarantined: 1 });
    expect(forwarder.uids().sort()).toEqual(keysOf(rows));
    expect(Object.keys(await forwarder.quarantine())).toEqual(['invalid']);
  });
});

describe('5: every failure is loud, and Kong still holds the data', () => {
  const failures: readonly [what: string, name: string, breakIt: (forwarder: Forwarder) => unknown][] = [
    ['Kong refuses the token', 'KongAuthError', ({ kong }) => (kong.settings.rbacUsers = [])],
    ['Kong’s audit log is off', 'KongResponseError', ({ kong }) => (kong.settings.auditLog = false)],
    ['the channel is gone', 'ChannelError', ({ cloudtrail }) => (cloudtrail.settings.channels = [])],
    ['the credentials are refused', 'CredentialsError', ({ env }) => (env['AWS_SECRET_ACCESS_KEY'] = 'another')],
    [
      'CloudTrail never lists one event',
      'PutRetriesExhaustedError',
      ({ cloudtrail }) => {
        cloudtrail.faults.always(() => ({ fault: 'omit', ids: (id) => id === 'unlucky' }));
      },
    ],
    [
      'CloudTrail answers with an error nobody knows',
      'PutRejectedError',
      ({ cloudtrail }) => {
        cloudtrail.faults.always(() => ({ fault: 'error', code: 'SomethingNewException' }));
      },
    ],
    ['Redis is down', 'LedgerError', async ({ env }) => (env['REDIS_HOST'] = `127.0.0.1:${await freePort()}`)],
    ['the checkpoint is garbage', 'CheckpointError', ({ redis, prefix }) => redis.set(`${prefix}checkpoint`, '!')],
  ];

  test.each(failures)('when %s the invocation fails with %s', async (_, name, breakIt) => {
    await using forwarder = await start({ env });
    const { kong, cloudtrail, redis, prefix } = forwarder;
    const [environment, { channels }] = [{ ...forwarder.env }, { ...cloudtrail.settings }];
    const rows = [...forwarder.record(5), ...forwarder.record(1, { request_id: 'unlucky' })];
    await breakIt(forwarder);
    const error = await forwarder.fail();
    expect(error).toMatchObject({ name, code: expect.stringMatching(/^[A-Z_]+$/) as string });
    expect(forwarder.logged('error')).toMatchObject([
      { level: 'ERROR', error: { name, code: error.code, message: error.message }, summary: { status: 'failed' } },
    ]);
    expect(forwarder.logged('_aws')).toMatchObject([{ Runs: 1, RunsIncomplete: 1 }]);

    Object.assign(kong.settings, { rbacUsers: null, auditLog: true });
    cloudtrail.settings.channels = channels;
    cloudtrail.faults.clear();
    if (name === 'CheckpointError') await redis.del(`${prefix}checkpoint`);
    Object.assign(forwarder.env, environment);
    await forwarder.coldStart();
    expect(await forwarder.invoke()).toMatchObject({ status: 'complete' });
    expect([...new Set(forwarder.uids())].sort()).toEqual(keysOf(rows));
  });
});
