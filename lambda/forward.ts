import pLimit, { type LimitFunction } from 'p-limit';
import { batch } from './cloudtrail/batch.ts';
import type { AuditEvent } from './cloudtrail/event.ts';
import type { PutResult } from './cloudtrail/put.ts';
import { toError } from './errors.ts';
import { unseen, type UnseenDeps } from './unseen.ts';
import type { AuditEntry } from './kong/entry.ts';
import type { Entry, ScanPage } from './kong/scan.ts';
import type { Ledger, QuarantineRecord } from './ledger/ledger.ts';
import type { Log } from './log.ts';
import { INVALID_ENTRY, type Refusal } from './quarantine.ts';
import type { Tally } from './tally.ts';

export interface ForwardDeps extends UnseenDeps {
  readonly ledger: Pick<Ledger, 'lookup' | 'mark' | 'quarantine'>;
  readonly toEvent: (entry: AuditEntry) => AuditEvent;
  readonly put: (events: readonly AuditEvent[]) => Promise<PutResult>;
  /** Bounds the puts in flight, over all pages. */
  readonly limit: LimitFunction;
  readonly toRecord: (entry: Entry, refusal: Refusal) => QuarantineRecord;
  /** Seconds the ledger remembers the entry. */
  readonly ttlSeconds: (entry: Entry) => number;
  /** Maps and counts, but sends and writes nothing. */
  readonly dryRun: boolean;
  readonly tally: Tally;
  readonly log: Log;
  /** Once aborted, nothing new is begun. */
  readonly stopping: AbortSignal;
  /** Gives `stopping` the chance to abort; called before each page. */
  readonly checkTime: () => void;
  /** Stops this run's other work after a failure. */
  readonly halt: (failure: Error) => void;
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
  const done = (entry: Entry) => open.delete(entry);
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

interface Sendable {
  readonly entry: AuditEntry;
  readonly event: AuditEvent;
}

interface Unsendable extends Refusal {
  readonly entry: Entry;
}

/** Maps one entry after the other, as they are asked for; those that cannot be sent go to `unsendable`. */
function* toSendable(entries: readonly Entry[], deps: ForwardDeps, unsendable: Unsendable[]): Generator<Sendable> {
  for (const entry of entries) {
    if (!entry.valid) {
      unsendable.push({ entry, errorCode: INVALID_ENTRY, errorMessage: entry.reason });
      continue;
    }
    try {
      yield { entry, event: deps.toEvent(entry) };
    } catch (error) {
      unsendable.push({ entry, errorCode: INVALID_ENTRY, errorMessage: `it could not be mapped: ${String(error)}` });
    }
  }
}

/**
 * Starts a delivery for each group as soon as there is a slot for it, and returns when the last one has started. An entry is
 * mapped only when its group is next, so that a page holds few events, and the puts under way never wait for long.
 */
async function startDeliveries(
  groups: Iterable<readonly Sendable[]>,
  deps: ForwardDeps,
  done: (entry: Entry) => void,
): Promise<Promise<Error | null>[]> {
  const deliveries: Promise<Error | null>[] = [];
  for (const group of groups) {
    const release = await slot(deps.limit);
    deliveries.push(deliver(group, deps, done).finally(release));
    if (deps.stopping.aborted) break;
  }
  return deliveries;
}

/** One of `limit`'s slots, held until the returned function is called. */
function slot(limit: LimitFunction): Promise<() => void> {
  return new Promise((resolve) => {
    void limit(() => new Promise<void>(resolve));
  });
}

/** One batch. Never rejects; its failure ends the run at once, not when the page is done: what is not in flight yet is not begun. */
async function deliver(
  group: readonly Sendable[],
  deps: ForwardDeps,
  done: (entry: Entry) => void,
): Promise<Error | null> {
  try {
    await putThenMark(group, deps, done);
    return null;
  } catch (error) {
    const failure = toError(error);
    deps.halt(failure);
    return failure;
  }
}

/** Marks what CloudTrail accepted: never before it did, and also when the same answer says stop. */
async function putThenMark(group: readonly Sendable[], deps: ForwardDeps, done: (entry: Entry) => void): Promise<void> {
  const stopped = () => deps.stopping.aborted;
  if (stopped()) return;
  const { outcomes, stop } = await deps.put(group.map(({ event }) => event));
  const accepted: { readonly entry: AuditEntry; readonly value: string }[] = [];
  const refused: Unsendable[] = [];
  for (const { entry, event } of group) {
    const outcome = outcomes.get(event.id);
    if (outcome?.kind === 'accepted') accepted.push({ entry, value: outcome.eventID });
    else if (outcome?.kind === 'refused') refused.push({ entry, ...outcome });
    else if (!stopped() && !stop) {
      deps.tally.undelivered += 1;
      deps.tally.undeliveredReason = outcome?.reason ?? 'no outcome';
    }
  }
  await deps.ledger.mark(
    accepted.map(({ entry, value }) => ({ id: entry.id, value, ttlSeconds: deps.ttlSeconds(entry) })),
  );
  deps.tally.forwarded += accepted.length;
  for (const { entry } of accepted) done(entry);
  await quarantine(refused, deps, done);
  if (stop) throw stop;
}

async function quarantine(
  refused: readonly Unsendable[],
  deps: ForwardDeps,
  done: (entry: Entry) => void,
): Promise<void> {
  if (refused.length === 0) return;
  await deps.ledger.quarantine(
    refused.map(({ entry, errorCode, errorMessage }) => ({
      ...deps.toRecord(entry, { errorCode, errorMessage }),
      ttlSeconds: deps.ttlSeconds(entry),
    })),
  );
  deps.tally.quarantined += refused.length;
  for (const { entry, errorCode, errorMessage } of refused) {
    done(entry);
    deps.log.error('An entry cannot be sent and is in quarantine', { requestId: entry.id, errorCode, errorMessage });
  }
}

/** The ledger for entries that may be in quarantine: what is marked as forwarded leaves it in the same step. */
export function releasing(ledger: Pick<Ledger, 'lookup' | 'release' | 'quarantine'>): ForwardDeps['ledger'] {
  return {
    lookup: (ids) => ledger.lookup(ids),
    mark: (outcomes) => ledger.release(outcomes),
    quarantine: (records) => ledger.quarantine(records),
  };
}
