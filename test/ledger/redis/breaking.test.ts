import { describe, expect, test } from 'vitest';
import { startRedis } from '../../support/redis-server.ts';
import { until } from '../../support/until.ts';
import { checkpoint, record, seen } from '../harness.ts';
import { startEndpoint } from './endpoint.ts';
import { connectionsOf, failure, ledgerOn, prefix } from './support.ts';

describe('redis: a connection that breaks', () => {
  test('is made again, and what was under way is done', async () => {
    await using server = await startRedis({ persistent: true });
    await using ledger = ledgerOn(server);
    await ledger.lock('run-1', 60);
    await ledger.mark([seen('before')]);
    await server.kill('SIGSTOP');
    const underWay = [
      ledger.lock('run-1', 60),
      ledger.saveCheckpoint(checkpoint, 'run-1'),
      ledger.quarantine([record('bad')]),
      ...Array.from({ length: 10 }, (_, at) => ledger.mark([seen(`id-${at}`)])),
    ];
    await server.restart();
    await Promise.all(underWay);
    expect(await ledger.lookup(['before', 'id-0', 'id-9'])).toEqual(['event-1', 'event-1', 'event-1']);
    expect(await ledger.loadCheckpoint()).toEqual(checkpoint);
    expect(await connectionsOf(server)).toBe(1);
  });

  test('is made again when it broke between two calls', async () => {
    await using server = await startRedis();
    await using ledger = ledgerOn(server);
    await ledger.mark([seen('a')]);
    await server.cli('CLIENT', 'KILL', 'TYPE', 'normal');
    expect(await ledger.lookup(['a'])).toEqual(['event-1']);
  });

  test('does not lose the lock to itself: a lock whose reply was lost is the same run’s', async () => {
    await using server = await startRedis();
    await using lossy = await startEndpoint(server);
    await using ledger = ledgerOn(lossy);
    await ledger.lookup(['a']);
    lossy.dropReplies = true;
    const locking = ledger.lock('run-1', 60);
    await until('the lock is taken', async () => (await server.cli('EXISTS', `${prefix}lock`)) === 1);
    lossy.dropReplies = false;
    lossy.disconnect();
    expect(await locking).toBe(true);
  });

  test('is left for a new one when no reply comes', async () => {
    await using server = await startRedis();
    await using lossy = await startEndpoint(server);
    await using ledger = ledgerOn(lossy, { commandTimeoutMs: 100 });
    await ledger.lookup(['a']);
    lossy.dropReplies = true;
    const marking = ledger.mark([seen('a')]);
    await until('the mark is made', async () => (await server.cli('EXISTS', `${prefix}seen:a`)) === 1);
    lossy.dropReplies = false;
    await marking;
  });

  test('is given up when the server is gone for good, and made again when it is back', async () => {
    await using server = await startRedis();
    await using ledger = ledgerOn(server, { retryForMs: 500 });
    await ledger.mark([seen('a')]);
    await server.kill();
    expect((await failure(ledger.mark([seen('b')]))).message).toContain('refused the connection');
    await server.restart();
    await ledger.mark([seen('b')]);
  });

  test('is given up when the server hangs, and works again when it goes on', async () => {
    await using server = await startRedis();
    await using ledger = ledgerOn(server, { commandTimeoutMs: 200, retryForMs: 700 });
    await ledger.mark([seen('a')]);
    await server.kill('SIGSTOP');
    expect((await failure(ledger.lookup(['a']))).message).toContain('did not answer in time while looking up 1 id(s)');
    await server.kill('SIGCONT');
    expect(await ledger.lookup(['a'])).toEqual(['event-1']);
  });

  test('starts the reading of the quarantine again, so that no record is missed', async () => {
    await using server = await startRedis({ persistent: true });
    await using ledger = ledgerOn(server);
    const ids = Array.from({ length: 500 }, (_, at) => `id-${at}`);
    await ledger.quarantine(ids.map((id) => record(id)));
    const given = new Set<string>();
    let batches = 0;
    for await (const batch of ledger.quarantined()) {
      for (const { id } of batch) given.add(id);
      // Another process orders its hashes differently, so the cursor of this one means nothing to it.
      if (++batches === 2) await server.restart();
    }
    expect(given.size).toBe(500);
  });

  test('fails what is under way when the ledger is closed, and close itself succeeds', async () => {
    await using server = await startRedis();
    await using ledger = ledgerOn(server);
    await ledger.mark([seen('a')]);
    await server.kill('SIGSTOP');
    const underWay = failure(ledger.lookup(['a']));
    await ledger.close();
    expect((await underWay).message).toContain('the ledger was closed');
    await server.kill();
    await ledger.close();
  });
});
