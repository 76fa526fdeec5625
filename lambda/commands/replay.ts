import { arrayToShuffled } from 'array-shuffle';
import type { Ledger, QuarantineRecord } from '../ledger/ledger.ts';
import type { Item } from '../pipeline/activity.ts';
import { TRIES_UNTIL_ALONE } from '../pipeline/deliver.ts';
import { forward } from '../pipeline/forward.ts';
import type { Forwarding } from './forwarding.ts';
import type { OpenSource, Page } from '../pipeline/source.ts';

export interface ReplayDeps {
  readonly ledger: Ledger;
  readonly source: Pick<OpenSource, 'parse'>;
  readonly forwarding: Forwarding;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** The records to try; the others stay. */
  readonly wanted: (record: QuarantineRecord) => boolean;
}

/**
 * Those the sink failed for may take with them what they are put with, so they are put alone. Of more than this, ten together, or it would
 * take too long.
 */
const MOST_ALONE = 1000;
const RECORDS_PER_PAGE = 100;

/**
 * Sends what is in quarantine again, each record once. What the sink accepts leaves the quarantine in the same step as it is
 * marked; what it refuses again stays, with the new reason.
 *
 * The order is another one each time: some may fail for ever, and take with them what they are put with, or end the run. They must not
 * always be the same that suffer for it.
 *
 * @returns false when the time was up before all was tried
 */
export async function replay({ ledger, source, forwarding, now, wanted }: ReplayDeps): Promise<boolean> {
  const records = new Map<string, QuarantineRecord>();
  const whole = ({ id }: Item) => {
    const { payloadBytes, payloadSha256 } = records.get(id) ?? {};
    return payloadBytes === undefined || payloadSha256 === undefined ? undefined : { payloadBytes, payloadSha256 };
  };
  const refused = new Set<string>();
  const transient = new Set<string>();
  for await (const found of ledger.quarantined())
    for (const record of found.filter(wanted)) (record.isTransient ? transient : refused).add(record.id);
  const isAlone = transient.size <= MOST_ALONE;
  forwarding.traffic.begin(TRIES_UNTIL_ALONE);
  const settled = forward(quarantinePages(), {
    ...forwarding,
    ledger: {
      lookup: (ids) => ledger.lookup(ids),
      mark: (outcomes) => ledger.release(outcomes),
      release: (outcomes) => ledger.release(outcomes),
      quarantine: (again) => ledger.quarantine(again),
    },
    isAgain: true,
    resends: () => true,
    // They have failed before: that they fail again says nothing about the sink.
    tries: ({ id }) => (isAlone && transient.has(id) ? TRIES_UNTIL_ALONE : 1),
    // What is in quarantine was worth sending when it was put there.
    isIgnored: () => false,
    whole,
    // The row's `ttl` is of the time it was first refused at, so the record keeps that time, however often it is replayed.
    toRecord: (item, refusal) => {
      const record = forwarding.toRecord(item, refusal);
      return { ...record, ...whole(item), at: records.get(item.id)?.at ?? record.at };
    },
    ttlSeconds: (item) => {
      const elapsedMs = now() - Date.parse(records.get(item.id)?.at ?? '');
      const ttlSeconds = item.ttlSeconds === null ? null : item.ttlSeconds - (elapsedMs || 0) / 1000;
      return forwarding.ttlSeconds({ ...item, ttlSeconds });
    },
  });
  let isWhole = true;
  for await (const { left, failure } of settled) {
    if (failure !== null) throw failure;
    isWhole &&= left !== null;
  }
  return isWhole && !forwarding.signals.stopping.aborted;

  async function* quarantinePages(): AsyncGenerator<Page> {
    const inTurn = arrayToShuffled([...refused, ...transient]);
    for (let at = 0; at < inTurn.length; at += RECORDS_PER_PAGE) {
      const page = await ledger.records(inTurn.slice(at, at + RECORDS_PER_PAGE));
      for (const record of page) records.set(record.id, { ...record, entry: null });
      yield { items: page.map(({ id, entry }) => ({ ...source.parse(entry), id })), left: [] };
    }
  }
}
