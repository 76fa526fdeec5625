import { NoProgressError, toError } from '../errors.ts';
import type { Outcome } from '../ledger/ledger.ts';
import type { Log } from '../log.ts';
import type { Item } from './activity.ts';
import { isInterruption } from './deadline.ts';
import { forward, type ForwardDeps, type SettledPage } from './forward.ts';
import type { Progress } from './progress.ts';
import { quarantine } from './quarantine.ts';
import type { OpenSource, Page } from './source.ts';
import { tidy } from './tidy.ts';
import { byUrgency, contains, isLeftOver, type Window } from './window.ts';

export interface DrainDeps extends Omit<ForwardDeps, 'resends' | 'tries'> {
  readonly source: Pick<OpenSource, 'pages'>;
  readonly progress: Progress;
  /** See `byUrgency`. */
  readonly overlapFrom?: number;
  readonly log: Log;
}

/**
 * Works once on everything that is pending: first what is unread, then what was left over, then what is only read again. After each
 * page the list is saved: what the source says is left to read, and beside it the single seconds that hold an entry without
 * outcome. A page that could not be finished stays on the list as it was.
 *
 * @throws what reading, putting or saving threw, after the progress made until then was saved
 */
export async function drain(deps: DrainDeps): Promise<void> {
  const { source, progress, signals } = deps;
  const todo = byUrgency(progress.current().pending, deps.overlapFrom);
  if (todo.length === 0) return;
  const isResending = todo.some(({ resend }) => resend);
  const leftOvers = todo.filter(isLeftOver);
  const sent = new Set<string>();
  deps.traffic.begin(Math.min(...leftOvers.map(({ tries = 0 }) => tries)));
  const resending = new WeakMap<Page, readonly Window[]>();
  const pages = forward(noteResending(source.pages(todo), todo, resending), {
    ...deps,
    ...(isResending && { ledger: noting(sent, deps.ledger) }),
    // Once in a run, in however many windows it lies; and no more when the window that asks for it was read to its end.
    resends: (item, page) => !sent.has(item.id) && (resending.get(page) ?? []).some((window) => holds(window, item)),
    tries: (item) =>
      leftOvers.reduce((most, window) => Math.max(most, holds(window, item) ? (window.tries ?? 0) : 0), 0),
  });
  let left: readonly Window[] = todo;
  let isWhole = true;
  let settled = 0;
  let interruption: Error | null = null;
  const open: Window[] = [];
  try {
    for await (const page of pages) {
      settled += 1;
      open.push(...page.leftOvers);
      isWhole &&= page.left !== null;
      if ((isWhole || page.startsOver) && page.left) left = page.left;
      await saveThenThrow(page, progress.update({ pending: tidy([...left, ...open]) }));
    }
  } catch (error) {
    if (!isInterruption(error)) throw error;
    interruption = toError(error);
  }
  // The next run finds them where they were left over, and that they have an outcome.
  if (deps.traffic.hasTaken()) await quarantine(deps.overdue.splice(0), deps);
  if (settled === 0 && isInterruption(signals.stopping.reason))
    throw new NoProgressError('The run’s time was up before the source had given one page of what is to be read.', {
      fix: 'Look at how long the source takes to answer (for Kong: its database and its load), or give the function a longer timeout. The next run tries again.',
    });
  if (interruption && settled > 0) throw interruption;
}

/** Notes for each page which windows that resend were still to be read when it came. */
async function* noteResending(
  pages: AsyncIterable<Page>,
  todo: readonly Window[],
  resending: WeakMap<Page, readonly Window[]>,
): AsyncGenerator<Page> {
  let left = todo;
  for await (const page of pages) {
    if (page.startsOver) left = page.left;
    resending.set(
      page,
      left.filter(({ resend }) => resend),
    );
    left = page.left;
    yield page;
  }
}

/** `ledger` with a list of what it marked. */
function noting(marked: Set<string>, ledger: ForwardDeps['ledger']): ForwardDeps['ledger'] {
  const note = (outcomes: readonly Outcome[]) => {
    for (const { id } of outcomes) marked.add(id);
  };
  return {
    lookup: (ids) => ledger.lookup(ids),
    mark: async (outcomes) => {
      await ledger.mark(outcomes);
      note(outcomes);
    },
    release: async (outcomes) => {
      await ledger.release(outcomes);
      note(outcomes);
    },
    quarantine: (records) => ledger.quarantine(records),
  };
}

const holds = (window: Window, { second }: Item): boolean => second !== null && contains(window, second);

/** A failure to save must not hide the failure that came first. */
async function saveThenThrow(page: SettledPage, save: Promise<void>): Promise<void> {
  try {
    await save;
  } catch (error) {
    throw page.failure ?? error;
  }
  if (page.failure !== null) throw page.failure;
}
