import { lockLost, parseCheckpoint, stringifyCheckpoint } from './checkpoint.ts';
import type { Ledger, Outcome } from './ledger.ts';
import { toExpirySeconds, toQuarantinedOutcome } from './outcome.ts';
import { parseLastRun } from './last-run.ts';
import { parseRecord, quarantineLost, stringifyRecord } from './quarantine-record.ts';
import { parseRunProgress, stringifyRunProgress } from './run-progress.ts';

/** A ledger in memory, with a look inside for tests. */
export interface MemoryLedger extends Ledger {
  /** Every key that has not expired, named as in Redis but without the prefix: `seen:<id>`, `bound:<id>`, `checkpoint`, `lock`, `progress`, `last-run`, `quarantine`. */
  keys(): readonly string[];
  /** Seconds until `key` expires; null when it never does or is not there. */
  ttlSeconds(key: string): number | null;
  /** Stores a plain value as it is, to see what becomes of garbage. */
  plant(key: 'checkpoint' | 'last-run', value: string): void;
  /** Stores a quarantined value as it is. */
  plantRecord(id: string, value: string): void;
  /** Drops a quarantined value alone, as a failover to a server that never had it does. */
  loseRecord(id: string): void;
  /** What a Redis without persistence knows after a restart: nothing. */
  clear(): void;
}

interface Stored {
  readonly value: string;
  /** Milliseconds of `now()`; Infinity for never. */
  readonly expiresAt: number;
}

/**
 * A `Ledger` that lasts as long as the process, for the demo and for tests. It stores what Redis would store, as strings, so
 * nothing the caller changes afterwards reaches it. Expired keys are dropped when they are touched.
 */
export function createMemoryLedger({ now = Date.now }: { readonly now?: () => number } = {}): MemoryLedger {
  const strings = new Map<string, Stored>();
  const quarantined = new Map<string, string>();

  function get(key: string): string | null {
    const stored = strings.get(key);
    if (stored === undefined) return null;
    if (stored.expiresAt > now()) return stored.value;
    strings.delete(key);
    return null;
  }
  function set(key: string, value: string, ttlSeconds?: number): void {
    const expiresAt = ttlSeconds === undefined ? Infinity : now() + toExpirySeconds(ttlSeconds) * 1000;
    strings.set(key, { value, expiresAt });
  }
  function markAll(outcomes: readonly Outcome[]): void {
    for (const { id, value, ttlSeconds } of outcomes) set(`seen:${id}`, value, ttlSeconds);
  }

  // Async functions, so that what would throw rejects, as it does with a server in between.
  /* eslint-disable @typescript-eslint/require-await */
  return {
    async lookup(ids) {
      return ids.map((id) => get(`seen:${id}`));
    },
    async mark(outcomes) {
      markAll(outcomes);
    },

    async bind(bindings) {
      return bindings.map(({ id, value, ttlSeconds }) => {
        const owner = get(`bound:${id}`) ?? (get(`seen:${id}`) === null ? value : null);
        if (owner === value) set(`bound:${id}`, value, ttlSeconds);
        return owner === value;
      });
    },

    async lock(runId, ttlSeconds) {
      const holder = get('lock');
      if (holder !== null && holder !== runId) return false;
      set('lock', runId, ttlSeconds);
      return true;
    },
    async unlock(runId) {
      if (get('lock') !== runId) return;
      strings.delete('lock');
      strings.delete('progress');
    },

    async lockHolder() {
      const holder = get('lock');
      if (holder === null) return null;
      const { expiresAt } = strings.get('lock') ?? { expiresAt: 0 };
      const secondsLeft = Math.max(0, Math.ceil((expiresAt - now()) / 1000));
      return { runId: holder, secondsLeft, ...parseRunProgress(get('progress'), holder) };
    },

    async loadCheckpoint() {
      const stored = get('checkpoint');
      if (stored === null) return null;
      return parseCheckpoint(stored, { key: 'checkpoint', reset: 'start again, this ledger lives in memory only' });
    },
    async saveCheckpoint(checkpoint, runId, ids = [], fetched) {
      const text = stringifyCheckpoint(checkpoint);
      const holder = get('lock');
      if (holder !== runId) throw lockLost(runId, holder);
      if (!ids.every((id) => quarantined.has(id))) throw quarantineLost('The ledger in memory', ids.length);
      set('checkpoint', text);
      const progress = stringifyRunProgress(runId, fetched);
      const { expiresAt } = strings.get('lock') ?? { expiresAt: 0 };
      if (progress !== '') set('progress', progress, (expiresAt - now()) / 1000);
    },

    async lastRun() {
      return parseLastRun(get('last-run'));
    },
    async saveLastRun(run) {
      set('last-run', JSON.stringify(run));
    },

    async quarantine(records) {
      const texts = records.map((record) => [record.id, stringifyRecord(record)] as const);
      for (const [id, text] of texts) quarantined.set(id, text);
      markAll(records.map(toQuarantinedOutcome));
    },
    async release(outcomes) {
      for (const { id } of outcomes) quarantined.delete(id);
      markAll(outcomes);
    },
    async *quarantined() {
      // A copy: the consumer releases records while it reads.
      const all = [...quarantined].map(([id, text]) => parseRecord(id, text));
      for (let start = 0; start < all.length; start += 100) yield all.slice(start, start + 100);
    },
    async records(ids) {
      return ids.flatMap((id) => {
        const text = quarantined.get(id);
        return text === undefined ? [] : [parseRecord(id, text)];
      });
    },
    async quarantineSize() {
      return quarantined.size;
    },

    async diagnose() {
      return {
        name: 'redis',
        ok: true,
        detail: 'The ledger is in memory: it is gone when this process ends.',
        fix: '',
      };
    },
    async close() {
      // Nothing is open.
    },

    keys() {
      const present = [...strings.keys()].filter((key) => get(key) !== null);
      return quarantined.size > 0 ? [...present, 'quarantine'] : present;
    },
    ttlSeconds(key) {
      if (get(key) === null) return null;
      const { expiresAt } = strings.get(key) ?? { expiresAt: Infinity };
      return expiresAt === Infinity ? null : (expiresAt - now()) / 1000;
    },
    plant(key, value) {
      set(key, value);
    },
    plantRecord(id, value) {
      quarantined.set(id, value);
    },
    loseRecord(id) {
      quarantined.delete(id);
    },
    clear() {
      strings.clear();
      quarantined.clear();
    },
  };
}
