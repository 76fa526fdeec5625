import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { describe, expect, test } from 'vitest';
import { CheckpointError, LedgerError, LockLostError } from '../../../lambda/errors.ts';

import { type RedisServerOptions, startRedis } from '../../support/redis-server.ts';
import { until } from '../../support/until.ts';
import { checkpoint, quarantinedIn, record, seen, stored } from '../harness.ts';
import { startEndpoint } from './endpoint.ts';
import { failure, ledgerOn, prefix, refusals, reload, SLOW_TO_LOAD } from './support.ts';

describe('redis: a server in trouble', () => {
  test('that restarts empty has lost the lock, so no checkpoint is saved', async () => {
    await using server = await startRedis();
    await using ledger = ledgerOn(server);
    await ledger.lock('run-1', 60);
    await ledger.saveCheckpoint(checkpoint, 'run-1');
    await server.restart();
    await expect(ledger.saveCheckpoint(checkpoint, 'run-1')).rejects.toThrow(LockLostError);
    expect(await ledger.loadCheckpoint()).toBeNull();
  });

  test('that is still loading its data is waited for', async () => {
    await using server = await startRedis(SLOW_TO_LOAD);
    await using ledger = ledgerOn(server);
    const { loaded } = await reload(server, ledger);
    expect(await ledger.lookup(['id-0', 'id-399'])).toEqual(['event-1', 'event-1']);
    await loaded;
    expect(await refusals(server, 'LOADING')).toBeGreaterThan(0);
  });

  test('that fails over is waited for, and the connection leads to the new primary', async () => {
    await using primary = await startRedis();
    await using replica = await startRedis({ replicaOf: primary });
    await using endpoint = await startEndpoint(primary);
    await using ledger = ledgerOn(endpoint);
    await ledger.lock('run-1', 60);
    await ledger.mark([seen('a')]);
    await until('the replica has it', async () => (await replica.cli('EXISTS', `${prefix}seen:a`)) === 1);

    endpoint.target = replica;
    await primary.kill();
    const marking = ledger.mark([seen('b')]);
    const saving = ledger.saveCheckpoint(checkpoint, 'run-1');
    await until('the replica refuses the writes', async () => (await refusals(replica, 'READONLY')) >= 2);
    await replica.cli('REPLICAOF', 'NO', 'ONE');
    await Promise.all([marking, saving]);
    expect(await ledger.lookup(['a', 'b'])).toEqual(['event-1', 'event-1']);
  });

  test('that is demoted while its name moves on is left for the new primary', async () => {
    await using first = await startRedis();
    await using second = await startRedis();
    await using endpoint = await startEndpoint(first);
    await using ledger = ledgerOn(endpoint);
    await ledger.mark([seen('a')]);
    endpoint.target = second;
    await first.cli('REPLICAOF', second.host, second.port);
    await ledger.mark([seen('b')]);
    expect(await second.cli('GET', `${prefix}seen:b`)).toBe('event-1');
  });

  test('that stays a replica is named as one', async () => {
    await using primary = await startRedis();
    await using replica = await startRedis({ replicaOf: primary });
    await using ledger = ledgerOn(replica, { retryForMs: 300 });
    await ledger.lookup(['a']);
    expect((await failure(ledger.mark([seen('a')]))).message).toMatch(
      /is a replica and takes no writes .*primary endpoint/,
    );
    const { ok, detail, fix } = await ledger.diagnose();
    expect({ ok, fix }).toEqual({ ok: false, fix: 'REDIS_HOST must name the primary endpoint.' });
    expect(detail).toContain(`is a replica (its primary is 127.0.0.1:${primary.port})`);
  });

  test('that is out of memory refuses a batch as a whole, and reading goes on', async () => {
    await using server = await startRedis({ maxmemory: '4mb' });
    await using ledger = ledgerOn(server);
    await ledger.lock('run-1', 600);
    await ledger.quarantine([record('early')]);
    const batches = Array.from({ length: 1000 }, (_, batch) =>
      Array.from({ length: 100 }, (_, at) => seen(`${batch}-${at}-0123456789abcdef0123456789abcdef`)),
    );
    let full = -1;
    for (const [at, batch] of batches.entries()) {
      full = at;
      const error = await ledger.mark(batch).then(
        () => undefined,
        (reason: unknown) => reason as LedgerError,
      );
      if (error === undefined) continue;
      expect(error).toBeInstanceOf(LedgerError);
      expect(error.message).toMatch(/is out of memory and refused the write while marking 100 id\(s\) .*maxmemory/);
      break;
    }
    expect(full).toBeGreaterThan(0);
    expect(full).toBeLessThan(batches.length - 1);
    const outcomes = async (batch: number) => new Set(await ledger.lookup((batches[batch] ?? []).map(({ id }) => id)));
    expect(await outcomes(full - 1)).toEqual(new Set(['event-1']));
    expect(await outcomes(full)).toEqual(new Set([null]));

    expect((await failure(ledger.quarantine([record('a'), record('b')]))).message).toContain('out of memory');
    expect((await failure(ledger.saveCheckpoint(checkpoint, 'run-1'))).message).toContain('out of memory');
    expect(await ledger.lookup(['a', 'b'])).toEqual([null, null]);
    expect(await quarantinedIn(ledger)).toEqual([stored('early')]);
    expect(await ledger.diagnose()).toMatchObject({
      ok: false,
      detail: expect.stringContaining('out of memory') as string,
    });

    await server.cli('CONFIG', 'SET', 'maxmemory', '100mb');
    await ledger.mark(batches[full] ?? []);
    expect(await outcomes(full)).toEqual(new Set(['event-1']));
  });

  test.for<[Pick<RedisServerOptions, 'username' | 'password'> & { db?: number }, string]>([
    [{}, ''],
    [{ db: 2 }, '-n 2 '],
    [{ password: 'the-pass' }, '--askpass '],
    [{ username: 'forwarder', password: 'the-pass', db: 2 }, '-n 2 --user forwarder --askpass '],
  ])(
    'that holds something else under the checkpoint’s key: how to reset it as %j',
    async ([{ db = 0, ...login }, flags]) => {
      await using server = await startRedis(login);
      await using ledger = ledgerOn(server, { ...login, db });
      const plant = `redis.call('SELECT', ${db}) redis.call('RPUSH', KEYS[1], 'x')`;
      await server.cli('EVAL', plant, 1, `${prefix}checkpoint`);
      const error = await ledger.loadCheckpoint().catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(CheckpointError);
      expect((error as CheckpointError).message).toContain(
        `redis-cli -h 127.0.0.1 -p ${server.port} ${flags}DEL '${prefix}checkpoint'`,
      );
    },
  );

  test('and takes TLS only: the command to reset the checkpoint says so', async () => {
    await using server = await startRedis({ tls: true });
    setDefaultCACertificates([...getCACertificates('default'), server.ca ?? '']);
    await using ledger = ledgerOn(server, { tls: true });
    await server.cli('SET', `${prefix}checkpoint`, 'garbage');
    await expect(ledger.loadCheckpoint()).rejects.toThrow(
      `redis-cli -h 127.0.0.1 -p ${server.port} --tls DEL '${prefix}checkpoint'`,
    );
  });
});
