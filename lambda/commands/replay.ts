import type { Ledger, QuarantineRecord } from '../ledger/ledger.ts';
import type { Item } from '../pipeline/activity.ts';
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
 * Sends what is in quarantine again, each record once. What the sink accepts leaves the quarantine in the same step as it is
 * marked; what it refuses again stays, with the new reason.
 *
 * @returns false when the time was up before all was tried
 */
export async function replay({ ledger, source, forwarding, now, wanted }: ReplayDeps): Promise<boolean> {
  const records = new Map<string, QuarantineRecord>();
  const whole = ({ id }: Item) => {
    const { payloadBytes, payloadSha256 } = records.get(id) ?? {};
    return payloadBytes === undefined || payloadSha256 === undefined ? undefined : { payloadBytes, payloadSha256 };
  };
  forwarding.traffic.begin(1);
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
    tries: () => 1,
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

  /** The quarantine may name a record twice while it is being changed; `records` remembers those already given out. */
  async function* quarantinePages(): AsyncGenerator<Page> {
    for await (const found of ledger.quarantined()) {
      const fresh = found.filter((record) => !records.has(record.id) && wanted(record));
      for (const record of fresh) records.set(record.id, { ...record, entry: null });
      if (fresh.length > 0) yield { items: fresh.map(({ id, entry }) => ({ ...source.parse(entry), id })), left: [] };
    }
  }
}
