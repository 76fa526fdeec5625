import type { Capabilities, ScanStrategy } from './kong/capabilities.ts';
import type { Checkpoint } from './ledger/ledger.ts';
import { oldestUnsettled, watermark, type Window } from './window.ts';
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
  /** Kong's now − the oldest second that may hold an entry nobody has dealt with yet; null when not known. */
  readonly lagSeconds: number | null;
  /** Time until Kong purges what that second holds; null when not known. */
  readonly purgeHeadroomSeconds: number | null;
  readonly quarantineSize: number | null;
  /** What the invocation fails with; null for a run that did its work. */
  readonly error: Error | null;
}

/** What a report is made from. */
export interface RunFacts {
  readonly status: Summary['status'];
  readonly mode: Summary['mode'];
  readonly dryRun: boolean;
  readonly capabilities: Capabilities | null;
  /** As last saved; null when it was not read. */
  readonly checkpoint: Checkpoint | null;
  readonly tally: Tally;
  readonly kongRequests: number;
  /** Kong's clock, or the function's where Kong's is not known; epoch seconds. */
  readonly now: number;
  readonly auditTtlSeconds: number;
  readonly quarantineSize: number | null;
  readonly durationMs: number;
  readonly error: Error | null;
}

export function toReport(facts: RunFacts): RunReport {
  const { capabilities, checkpoint, tally, dryRun, auditTtlSeconds } = facts;
  const pending = checkpoint?.pending ?? [];
  // Kong keeps nothing older than its TTL, so neither lag nor headroom goes beyond it. Before the first plan all is unread.
  const oldest = checkpoint && (oldestUnsettled(checkpoint) ?? 0);
  const lagSeconds = oldest === null ? null : Math.min(Math.max(0, facts.now - oldest), auditTtlSeconds);
  return {
    summary: {
      status: facts.status,
      mode: facts.mode,
      strategy: capabilities?.strategy ?? null,
      kongVersion: capabilities?.version ?? null,
      fetched: tally.fetched,
      forwarded: dryRun ? 0 : tally.forwarded,
      duplicates: tally.duplicates,
      own: tally.own,
      quarantined: dryRun ? 0 : tally.quarantined,
      pages: tally.pages,
      puts: tally.puts,
      watermark: checkpoint && watermark(checkpoint.planned, pending),
      pending,
      durationMs: Math.round(facts.durationMs),
      ...(dryRun && { dryRun, wouldForward: tally.forwarded, wouldQuarantine: tally.quarantined }),
    },
    tally,
    kongRequests: facts.kongRequests,
    lagSeconds,
    purgeHeadroomSeconds: lagSeconds === null ? null : auditTtlSeconds - lagSeconds,
    quarantineSize: facts.quarantineSize,
    error: facts.error,
  };
}

/** The report of a run that failed before it could begin. */
export function failedReport(mode: Summary['mode'], durationMs: number, error: Error): RunReport {
  return toReport({
    status: 'failed',
    mode,
    dryRun: false,
    capabilities: null,
    checkpoint: null,
    tally: newTally(),
    kongRequests: 0,
    now: 0,
    auditTtlSeconds: 0,
    quarantineSize: null,
    durationMs,
    error,
  });
}
