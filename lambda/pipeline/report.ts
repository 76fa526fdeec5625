import type { Checkpoint } from '../ledger/checkpoint.ts';
import type { SourceFacts } from './source.ts';
import { newTally, type Tally } from './tally.ts';
import { isDue, merge, oldestUnsettled, watermark, type Window } from './window.ts';

/** What every run returns, and logs as one line. */
export interface Summary {
  readonly status: 'complete' | 'incomplete' | 'skipped' | 'failed';
  readonly mode: 'scheduled' | 'backfill' | 'replay';
  readonly strategy: string | null;
  readonly kongVersion: string | null;
  readonly fetched: number;
  readonly forwarded: number;
  readonly duplicates: number;
  readonly own: number;
  readonly ignored: number;
  readonly quarantined: number;
  readonly pages: number;
  readonly puts: number;
  /** Epoch seconds; everything before has an outcome. */
  readonly watermark: number | null;
  readonly pending: readonly Pick<Window, 'after' | 'before'>[];
  readonly durationMs: number;
  /** A backfill asked for more than the source can still hold. */
  readonly beyondRetention?: true;
  /** Only on a dry run, which forwards nothing. */
  readonly dryRun?: true;
  readonly wouldForward?: number;
  readonly wouldQuarantine?: number;
}

/** A run's outcome with what the metrics need beside the summary. */
export interface RunReport {
  readonly summary: Summary;
  readonly tally: Tally;
  readonly sourceRequests: number;
  /** The run ended before all that is due was dealt with; a backfill that goes on later is not due. */
  readonly isBehind: boolean;
  /** Source's now − the oldest second that may hold an entry nobody has dealt with yet; null when not known. */
  readonly lagSeconds: number | null;
  /** Time until the source purges what that second holds; null when not known. */
  readonly purgeHeadroomSeconds: number | null;
  readonly quarantineSize: number | null;
  /** What the invocation fails with; null for a run that did its work. */
  readonly error: Error | null;
}

/** What was asked for, as far as the report needs it. */
export interface Asked {
  readonly mode: Summary['mode'];
  readonly dryRun?: boolean;
  readonly after?: number;
}

/** What a report is made from. */
export interface RunFacts {
  readonly status: Summary['status'];
  readonly invocation: Asked;
  readonly facts: SourceFacts | null;
  /** As last saved; null when it was not read. */
  readonly checkpoint: Checkpoint | null;
  readonly tally: Tally;
  readonly sourceRequests: number;
  /** The source's clock, or the function's where that is not known; epoch seconds. */
  readonly now: number;
  readonly auditTtlSeconds: number;
  readonly quarantineSize: number | null;
  readonly durationMs: number;
  readonly error: Error | null;
}

export function toReport(facts: RunFacts): RunReport {
  const { invocation, checkpoint, tally, auditTtlSeconds } = facts;
  const dryRun = invocation.mode === 'backfill' && invocation.dryRun === true;
  const pending = checkpoint?.pending ?? [];
  const { lagSeconds, purgeHeadroomSeconds } = lagOf(checkpoint, facts.now, auditTtlSeconds);
  return {
    summary: {
      status: facts.status,
      mode: invocation.mode,
      strategy: facts.facts?.strategy ?? null,
      kongVersion: facts.facts?.kongVersion ?? null,
      fetched: tally.fetched,
      forwarded: dryRun ? 0 : tally.forwarded,
      duplicates: tally.duplicates,
      own: tally.own,
      ignored: tally.ignored,
      quarantined: dryRun ? 0 : tally.quarantined + (invocation.mode === 'replay' ? tally.requarantined : 0),
      pages: tally.pages,
      puts: tally.puts,
      watermark: checkpoint && watermark(checkpoint.planned, pending),
      pending: withoutDetails(pending),
      durationMs: Math.round(facts.durationMs),
      ...(isBeyondRetention(invocation, facts.now - facts.durationMs / 1000, auditTtlSeconds) && {
        beyondRetention: true,
      }),
      ...(dryRun && { dryRun, wouldForward: tally.forwarded, wouldQuarantine: tally.quarantined }),
    },
    tally,
    sourceRequests: facts.sourceRequests,
    isBehind:
      facts.status !== 'complete' && (facts.status !== 'incomplete' || checkpoint === null || pending.some(isDue)),
    lagSeconds,
    purgeHeadroomSeconds,
    quarantineSize: facts.quarantineSize,
    error: facts.error,
  };
}

/** What of pending windows a user needs: which seconds, joined whatever is to be done with them. */
export const withoutDetails = (windows: readonly Window[]): Window[] =>
  merge(windows.map(({ after, before }) => ({ after, before })));

/**
 * How far behind, in seconds. The source keeps nothing older than its TTL, so neither goes beyond it. Before the first plan all is
 * unread.
 */
export function lagOf(checkpoint: Checkpoint | null, now: number, auditTtlSeconds: number) {
  const oldest = checkpoint && (oldestUnsettled(checkpoint.planned, checkpoint.pending) ?? 0);
  const lagSeconds = oldest === null ? null : Math.min(Math.max(0, now - oldest), auditTtlSeconds);
  return { lagSeconds, purgeHeadroomSeconds: lagSeconds === null ? null : auditTtlSeconds - lagSeconds };
}

/** What was asked for as far back as the source holds anything took some seconds to get here, and clocks differ. */
const BEYOND_TOLERANCE_SECONDS = 60;

/**
 * The window asked for begins before anything the source can still hold.
 *
 * @param askedAt epoch seconds
 */
export function isBeyondRetention(
  { after }: { readonly after?: number },
  askedAt: number,
  auditTtlSeconds: number,
): boolean {
  return after !== undefined && after < askedAt - auditTtlSeconds - BEYOND_TOLERANCE_SECONDS;
}

/** The report of a run that failed before it could begin. */
export function failedReport(invocation: Asked, durationMs: number, error: Error): RunReport {
  return toReport({
    status: 'failed',
    invocation,
    facts: null,
    checkpoint: null,
    tally: newTally(),
    sourceRequests: 0,
    now: 0,
    auditTtlSeconds: 0,
    quarantineSize: null,
    durationMs,
    error,
  });
}
