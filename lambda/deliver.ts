import type { LimitFunction } from 'p-limit';
import type { AuditEvent } from './cloudtrail/event.ts';
import type { PutResult } from './cloudtrail/put.ts';
import { toError } from './errors.ts';
import type { AuditEntry } from './kong/entry.ts';
import type { Entry } from './kong/scan.ts';
import type { Ledger } from './ledger/ledger.ts';
import { type Done, INVALID_ENTRY, quarantine, type QuarantineDeps, type Unsendable } from './quarantine.ts';
import type { Tally } from './tally.ts';

export interface DeliverDeps extends QuarantineDeps {
  readonly ledger: Pick<Ledger, 'mark' | 'quarantine'>;
  readonly toEvent: (entry: AuditEntry) => AuditEvent;
  readonly put: (events: readonly AuditEvent[]) => Promise<PutResult>;
  /** Bounds the puts in flight, over all pages. */
  readonly limit: LimitFunction;
  readonly tally: Pick<Tally, 'forwarded' | 'quarantined' | 'undelivered' | 'undeliveredReason'>;
  /** Once aborted, nothing new is begun. */
  readonly stopping: AbortSignal;
  /** Stops this run's other work after a failure. */
  readonly halt: (failure: Error) => void;
}

export interface Sendable {
  readonly entry: AuditEntry;
  readonly event: AuditEvent;
}

/** Maps one entry after the other, as they are asked for; those that cannot be sent go to `unsendable`. */
export function* toSendable(
  entries: readonly Entry[],
  { toEvent }: Pick<DeliverDeps, 'toEvent'>,
  unsendable: Unsendable[],
): Generator<Sendable> {
  for (const entry of entries) {
    if (!entry.valid) {
      unsendable.push({ entry, errorCode: INVALID_ENTRY, errorMessage: entry.reason });
      continue;
    }
    try {
      yield { entry, event: toEvent(entry) };
    } catch (error) {
      unsendable.push({ entry, errorCode: INVALID_ENTRY, errorMessage: `it could not be mapped: ${String(error)}` });
    }
  }
}

/**
 * Starts a delivery for each group as soon as there is a slot for it. A group is asked for, and so mapped, only when it is next:
 * a page then holds few events, and the puts under way never wait for a thousand entries to be mapped.
 *
 * @returns when the last one has started; a delivery never rejects, it resolves to its failure
 */
export async function startDeliveries(
  groups: Iterable<readonly Sendable[]>,
  deps: DeliverDeps,
  done: Done,
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

/** Its failure ends the run at once, not when the page is done: what is not in flight yet is not begun. */
async function deliver(group: readonly Sendable[], deps: DeliverDeps, done: Done): Promise<Error | null> {
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
async function putThenMark(group: readonly Sendable[], deps: DeliverDeps, done: Done): Promise<void> {
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

/** The ledger for entries that may be in quarantine: what is marked as forwarded leaves it in the same step. */
export function releasing(
  ledger: Pick<Ledger, 'lookup' | 'release' | 'quarantine'>,
): Pick<Ledger, 'lookup' | 'mark' | 'quarantine'> {
  return {
    lookup: (ids) => ledger.lookup(ids),
    mark: (outcomes) => ledger.release(outcomes),
    quarantine: (records) => ledger.quarantine(records),
  };
}
