import { readAnswer, summarySchema } from '../answers.ts';
import { renderSummary } from '../render-run.ts';
import { bad, good } from '../screen.ts';
import { type ExitStatus, printJson, type Session } from '../session.ts';
import { untilFree, untilOver } from './follow.ts';
import { type Goal, secondsOf } from './goal.ts';
import { type Progress, progressOn } from './progress.ts';
import { looking, type State } from './state.ts';
import { viewer } from './view.ts';

/** So many invocations without progress, and somebody must look. */
const MOST_IN_VAIN = 3;

/**
 * Invokes until `goal` is reached, and shows how far it is. Invocations are asynchronous, for no NAT keeps a silent connection for 15
 * minutes; what becomes of them is seen in the function's state.
 *
 * A run that is at work already is waited for: while it holds the lock, another would only be skipped.
 */
export async function watch(goal: Goal, session: Session): Promise<ExitStatus> {
  const stopping = new AbortController();
  const release = session.onInterrupt(() => {
    stopping.abort(new Error('interrupted'));
  });
  const progress = progressOn(session.screen);
  const asked = { anything: false };
  const start: Session['fn']['start'] = async (payload) => {
    asked.anything = true;
    return await session.fn.start(payload);
  };
  try {
    return await pursue(goal, { ...session, fn: { ...session.fn, start } }, progress, stopping.signal);
  } catch (error) {
    if (!stopping.signal.aborted) throw error;
    progress.stop();
    await session.fn.end?.();
    session.screen.tell(
      `\n${asked.anything ? leftAlone(goal, session) : neverAsked(goal)}\nTo look: ${session.hint('status')}`,
    );
    return 1;
  } finally {
    progress.stop();
    release();
  }
}

const neverAsked = ({ name }: Goal): string =>
  `Stopped watching, and nothing else. ${name} was not begun, and nothing of it is on the list: give the command again. The scheduled runs go on.`;

function leftAlone({ name }: Goal, { fn }: Pick<Session, 'fn'>): string {
  if (fn.end) return `${name} has stopped. What it did is saved, and the next run goes on with what is left.`;
  return `Stopped watching, and nothing else. ${name} goes on in AWS; what it does not finish, the scheduled runs go on with.`;
}

async function pursue(goal: Goal, session: Session, progress: Progress, signal: AbortSignal): Promise<ExitStatus> {
  const { fn, pause } = session;
  const look = looking(session, signal);
  const deps = { pause, look, show: viewer(goal, session.now, progress), progress, signal };
  let state = await untilFree(await look(), deps);
  let left = secondsOf(goal.window === null ? goal.left(state.status) : [goal.window], 0);

  let listed = false;

  for (let inVain = 0; inVain < MOST_IN_VAIN;) {
    const before = state;
    const over = await untilOver(goal, before, await fn.start(listed ? goal.next : goal.first), deps);
    ({ state } = over);
    listed ||= over.listed;
    if (goal.isReached(state.status, before.status, listed)) return reached(goal, state, session, progress);
    if (!listed && goal.proof !== null && goal.left(state.status).length === 0) {
      progress.note('The run was over too soon to be seen. Looking whether it did its work.');
      const found = readAnswer(summarySchema, await fn.invoke(goal.proof.payload, { repeatable: true, signal }));
      if (goal.proof.holds(found, over.began)) return reached(goal, state, session, progress);
    }
    const leftNow = listed || goal.window === null ? secondsOf(goal.left(state.status), 0) : left;
    const came = leftNow < left || (state.status.watermark ?? 0) > (before.status.watermark ?? 0);
    left = leftNow;
    inVain = came ? 0 : inVain + 1;
    if (inVain === MOST_IN_VAIN) break;
    progress.note('That run has ended, and there is more to do: starting another.');
    state = await untilFree(state, deps);
  }
  return stuck(state, session, progress);
}

function reached(goal: Goal, { status, answer }: State, session: Session, progress: Progress): ExitStatus {
  progress.stop();
  const { screen, json, now } = session;
  if (json) printJson(session, answer);
  else
    screen.print(
      goal.window === null && status.lastRun ? renderSummary(status.lastRun.summary, now()) : good(goal.reached),
    );
  return 0;
}

function stuck({ answer }: State, session: Session, progress: Progress): ExitStatus {
  progress.stop();
  const { screen, json, hint } = session;
  screen.tell(
    `${bad(`Stopped: ${MOST_IN_VAIN} invocations made no progress.`)}\n` +
      `Why they failed:        ${hint('logs --errors --since 1h')}\n` +
      `What is not in order:   ${hint('check')}\n` +
      `What is still to read:  ${hint('status')}`,
  );
  if (json) printJson(session, answer);
  return 1;
}
