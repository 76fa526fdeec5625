import { type Ledger, OWN } from '../ledger/ledger.ts';
import type { Item } from './activity.ts';
import type { Tally } from './tally.ts';

export interface UnseenDeps {
  readonly ledger: Pick<Ledger, 'lookup'>;
  /** True for items to be sent whatever became of them before; own requests stay out. */
  readonly resends: (item: Item) => boolean;
  /** Ids being worked on, over all pages in flight: a row that the source holds twice is sent once. */
  readonly claims: Set<string>;
  readonly tally: Pick<Tally, 'own' | 'duplicates'>;
}

export interface Unseen {
  readonly item: Item;
  /** The ledger has an outcome for it, which `resends` overrules. */
  readonly isKnown: boolean;
}

/**
 * The items that have no outcome yet, in order, invalid ones last; the others are counted. One round trip. Their ids are in
 * `claims` then: the caller takes them out when their outcome is written.
 */
export async function unseen(items: readonly Item[], deps: UnseenDeps): Promise<Unseen[]> {
  const { ledger, resends, claims, tally } = deps;
  // Of two rows with one id, the one that can be sent counts.
  const validFirst = items.every(({ valid }) => valid)
    ? items
    : items.toSorted((a, b) => Number(b.valid) - Number(a.valid));
  const first = validFirst.filter(({ id }) => {
    const isTwice = claims.has(id);
    if (isTwice) tally.duplicates += 1;
    claims.add(id);
    return !isTwice;
  });
  const unclaim = (item: Item) => claims.delete(item.id);
  try {
    const outcomes = await ledger.lookup(first.map(({ id }) => id));
    const fresh: Unseen[] = [];
    for (const [index, item] of first.entries()) {
      const outcome = outcomes[index] ?? null;
      const isKnown = outcome !== null;
      if (!isKnown || (outcome !== OWN && resends(item))) {
        fresh.push({ item, isKnown });
        continue;
      }
      if (outcome === OWN) tally.own += 1;
      else tally.duplicates += 1;
      unclaim(item);
    }
    return fresh;
  } catch (error) {
    first.forEach(unclaim);
    throw error;
  }
}
