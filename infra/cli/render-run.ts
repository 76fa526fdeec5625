import type { Summary, Window } from './answers.ts';
import { counted, formatCount } from './layout.ts';
import { bad, careful, good } from './screen.ts';
import { formatDuration, formatTimeWithAge, formatWindow } from './times.ts';

/** What a run did, for people. */
export function renderSummary(summary: Summary, now: number): string {
  const { status, pending, watermark } = summary;
  if (status === 'skipped')
    return careful(
      'Nothing was done: another run holds the lock, and nothing was put on the list. Try again later, or use --watch, which waits.',
    );
  const lines = [...(summary.beyondRetention ? [BEYOND_RETENTION] : []), `${headline(summary)} ${counts(summary)}.`];
  if (summary.quarantined > 0) {
    const entries = counted(summary.quarantined, 'entry', 'entries');
    lines.push(
      careful(
        `${entries} could not be sent: ${summary.mode === 'replay' ? 'still in quarantine' : 'now in quarantine'}.`,
      ),
    );
  }
  if (status === 'complete' && !summary.dryRun && summary.mode === 'scheduled' && watermark)
    lines.push(`Everything before ${formatTimeWithAge(watermark, now)} is accounted for.`);
  if (status === 'incomplete') lines.push(...stillToRead(pending));
  return lines.join('\n');
}

/** What was asked for reaches back further than the source does. */
export const BEYOND_RETENTION = careful(
  'The window begins before what the source can still hold (auditTtlSeconds). What was deleted there before it was read is gone, and nothing here can say how much that was.',
);

/** One line a window, at most ten. */
export function stillToRead(pending: readonly Window[]): string[] {
  if (pending.length === 0) return [];
  const more = pending.length - 10;
  return [
    'Still to read; the next runs go on there:',
    ...pending.slice(0, 10).map((window) => `  ${formatWindow(window)}`),
    ...(more > 0 ? [`  and ${counted(more, 'more window')}`] : []),
  ];
}

function headline({ status, mode, dryRun, durationMs }: Summary): string {
  const what = dryRun ? 'Dry run' : ({ scheduled: 'Run', backfill: 'Backfill', replay: 'Replay' }[mode] ?? 'Run');
  const took = durationMs < 1000 ? `${durationMs} ms` : formatDuration(durationMs / 1000);
  if (status === 'complete') return good(`${what} complete in ${took}:`);
  return status === 'failed' ? bad(`${what} failed after ${took}:`) : careful(`${what} not finished after ${took}:`);
}

function counts(summary: Summary): string {
  const parts: readonly (readonly [number, string])[] = [
    [summary.duplicates, 'known already'],
    [summary.own, summary.own === 1 ? 'own request' : 'own requests'],
    [summary.ignored, 'ignored by the filter'],
  ];
  const done = summary.dryRun
    ? [
        `would forward ${formatCount(summary.wouldForward ?? 0)}`,
        `would quarantine ${formatCount(summary.wouldQuarantine ?? 0)}`,
      ]
    : [`forwarded ${formatCount(summary.forwarded)}`];
  const rest = parts.filter(([count]) => count > 0).map(([count, what]) => `${formatCount(count)} ${what}`);
  return [`${counted(summary.fetched, 'entry', 'entries')} read`, ...done, ...rest].join(', ');
}
