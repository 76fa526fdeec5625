import { describe, expect, test } from 'vitest';
import { type Forwarder, start } from '../support/forwarder.ts';
import { freePort, startRedis } from '../support/redis-server.ts';
import { keysOf } from '../support/ids.ts';

const delivered = (forwarder: Forwarder) => [...new Set(forwarder.uids())].sort();

describe.concurrent('Redis', () => {
  test('is down at the start: the run fails before it reads or sends anything, and the next one delivers', async () => {
    const port = await freePort();
    await using forwarder = await start({ env: { REDIS_HOST: `127.0.0.1:${port}` }, ownProcess: true });
    const rows = forwarder.record(5);
    const error = await forwarder.fail();
    expect(error).toMatchObject({ name: 'LedgerError', code: 'LEDGER_UNAVAILABLE' });
    expect(error.message).toContain(`127.0.0.1:${port}`);
    expect(forwarder.kong.requests).toEqual([]);
    expect(forwarder.cloudtrail.requests).toEqual([]);

    await using server = await startRedis({ port });
    expect(server.port).toBe(port);
    expect(await forwarder.invoke()).toMatchObject({ status: 'complete', forwarded: 5 });
    expect(delivered(forwarder)).toEqual(keysOf(rows));
  });

  test('refuses the password: the error says so without the password', async () => {
    await using server = await startRedis({ password: 'right-and-secret' });
    await using forwarder = await start({
      redis: server,
      env: { REDIS_PASSWORD: 'wrong-and-secret' },
      ownProcess: true,
    });
    const rows = forwarder.record(5);
    const error = await forwarder.fail();
    expect(error).toMatchObject({ name: 'LedgerError' });
    expect(error.message).toContain('REDIS_PASSWORD');
    expect(forwarder.uids()).toEqual([]);

    forwarder.env['REDIS_PASSWORD'] = 'right-and-secret';
    await forwarder.coldStart();
    expect(await forwarder.invoke()).toMatchObject({ status: 'complete', forwarded: 5 });
    expect(delivered(forwarder)).toEqual(keysOf(rows));
    expect(forwarder.output()).not.toMatch(/wrong-and-secret|right-and-secret/);
  });

  test('is killed mid-run and comes back: the run goes on', async () => {
    await using server = await startRedis({ persistent: true });
    await using forwarder = await start({ redis: server, env: { KONG_PAGE_SIZE: '20' }, ownProcess: true });
    const { kong } = forwarder;
    const rows = forwarder.record(100);
    let restarted: Promise<void> | undefined;
    kong.faults.always(() => {
      if (kong.requests.length === 4) restarted = server.restart();
      return undefined;
    });
    expect(await forwarder.invoke()).toMatchObject({ status: 'complete' });
    await restarted;
    expect(delivered(forwarder)).toEqual(keysOf(rows));
  });

  test('runs out of memory: the run stops at once, and repeats no more than its puts in flight', async () => {
    await using server = await startRedis();
    await using forwarder = await start({ redis: server, env: { PUT_CONCURRENCY: '2' }, ownProcess: true });
    const { cloudtrail, redis } = forwarder;
    const rows = forwarder.record(2000);
    let full: Promise<unknown> | undefined;
    cloudtrail.faults.always(() => {
      full ??= redis.config('SET', 'maxmemory', '1');
      return { fault: 'delay', ms: 50 };
    });
    const error = await forwarder.fail();
    expect(error).toMatchObject({ name: 'LedgerError' });
    expect(error.message).toContain('out of memory');
    await full;
    const marked = await redis.exists(...rows.map(({ key }) => `${forwarder.prefix}seen:${key}`));
    expect(forwarder.uids().length - marked).toBeLessThanOrEqual(200);
    expect(await redis.exists(`${forwarder.prefix}lock`)).toBe(0);

    await redis.config('SET', 'maxmemory', '0');
    cloudtrail.faults.clear();
    expect(await forwarder.invoke()).toMatchObject({ status: 'complete', forwarded: 2000 - marked });
    expect(delivered(forwarder)).toEqual(keysOf(rows));
  });

  test('is out of memory from the start: the run fails and sends nothing', async () => {
    await using server = await startRedis({ maxmemory: '1' });
    await using forwarder = await start({ redis: server, ownProcess: true });
    forwarder.record(5);
    expect(await forwarder.fail()).toMatchObject({ name: 'LedgerError' });
    expect(forwarder.cloudtrail.requests).toEqual([]);
  });
});
