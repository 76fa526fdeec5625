import type { Checkpoint } from '../../../lambda/ledger/checkpoint.ts';
import type { RunReport } from '../../../lambda/pipeline/report.ts';
import type { KongRow } from '../../simulators/kong-table.ts';
import type { Written } from '../admins.ts';
import type { Life } from '../life.ts';
import type { Contents } from '../store.ts';
import { createEntries, describeRow, type EntriesOptions, type Row } from './entries.ts';
import { judgeMarks } from './marks.ts';
import { judgeSending } from './sending.ts';
import { judgeWatermark } from './watermark.ts';

export interface TruthOptions extends EntriesOptions {
  readonly auditTtlSeconds: number;
  readonly ttlGraceSeconds: number;
  readonly putConcurrency: number;
}

export interface Totals {
  readonly entries: number;
  /** Without outcome at the end, and no run would look for them. */
  readonly lost: number;
  /** Without outcome at the end, after more runs than what there was to do explains. */
  readonly starved: number;
  /** Purged by Kong while faults kept every run from reading them. */
  readonly purgedUnread: number;
  readonly duplicates: number;
  readonly bound: number;
  readonly overBound: number;
  readonly quarantined: number;
}

/** Who knows everything: what Kong showed, what CloudTrail has, what the ledger was told, and whether that keeps the promise. */
export type Truth = ReturnType<typeof createTruth>;

export function createTruth(options: TruthOptions) {
  const { now } = options;
  const violations: string[] = [];
  const violate = (what: string): void => {
    violations.push(`${new Date(now() * 1000).toISOString()} ${what}`);
  };
  let wipedAt = -Infinity;
  const entries = createEntries(options);
  const watermark = judgeWatermark({
    ...options,
    entries,
    violate,
    onResending: (count) => {
      sending.resending(count);
    },
  });
  const sending = judgeSending({
    ...options,
    entries,
    violate,
    isResent: (fate, life) => watermark.isResent(fate, life),
    wipedAt: () => wipedAt,
  });
  const marks = judgeMarks({ ...options, entries, sending, violate });

  /** Of rows that are there since `before` at least and have no outcome: those nobody would look for, and those that wait. */
  function waiting(before: number): { readonly lost: readonly Row[]; readonly starved: readonly Row[] } {
    entries.purge();
    const open = [...entries.open].filter(
      (row) => !entries.isTooLate(row) && row.visibleAt <= before && row.timestamp <= before,
    );
    return {
      lost: open.filter(({ timestamp }) => !watermark.isToBeRead(timestamp)),
      starved: open.filter(({ timestamp }) => watermark.isToBeRead(timestamp)),
    };
  }

  const fatesIn = (rows: readonly Row[]): number => new Set(rows.map(({ fate }) => fate)).size;

  return {
    violations: violations as readonly string[],
    violate,
    entries,
    sending,
    marks,
    causes: sending.causes,
    wrote: (written: Written): void => void entries.add(written, null),
    wroteOwn(row: KongRow, life: Life): void {
      const about = { flaw: null, invalid: false, writtenAt: now(), skewSeconds: 0 };
      entries.add({ row, name: row.key, ...about }, life);
    },
    untold(id: string): void {
      const fate = entries.byLedgerId.get(id);
      if (fate) fate.isUntold = true;
    },
    saved: (checkpoint: Checkpoint, life: Life): void => {
      watermark.saved(checkpoint, life);
    },
    completed: (report: RunReport, life: Life): void => {
      watermark.completed(report, life);
    },
    forgot(contents: Contents, why: 'ledger wiped' | 'ledger failed over'): void {
      if (why === 'ledger wiped') wipedAt = now();
      watermark.replaced(contents.checkpoint, why === 'ledger wiped');
      marks.forgot(contents, why);
    },
    waiting,
    pending: watermark.describe,
    sweeps: watermark.sweeps,

    /**
     * At the end, after faults have stopped and a bounded number of runs.
     *
     * @param before what came later is not judged
     * @param isRereading what is to be read may wait: the overlap takes more than a run
     */
    verdict({ seen }: Contents, before: number, isRereading = false): Totals {
      const { lost, starved: left } = waiting(before);
      const starved = isRereading ? [] : left;
      for (const row of lost) violate(`lost: ${describeRow(row)}`);
      for (const row of starved) violate(`starved: ${describeRow(row)}`);
      const [duplicates, bound] = [sending.duplicates(), sending.bound()];
      if (duplicates > bound) violate(`${duplicates} duplicates, more than the ${bound} the promise allows`);
      marks.checkKeys(seen);
      const fates = [...entries.byName.values()];
      return {
        entries: fates.length,
        lost: fatesIn(lost),
        starved: fatesIn(starved),
        purgedUnread: entries.purgedUnread.size,
        duplicates,
        bound,
        overBound: Math.max(0, duplicates - bound),
        quarantined: fates.filter(({ inQuarantine }) => inQuarantine).length,
      };
    },
  };
}
