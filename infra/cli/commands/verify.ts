import { readAnswer, type Verification, verifySchema } from '../answers.ts';
import { AnswerError } from '../errors.ts';
import { counted, formatCount, labelled } from '../layout.ts';
import { BEYOND_RETENTION } from '../render-run.ts';
import { bad, bold, careful, dim, good } from '../screen.ts';
import { type ExitStatus, printJson, type Session } from '../session.ts';
import { formatTime, formatWindow, toRfc3339 } from '../times.ts';
import { readWindow } from './backfill.ts';

/** Events take minutes to show in the sink; the function refuses a window that ends later than this many seconds ago. */
const SETTLED_AFTER_SECONDS = 30 * 60;
const MOST_IDS = 100;

const COUNTS = [
  'source',
  'sink',
  'own',
  'ignored',
  'quarantined',
  'missing',
  'duplicates',
  'repaired',
  'marked',
] as const;

/**
 * Compares source and sink. One call may stop at the function's deadline; then the next goes on where it stopped, until all of the
 * window is compared. The digest of each call is over the ids of its own part.
 */
export async function verify(
  session: Session,
  from: string,
  to: string | undefined,
  { repair = false },
): Promise<ExitStatus> {
  const now = session.now();
  const window = readWindow(from, to, now, now - SETTLED_AFTER_SECONDS);
  if (!session.json) session.screen.tell(dim(`Comparing source and sink: ${formatWindow(window)}`));
  const parts: Verification[] = [];
  let answer: unknown;
  // Where no <to> is given, the function's clock says what is 30 minutes ago: this one may be ahead.
  for (let before = to === undefined ? undefined : window.before; ;) {
    answer = await session.fn.invoke(
      {
        mode: 'verify',
        after: toRfc3339(window.after),
        ...(before !== undefined && { before: toRfc3339(before) }),
        repair,
      },
      { repeatable: !repair },
    );
    const part = readAnswer(verifySchema, answer);
    if (part.status === 'skipped') {
      if (session.json) printJson(session, answer);
      else
        session.screen.print(
          careful('Stopped: another run holds the lock, and a repair needs it. Try again when it is over.'),
        );
      return 1;
    }
    parts.push(part);
    if (part.status === 'complete') break;
    before = reached(part, before ?? part.before, window.after);
    if (!session.json)
      session.screen.tell(
        dim(
          `  compared down to ${formatTime(before)}: ${counted(part.source, 'entry', 'entries')}, ${formatCount(part.missing)} missing; going on`,
        ),
      );
  }
  const total = addUp(parts);
  if (session.json) printJson(session, parts.length === 1 ? answer : total);
  else session.screen.print(renderVerification(total, repair, session));
  return stillMissing(total) === 0 ? 0 : 1;
}

/** The sum of several parts, newest first, with each part's own digest. */
export type VerificationTotal = Verification & { readonly parts: readonly Verification[] };

export function addUp(parts: readonly Verification[]): VerificationTotal {
  const [newest] = parts;
  const oldest = parts.at(-1);
  if (newest === undefined || oldest === undefined) throw new Error('A verification has at least one part.');
  const sums = Object.fromEntries(COUNTS.map((name) => [name, parts.reduce((sum, part) => sum + part[name], 0)]));
  const { digest, ...rest } = { ...newest, ...sums };
  return {
    ...rest,
    status: oldest.status,
    after: oldest.after,
    missingIds: parts.flatMap(({ missingIds }) => missingIds).slice(0, MOST_IDS),
    ...(parts.some(({ beyondRetention }) => beyondRetention) && { beyondRetention: true }),
    ...(parts.length === 1 && digest !== undefined && { digest }),
    parts,
  };
}

/** What was missing and was not sent by `--repair`. */
export function stillMissing({ missing, repaired }: Pick<Verification, 'missing' | 'repaired'>): number {
  return Math.max(0, missing - repaired);
}

/** @throws {AnswerError} the function did not come any further: asking again would never end */
function reached({ verifiedTo }: Verification, before: number, after: number): number {
  if (verifiedTo !== undefined && verifiedTo < before && verifiedTo > after) return verifiedTo;
  throw new AnswerError(
    `The comparison did not come any further than ${formatTime(before)} in one run of the function. Verify a shorter window, or see its log.`,
  );
}

function renderVerification(total: VerificationTotal, repair: boolean, { screen, hint, now }: Session): string {
  const missing = stillMissing(total);
  const found = formatCount(total.missing);
  const rows: [string, string][] = [
    ['Window', formatWindow(total)],
    ['Compared at', formatTime(now())],
    ['In the source', formatCount(total.source)],
    ['In the sink', formatCount(total.sink)],
    ['Own requests', formatCount(total.own)],
    ['Ignored', `${formatCount(total.ignored)}${total.ignored > 0 ? ' (left out by the filter)' : ''}`],
    ['In quarantine', formatCount(total.quarantined)],
    ['Missing', total.missing === 0 ? good('0') : bad(found)],
    ...(total.repaired > 0 ? [row('Sent now', total.repaired)] : []),
    ...(total.marked > 0 ? [row('Marks rebuilt', total.marked)] : []),
    ['Duplicates', formatCount(total.duplicates)],
    ...digests(total),
  ];
  const lines = [verdict(total, missing), '', labelled(rows, screen.columns)];
  if (total.beyondRetention) lines.push('', BEYOND_RETENTION);
  if (total.missing > 0) {
    const more = total.missing - total.missingIds.length;
    lines.push(
      '',
      bold(missing === 0 ? 'Sent now:' : 'Missing:'),
      ...total.missingIds.map((id) => `  ${id}`),
      ...(more > 0 ? [`  and ${formatCount(more)} more`] : []),
    );
    lines.push('', next());
  }
  return lines.join('\n');

  function next(): string {
    const again = `verify ${toRfc3339(total.after)} ${toRfc3339(total.before)}`;
    if (missing === 0) return `To see it proven, in half an hour: ${hint(again)}`;
    if (!repair) return `Send what is missing: ${hint(`${again} --repair`)}`;
    return `What could not be sent is in quarantine, or the log says why:\n${hint('quarantine list')}\n${hint('logs --errors --since 1h')}`;
  }
}

const row = (label: string, count: number): [string, string] => [label, formatCount(count)];

function verdict(total: VerificationTotal, missing: number): string {
  if (missing > 0)
    return bad(`NOT COMPLETE: ${counted(missing, 'entry is', 'entries are')} in the source and not in the sink.`);
  if (total.missing > 0) return careful(`${counted(total.missing, 'entry was', 'entries were')} missing and sent now.`);
  if (total.quarantined > 0)
    return careful(
      `Nothing is missing, but ${counted(total.quarantined, 'entry is', 'entries are')} in quarantine and not in the sink.`,
    );
  return good('COMPLETE: everything that the source shows is in the sink.');
}

/** An auditor recomputes each from a query over its part: the sorted ids, each followed by a newline, SHA-256. */
function digests({ parts }: VerificationTotal): [string, string][] {
  if (parts.length === 1) return [['Digest of the ids', parts[0]?.digest ?? 'none']];
  return parts.map((part) => {
    const after = part.status === 'incomplete' ? (part.verifiedTo ?? part.after) : part.after;
    return ['Digest of a part', `${part.digest ?? 'none'}\n${formatWindow({ after, before: part.before })}`];
  });
}
