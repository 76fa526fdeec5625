import { OWN } from '../ledger/ledger.ts';
import { QUARANTINED } from '../ledger/outcome.ts';
import type { Item } from './activity.ts';
import { type ForwardDeps, PAGES_IN_MEMORY } from './forward.ts';
import type { Page } from './source.ts';
import { contains, type Window } from './window.ts';

/** What windows that resend need of one run, which the ledger does not know: what they have sent in it. */
export interface Resends {
  /** Passes pages on, and notes which windows that resend were still to be read when each came. */
  watch(pages: AsyncIterable<Page>): AsyncGenerator<Page>;
  readonly deps: Partial<Pick<ForwardDeps, 'ledger'>> & Pick<ForwardDeps, 'resends'>;
  /**
   * What is in quarantine is sent again alone, after the others: it failed before, and would take those down that it is put with. Only
   * where a page must be finished in one run; elsewhere the order of time must be kept, so that `withoutSent` finds an end.
   */
  isApart(item: Item): boolean;
  /**
   * `left`, without what windows that resend have sent of a page that was cut short. The next run would send that again, and where a
   * run has not the time for a whole page, so would every run.
   *
   * @param index of the page, counted from 0
   */
  withoutSent(left: readonly Window[], index: number): readonly Window[];
}

/** More than are ever read ahead; the others are settled, and may be forgotten. */
const MOST_RECENT = PAGES_IN_MEMORY + 1;

export function watchResends(
  todo: readonly Window[],
  { ledger, traffic, isIgnored }: Pick<ForwardDeps, 'ledger' | 'traffic' | 'isIgnored'>,
): Resends {
  const done = new Set<string>();
  const quarantined = new Set<string>();
  const unordered = new Set<string>();
  const wanted = new WeakMap<Page, readonly Window[]>();
  const isResending = todo.some(({ resend }) => resend);
  /** Those that may be under way, by index. */
  const recent = new Map<number, Page>();
  const isWanted = (item: Item, page: Page): boolean =>
    (wanted.get(page) ?? []).some((window) => item.second !== null && contains(window, item.second));
  const isOpen = (item: Item): boolean =>
    !done.has(item.id) && !traffic.spent.has(item.id) && !(item.valid && isIgnored(item));

  return {
    async *watch(pages) {
      if (!isResending) {
        yield* pages;
        return;
      }
      let left = todo;
      let index = 0;
      for await (const page of pages) {
        if (page.startsOver) left = page.left;
        // Not those that are read later in this run: what is due must not wait for what is sent again.
        wanted.set(
          page,
          (page.newestFirst ?? left).filter(({ resend }) => resend),
        );
        recent.set(index, page);
        recent.delete(index - MOST_RECENT);
        index += 1;
        if (!page.newestFirst) for (const item of page.items) if (isWanted(item, page)) unordered.add(item.id);
        left = page.left;
        yield page;
      }
    },
    deps: {
      ...(isResending && { ledger: noting({ done, quarantined }, ledger) }),
      // Once in a run, in however many windows it lies; and no more when the window that asks for it was read to its end.
      resends: (item, page) => !done.has(item.id) && isWanted(item, page),
    },
    isApart: ({ id }) => quarantined.has(id) && unordered.has(id),
    withoutSent(left, index) {
      const page = recent.get(index);
      const asked = page?.items.filter((item) => isWanted(item, page)) ?? [];
      if (!page?.newestFirst || asked.length === 0) return left;
      const seconds = (items: readonly Item[]) => items.map(({ second }) => second ?? Infinity);
      const highest = Math.max(Math.min(...seconds(asked)), ...seconds(asked.filter(isOpen)));
      const begun = page.newestFirst;
      return left.flatMap((window) => {
        const isBeingRead = window.resend && begun.some((other) => other.resend && isSameStretch(other, window));
        if (!isBeingRead || window.before <= highest) return [window];
        return window.after > highest ? [] : [{ ...window, before: highest + 1 }];
      });
    },
  };
}

const isSameStretch = (a: Window, b: Window): boolean => a.after === b.after && a.before === b.before;

interface Noted {
  /** Own requests, and what got an outcome in this run. */
  readonly done: Set<string>;
  readonly quarantined: Set<string>;
}

/** `ledger` with lists of what goes through it. */
function noting({ done, quarantined }: Noted, ledger: ForwardDeps['ledger']): ForwardDeps['ledger'] {
  const note = (items: readonly { readonly id: string }[]) => {
    for (const { id } of items) done.add(id);
  };
  return {
    lookup: async (ids) => {
      const outcomes = await ledger.lookup(ids);
      for (const [index, id] of ids.entries()) {
        if (outcomes[index] === OWN) done.add(id);
        if (outcomes[index]?.startsWith(QUARANTINED)) quarantined.add(id);
      }
      return outcomes;
    },
    mark: async (outcomes) => {
      await ledger.mark(outcomes);
      note(outcomes);
    },
    release: async (outcomes) => {
      await ledger.release(outcomes);
      note(outcomes);
    },
    quarantine: async (records) => {
      await ledger.quarantine(records);
      note(records);
    },
  };
}
