import pLimit, { type LimitFunction } from 'p-limit';
import { toError } from '../errors.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Activity, InvalidItem, Item } from './activity.ts';
import { type DeliverDeps, type Delivery, type Parcel, startDeliveries, type Undelivered } from './deliver.ts';
import { INVALID_ENTRY, quarantine, type Unsendable } from './quarantine.ts';
import type { Page } from './source.ts';
import type { Tally } from './tally.ts';
import { unseen, type Unseen, type UnseenDeps } from './unseen.ts';
import type { Window } from './window.ts';

export interface ForwardDeps extends Omit<UnseenDeps, 'resends'>, DeliverDeps {
  readonly ledger: Pick<Ledger, 'lookup' | 'mark' | 'release' | 'quarantine'>;
  readonly tally: Tally;
  /** The operator wants none of it: counted, neither sent nor marked. */
  readonly isIgnored: (activity: Activity) => boolean;
  /** True for items of this page to be sent whatever became of them before; own requests stay out. */
  readonly resends: (item: Item, page: Page) => boolean;
  /** In how many runs the item was tried in vain. */
  readonly tries: (item: Item) => number;
  /** What goes to quarantine as soon as the sink has taken something in this run. */
  readonly overdue: Unsendable[];
  /** Gives `stopping` the chance to abort; called before each page. */
  readonly checkTime: () => void;
}

/** One page of which every item has an outcome now, or lies in a second of `leftOvers`. */
export interface SettledPage {
  /** What is left to read; null when some item of the page was never tried, so that the page must be read again. */
  readonly left: readonly Window[] | null;
  /** See `Page`. */
  readonly startsOver: boolean;
  /** Seconds that hold an item without outcome. */
  readonly leftOvers: readonly Window[];
  /** What ended the work on this page early. */
  readonly failure: Error | null;
}

/** An item that so many runs could not deliver goes to quarantine. */
export const MOST_TRIES = 5;

/**
 * Those being put, and the next one; the bound on memory, whatever the size of the log. With two, a put that takes 120 ms would be waited
 * for at the end of each page (docs/benchmarks.md).
 */
export const PAGES_IN_MEMORY = 4;

/**
 * Forwards `pages` and yields each, in order, when it is settled. While some pages are being put, the next one is fetched and
 * its puts begin. Ends early, after settling what is in flight, when `stopping` aborts.
 *
 * @throws what `pages` throws, after everything read before has been yielded
 */
export async function* forward(pages: AsyncIterable<Page>, deps: ForwardDeps): AsyncGenerator<SettledPage> {
  const inFlight: Promise<SettledPage>[] = [];
  const inPageOrder = pLimit(1);
  let failure: { readonly error: unknown } | null = null;
  try {
    try {
      for await (const page of pages) {
        deps.checkTime();
        inFlight.push(settle(page, deps, inPageOrder));
        if (inFlight.length === PAGES_IN_MEMORY) yield await (inFlight.shift() as Promise<SettledPage>);
        if (deps.signals.stopping.aborted) break;
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
async function settle(page: Page, deps: ForwardDeps, inPageOrder: LimitFunction): Promise<SettledPage> {
  const { tally, claims } = deps;
  tally.pages += 1;
  tally.fetched += page.items.length;
  tally.ignored += page.ignored ?? 0;
  const startsOver = page.startsOver ?? false;
  let fresh: readonly Unseen[] = [];
  try {
    fresh = await unseen(page.items, { ...deps, resends: (item) => deps.resends(item, page) });
    const { parcels, invalid, spent } = sort(fresh, deps);
    const deliveries = await Promise.all(await inPageOrder(() => startDeliveries(parcels, deps)));
    await quarantine(invalid, deps);
    const failure = deliveries.find((delivery) => delivery.failure !== null)?.failure ?? null;
    const leftOvers = await settleUndelivered(deliveries, page, deps);
    const heldBack = deliveries.flatMap((delivery) => delivery.heldBack);
    const isCutShort = deliveries.some((delivery) => delivery.isCutShort);
    return {
      left: isCutShort ? null : page.left,
      startsOver,
      leftOvers: [...[...spent, ...heldBack].map(toWindow(page)), ...leftOvers],
      failure,
    };
  } catch (error) {
    const failure = toError(error);
    deps.halt(failure);
    return { left: null, startsOver, leftOvers: [], failure };
  } finally {
    for (const { item } of fresh) claims.delete(item.id);
  }
}

interface Sorted {
  readonly parcels: readonly Parcel[];
  readonly invalid: readonly { item: InvalidItem; errorCode: string; errorMessage: string }[];
  /** Tried by this run already, in vain. */
  readonly spent: readonly Parcel[];
}

function sort(fresh: readonly Unseen[], deps: ForwardDeps): Sorted {
  const parcels: Parcel[] = [];
  const spent: Parcel[] = [];
  const invalid: { item: InvalidItem; errorCode: string; errorMessage: string }[] = [];
  for (const { item, isKnown } of fresh) {
    if (!item.valid) {
      invalid.push({ item, errorCode: INVALID_ENTRY, errorMessage: item.reason });
    } else if (deps.isIgnored(item)) {
      deps.tally.ignored += 1;
    } else {
      const parcel = { item, isKnown, tries: deps.tries(item) };
      (deps.traffic.spent.has(item.id) ? spent : parcels).push(parcel);
    }
  }
  return { parcels, invalid, spent };
}

/**
 * What could not be delivered is left over for the next run, or goes to quarantine: after `MOST_TRIES` runs, and at once when the sink
 * refuses it alone while it takes others. A sink that is down counts against no item. While everything fails, what should go to
 * quarantine waits in `overdue` until something is taken.
 */
async function settleUndelivered(deliveries: readonly Delivery[], page: Page, deps: ForwardDeps): Promise<Window[]> {
  const { traffic, tally, signals, overdue } = deps;
  const undelivered = deliveries.flatMap((delivery) => delivery.undelivered);
  const isOverdue = ({ parcel, isDoubtful }: Undelivered): boolean =>
    !traffic.isDown() && (isDoubtful || parcel.tries + 1 >= MOST_TRIES);
  const isHopeless = (one: Undelivered): boolean =>
    isOverdue(one) && (traffic.hasTaken() || !(one.isDoubtful || traffic.isAllFailing()));
  const hopeless = undelivered.filter(isHopeless);
  await quarantine(hopeless.map(toUnsendable), deps);
  const leftOver = undelivered.filter((one) => !hopeless.includes(one));
  overdue.push(...leftOver.filter(isOverdue).map(toUnsendable));
  // What the deadline cut off is told by the run's status.
  if (!signals.stopping.aborted || traffic.failure()) {
    tally.undelivered += leftOver.length;
    tally.doubtful += leftOver.filter(({ isDoubtful }) => isDoubtful).length;
  }
  const last = leftOver.at(-1);
  if (last) tally.undeliveredReason = `${last.errorCode}: ${last.errorMessage}`;
  const tried = traffic.isDown() ? 0 : 1;
  return leftOver.map(({ parcel }) => toWindow(page)({ ...parcel, tries: Math.max(1, parcel.tries + tried) }));
}

const toUnsendable = ({ parcel, errorCode, errorMessage, isTransient }: Undelivered): Unsendable => ({
  item: parcel.item,
  errorCode,
  errorMessage,
  ...(isTransient && { isTransient }),
});

const toWindow =
  ({ cursor }: Page) =>
  ({ item, tries }: Parcel): Window => ({
    after: item.second,
    before: item.second + 1,
    tries: Math.max(1, tries),
    ...(cursor !== undefined && { cursor }),
  });
