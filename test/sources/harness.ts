import type { Item } from '../../lambda/pipeline/activity.ts';
import type { OpenSource, Page, Source } from '../../lambda/pipeline/source.ts';
import { tidy } from '../../lambda/pipeline/tidy.ts';
import { byUrgency, type Window } from '../../lambda/pipeline/window.ts';

/** A service of its own for one test, whose clock stands still, and sources that read it. */
export interface SourceHarness extends AsyncDisposable {
  /** The service's clock, epoch seconds. */
  readonly now: number;
  /** A source as one invocation makes it; it gives pages of at most `PAGE_SIZE` rows. */
  connect(): Source;
  /** Something is done at that second. @returns the id of its item */
  write(second: number): string;
  /** At that second comes a row that is no activity. @returns the id of its item */
  writeInvalid(second: number): string;
}

/** What the contract must know of a source. */
export interface SourceSubject {
  readonly name: string;
  /** Items come newest first, so that what is left lies below. */
  readonly isNewestFirst: boolean;
  readonly readsEverything: boolean;
  /** Cursors that the source must give up, each with the reason: another version's, damaged ones, what the service refuses. */
  readonly badCursors: Readonly<Record<string, string>>;
  readonly open: () => Promise<SourceHarness>;
}

export const PAGE_SIZE = 7;

/** The epoch seconds `[now - from, now - to)`. */
export const ago = ({ now }: SourceHarness, from: number, to: number, kind: Partial<Window> = {}): Window => ({
  after: now - from,
  before: now - to,
  ...kind,
});

/** Writes something at each of these seconds, counted back from now. @returns id and second of each */
export function writeAll(harness: SourceHarness, secondsAgo: readonly number[]): ReadonlyMap<string, number> {
  return new Map(secondsAgo.map((seconds) => [harness.write(harness.now - seconds), harness.now - seconds]));
}

/** Reads `todo` to its end, as a run would. */
export async function readAll(harness: SourceHarness, todo: readonly Window[]): Promise<Page[]> {
  const opened = await harness.connect().open();
  return await Array.fromAsync(opened.pages(byUrgency(todo)));
}

/**
 * Reads `todo` in as many runs as it takes, each of which ends after `pagesPerRun` pages.
 *
 * @throws when nothing is left to read after `mostRuns`
 */
export async function readInRuns(
  harness: SourceHarness,
  todo: readonly Window[],
  { pagesPerRun, mostRuns, between = () => undefined }: RunLimits,
): Promise<{ readonly items: readonly Item[]; readonly runs: number }> {
  const items: Item[] = [];
  let left = tidy(todo);
  for (let run = 1; run <= mostRuns; run += 1) {
    const opened = await harness.connect().open();
    left = tidy(await readSome(opened, left, pagesPerRun, items));
    if (left.length === 0) return { items, runs: run };
    between(run);
  }
  throw new Error(`After ${mostRuns} runs of ${pagesPerRun} pages there is still to be read: ${JSON.stringify(left)}`);
}

interface RunLimits {
  readonly pagesPerRun: number;
  readonly mostRuns: number;
  /** Called after each run but the last. */
  readonly between?: (run: number) => void;
}

async function readSome(
  opened: OpenSource,
  todo: readonly Window[],
  pages: number,
  items: Item[],
): Promise<readonly Window[]> {
  let left = todo;
  let read = 0;
  for await (const page of opened.pages(byUrgency(todo))) {
    items.push(...page.items);
    left = page.left;
    read += 1;
    if (read === pages) break;
  }
  return left;
}
