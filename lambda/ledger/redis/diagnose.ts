import { LedgerError } from '../../errors.ts';
import type { RedisConnection } from './connection.ts';
import { explain } from './error.ts';

interface Diagnosis {
  readonly ok: boolean;
  readonly detail: string;
  readonly fix: string;
}

/**
 * Tries, in one round trip, every kind of command the ledger uses on a key that never exists, in forms that change nothing:
 * `SET … XX` is refused where a write would be (replica, permissions, memory) but stores nothing under an absent key.
 * Never rejects for what it finds: what is wrong is the answer. INFO may be forbidden.
 */
export async function diagnoseRedis(connection: RedisConnection, prefix: string, address: string): Promise<Diagnosis> {
  const key = `${prefix}check`;
  try {
    return await connection.run('checking it', async (redis) => {
      const replies = await redis
        .pipeline()
        .info('memory')
        .info('replication')
        .mget(key)
        .set(key, '', 'EX', 1, 'XX')
        .del(key)
        .hdel(key, '')
        .hscan(key, 0)
        .hlen(key)
        .eval("return redis.call('GET', KEYS[1])", 1, key)
        .exec();
      const [memory, replication, ...commands] = replies ?? [];
      const info = { ...parseInfo(memory?.[1]), ...parseInfo(replication?.[1]) };
      if (info['role'] === 'slave') return replica(address, info);
      const refused = commands.find(([error]) => error !== null)?.[0];
      if (!refused) return healthy(address, info);
      const { problem, fix, transient } = explain(refused);
      if (transient) throw refused;
      return { ok: false, detail: `Redis at ${address} ${problem} (${refused.message}).`, fix };
    });
  } catch (error) {
    if (!(error instanceof LedgerError)) throw error;
    return { ok: false, detail: error.message, fix: explain(error.cause).fix };
  }
}

type Info = Readonly<Record<string, string>>;

function parseInfo(text: unknown): Info {
  if (typeof text !== 'string') return {};
  return Object.fromEntries(
    Array.from(text.matchAll(/^(\w+):(.*?)\r?$/gm), ([, name = '', value = '']) => [name, value] as const),
  );
}

function replica(address: string, info: Info): Diagnosis {
  const primary = `${info['master_host'] ?? 'unknown'}:${info['master_port'] ?? 'unknown'}`;
  return {
    ok: false,
    detail: `Redis at ${address} is a replica (its primary is ${primary}).`,
    fix: 'REDIS_HOST must name the primary endpoint.',
  };
}

function healthy(address: string, info: Info): Diagnosis {
  const { maxmemory_policy: policy, maxmemory, used_memory_human: used, maxmemory_human: max } = info;
  const answers = `Redis at ${address} answers and takes writes`;
  if (policy === undefined) {
    return {
      ok: true,
      detail: `${answers}; this user may not call INFO, so whether it evicts keys is unknown.`,
      fix: 'Make sure that maxmemory-policy is noeviction: an evicted key means a duplicate.',
    };
  }
  if (maxmemory === '0')
    return { ok: true, detail: `${answers}; it uses ${used} of memory, without a limit.`, fix: '' };
  const detail = `${answers}; it uses ${used} of ${max}, maxmemory-policy is ${policy}`;
  if (policy === 'noeviction') return { ok: true, detail: `${detail}.`, fix: '' };
  return {
    ok: true,
    detail: `${detail}: when memory runs out it evicts keys, and what they stood for is forwarded twice.`,
    fix: 'Set maxmemory-policy to noeviction (in ElastiCache by a parameter group).',
  };
}
