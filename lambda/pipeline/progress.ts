import type { Checkpoint } from '../ledger/checkpoint.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Plan } from './plan.ts';

/** The run's checkpoint: what is pending, as last saved. */
export interface Progress {
  current(): Checkpoint;
  /**
   * Saves the checkpoint with these members replaced.
   *
   * @throws {LedgerError} a record put into quarantine since the last time is no longer there: Redis lost it in a failover. The
   *   checkpoint stays as it was, so that its entry is read again.
   * @throws {LockLostError}
   */
  update(change: Plan): Promise<void>;
  /** These records must still be there when the checkpoint is saved next. */
  quarantined(ids: readonly string[]): void;
}

export function keepProgress(loaded: Checkpoint, ledger: Pick<Ledger, 'saveCheckpoint'>, runId: string): Progress {
  let checkpoint = loaded;
  let unconfirmed: string[] = [];
  return {
    current: () => checkpoint,
    async update(change) {
      const next = { ...checkpoint, ...change };
      const confirming = unconfirmed;
      await ledger.saveCheckpoint(next, runId, confirming);
      checkpoint = next;
      unconfirmed = unconfirmed.filter((id) => !confirming.includes(id));
    },
    quarantined: (ids) => {
      unconfirmed = [...unconfirmed, ...ids];
    },
  };
}
