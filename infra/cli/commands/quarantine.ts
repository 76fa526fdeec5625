import * as z from 'zod';
import {
  discardSchema,
  type QuarantinePage as Page,
  quarantineSchema,
  type QuarantineRecord,
  readAnswer,
  summarySchema,
} from '../answers.ts';
import { NotDoneError, UsageError } from '../errors.ts';
import { counted, formatCount, labelled, table } from '../layout.ts';
import { renderSummary } from '../render-run.ts';
import { bold, careful, dim, good } from '../screen.ts';
import { type ExitStatus, printJson, type Session } from '../session.ts';
import { formatTime, formatTimeWithAge } from '../times.ts';

/** What cannot be sent, newest first. A page has at most 100; `all` goes through every page. */
export async function list(
  session: Session,
  { code, all = false }: { readonly code?: string; readonly all?: boolean },
): Promise<ExitStatus> {
  const narrowed = code === undefined ? {} : { errorCode: code };
  const records: QuarantineRecord[] = [];
  let page: Page | undefined;
  do {
    const cursor = page?.cursor;
    const payload = { mode: 'quarantine', ...narrowed, ...(cursor && { cursor }) };
    const answer = await session.fn.invoke(payload, { repeatable: true });
    page = readAnswer(quarantineSchema, answer);
    if (session.json) printJson(session, answer);
    records.push(...page.records);
  } while (all && page.cursor);
  if (session.json) return 0;
  const { size } = page;
  const { screen, hint, now } = session;
  if (records.length === 0) {
    screen.print(good(code === undefined ? 'The quarantine is empty.' : `Nothing in quarantine has the code ${code}.`));
    return 0;
  }
  const rows = records.map(({ id, at, errorCode, errorMessage, entry }) => [
    id,
    formatTime(at).replace(' UTC', ''),
    errorCode,
    `${calledFor(entry)}${errorMessage}`,
  ]);
  screen.print(table(['id', 'since (UTC)', 'code', 'what and why'], rows, screen.columns));
  const shown =
    code === undefined && size > records.length
      ? `${formatCount(records.length)} of ${counted(size, 'entry', 'entries')}; all of them: ${hint('quarantine list --all')}`
      : counted(records.length, 'entry', 'entries');
  screen.print(`\n${shown}. Now it is ${formatTime(now())}.`);
  screen.print(
    dim(
      `One with all it holds: ${hint('quarantine show <id>')}\nTry again: ${hint('quarantine replay [<id>…]')}\nAccept the gap: ${hint('quarantine discard <id> --reason "…"')}`,
    ),
  );
  return 0;
}

/** @throws {NotDoneError} there is no such entry */
export async function show(session: Session, id: string): Promise<ExitStatus> {
  const answer = await session.fn.invoke({ mode: 'quarantine', ids: [id] }, { repeatable: true });
  const record = readAnswer(quarantineSchema, answer).records.find((candidate) => candidate.id === id);
  if (record === undefined)
    throw new NotDoneError(`There is no ${id} in quarantine. What is there: ${session.hint('quarantine list')}`);
  if (session.json) {
    printJson(session, answer);
    return 0;
  }
  const { screen, now } = session;
  const { at, errorCode, errorMessage, entry, ...more } = record;
  const others = Object.entries(more)
    .filter(([name]) => name !== 'id')
    .map(([name, value]) => [name, String(value)] as const);
  screen.print(
    labelled(
      [
        ['Id', bold(id)],
        ['Since', formatTimeWithAge(at, now())],
        ['Code', careful(errorCode)],
        ['Why', errorMessage],
        ...others,
      ],
      screen.columns,
    ),
  );
  screen.print(`\n${bold('The entry, secrets replaced')}`);
  screen.printRaw(JSON.stringify(entry, null, 2));
  return 0;
}

/** Tries entries again: those named, those with `code`, or all. Good when each of them was taken. */
export async function replay(
  session: Session,
  ids: readonly string[],
  { code }: { readonly code?: string },
): Promise<ExitStatus> {
  const answer = await session.fn.invoke({
    mode: 'replay',
    ...(ids.length > 0 && { ids }),
    ...(code !== undefined && { errorCode: code }),
  });
  const summary = readAnswer(summarySchema, answer);
  const done = summary.status === 'complete' && summary.quarantined === 0;
  if (session.json) printJson(session, answer);
  else {
    session.screen.print(renderSummary({ ...summary, mode: 'replay' }, session.now()));
    if (summary.quarantined > 0) session.screen.print(`Why: ${session.hint('quarantine list')}`);
  }
  return done ? 0 : 1;
}

/**
 * Takes entries out of quarantine for good. They are in no sink, and the ledger keeps them from coming back.
 *
 * @throws {UsageError} the reason is empty
 */
export async function discard(
  session: Session,
  ids: readonly string[],
  { reason }: { readonly reason: string },
): Promise<ExitStatus> {
  if (reason.trim() === '')
    throw new UsageError(
      '--reason must say why the entry may be missing in the sink; an auditor will read it in the log.',
    );
  const answer = await session.fn.invoke({ mode: 'quarantine', discard: ids, reason });
  const { status, discarded } = readAnswer(discardSchema, answer);
  if (session.json) printJson(session, answer);
  else if (status === 'skipped')
    session.screen.print(careful('Nothing was discarded: a run holds the lock. Try again when it is over.'));
  else if (discarded === ids.length)
    session.screen.print(
      good(
        `${counted(discarded, 'entry', 'entries')} discarded. The function's log keeps reason, id and SHA-256 of each.`,
      ),
    );
  else
    session.screen.print(
      careful(
        `${formatCount(discarded)} of ${counted(ids.length, 'entry', 'entries')} discarded: the others are not in quarantine. ${session.hint('quarantine list')}`,
      ),
    );
  return discarded === ids.length ? 0 : 1;
}

const calledSchema = z.object({ method: z.string(), path: z.string() });

/** `PATCH /routes/x: `, where the entry is one of Kong's. */
function calledFor(entry: unknown): string {
  const called = calledSchema.safeParse(entry);
  return called.success ? `${called.data.method} ${called.data.path}: ` : '';
}
