import pLimit, { type LimitFunction } from 'p-limit';
import { batch } from './cloudtrail/batch.ts';
import { type DeliverDeps, startDeliveries, toSendable } from './deliver.ts';
import { toError } from './errors.ts';
import type { Entry, ScanPage } from './kong/scan.ts';
import type { Ledger } from './ledger/ledger.ts';
import { type Done, quarantine, type Unsendable } from './quarantine.ts';
import type { Tally } from './tally.ts';
import { unseen, type UnseenDeps } from './unseen.ts';

export interface ForwardDeps extends UnseenDeps, DeliverDeps {
  readonly ledger: Pick<Ledger, 'lookup' | 'mark' | 'quarantine'>;
  readonly tally: Tally;
  /** Maps and counts, but sends and writes nothing. */
  readonly dryRun: boolean;
  /** Gives `stopping` the chance to abort; called before each page. */
  readonly checkTime: () => void;
}

/** One page of which every entry either has an outcome now, or is named in `open`. */
export interface SettledPage {
  readonly rest: ScanPage['rest'];
  /** Seconds of the entries left without outcome; null for one without timestamp. */
  readonly open: readonly (number | null)[];
  /** What ended the work on this page early. */
  readonly failure: Error | null;
}

/** The one being put and the next one; the bound on memory, whatever the size of the log. */
const PAGES_IN_MEMORY = 2;

/**
 * Forwards `pages` and yields each, in order, when it is settled. While one page is being put, the next one is fetched and
 * its puts begin. Ends early, after settling what is in flight, when `stopping` aborts.
 *
 * @throws what `pages` throws, after everything read before has been yielded
 */
export async function* forward(pages: AsyncIterable<ScanPage>, deps: ForwardDeps): AsyncGenerator<SettledPage> {
  const inFlight: Promise<SettledPage>[] = [];
  const inPageOrder = pLimit(1);
  let failure: { readonly error: unknown } | null = null;
  try {
    try {
      for await (const page of pages) {
        deps.checkTime();
        inFlight.push(settle(page, deps, inPageOrder));
        if (inFlight.length === PAGES_IN_MEMORY) yield await (inFlight.shift() as Promise<SettledPage>);
        if (deps.stopping.aborted) break;
      }
    } catch (error) {
      failure = { error };
    }
    for (let next = inFlight.shift(); next; next = inFlight.shift()) yield await next;
  } finally {
    await Promise.all(inFlight);
  }
  if (failure) throw failure.error;
}

/** Never rejects, so that a page behind it is always waited for. */
async function settle(page: ScanPage, deps: ForwardDeps, inPageOrder: LimitFunction): Promise<SettledPage> {
  const open = new Set<Entry>(page.entries);
  const done: Done = (entry) => open.delete(entry);
  let failure: Error | null = null;
  deps.tally.pages += 1;
  deps.tally.fetched += page.entries.length;
  const claimed: string[] = [];
  try {
    const fresh = await unseen(page.entries, deps, claimed, done);
    const unsendable: Unsendable[] = [];
    const groups = batch(toSendable(fresh, deps, unsendable));
    if (deps.dryRun) {
      for (const group of groups) deps.tally.forwarded += group.length;
      deps.tally.quarantined += unsendable.length;
      fresh.forEach(done);
    } else {
      const deliveries = await inPageOrder(() => startDeliveries(groups, deps, done));
      failure = (await Promise.all(deliveries)).find((error) => error !== null) ?? null;
      await quarantine(unsendable, deps, done);
    }
  } catch (error) {
    failure ??= toError(error);
    deps.halt(failure);
  }
  for (const id of claimed) deps.claims.delete(id);
  return { rest: page.rest, open: [...open].map(({ timestamp }) => timestamp), failure };
}
