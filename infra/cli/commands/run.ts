import { readAnswer, summarySchema } from '../answers.ts';
import { renderSummary } from '../render-run.ts';
import { type ExitStatus, printJson, type Session } from '../session.ts';
import { scheduledGoal } from '../watch/goal.ts';
import { watch } from '../watch/watch.ts';

/** A scheduled run, now. */
export async function run(
  session: Session,
  { watch: watching = false }: { readonly watch?: boolean },
): Promise<ExitStatus> {
  if (watching) return await watch(scheduledGoal(), session);
  return await invokeRun(session, { mode: 'scheduled' });
}

/** Invokes, waits, and prints the summary. Good is only what is complete: what is left, or was not begun, is not. */
export async function invokeRun(session: Session, payload: object, repeatable = false): Promise<ExitStatus> {
  const answer = await session.fn.invoke(payload, { repeatable });
  const summary = readAnswer(summarySchema, answer);
  if (session.json) printJson(session, answer);
  else session.screen.print(renderSummary(summary, session.now()));
  return summary.status === 'complete' ? 0 : 1;
}
