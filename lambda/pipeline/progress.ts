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
  /** These records must still be there when the checkpoint is saved next, and whenever it is saved in the minute after. */
  quarantined(ids: readonly string[]): void;
}

/**
 * A failover loses no more than this. It may lose a record together with the checkpoint that was saved after it, and the run, which
 * knows nothing of it, must not save the next one as if the record were there.
 */
const LONGEST_LAG_MS = 60_000;

export function keepProgress(
  loaded: Checkpoint,
  ledger: Pick<Ledger, 'saveCheckpoint'>,
  runId: string,
  now: () => number = () => performance.now(),
): Progress {
  let checkpoint = loaded;
  let recent: { readonly id: string; readonly at: number }[] = [];
  return {
    current: () => checkpoint,
    async update(change) {
      const { resent = [], ...rest } = { ...checkpoint, ...change };
      const next: Checkpoint = { ...rest, ...(resent.length > 0 && { resent }) };
      const confirmedSince = now() - LONGEST_LAG_MS;
      const confirming = recent;
      await ledger.saveCheckpoint(
        next,
        runId,
        confirming.map(({ id }) => id),
      );
      checkpoint = next;
      recent = recent.filter((record) => record.at > confirmedSince || !confirming.includes(record));
    },
    quarantined: (ids) => {
      recent = [...recent, ...ids.map((id) => ({ id, at: now() }))];
    },
  };
}
