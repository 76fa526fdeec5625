import type { Ledger } from './ledger.ts';

/** `ledger` for a run that must write nothing: it looks things up, and every write succeeds without happening. */
export function readOnly(ledger: Ledger): Ledger {
  const nothing = () => Promise.resolve();
  return {
    lookup: (ids) => ledger.lookup(ids),
    mark: nothing,
    // As it would be if nobody had asked before.
    bind: (bindings) => Promise.resolve(bindings.map(() => true)),
    lock: () => Promise.resolve(true),
    unlock: nothing,
    lockHolder: () => ledger.lockHolder(),
    loadCheckpoint: () => ledger.loadCheckpoint(),
    saveCheckpoint: nothing,
    lastRun: () => ledger.lastRun(),
    saveLastRun: nothing,
    quarantine: nothing,
    release: nothing,
    quarantined: () => ledger.quarantined(),
    records: (ids) => ledger.records(ids),
    quarantineSize: () => ledger.quarantineSize(),
    diagnose: () => ledger.diagnose(),
    close: () => ledger.close(),
  };
}
