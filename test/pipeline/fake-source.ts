import type { Item } from '../../lambda/pipeline/activity.ts';
import type { Page } from '../../lambda/pipeline/source.ts';
import { contains, type Window } from '../../lambda/pipeline/window.ts';

/** Items newest first, each once, by pages; as a source that filters by time gives them. */
export async function* pagesOf(
  items: readonly Item[],
  todo: readonly Window[],
  pageSize: number,
): AsyncGenerator<Page> {
  for (const [index, window] of todo.entries()) {
    const later = todo.slice(index + 1);
    const inside = items
      .filter(({ second }) => second !== null && contains(window, second))
      .toSorted((a, b) => (b.second ?? 0) - (a.second ?? 0));
    let begun = window;
    for (let start = 0; start === 0 || start < inside.length; start += pageSize) {
      await Promise.resolve();
      const page = inside.slice(start, start + pageSize);
      const lowest = page.at(-1)?.second ?? window.after;
      const isLast = start + pageSize >= inside.length;
      yield { items: page, left: isLast ? later : [{ ...window, before: lowest + 1 }, ...later], newestFirst: [begun] };
      begun = { ...window, before: lowest + 1 };
    }
  }
}
