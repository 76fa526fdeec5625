import type { ScanStrategy } from './kong/capabilities.ts';
import type { Window } from './window.ts';
import { newTally, type Tally } from './tally.ts';

/** What every run returns, and logs as one line. */
export interface Summary {
  readonly status: 'complete' | 'incomplete' | 'skipped' | 'failed';
  readonly mode: 'scheduled' | 'backfill' | 'replay';
  readonly strategy: ScanStrategy | null;
  readonly kongVersion: string | null;
  readonly fetched: number;
  readonly forwarded: number;
  readonly duplicates: number;
  readonly own: number;
  readonly quarantined: number;
  readonly pages: number;
  readonly puts: number;
  /** Epoch seconds; everything before has an outcome. */
  readonly watermark: number | null;
  readonly pending: readonly Window[];
  readonly durationMs: number;
  /** Only on a dry run, which forwards nothing. */
  readonly dryRun?: true;
  readonly wouldForward?: number;
  readonly wouldQuarantine?: number;
}

/** A run's outcome with what the metrics need beside the summary. */
export interface RunReport {
  readonly summary: Summary;
  readonly tally: Tally;
  readonly kongRequests: number;
  /** Kong's now − the oldest second that may hold an entry without outcome; null when not known. */
  readonly lagSeconds: number | null;
  /** Time until Kong purges what that second holds; null when not known. */
  readonly purgeHeadroomSeconds: number | null;
  readonly quarantineSize: number | null;
  /** What the invocation fails with; null for a run that did its work. */
  readonly error: Error | null;
}

/** The report of a run that failed before it could begin. */
export function failedReport(mode: Summary['mode'], durationMs: number, error: Error): RunReport {
  const { fetched, forwarded, duplicates, own, quarantined, pages, puts } = newTally();
  return {
    summary: {
      status: 'failed',
      mode,
      strategy: null,
      kongVersion: null,
      fetched,
      forwarded,
      duplicates,
      own,
      quarantined,
      pages,
      puts,
      watermark: null,
      pending: [],
      durationMs,
    },
    tally: newTally(),
    kongRequests: 0,
    lagSeconds: null,
    purgeHeadroomSeconds: null,
    quarantineSize: null,
    error,
  };
}
