import { LedgerError } from '../../errors.ts';
import { lockLost, parseCheckpoint, stringifyCheckpoint, unreadableCheckpoint } from '../checkpoint.ts';
import { parseLastRun } from '../last-run.ts';
import type { Ledger, QuarantineRecord } from '../ledger.ts';
import { toExpirySeconds, toQuarantinedOutcome } from '../outcome.ts';
import { parseRecord, quarantineLost, stringifyRecord } from '../quarantine-record.ts';
import { parseRunProgress, stringifyRunProgress } from '../run-progress.ts';
import { createRedisConnection, type RedisConnectionOptions } from './connection.ts';
import { diagnoseRedis } from './diagnose.ts';

export interface RedisLedgerOptions extends RedisConnectionOptions {
  /** Name of the Kong installation; keys start with `kong-audit:{<source>}:`. */
  readonly source: string;
}

/*
 * Everything that writes is a script: it happens as a whole or not at all (a Redis out of memory refuses a script at its
 * first write), it is repeated safely after a lost reply, and it costs the client a quarter of a pipeline of SETs.
 * The scripts run on Redis 6.2 and later, Valkey and ElastiCache; all keys of one source are in one hash slot.
 */

/** KEYS: seen keys. ARGV: value and seconds of each. */
const MARK = `
for i = 1, #KEYS do
  redis.call('SET', KEYS[i], ARGV[2 * i - 1], 'EX', ARGV[2 * i])
end`;

/** KEYS: bound keys, then the seen keys of the same ids. ARGV: value and seconds of each. Returns 1 for each that has its id, else 0. */
const BIND = `
local count = #KEYS / 2
local has = {}
for i = 1, count do
  local value = ARGV[2 * i - 1]
  local owner = redis.call('GET', KEYS[i])
  if not owner and redis.call('EXISTS', KEYS[count + i]) == 0 then owner = value end
  has[i] = 0
  if owner == value then
    redis.call('SET', KEYS[i], value, 'EX', ARGV[2 * i])
    has[i] = 1
  end
end
return has`;

/** KEYS: lock. ARGV: run id, seconds. The holder may ask again: a lock whose reply was lost is not another run's. */
const LOCK = `
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2])
return 1`;

/** KEYS: lock, progress. ARGV: run id. */
const UNLOCK = `
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1], KEYS[2]) end`;

/**
 * KEYS: lock, checkpoint, quarantine, progress. ARGV: run id, checkpoint, progress or nothing, ids that must be in quarantine. Returns
 * 1, or 0 when one of them is not, or who holds the lock instead. What is told of the progress goes with the lock. Replication keeps the order of writes, so a server that has this checkpoint has the records.
 */
const SAVE_CHECKPOINT = `
local holder = redis.call('GET', KEYS[1])
if holder ~= ARGV[1] then return holder end
for i = 4, #ARGV do
  if redis.call('HEXISTS', KEYS[3], ARGV[i]) == 0 then return 0 end
end
redis.call('SET', KEYS[2], ARGV[2])
local left = redis.call('PTTL', KEYS[1])
if ARGV[3] ~= '' and left > 0 then redis.call('SET', KEYS[4], ARGV[3], 'PX', left) end
return 1`;

/** KEYS: lock, progress. Returns the holder, what is left of its time in milliseconds, and the progress that is stored, if any. */
const LOCK_HOLDER = `
local holder = redis.call('GET', KEYS[1])
if not holder then return {} end
return {holder, redis.call('PTTL', KEYS[1]), redis.call('GET', KEYS[2])}`;

/** KEYS: quarantine, seen keys. ARGV: id, record, value and seconds of each. */
const QUARANTINE = `
for i = 1, #KEYS - 1 do
  local at = 4 * i - 3
  redis.call('HSET', KEYS[1], ARGV[at], ARGV[at + 1])
  redis.call('SET', KEYS[i + 1], ARGV[at + 2], 'EX', ARGV[at + 3])
end`;

/** KEYS: quarantine, seen keys. ARGV: id, value and seconds of each. */
const RELEASE = `
for i = 1, #KEYS - 1 do
  local at = 3 * i - 2
  redis.call('HDEL', KEYS[1], ARGV[at])
  redis.call('SET', KEYS[i + 1], ARGV[at + 1], 'EX', ARGV[at + 2])
end`;

/** A record in quarantine holds up to 32 kB of payload and more. */
const RECORDS_PER_SCAN = 50;

/**
 * The ledger in Redis. Connects when first used; see `createRedisConnection` for time limits and retries. Every method
 * rejects with `LedgerError`, naming host and port, what happened and what to do.
 */
export function createRedisLedger(options: RedisLedgerOptions): Ledger {
  const connection = createRedisConnection(options);
  const prefix = `kong-audit:{${options.source}}:`;
  const keys = {
    seen: (id: string) => `${prefix}seen:${id}`,
    bound: (id: string) => `${prefix}bound:${id}`,
    checkpoint: `${prefix}checkpoint`,
    lock: `${prefix}lock`,
    quarantine: `${prefix}quarantine`,
    lastRun: `${prefix}last-run`,
    progress: `${prefix}progress`,
  };
  const checkpointPlace = { key: keys.checkpoint, reset: redisCli(options, `DEL '${keys.checkpoint}'`) };

  function script(doing: string, lua: string, keyNames: readonly string[], args: readonly (string | number)[]) {
    // One array rather than many arguments: there is no limit to its length.
    const words = [lua, keyNames.length, ...keyNames, ...args];
    return connection.run(doing, (redis) => redis.call('EVAL', words));
  }

  return {
    async lookup(ids) {
      if (ids.length === 0) return [];
      const wanted = ids.map(keys.seen);
      return connection.run(`looking up ${ids.length} id(s)`, (redis) => redis.mget(wanted));
    },
    async mark(outcomes) {
      if (outcomes.length === 0) return;
      const args = outcomes.flatMap(({ value, ttlSeconds }) => [value, toExpirySeconds(ttlSeconds)]);
      await script(`marking ${outcomes.length} id(s)`, MARK, seenKeys(outcomes), args);
    },

    async bind(bindings) {
      if (bindings.length === 0) return [];
      const keyNames = [...bindings.map(({ id }) => keys.bound(id)), ...seenKeys(bindings)];
      const args = bindings.flatMap(({ value, ttlSeconds }) => [value, toExpirySeconds(ttlSeconds)]);
      const has = (await script(`binding ${bindings.length} id(s)`, BIND, keyNames, args)) as readonly number[];
      return has.map((one) => one === 1);
    },

    async lock(runId, ttlSeconds) {
      const locked = await script('taking the lock', LOCK, [keys.lock], [runId, toExpirySeconds(ttlSeconds)]);
      return locked === 1;
    },
    async unlock(runId) {
      await script('giving the lock back', UNLOCK, [keys.lock, keys.progress], [runId]);
    },

    async lockHolder() {
      const keyNames = [keys.lock, keys.progress];
      const reply = await script('looking who holds the lock', LOCK_HOLDER, keyNames, []);
      const [runId, ttlMs = 0, progress = null] = reply as [string, number, string | null] | [];
      if (runId === undefined) return null;
      return { runId, secondsLeft: Math.max(0, Math.ceil(ttlMs / 1000)), ...parseRunProgress(progress, runId) };
    },

    async loadCheckpoint() {
      const stored = await connection
        .run('loading the checkpoint', (redis) => redis.get(keys.checkpoint))
        .catch((error: unknown) => {
          if (!isWrongType(error)) throw error;
          throw unreadableCheckpoint('is not a string', checkpointPlace, error);
        });
      return stored === null ? null : parseCheckpoint(stored, checkpointPlace);
    },
    async saveCheckpoint(checkpoint, runId, quarantined = [], fetched) {
      const text = stringifyCheckpoint(checkpoint);
      const keyNames = [keys.lock, keys.checkpoint, keys.quarantine, keys.progress];
      const args = [runId, text, stringifyRunProgress(runId, fetched), ...quarantined];
      const saved = await script('saving the checkpoint', SAVE_CHECKPOINT, keyNames, args);
      if (saved === 0) throw quarantineLost(`Redis at ${options.host}:${options.port}`, quarantined.length);
      if (saved !== 1) throw lockLost(runId, saved as string | null);
    },

    async lastRun() {
      const stored = await connection.run('loading the last run', (redis) => redis.get(keys.lastRun));
      return parseLastRun(stored);
    },
    async saveLastRun(run) {
      await connection.run('saving the last run', (redis) => redis.set(keys.lastRun, JSON.stringify(run)));
    },

    async quarantine(records) {
      if (records.length === 0) return;
      const args = records.flatMap((record) => {
        const { id, value, ttlSeconds } = toQuarantinedOutcome(record);
        return [id, stringifyRecord(record), value, toExpirySeconds(ttlSeconds)];
      });
      const doing = `quarantining ${records.length} record(s)`;
      await script(doing, QUARANTINE, [keys.quarantine, ...seenKeys(records)], args);
    },
    async release(outcomes) {
      if (outcomes.length === 0) return;
      const args = outcomes.flatMap(({ id, value, ttlSeconds }) => [id, value, toExpirySeconds(ttlSeconds)]);
      const doing = `releasing ${outcomes.length} record(s)`;
      await script(doing, RELEASE, [keys.quarantine, ...seenKeys(outcomes)], args);
    },
    async *quarantined() {
      let cursor = '0';
      let scanned: object | undefined;
      do {
        const [next, found] = await connection.run('reading the quarantine', (redis) => {
          // A cursor means nothing to another server, which may be what a new connection leads to: start again.
          if (scanned !== redis) cursor = '0';
          scanned = redis;
          return redis.hscan(keys.quarantine, cursor, 'COUNT', RECORDS_PER_SCAN);
        });
        cursor = next;
        if (found.length > 0) yield toRecords(found);
      } while (cursor !== '0');
    },
    async records(ids) {
      if (ids.length === 0) return [];
      const found = await connection.run(`reading ${ids.length} record(s)`, (redis) =>
        redis.hmget(keys.quarantine, ...ids),
      );
      return found.flatMap((text, index) => (text === null ? [] : [parseRecord(ids[index] ?? '', text)]));
    },
    async quarantineSize() {
      return connection.run('counting the quarantine', (redis) => redis.hlen(keys.quarantine));
    },

    async diagnose() {
      return { name: 'redis', ...(await diagnoseRedis(connection, prefix, `${options.host}:${options.port}`)) };
    },
    async close() {
      connection.close();
      return Promise.resolve();
    },
  };

  function seenKeys(marked: readonly { readonly id: string }[]): string[] {
    return marked.map(({ id }) => keys.seen(id));
  }
}

/** HSCAN's reply: fields and values in turn. */
function toRecords(found: readonly string[]): QuarantineRecord[] {
  const records: QuarantineRecord[] = [];
  for (let at = 0; at < found.length; at += 2) records.push(parseRecord(found[at] ?? '', found[at + 1] ?? ''));
  return records;
}

/** What an operator types to run `command` on this Redis; redis-cli asks for the password. */
function redisCli({ host, port, db, tls, username, password }: RedisLedgerOptions, command: string): string {
  const flags = [
    `-h ${host} -p ${port}`,
    tls ? '--tls' : '',
    db === 0 ? '' : `-n ${db}`,
    username === undefined ? '' : `--user ${username}`,
    password === undefined ? '' : '--askpass',
  ];
  return ['redis-cli', ...flags.filter((flag) => flag !== ''), command].join(' ');
}

function isWrongType(error: unknown): error is LedgerError {
  return error instanceof LedgerError && error.cause instanceof Error && error.cause.message.includes('WRONGTYPE');
}
