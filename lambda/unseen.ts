import type { Entry } from './kong/scan.ts';
import { type Ledger, OWN } from './ledger/ledger.ts';
import type { Tally } from './tally.ts';

export interface UnseenDeps {
  readonly ledger: Pick<Ledger, 'lookup'>;
  /** True for entries to be sent whatever became of them before; own requests stay out. */
  readonly resend: (entry: Entry) => boolean;
  /** Ids being worked on, over all pages in flight: a row that Kong holds twice is sent once. */
  readonly claims: Set<string>;
  readonly tally: Pick<Tally, 'own' | 'duplicates'>;
}

/**
 * The entries that have no outcome yet, in order, invalid ones last; the others are counted and reported to `done`. One round trip.
 *
 * @param claimed receives the ids this call put into `claims`; the caller takes them out when their outcome is written
 */
export async function unseen(
  entries: readonly Entry[],
  { ledger, resend, claims, tally }: UnseenDeps,
  claimed: string[],
  done: (entry: Entry) => void,
): Promise<Entry[]> {
  // Of two rows with one id, the one that can be sent counts.
  const validFirst = entries.every(({ valid }) => valid)
    ? entries
    : entries.toSorted((a, b) => Number(b.valid) - Number(a.valid));
  const first = validFirst.filter((entry) => {
    if (claims.has(entry.id)) {
      tally.duplicates += 1;
      done(entry);
      return false;
    }
    claims.add(entry.id);
    claimed.push(entry.id);
    return true;
  });
  const outcomes = await ledger.lookup(first.map(({ id }) => id));
  return first.filter((entry, index) => {
    const outcome = outcomes[index] ?? null;
    if (outcome === null || (outcome !== OWN && resend(entry))) return true;
    if (outcome === OWN) tally.own += 1;
    else tally.duplicates += 1;
    done(entry);
    return false;
  });
}
