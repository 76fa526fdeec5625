import { OWN } from '../ledger/ledger.ts';
import { QUARANTINED } from '../ledger/outcome.ts';
import type { Item } from './activity.ts';
import type { ForwardDeps } from './forward.ts';
import type { Page } from './source.ts';
import { contains, type Window } from './window.ts';

/** What windows that resend need, which the outcomes in the ledger do not tell: what they have sent already. */
export interface Resends {
  /** Passes pages on, and notes which windows that resend were still to be read when each came. */
  watch(pages: AsyncIterable<Page>): AsyncGenerator<Page>;
  readonly deps: Partial<Pick<ForwardDeps, 'ledger'>> & Pick<ForwardDeps, 'resends'>;
  /** What is in quarantine is sent again alone, after the others: it failed before, and would take those down that it is put with. */
  isApart(item: Item): boolean;
  /** Called for each page, in their order, when it is settled. @param isWhole it need not be read again */
  settled(isWhole: boolean): void;
  /**
   * For the checkpoint: ids that were sent again, or tried in vain, of pages that must be read once more. The next run would send them again,
   * and where a run has not the time for a whole page, so would every run.
   */
  sent(left: readonly Window[]): string[];
}

/** @param before what the last run's `sent` gave */
export function watchResends(
  todo: readonly Window[],
  before: readonly string[],
  { ledger, traffic }: Pick<ForwardDeps, 'ledger' | 'traffic'>,
): Resends {
  const isResending = todo.some(({ resend }) => resend);
  const done = new Set(before);
  const kept = new Set(before);
  const quarantined = new Set<string>();
  const wanted = new WeakMap<Page, readonly Window[]>();
  /** Not settled yet. */
  const underWay: Page[] = [];
  const isWanted = (item: Item, page: Page): boolean =>
    (wanted.get(page) ?? []).some((window) => item.second !== null && contains(window, item.second));

  return {
    async *watch(pages) {
      if (!isResending) {
        yield* pages;
        return;
      }
      let left = todo;
      for await (const page of pages) {
        if (page.startsOver) left = page.left;
        // Not those that are read later in this run: what is due must not wait for what is sent again.
        wanted.set(
          page,
          (page.newestFirst ?? left).filter(({ resend }) => resend),
        );
        underWay.push(page);
        left = page.left;
        yield page;
      }
    },
    deps: {
      ...(isResending && { ledger: noting({ done, quarantined }, ledger) }),
      // Once, in however many windows it lies; and no more when the window that asks for it was read to its end.
      resends: (item, page) => !done.has(item.id) && isWanted(item, page),
    },
    isApart: ({ id }) => quarantined.has(id),
    settled(isWhole) {
      const page = underWay.shift();
      if (!page) return;
      for (const item of page.items) {
        const isTried = done.has(item.id) || traffic.spent.has(item.id);
        if (isWhole) kept.delete(item.id);
        else if (isTried && isWanted(item, page)) kept.add(item.id);
      }
    },
    sent: (left) => (left.some(({ resend }) => resend) ? [...kept] : []),
  };
}

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
