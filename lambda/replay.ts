import type { AuditEvent, WholePayload } from './cloudtrail/event.ts';
import { releasing } from './deliver.ts';
import { forward, type ForwardDeps } from './forward.ts';
import { type AuditEntry, toEntry } from './kong/entry.ts';
import type { Entry, ScanPage } from './kong/scan.ts';
import type { Ledger, QuarantineRecord } from './ledger/ledger.ts';
import type { Refusal } from './quarantine.ts';

export interface ReplayDeps extends Omit<ForwardDeps, 'resend' | 'ledger' | 'toEvent' | 'toRecord'> {
  readonly ledger: Pick<Ledger, 'lookup' | 'release' | 'quarantine' | 'quarantined'>;
  readonly toEvent: (entry: AuditEntry, whole?: WholePayload) => AuditEvent;
  readonly toRecord: (entry: Entry, refusal: Refusal, whole?: WholePayload) => QuarantineRecord;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/**
 * Sends what is in quarantine again, each record once. What CloudTrail accepts leaves the quarantine in the same step as it is
 * marked; what it refuses again stays, with the new reason.
 *
 * @returns false when the time was up before all was tried
 */
export async function replay(deps: ReplayDeps): Promise<boolean> {
  const records = new Map<string, QuarantineRecord>();
  const whole = ({ id }: Entry): WholePayload | undefined => {
    const { payloadBytes, payloadSha256 } = records.get(id) ?? {};
    return payloadBytes === undefined || payloadSha256 === undefined ? undefined : { payloadBytes, payloadSha256 };
  };
  const { ledger } = deps;
  const settled = forward(quarantinePages(deps.ledger, records), {
    ...deps,
    ledger: releasing(ledger),
    resend: () => true,
    toEvent: (entry) => deps.toEvent(entry, whole(entry)),
    // The row's `ttl` is of the time it was first refused at, so the record keeps that time, however often it is replayed.
    toRecord: (entry, refusal) => {
      const record = deps.toRecord(entry, refusal, whole(entry));
      return { ...record, at: records.get(entry.id)?.at ?? record.at };
    },
    ttlSeconds: (entry) => {
      const elapsedMs = deps.now() - Date.parse(records.get(entry.id)?.at ?? '');
      return deps.ttlSeconds({
        ...entry,
        ttlSeconds: entry.ttlSeconds === null ? null : entry.ttlSeconds - (elapsedMs || 0) / 1000,
      });
    },
  });
  let finished = false;
  for await (const { rest, failure } of settled) {
    if (failure !== null) throw failure;
    finished = rest.kind === 'nothing';
  }
  return finished && !deps.stopping.aborted;
}

/** The quarantine may name a record twice while it is being changed; `records` remembers those already given out. */
async function* quarantinePages(
  ledger: Pick<Ledger, 'quarantined'>,
  records: Map<string, QuarantineRecord>,
): AsyncGenerator<ScanPage> {
  for await (const found of ledger.quarantined()) {
    const fresh = found.filter(({ id }) => !records.has(id));
    for (const record of fresh) records.set(record.id, { ...record, entry: null });
    yield { entries: fresh.map(({ id, entry }) => ({ ...toEntry(entry), id })), rest: { kind: 'offset', offset: '' } };
  }
  yield { entries: [], rest: { kind: 'nothing' } };
}
