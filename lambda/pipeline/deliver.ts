import { toError } from '../errors.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Activity, Item, WholePayload } from './activity.ts';
import type { LaneEnd } from './lanes.ts';
import { INVALID_ENTRY, quarantine, type QuarantineDeps, type Refusal, type Unsendable } from './quarantine.ts';
import type { PutResult, PutSignals, Sink } from './sink.ts';
import type { Tally } from './tally.ts';
import type { Traffic } from './traffic.ts';
import type { Turns } from './turns.ts';

export interface DeliverDeps extends QuarantineDeps {
  readonly ledger: Pick<Ledger, 'mark' | 'release' | 'quarantine'>;
  readonly sink: Pick<Sink, 'encode' | 'batcher' | 'put'>;
  readonly traffic: Traffic;
  readonly turns: Turns;
  readonly signals: PutSignals;
  readonly tally: Tally;
  /** Stops this run's other work after a failure. */
  readonly halt: (failure: Error) => void;
  /** Describes the request body of an item that carries only its beginning. */
  readonly whole: (item: Item) => WholePayload | undefined;
}

/** An activity to be sent. */
export interface Parcel {
  readonly item: Activity;
  /** The ledger has an outcome for it; in quarantine, perhaps. */
  readonly isKnown: boolean;
  /** Runs that tried it in vain. */
  readonly tries: number;
}

/** An activity that was sent and is not known to be delivered. */
export interface Undelivered extends Refusal {
  readonly parcel: Parcel;
  readonly isDoubtful: boolean;
}

/** What became of some parcels; what is named nowhere has its outcome written. */
export interface Delivery {
  readonly undelivered: readonly Undelivered[];
  /** Left-overs that were not tried in this run. */
  readonly heldBack: readonly Parcel[];
  /** Some of it was never sent. */
  readonly isCutShort: boolean;
  readonly failure: Error | null;
}

/** What so many runs tried in vain is put alone. */
export const TRIES_UNTIL_ALONE = 2;

/** Parcels that failed before are put in smaller and smaller batches, so that those they fail with are told apart from them. */
const batchLimit = (tries: number): number | undefined =>
  tries === 0 ? undefined : tries < TRIES_UNTIL_ALONE ? 10 : 1;

/**
 * Mapping for a batch goes on for so long; then what there is of it is put. Else a page whose payloads are slow to map would bring a run to its
 * end before the first batch is full, and every later run as well.
 */
const LONGEST_MAPPING_MS = 1000;

/**
 * Maps and puts `parcels`, in batches, those that failed before last, and after them those that are sent again. A put starts as soon as there is a lane for it; a parcel is
 * mapped only when its batch is next, so that a page holds few events.
 *
 * @returns when the last put has started
 */
export async function startDeliveries(parcels: readonly Parcel[], deps: DeliverDeps): Promise<Promise<Delivery>[]> {
  const deliveries: Promise<Delivery>[] = [];
  const unsendable: Unsendable[] = [];
  const heldBack: Parcel[] = [];
  let isCutShort = false;
  const { sink, traffic, turns, signals } = deps;
  const mustWait = ({ tries }: Parcel) => tries > 0 && traffic.holdsBack(tries);

  const start = async (batch: readonly unknown[], waiting: Parcel[]): Promise<void> => {
    if (batch.length === 0) return;
    const leave = await traffic.lanes.enter();
    const started = waiting.splice(0, batch.length);
    if (!signals.stopping.aborted && started.every(mustWait)) {
      heldBack.push(...started);
      leave('failed');
    } else {
      deliveries.push(deliver(started, batch, leave, deps));
    }
  };

  for (const [place, group] of Map.groupBy(parcels.toSorted(byUrgency), placeOf)) {
    const tries = place % KINDS;
    // Whether the sink takes anything decides about the left-overs.
    if (tries > 0) await Promise.all(deliveries);
    const batcher = sink.batcher(batchLimit(tries));
    const waiting: Parcel[] = [];
    let begunAt = turns.now();
    for (const parcel of group) {
      const turn = turns.take();
      if (turn) await turn;
      isCutShort ||= signals.stopping.aborted;
      if (isCutShort) break;
      if (turn && turns.now() - begunAt > LONGEST_MAPPING_MS) {
        await start(batcher.rest(), waiting);
        begunAt = turns.now();
      }
      if (mustWait(parcel)) {
        heldBack.push(parcel);
        continue;
      }
      const event = encode(parcel, deps, unsendable);
      if (event === undefined) continue;
      const full = batcher.add(event);
      if (full) {
        await start(full, waiting);
        begunAt = turns.now();
      }
      waiting.push(parcel);
    }
    if (isCutShort) break;
    await start(batcher.rest(), waiting);
  }
  if (isCutShort) deliveries.push(Promise.resolve({ ...NOTHING, isCutShort }));
  if (heldBack.length > 0) deliveries.push(Promise.resolve({ ...NOTHING, heldBack }));
  if (unsendable.length > 0) deliveries.push(putAway(unsendable, deps));
  return deliveries;
}

const NOTHING: Delivery = { undelivered: [], heldBack: [], isCutShort: false, failure: null };

/** Never tried, tried once, tried more often. */
const KINDS = TRIES_UNTIL_ALONE + 1;
/** What has an outcome already comes after all that has none. */
const placeOf = ({ tries, isKnown }: Parcel): number => Math.min(tries, KINDS - 1) + (isKnown ? KINDS : 0);
const byUrgency = (a: Parcel, b: Parcel): number => placeOf(a) - placeOf(b) || a.tries - b.tries;

function encode({ item }: Parcel, { sink, whole }: DeliverDeps, unsendable: Unsendable[]): unknown {
  try {
    return sink.encode(item, whole(item));
  } catch (error) {
    unsendable.push({ item, errorCode: INVALID_ENTRY, errorMessage: `it could not be mapped: ${String(error)}` });
    return undefined;
  }
}

async function putAway(unsendable: readonly Unsendable[], deps: DeliverDeps): Promise<Delivery> {
  return await orFailure(async () => {
    await quarantine(unsendable, deps);
    return [];
  }, deps);
}

/** Never rejects. A failure ends the run at once: what is not in flight yet is not begun. */
async function deliver(
  parcels: readonly Parcel[],
  events: readonly unknown[],
  leave: (how: LaneEnd) => void,
  deps: DeliverDeps,
): Promise<Delivery> {
  // The last answer may have closed the last lane: then this put is one too many.
  const reason = deps.traffic.failure();
  if (reason) deps.halt(reason);
  if (deps.signals.stopping.aborted) {
    leave('failed');
    return { ...NOTHING, isCutShort: true, failure: reason };
  }
  const kind = parcels.some(({ tries }) => tries === 0) ? 'new' : 'left over';
  const result = await deps.sink.put(events, deps.signals);
  deps.traffic.heard(result, kind);
  const undelivered = toUndelivered(result, parcels);
  for (const { parcel } of undelivered) deps.traffic.spent.add(parcel.item.id);
  const delivery = await orFailure(async () => {
    await write(result, parcels, deps);
    const failure = result.stop ?? deps.traffic.failure();
    if (failure) throw failure;
    return undelivered;
  }, deps);
  // Not before the marks are written: what is sent and not marked never exceeds the lanes.
  deps.traffic.ended(laneEnd(result), leave, kind);
  // That may have closed the last lane: no other put may take it.
  const failure = delivery.failure ?? deps.traffic.failure();
  if (failure) deps.halt(failure);
  const isCutShort = failure !== null || result.outcomes.some(({ kind }) => kind === 'unsent');
  return { ...NOTHING, undelivered, isCutShort, failure };
}

/** Writes what the sink said: marks what it accepted, never before it did; puts away what it refused. */
async function write({ outcomes }: PutResult, parcels: readonly Parcel[], deps: DeliverDeps): Promise<void> {
  const fresh: { id: string; value: string; ttlSeconds: number }[] = [];
  const known: typeof fresh = [];
  const accepted: Activity[] = [];
  const refused: Unsendable[] = [];
  parcels.forEach(({ item, isKnown }, index) => {
    const outcome = outcomes[index];
    if (outcome?.kind === 'accepted') {
      accepted.push(item);
      const mark = { id: item.id, value: outcome.reference, ttlSeconds: deps.ttlSeconds(item) };
      (isKnown ? known : fresh).push(mark);
    } else if (outcome?.kind === 'refused') {
      refused.push({ item, errorCode: outcome.errorCode, errorMessage: outcome.errorMessage });
    }
  });
  await deps.ledger.mark(fresh);
  await deps.ledger.release(known);
  for (const item of accepted) count(item, deps.tally);
  await quarantine(refused, deps);
}

function count({ isWrite, status, actor }: Activity, tally: Tally): void {
  tally.forwarded += 1;
  if (isWrite) tally.writes += 1;
  if (isWrite && actor.isAnonymous) tally.anonymousWrites += 1;
  if (status === 401 || status === 403) tally.denied += 1;
  if (status !== null && status >= 500) tally.errors += 1;
}

function toUndelivered({ outcomes }: PutResult, parcels: readonly Parcel[]): Undelivered[] {
  const undelivered: Undelivered[] = [];
  for (const [index, outcome] of outcomes.entries()) {
    const parcel = parcels[index];
    if (!parcel || outcome.kind === 'accepted' || outcome.kind === 'refused' || outcome.kind === 'unsent') continue;
    const { kind, errorCode, errorMessage } = outcome;
    const refusal = { parcel, errorCode, errorMessage };
    undelivered.push(
      kind === 'doubtful' ? { ...refusal, isDoubtful: true } : { ...refusal, isDoubtful: false, isTransient: true },
    );
  }
  return undelivered;
}

function laneEnd({ outcomes }: PutResult): LaneEnd {
  if (outcomes.some(({ kind }) => kind === 'unknown')) return 'unanswered';
  if (outcomes.some((outcome) => outcome.kind === 'not-taken' && /^(Throttl|TooManyRequests)/.test(outcome.errorCode)))
    return 'throttled';
  return outcomes.every(({ kind }) => kind === 'accepted' || kind === 'refused') ? 'taken' : 'failed';
}

async function orFailure(
  work: () => Promise<readonly Undelivered[]>,
  deps: Pick<DeliverDeps, 'halt'>,
): Promise<Delivery> {
  try {
    return { ...NOTHING, undelivered: await work() };
  } catch (thrown) {
    const failure = toError(thrown);
    deps.halt(failure);
    return { ...NOTHING, isCutShort: true, failure };
  }
}
