import { describe, expect, test } from 'vitest';
import { type Forwarder, start } from '../support/forwarder.ts';
import { startRedis } from '../support/redis-server.ts';
import { keysOf } from '../support/ids.ts';

const delivered = (forwarder: Forwarder) => [...new Set(forwarder.uids())].sort();

describe.concurrent('Redis', () => {
  test('is killed mid-run for good: the run fails, and the next one delivers the rest', async () => {
    await using server = await startRedis({ persistent: true });
    await using forwarder = await start({
      redis: server,
      env: { KONG_PAGE_SIZE: '20', OVERLAP_SECONDS: '1' },
      ownProcess: true,
    });
    const { cloudtrail } = forwarder;
    const rows = forwarder.record(100);
    let killed: Promise<void> | undefined;
    cloudtrail.faults.always(() => {
      if (cloudtrail.requests.length === 2) killed = server.kill();
      return undefined;
    });
    expect(await forwarder.fail()).toMatchObject({ name: 'LedgerError' });
    expect(forwarder.uids().length).toBeLessThan(100);
    await killed;

    await server.restart();
    cloudtrail.faults.clear();
    await forwarder.redis.del(`${forwarder.prefix}lock`);
    expect(await forwarder.invoke()).toMatchObject({ status: 'complete' });
    expect(delivered(forwarder)).toEqual(keysOf(rows));
  });

  test('hangs when little time is left: the run still says so in time', async () => {
    await using server = await startRedis();
    await using forwarder = await start({ redis: server, env: { DEADLINE_RESERVE_MS: '5000' }, ownProcess: true });
    forwarder.record(5);
    await forwarder.coldStart();
    forwarder.cloudtrail.faults.always(() => {
      void server.kill('SIGSTOP');
      return undefined;
    });
    const error = await forwarder.fail({}, { remainingMs: 12_000 });
    // By the run's own clock: how long its process takes to start does not count.
    const [{ summary } = {}] = forwarder.logged('summary') as { summary?: { durationMs: number } }[];
    expect(summary?.durationMs).toBeLessThan(12_000);
    expect(error).toMatchObject({ name: 'LedgerError' });
    expect(forwarder.logged('_aws')).toMatchObject([{ RunsIncomplete: 1 }]);
    await server.kill('SIGCONT');
  });
});
