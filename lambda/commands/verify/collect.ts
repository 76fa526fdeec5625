import { type Activity, timeOf } from '../../pipeline/activity.ts';
import type { OpenSource } from '../../pipeline/source.ts';
import { contains, type Window } from '../../pipeline/window.ts';

/** What the source shows of one id. */
export interface Shown {
  readonly second: number;
  /** The time its event tells, epoch seconds. */
  readonly eventSecond: number;
  readonly ttlSeconds: number | null;
  /** The present filter leaves it out. */
  readonly isIgnored: boolean;
}

/** What the source shows of the newest part of a window. */
export interface Slice {
  /** The part that was read to its end. */
  readonly window: Window;
  readonly shown: ReadonlyMap<string, Shown>;
}

export interface CollectDeps {
  readonly source: Pick<OpenSource, 'pages' | 'readsEverything'>;
  readonly isIgnored: (activity: Activity) => boolean;
  readonly stopping: AbortSignal;
  /** Ids in memory. @default 20000 */
  readonly maxIds?: number;
}

/**
 * Reads the newest part of `window`, as much as about `maxIds` ids. A source that says how far it has read ends there; one that
 * can only be read as a whole is read whole, and of what it shows the newest is kept.
 *
 * @returns null when the run's time was up before anything was complete
 */
export async function collect(window: Window, deps: CollectDeps): Promise<Slice | null> {
  const { source, isIgnored, stopping, maxIds = 20_000 } = deps;
  const shown = new Map<string, Shown>();
  let frontier = source.readsEverything ? window.after : window.before;
  let isWhole = false;
  for await (const { items, left } of source.pages([window])) {
    for (const item of items) {
      if (item.second === null || !contains(window, item.second)) continue;
      if (source.readsEverything && item.second < frontier) continue;
      const { id, second, ttlSeconds } = item;
      const eventSecond = item.valid ? timeOf(item) : second;
      shown.set(id, { second, eventSecond, ttlSeconds, isIgnored: item.valid && isIgnored(item) });
    }
    isWhole = left.length === 0;
    if (source.readsEverything) {
      if (shown.size > 2 * maxIds) frontier = dropOldest(shown, frontier, maxIds);
    } else {
      frontier = isWhole ? window.after : Math.max(...left.map(({ before }) => before));
      if (shown.size >= maxIds && frontier < window.before) break;
    }
    if (stopping.aborted) break;
  }
  if (source.readsEverything ? !isWhole : frontier >= window.before) return null;
  // Of the last second that was begun, some may not have been read.
  for (const [id, { second }] of shown) if (second < frontier) shown.delete(id);
  return { window: { after: frontier, before: window.before }, shown };
}

/** Keeps the newest `count` ids, whole seconds only, and returns the lowest second that is kept whole. */
function dropOldest(shown: Map<string, Shown>, frontier: number, count: number): number {
  const seconds = [...shown.values()].map(({ second }) => second).sort((a, b) => b - a);
  const lowest = (seconds[count] ?? frontier) + 1;
  // All in one second: nothing can be dropped.
  if (!seconds.some((second) => second >= lowest)) return frontier;
  for (const [id, { second }] of shown) if (second < lowest) shown.delete(id);
  return Math.max(frontier, lowest);
}
