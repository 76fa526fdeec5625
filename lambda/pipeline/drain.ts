import { NoProgressError, toError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { Item } from './activity.ts';
import { isInterruption } from './deadline.ts';
import { TRIES_UNTIL_ALONE } from './deliver.ts';
import { forward, type ForwardDeps, type SettledPage } from './forward.ts';
import type { Progress } from './progress.ts';
import { quarantine } from './quarantine.ts';
import { watchResends } from './resends.ts';
import type { OpenSource } from './source.ts';
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
  const resends = watchResends(todo, progress.current().resent ?? [], deps);
  const leftOvers = todo.filter(isLeftOver);
  deps.traffic.begin(Math.min(...leftOvers.map(({ tries = 0 }) => tries)));
  const pages = forward(resends.watch(source.pages(todo)), {
    ...deps,
    ...resends.deps,
    tries: (item) =>
      leftOvers.reduce(
        (most, window) => Math.max(most, holds(window, item) ? (window.tries ?? 0) : 0),
        resends.isApart(item) ? TRIES_UNTIL_ALONE : 0,
      ),
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
      resends.settled(isWhole);
      const pending = tidy([...left, ...open]);
      await saveThenThrow(page, progress.update({ pending, resent: resends.sent(pending) }));
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
