import type { Checkpoint } from '../../lambda/ledger/checkpoint.ts';
import type { Ledger, Outcome, QuarantineRecord } from '../../lambda/ledger/ledger.ts';
import type { Faults } from './faults.ts';
import type { Life } from './life.ts';
import type { Subject } from './subject.ts';

/** What really happened in the store, told at the moment it happened. */
export interface LedgerEvents {
  marked(outcomes: readonly Outcome[]): void;
  released(outcomes: readonly Outcome[]): void;
  quarantined(records: readonly (QuarantineRecord & { readonly ttlSeconds: number })[]): void;
  saved(checkpoint: Checkpoint): void;
  /** The run asked for this mark, but it did not happen. */
  lost(ids: readonly string[]): void;
  /** The store has taken a write, of whatever kind but the lock. */
  wrote(): void;
}

export interface ChaosLedgerOptions {
  readonly store: Ledger;
  readonly faults: Faults;
  readonly life: Life;
  readonly errors: Subject['errors'];
  readonly events: LedgerEvents;
  readonly isOut: () => boolean;
}

/** One run's connection to the store, and much that goes wrong with it, before and after a write took effect. */
export function chaosLedger({ store, faults, life, errors, events, isOut }: ChaosLedgerOptions): Ledger {
  interface Told<T> {
    readonly happened?: (result: T) => void;
    readonly lost?: () => void;
  }

  async function call<T>(what: string, act: () => Promise<T>, { happened, lost }: Told<T> = {}): Promise<T> {
    const where = `${life.name} ${what}`;
    const fail = () => new errors.LedgerError(`Redis: ${what} failed`);
    await life.pause(0.001 + (faults.happens('ledger slow', where) ? 10 * faults.random() : 0), where);
    if (isOut() || faults.happens('ledger error, not written', where)) {
      lost?.();
      throw fail();
    }
    const result = await act();
    if (happened) {
      events.wrote();
      happened(result);
    }
    await life.pause(0.001, where);
    if (faults.happens('ledger error, written', where)) throw fail();
    return result;
  }
  const ids = (items: readonly { readonly id: string }[]) => items.map(({ id }) => id);

  return {
    lookup: (wanted) => call(`looking up ${wanted.length}`, () => store.lookup(wanted)),
    mark: (outcomes) =>
      call(`marking ${outcomes.length}`, () => store.mark(outcomes), {
        happened: () => {
          events.marked(outcomes);
        },
        lost: () => {
          events.lost(ids(outcomes));
        },
      }),
    bind: (bindings) => call(`binding ${bindings.length}`, () => store.bind(bindings)),
    lock: (runId, seconds) => call('taking the lock', () => store.lock(runId, seconds)),
    unlock: (runId) => call('giving the lock back', () => store.unlock(runId)),
    lockHolder: () => call('looking at the lock', () => store.lockHolder()),
    loadCheckpoint: () => call('loading the checkpoint', () => store.loadCheckpoint()),
    saveCheckpoint: (checkpoint, ...rest) =>
      call('saving the checkpoint', () => store.saveCheckpoint(checkpoint, ...rest), {
        happened: () => {
          events.saved(checkpoint);
        },
      }),
    lastRun: () => call('reading the last run', () => store.lastRun()),
    saveLastRun: (run) => call('noting the run', () => store.saveLastRun(run), { happened: () => undefined }),
    quarantine: (records) =>
      call(`quarantining ${records.length}`, () => store.quarantine(records), {
        happened: () => {
          events.quarantined(records);
        },
      }),
    release: (outcomes) =>
      call(`releasing ${outcomes.length}`, () => store.release(outcomes), {
        happened: () => {
          events.released(outcomes);
        },
        lost: () => {
          events.lost(ids(outcomes));
        },
      }),
    async *quarantined() {
      for await (const batch of store.quarantined())
        yield await call('reading the quarantine', () => Promise.resolve(batch));
    },
    records: (wanted) => call(`reading ${wanted.length} records`, () => store.records(wanted)),
    quarantineSize: () => call('counting the quarantine', () => store.quarantineSize()),
    diagnose: () => store.diagnose(),
    close: () => Promise.resolve(),
  };
}
