import type { Ledger, LastRun, LockHolder } from '../ledger/ledger.ts';
import { lagOf, withoutDetails } from '../pipeline/report.ts';
import { watermark, type Window } from '../pipeline/window.ts';

export interface StatusReport {
  readonly status: 'ok';
  readonly source: string;
  readonly sink: string;
  /** Epoch seconds; everything before has an outcome. Null before the first run. */
  readonly watermark: number | null;
  readonly lagSeconds: number | null;
  readonly purgeHeadroomSeconds: number | null;
  readonly pending: readonly Pick<Window, 'after' | 'before'>[];
  readonly quarantine: { readonly size: number; readonly byCode: Readonly<Record<string, number>> };
  readonly lock: LockHolder | null;
  readonly lastRun: LastRun | null;
}

export interface StatusDeps {
  readonly ledger: Pick<Ledger, 'loadCheckpoint' | 'quarantined' | 'lockHolder' | 'lastRun'>;
  /** Names of the deployment's source and sink. */
  readonly source: string;
  readonly sink: string;
  readonly auditTtlSeconds: number;
  /** The function's clock, milliseconds. */
  readonly now: () => number;
}

/**
 * How things stand, as the ledger knows it. Writes nothing and asks nobody else, so it may run beside anything.
 *
 * @throws {LedgerError} @throws {CheckpointError}
 */
export async function status({ ledger, source, sink, auditTtlSeconds, now }: StatusDeps): Promise<StatusReport> {
  const [checkpoint, quarantine, lock, lastRun] = await Promise.all([
    ledger.loadCheckpoint(),
    countByCode(ledger),
    ledger.lockHolder(),
    ledger.lastRun(),
  ]);
  const { lagSeconds, purgeHeadroomSeconds } = lagOf(checkpoint, Math.floor(now() / 1000), auditTtlSeconds);
  return {
    status: 'ok',
    source,
    sink,
    watermark: checkpoint && watermark(checkpoint.planned, checkpoint.pending),
    lagSeconds,
    purgeHeadroomSeconds,
    pending: withoutDetails(checkpoint?.pending ?? []),
    quarantine,
    lock,
    lastRun,
  };
}

/** Counts each id once: the quarantine may name one twice while it is being changed. */
async function countByCode(ledger: StatusDeps['ledger']): Promise<StatusReport['quarantine']> {
  const codes = new Map<string, string>();
  for await (const records of ledger.quarantined()) for (const { id, errorCode } of records) codes.set(id, errorCode);
  const byCode: Record<string, number> = {};
  for (const code of codes.values()) byCode[code] = (byCode[code] ?? 0) + 1;
  return { size: codes.size, byCode };
}
