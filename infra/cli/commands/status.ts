import { readAnswer, statusSchema, type Status } from '../answers.ts';
import { counted, formatCount, labelled } from '../layout.ts';
import { stillToRead } from '../render-run.ts';
import { bad, bold, careful, dim, good } from '../screen.ts';
import { type ExitStatus, printJson, type Session } from '../session.ts';
import { formatDuration, formatTime, formatTimeWithAge } from '../times.ts';

const DAY = 86_400;

/** How far the forwarder is, what is left, and what needs somebody. */
export async function status(session: Session): Promise<ExitStatus> {
  const answer = await session.fn.invoke({ mode: 'status' }, { repeatable: true });
  const state = readAnswer(statusSchema, answer);
  if (session.json) printJson(session, answer);
  else session.screen.print(renderStatus(state, session));
  return 0;
}

export function renderStatus(state: Status, { fn, screen, now, hint }: Session): string {
  const at = now();
  const rows: [string, string][] = [
    ['Source', named(state.source)],
    ['Sink', named(state.sink)],
    ['Accounted for', accountedFor(state, at)],
    ['Behind', behind(state)],
    [
      'Left to read',
      state.pending.length === 0
        ? 'nothing'
        : stillToRead(state.pending)
            .slice(1)
            .map((line) => line.trim())
            .join('\n'),
    ],
    ['Quarantine', quarantined(state, hint)],
    [
      'Working now',
      state.lock
        ? `yes, for at most ${formatDuration(state.lock.secondsLeft)} more (request ${state.lock.runId.split('/', 1)[0] ?? ''})`
        : 'no',
    ],
    ['Last run', lastRun(state, at)],
  ];
  return [
    `${bold(fn.name)} ${dim(`at ${formatTime(at)}`)}`,
    verdict(state, hint),
    '',
    labelled(rows, screen.columns),
  ].join('\n');
}

/** The one thing to know, first. */
function verdict(state: Status, hint: Session['hint']): string {
  const { purgeHeadroomSeconds, watermark, pending, quarantine, lock, lastRun: last } = state;
  if (typeof purgeHeadroomSeconds === 'number' && purgeHeadroomSeconds < DAY)
    return bad(
      `Entries nobody has forwarded yet are deleted at the source in ${formatDuration(purgeHeadroomSeconds)}.`,
    );
  if (last?.summary.status === 'failed')
    return `${bad('The last run failed.')} Why: ${hint('logs --errors --since 1d')}`;
  if (!watermark && pending.length === 0) return careful('No scheduled run has read anything yet.');
  if (quarantine.size > 0)
    return careful(
      `${counted(quarantine.size, 'entry', 'entries')} in quarantine: somebody must decide about ${quarantine.size === 1 ? 'it' : 'them'}.`,
    );
  if (pending.length === 0) return good('Up to date.');
  return careful(lock ? 'Reading what is left.' : 'There is more to read; the next run goes on with it.');
}

/**
 * The watermark goes back while a backfill reads again what was settled long ago; the lag does not. It ends at what the source retains,
 * where it says nothing more.
 */
function accountedFor({ watermark, lagSeconds, purgeHeadroomSeconds }: Status, at: number): string {
  const isLagKnown =
    typeof lagSeconds === 'number' && typeof purgeHeadroomSeconds === 'number' && purgeHeadroomSeconds > 0;
  const until = Math.max(watermark ?? 0, isLagKnown ? at - lagSeconds : 0);
  return until === 0
    ? 'not everything that is retained has been read yet'
    : `everything before ${formatTimeWithAge(until, at)}`;
}

function behind({ lagSeconds, purgeHeadroomSeconds }: Status): string {
  if (typeof lagSeconds !== 'number') return 'not known before the first run';
  const lag = formatDuration(lagSeconds);
  if (typeof purgeHeadroomSeconds !== 'number') return lag;
  const purge = `the source deletes the oldest unread entries in ${formatDuration(purgeHeadroomSeconds)}`;
  return `${lag}; ${purgeHeadroomSeconds < DAY ? bad(purge) : purge}`;
}

function quarantined({ quarantine }: Status, hint: Session['hint']): string {
  if (quarantine.size === 0) return 'empty';
  const codes = Object.entries(quarantine.byCode).map(([code, count]) => `${formatCount(count)} ${code}`);
  return `${careful(formatCount(quarantine.size))}${codes.length > 0 ? ` (${codes.join(', ')})` : ''}\n${dim(hint('quarantine list'))}`;
}

function lastRun({ lastRun: last }: Status, at: number): string {
  if (!last) return 'none yet';
  const { status: ended, fetched, forwarded } = last.summary;
  const word = ended === 'complete' ? good(ended) : ended === 'failed' ? bad(ended) : careful(ended);
  return `${formatTimeWithAge(last.at, at)}: ${word}, ${counted(fetched, 'entry', 'entries')} read, ${formatCount(forwarded)} forwarded`;
}

function named(value: unknown): string {
  if (value === undefined || value === null) return 'not told';
  return typeof value === 'string' ? value : JSON.stringify(value);
}
