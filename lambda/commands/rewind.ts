import { InvocationError } from '../errors.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Log } from '../log.ts';
import { tidy } from '../pipeline/tidy.ts';
import { toRfc3339 } from '../rfc-3339.ts';

export type Rewound =
  | {
      readonly status: 'ok';
      /** Epoch seconds: where the next scheduled run would have begun, and where it begins now. */
      readonly from: number;
      readonly to: number;
      readonly rereadSeconds: number;
    }
  | { readonly status: 'skipped' };

export interface RewindDeps {
  readonly ledger: Pick<Ledger, 'lock' | 'unlock' | 'loadCheckpoint' | 'saveCheckpoint'>;
  readonly log: Pick<Log, 'warn'>;
  readonly runId: string;
  readonly lockSeconds: number;
}

/**
 * Sets the checkpoint back: what lies between `to` and the last plan is read again by the next scheduled run, and what the
 * ledger knows is dropped. Nothing is ever set forward, for that would leave entries out.
 *
 * @returns `skipped` while a run holds the lock
 * @throws {InvocationError} there is nothing to set back, or `to` is not earlier
 */
export async function rewind(to: number, dryRun: boolean, deps: RewindDeps): Promise<Rewound> {
  const { ledger, log, runId } = deps;
  if (!dryRun && !(await ledger.lock(runId, deps.lockSeconds))) return { status: 'skipped' };
  try {
    const checkpoint = await ledger.loadCheckpoint();
    const from = checkpoint?.planned ?? null;
    if (!checkpoint || from === null)
      throw new InvocationError('There is no checkpoint to set back: no scheduled run has planned anything yet.', {
        fix: 'The first scheduled run reads everything the source retains.',
      });
    if (to >= from)
      throw new InvocationError(
        `"to" must be earlier than the checkpoint: it stands at ${toRfc3339(from)}, got ${toRfc3339(to)}.`,
        {
          fix: 'A checkpoint is only ever set back; setting it forward would leave entries out.',
        },
      );
    if (!dryRun) {
      const window = { after: to, before: from, again: true as const };
      await ledger.saveCheckpoint({ ...checkpoint, pending: tidy([...checkpoint.pending, window]) }, runId);
      log.warn('The checkpoint is set back by hand', { from, to });
    }
    return { status: 'ok', from, to, rereadSeconds: from - to };
  } finally {
    if (!dryRun) await ledger.unlock(runId).catch(() => undefined);
  }
}
