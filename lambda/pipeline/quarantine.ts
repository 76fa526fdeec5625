import type { Ledger, QuarantineRecord } from '../ledger/ledger.ts';
import type { Log } from '../log.ts';
import type { Item } from './activity.ts';
import type { Progress } from './progress.ts';
import type { Tally } from './tally.ts';

/** The `errorCode` of a row that is no activity. */
export const INVALID_ENTRY = 'InvalidEntry';

export interface Refusal {
  readonly errorCode: string;
  readonly errorMessage: string;
  /** It may be taken another day: a scheduled run tries it again once a day. */
  readonly isTransient?: true;
}

export interface Unsendable extends Refusal {
  readonly item: Item;
}

export interface QuarantineDeps {
  readonly ledger: Pick<Ledger, 'quarantine'>;
  readonly toRecord: (item: Item, refusal: Refusal) => QuarantineRecord;
  /** Seconds the ledger remembers the item. */
  readonly ttlSeconds: (item: Pick<Item, 'id' | 'ttlSeconds'>) => number;
  readonly progress: Pick<Progress, 'quarantined'>;
  readonly tally: Pick<Tally, 'quarantined' | 'requarantined'>;
  /** It was in quarantine before (a replay): not counted as new. */
  readonly isAgain?: boolean;
  readonly log: Pick<Log, 'error'>;
}

/** Puts away what cannot be sent, each with its reason and a line in the log. */
export async function quarantine(unsendable: readonly Unsendable[], deps: QuarantineDeps): Promise<void> {
  if (unsendable.length === 0) return;
  await deps.ledger.quarantine(
    unsendable.map(({ item, ...refusal }) => ({
      ...deps.toRecord(item, refusal),
      ttlSeconds: deps.ttlSeconds(item),
    })),
  );
  deps.progress.quarantined(unsendable.map(({ item }) => item.id));
  deps.tally[deps.isAgain ? 'requarantined' : 'quarantined'] += unsendable.length;
  for (const { item, errorCode, errorMessage } of unsendable)
    deps.log.error('An entry cannot be sent and is in quarantine', { id: item.id, errorCode, errorMessage });
}
