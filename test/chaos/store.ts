import type { Checkpoint } from '../../lambda/ledger/checkpoint.ts';
import type { Ledger } from '../../lambda/ledger/ledger.ts';
import type { MemoryLedger } from '../../lambda/ledger/memory.ts';

/** What a ledger knows, to compare with what is true. */
export interface Contents {
  /** Ids that have a key. */
  readonly seen: ReadonlySet<string>;
  readonly quarantined: ReadonlySet<string>;
  readonly checkpoint: Checkpoint | null;
}

/** The Redis of a history, which may lose everything, or its last moments. */
export interface Store {
  /** As of now; a failover or a wipe puts another one in its place. */
  readonly ledger: () => Ledger;
  /**
   * A replica that is `lagSeconds` behind takes over: what was written since is gone. The lock of the run at work is still there, and with
   * it what was written before: replicas get the writes in their order.
   */
  failOver(lagSeconds: number): void;
  wipe(): void;
  contents(): Promise<Contents>;
}

interface Write {
  readonly time: number;
  readonly act: (ledger: Ledger) => Promise<unknown>;
  readonly isLock: boolean;
}

export interface StoreOptions {
  readonly create: (options: { readonly now: () => number }) => MemoryLedger;
  /** Epoch seconds. */
  readonly now: () => number;
}

/** Every write is kept, so that a failover can begin with nothing and repeat those it has not lost. */
export function createStore({ create, now }: StoreOptions): Store {
  let repeating: number | null = null;
  const open = () => create({ now: () => (repeating ?? now()) * 1000 });
  let current = open();
  let writes: Write[] = [];
  let lockedAt = -Infinity;

  async function write<T>(act: (ledger: Ledger) => Promise<T>, isLock = false): Promise<T> {
    const entry = { time: now(), act, isLock };
    writes.push(entry);
    try {
      return await act(current);
    } catch (error) {
      writes = writes.filter((other) => other !== entry);
      throw error;
    }
  }

  const ledger: Ledger = {
    lookup: (ids) => current.lookup(ids),
    mark: (outcomes) => write((to) => to.mark(outcomes)),
    bind: (bindings) => write((to) => to.bind(bindings)),
    async lock(runId, ttlSeconds) {
      const isTaken = await write((to) => to.lock(runId, ttlSeconds), true);
      if (isTaken) lockedAt = now();
      return isTaken;
    },
    async unlock(runId) {
      await write((to) => to.unlock(runId), true);
      lockedAt = -Infinity;
    },
    lockHolder: () => current.lockHolder(),
    loadCheckpoint: () => current.loadCheckpoint(),
    saveCheckpoint: (...args) => write((to) => to.saveCheckpoint(...args)),
    lastRun: () => current.lastRun(),
    saveLastRun: (run) => write((to) => to.saveLastRun(run)),
    quarantine: (records) => write((to) => to.quarantine(records)),
    release: (outcomes) => write((to) => to.release(outcomes)),
    quarantined: () => current.quarantined(),
    records: (ids) => current.records(ids),
    quarantineSize: () => current.quarantineSize(),
    diagnose: () => current.diagnose(),
    close: () => Promise.resolve(),
  };

  return {
    ledger: () => ledger,
    failOver(lagSeconds) {
      const lostSince = Math.max(now() - lagSeconds, lockedAt);
      writes = writes.filter(({ time, isLock }) => isLock || time < lostSince);
      current = open();
      for (const { time, act } of writes) {
        repeating = time;
        // The memory ledger acts before it returns.
        void act(current).catch(() => undefined);
      }
      repeating = null;
    },
    wipe() {
      writes = [];
      current.clear();
    },
    async contents() {
      const seen = current.keys().flatMap((key) => (key.startsWith('seen:') ? [key.slice('seen:'.length)] : []));
      const quarantined: string[] = [];
      for await (const records of current.quarantined()) quarantined.push(...records.map(({ id }) => id));
      return { seen: new Set(seen), quarantined: new Set(quarantined), checkpoint: await current.loadCheckpoint() };
    },
  };
}
