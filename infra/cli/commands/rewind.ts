import { readAnswer, rewindSchema } from '../answers.ts';
import { UsageError } from '../errors.ts';
import { careful, good } from '../screen.ts';
import { type ExitStatus, printJson, type Session } from '../session.ts';
import { formatDuration, formatTime, parseTime, toRfc3339 } from '../times.ts';

export interface RewindOptions {
  readonly yes?: boolean;
  readonly dryRun?: boolean;
}

/**
 * Sets the checkpoint back, so that the next scheduled run reads again what came since. Says first what that is, and asks.
 *
 * @throws {UsageError} nobody is there to ask, and `--yes` was not given
 */
export async function rewind(
  session: Session,
  to: string,
  { yes = false, dryRun = false }: RewindOptions,
): Promise<ExitStatus> {
  const { fn, screen, json, hint } = session;
  const time = toRfc3339(parseTime(to, session.now()));
  const wouldBe = await fn.invoke({ mode: 'rewind', to: time, dryRun: true }, { repeatable: true });
  const plan = readAnswer(rewindSchema, wouldBe);
  if (plan.status === 'skipped') return skipped(wouldBe);
  if (!json) {
    const from = typeof plan.from === 'number' ? formatTime(plan.from) : 'nothing yet';
    screen.print(`The checkpoint would go back from ${from} to ${formatTime(plan.to ?? parseTime(time, 0))}.`);
    screen.print(
      `The next run would read ${typeof plan.rereadSeconds === 'number' ? formatDuration(plan.rereadSeconds) : 'that stretch'} of the log again. ` +
        'What the ledger knows is not sent twice; what it has forgotten is sent again, with the same UID.',
    );
  }
  if (dryRun) {
    if (json) printJson(session, wouldBe);
    return 0;
  }
  if (!yes && !(await agreed())) {
    screen.tell('Nothing was changed.');
    return 1;
  }
  const answer = await fn.invoke({ mode: 'rewind', to: time, dryRun: false });
  const done = readAnswer(rewindSchema, answer);
  if (done.status === 'skipped') return skipped(answer);
  if (json) printJson(session, answer);
  else screen.print(`${good('Done.')} The next scheduled run reads it; now: ${hint('run --watch')}`);
  return 0;

  async function agreed(): Promise<boolean> {
    if (screen.ask === null)
      throw new UsageError(
        'rewind asks before it changes anything, and there is no terminal to ask at: give --yes, or --dry-run to only look.',
      );
    return await screen.ask('Set it back?');
  }

  function skipped(answer: unknown): ExitStatus {
    if (json) printJson(session, answer);
    else screen.print(careful('Nothing was changed: a run holds the lock. Try again when it is over.'));
    return 1;
  }
}
