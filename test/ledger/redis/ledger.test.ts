import { randomUUID } from 'node:crypto';
import { describe, expect, inject, test } from 'vitest';
import { createRedisLedger } from '../../../lambda/ledger/redis/ledger.ts';
import { existingServer, startRedis } from '../../support/redis-server.ts';
import { describeLedger } from '../contract.ts';
import { checkpoint, record, seen, stored } from '../harness.ts';

const redis = existingServer(inject('redisUrl'));

describeLedger('redis', () => {
  const source = randomUUID();
  const prefix = `kong-audit:{${source}}:`;
  const { hostname, port, username, password, pathname, protocol } = new URL(redis.url);
  const ledger = createRedisLedger({
    host: hostname,
    port: Number(port || 6379),
    db: Number(pathname.slice(1)),
    ...(username ? { username: decodeURIComponent(username) } : {}),
    ...(password ? { password: decodeURIComponent(password) } : {}),
    tls: protocol === 'rediss:',
    source,
  });
  const keys = async () => (await redis.cli('KEYS', `${prefix}*`)) as string[];
  return Promise.resolve({
    ledger,
    keys: async () => (await keys()).map((key) => key.slice(prefix.length)),
    ttlSeconds: async (key) => {
      const ms = Number(await redis.cli('PTTL', prefix + key));
      return ms < 0 ? null : ms / 1000;
    },
    plant: async (key, text) => {
      await redis.cli('SET', prefix + key, text);
    },
    plantRecord: async (id, text) => {
      await redis.cli('HSET', `${prefix}quarantine`, id, text);
    },
    loseRecord: async (id) => {
      await redis.cli('HDEL', `${prefix}quarantine`, id);
    },
    advance: async (seconds) => {
      for (const key of await keys()) {
        const ms = Number(await redis.cli('PTTL', key));
        if (ms >= 0) await redis.cli('PEXPIRE', key, Math.round(ms - seconds * 1000));
      }
    },
    [Symbol.asyncDispose]: async () => {
      await ledger.close();
      const left = await keys();
      if (left.length > 0) await redis.cli('DEL', ...left);
    },
  });
});

describe('redis: what is stored', () => {
  const prefix = 'kong-audit:{kong}:';

  test('is named, and expires, as documented', async () => {
    await using server = await startRedis();
    const ledger = createRedisLedger({ host: server.host, port: server.port, db: 0, tls: false, source: 'kong' });
    await ledger.lock('run-1', 59.5);
    await ledger.lookup(['a']);
    await ledger.mark([seen('a', '7c3d-event', 2_595_600), seen('b', 'own', 3600)]);
    await ledger.saveCheckpoint(checkpoint, 'run-1');
    await ledger.saveLastRun({ at: '2026-11-20T22:00:00.000Z', summary: { forwarded: 3 } });
    await ledger.quarantine([record('c'), record('d')]);
    await ledger.release([seen('d', 'd-event', 100)]);
    await ledger.diagnose();
    await ledger.close();

    const keys = (await server.cli('KEYS', '*')) as string[];
    const facts = await Promise.all(
      keys.toSorted().map(async (key) => [key, await server.cli('TYPE', key), await server.cli('TTL', key)]),
    );
    expect(facts).toEqual([
      [`${prefix}checkpoint`, 'string', -1],
      [`${prefix}last-run`, 'string', -1],
      [`${prefix}lock`, 'string', 60],
      [`${prefix}quarantine`, 'hash', -1],
      [`${prefix}seen:a`, 'string', 2_595_600],
      [`${prefix}seen:b`, 'string', 3600],
      [`${prefix}seen:c`, 'string', 60],
      [`${prefix}seen:d`, 'string', 100],
    ]);
    expect(await server.cli('GET', `${prefix}lock`)).toBe('run-1');
    expect(await server.cli('GET', `${prefix}seen:a`)).toBe('7c3d-event');
    expect(await server.cli('GET', `${prefix}seen:c`)).toBe('quarantined:InvalidEntry');
    expect(JSON.parse(String(await server.cli('GET', `${prefix}checkpoint`)))).toEqual(checkpoint);
    expect(JSON.parse(String(await server.cli('GET', `${prefix}last-run`)))).toEqual({
      at: '2026-11-20T22:00:00.000Z',
      summary: { forwarded: 3 },
    });
    const { id, ...kept } = stored('c');
    expect(JSON.parse(String(await server.cli('HGET', `${prefix}quarantine`, id)))).toEqual(kept);
  });

  test('lies in the database asked for', async () => {
    await using server = await startRedis();
    const ledger = createRedisLedger({ host: server.host, port: server.port, db: 3, tls: false, source: 'kong' });
    await ledger.mark([seen('a')]);
    await ledger.close();
    expect(await server.cli('INFO', 'keyspace')).toMatch(/^# Keyspace\r\ndb3:keys=1,/);
  });

  test('takes one round trip a lookup and one a mark', async () => {
    await using server = await startRedis();
    const ledger = createRedisLedger({ host: server.host, port: server.port, db: 0, tls: false, source: 'kong' });
    const ids = Array.from({ length: 1000 }, (_, at) => `id-${at}`);
    await ledger.lookup(ids);
    await ledger.mark(ids.map((id) => seen(id)));
    await ledger.close();
    const stats = String(await server.cli('INFO', 'commandstats'));
    expect(stats).toContain('cmdstat_mget:calls=1,');
    expect(stats).toContain('cmdstat_eval:calls=1,');
  });
});
