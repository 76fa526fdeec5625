import type { Checkpoint, Outcome, QuarantineRecord } from '../../lambda/ledger/ledger.ts';
import type { RunReport } from '../../lambda/pipeline/report.ts';
import type { AcceptedEvent } from '../simulators/cloudtrail-model.ts';
import type { KongRow } from '../simulators/kong-table.ts';
import type { Doubt } from './channel.ts';
import type { Life } from './life.ts';

/** What became of one entry, in truth. Rows that Kong holds twice share one. */
interface Fate {
  readonly name: string;
  readonly rows: Row[];
  /** Times CloudTrail accepted it. */
  accepted: number;
  /** The latest acceptance: by whom, and why the run may not know. */
  by: Life | null;
  doubt: Doubt | 'lost mark' | 'ledger wiped';
  /** The ledger has a key for it. */
  marked: boolean;
  inQuarantine: boolean;
  /** Its quarantine record went with a wiped ledger after Kong had purged the row. */
  wasInQuarantine: boolean;
}

interface Row {
  readonly fate: Fate;
  /** Epoch seconds, as Kong orders and filters. */
  readonly timestamp: number;
  readonly visibleAt: number;
  readonly expiresAt: number;
  /** Not an audit entry: its place is the quarantine. */
  readonly invalid: boolean;
}

export interface TruthOptions {
  readonly now: () => number;
  readonly overlapSeconds: number;
  readonly auditTtlSeconds: number;
  readonly ttlGraceSeconds: number;
  readonly putConcurrency: number;
  readonly longestRunSeconds: number;
  /** How far the nodes' clocks stand apart at most, seconds. */
  readonly skewSeconds: number;
}

export interface Totals {
  readonly entries: number;
  readonly lost: number;
  /** Purged by Kong while faults kept every run from reading it. */
  readonly purgedUnread: number;
  readonly duplicates: number;
  readonly bound: number;
  readonly quarantined: number;
}

/** Who knows everything: what Kong showed, what CloudTrail has, what the ledger was told, and whether that keeps the promise. */
export type Truth = ReturnType<typeof createTruth>;

const MAX_EVENTS_PER_PUT = 100;

/** Kong's `Date` has whole seconds, and a run takes a moment from its first request to its plan. */
const MARGIN_SECONDS = 5;

export function createTruth(options: TruthOptions) {
  const { now, overlapSeconds, auditTtlSeconds, ttlGraceSeconds } = options;
  const fates = new Map<string, Fate>();
  const byLedgerId = new Map<string, Fate>();
  const eventIDs = new Map<string, Fate>();
  const ownIds = new Set<string>();
  const refusals = new Set<string>();
  const violations: string[] = [];
  /** Rows without outcome that Kong still shows, own ones apart. */
  const unsettled = new Set<Row>();
  const purgedUnread = new Set<Fate>();
  /** Accepted, but not marked yet. */
  const unknownTo = new Map<Life, Set<Fate>>();
  const puts = new Map<Life, number>();
  const ownKeysEnd = new Map<string, number>();
  const oddTtl = new Set<Fate>();
  const keysEnd = new Map<Fate, number>();
  let checkpoint: Checkpoint | null = null;
  let savedBy: Life | null = null;
  let plannedBy: Life | null = null;
  const savers = new Set<Life>();
  /** Of the full scan that is not finished. */
  let scanBeganAt = Infinity;
  /** What Kong shows since then, the run has had before it. */
  const readSince = new Map<Life, number>();
  let wipedAt = -Infinity;
  /** The node that answered when `planned` was last moved was ahead of true time by more than nodes usually are. */
  let plannedAhead = false;
  const ordinarySkew = MARGIN_SECONDS + 2 * options.skewSeconds;
  let bound = 0;
  let duplicates = 0;
  const byCause = new Map<string, number>();

  const violate = (what: string): void => {
    violations.push(`${new Date(now() * 1000).toISOString()} ${what}`);
  };
  const isSettled = ({ accepted, inQuarantine, wasInQuarantine }: Fate): boolean =>
    accepted > 0 || inQuarantine || wasInQuarantine;
  const isPending = (windows: Checkpoint['pending'], timestamp: number): boolean =>
    windows.some(({ after, before }) => after <= timestamp && timestamp < before);
  /** Kong showed it later than the overlap reaches back. */
  const isTooLate = ({ visibleAt, timestamp }: Row): boolean =>
    visibleAt + MARGIN_SECONDS + 2 * options.skewSeconds > timestamp + overlapSeconds;
  const describe = ({ fate, timestamp, visibleAt }: Row): string =>
    `${fate.name} of second ${timestamp}, visible since ${new Date(visibleAt * 1000).toISOString()}`;

  function settle(fate: Fate): void {
    for (const row of fate.rows) unsettled.delete(row);
  }
  function unsettle(fate: Fate): void {
    for (const row of fate.rows) if (row.expiresAt >= now()) unsettled.add(row);
  }
  function purge(): void {
    for (const row of unsettled) {
      if (row.expiresAt >= now()) continue;
      unsettled.delete(row);
      if (!isTooLate(row)) purgedUnread.add(row.fate);
    }
  }

  function wrote(row: KongRow, name: string, invalid: boolean): void {
    const { ttl } = row.entry;
    let fate = fates.get(name);
    if (!fate) {
      fate = {
        name,
        rows: [],
        accepted: 0,
        by: null,
        doubt: null,
        marked: false,
        inQuarantine: false,
        wasInQuarantine: false,
      };
      fates.set(name, fate);
    }
    const { timestamp, visibleAt, expiresAt } = row;
    const known = { fate, timestamp, visibleAt, expiresAt, invalid };
    fate.rows.push(known);
    if (row.fixedTtl && typeof ttl !== 'number') oddTtl.add(fate);
    const { request_id: requestId } = row.entry;
    const id = typeof requestId === 'string' ? requestId.trim() : '';
    if (id !== '') byLedgerId.set(id, fate);
    if (!ownIds.has(id) && !isSettled(fate)) unsettled.add(known);
  }

  /** A run was told the id of its own request. */
  function reportedOwn(id: string): void {
    ownIds.add(id);
    const fate = byLedgerId.get(id);
    if (fate) settle(fate);
  }

  function acceptedEvent(event: AcceptedEvent, doubt: Doubt, life: Life): void {
    const data = JSON.parse(event.eventData) as { UID: string; additionalEventData: { workspace?: string } };
    const fate = fates.get(data.additionalEventData.workspace ?? '') ?? byLedgerId.get(data.UID);
    if (!fate) {
      violate(`CloudTrail got an event that is no entry of Kong's: UID ${data.UID}`);
      return;
    }
    byLedgerId.set(data.UID, fate);
    eventIDs.set(event.eventID, fate);
    if (fate.accepted > 0) duplicate(fate, life);
    fate.accepted += 1;
    fate.by = life;
    fate.doubt = doubt;
    fate.marked = false;
    if (doubt === null) unknownTo.set(life, (unknownTo.get(life) ?? new Set()).add(fate));
    else bound += 1;
    settle(fate);
  }

  /** Every event sent again must have a reason the promise allows. */
  function duplicate(fate: Fate, life: Life): void {
    duplicates += 1;
    const cause = reasonFor(fate, life);
    byCause.set(cause ?? 'none', (byCause.get(cause ?? 'none') ?? 0) + 1);
    if (cause === null)
      violate(`${life.name} sent ${fate.name} again, which ${fate.by?.name ?? 'nobody'} had sent and marked`);
    if (cause === 'replay' || cause === 'lock lost') bound += 1;
  }

  function reasonFor(fate: Fate, life: Life): string | null {
    const resending = resends(checkpoint);
    if (fate.rows.some(({ timestamp }) => isPending(resending, timestamp))) return 'resend';
    if (fate.inQuarantine) return 'replay';
    if (fate.marked) return null;
    if (fate.doubt !== null) return fate.doubt;
    if (fate.by?.isDead()) return 'death';
    // A wiped ledger has lost the lock, too: until it saves, the run that had it does not know.
    return fate.by !== life && (fate.by?.startedAt ?? Infinity) <= wipedAt ? 'lock lost' : null;
  }

  function marked(outcomes: readonly Outcome[], life: Life): void {
    for (const { id, value, ttlSeconds } of outcomes) {
      if (value === 'own') {
        if (!ownIds.has(id)) violate(`${life.name} marked ${id} as its own request, which it is not`);
        if (ttlSeconds > auditTtlSeconds + ttlGraceSeconds) violate(`the own id ${id} is kept for ${ttlSeconds} s`);
        ownKeysEnd.set(id, now() + ttlSeconds);
        continue;
      }
      const fate = eventIDs.get(value);
      if (!fate || fate !== byLedgerId.get(id)) {
        violate(`${life.name} marked ${id} with ${value}, but CloudTrail has not accepted it`);
        continue;
      }
      fate.marked = true;
      if (fate.doubt === 'lost mark') fate.doubt = null;
      unknownTo.get(life)?.delete(fate);
      checkExpiry(fate, ttlSeconds);
    }
  }

  function released(outcomes: readonly Outcome[], life: Life): void {
    marked(outcomes, life);
    for (const { id } of outcomes) {
      const fate = byLedgerId.get(id);
      if (fate) fate.inQuarantine = false;
    }
  }

  /** A key may outlive its row by the grace, and by the time between the reading of `ttl` and the mark. */
  function checkExpiry(fate: Fate, ttlSeconds: number): void {
    const { name, rows } = fate;
    const odd = oddTtl.has(fate);
    const lastShown = Math.max(now(), ...rows.map(({ expiresAt }) => expiresAt), odd ? now() + auditTtlSeconds : 0);
    const latest = lastShown + ttlGraceSeconds + options.longestRunSeconds;
    if (now() + ttlSeconds > latest)
      violate(`the key of ${name} lives until ${now() + ttlSeconds}, its row until ${lastShown}`);
    keysEnd.set(fate, now() + ttlSeconds);
  }

  function quarantined(records: readonly (QuarantineRecord & { readonly ttlSeconds: number })[], life: Life): void {
    for (const { id, entry, errorCode, ttlSeconds } of records) {
      const workspace = (entry as { workspace?: unknown } | null)?.workspace;
      const fate = fates.get(String(workspace)) ?? byLedgerId.get(id);
      if (!fate) {
        violate(`${life.name} put ${id} into quarantine, which is no entry of Kong's`);
        continue;
      }
      byLedgerId.set(id, fate);
      const allowed =
        errorCode === 'InvalidEntry' ? fate.rows.some(({ invalid }) => invalid) : refusals.has(`${id} ${errorCode}`);
      if (!allowed)
        violate(`${life.name} put ${fate.name} into quarantine for ${errorCode}, which CloudTrail never said`);
      fate.inQuarantine = true;
      fate.marked = true;
      unknownTo.get(life)?.delete(fate);
      settle(fate);
      checkExpiry(fate, ttlSeconds);
    }
  }

  function lostMark(ids: readonly string[], life: Life): void {
    for (const id of ids) {
      const fate = byLedgerId.get(id);
      if (fate?.by !== life || fate.marked) continue;
      fate.doubt = 'lost mark';
      bound += 1;
      unknownTo.get(life)?.delete(fate);
    }
  }

  function doubted(events: readonly AcceptedEvent[], doubt: Doubt): void {
    for (const { eventID } of events) {
      const fate = eventIDs.get(eventID);
      if (fate?.doubt !== null) continue;
      fate.doubt = doubt;
      bound += 1;
    }
  }

  /** What a death leaves in doubt is bounded by the puts in flight, those being marked included. */
  function died(life: Life): void {
    const inDoubt = unknownTo.get(life)?.size ?? 0;
    bound += inDoubt;
    const allowed = options.putConcurrency * MAX_EVENTS_PER_PUT;
    if (inDoubt > allowed) violate(`the death of ${life.name} leaves ${inDoubt} events in doubt, more than ${allowed}`);
  }

  function putBegan(life: Life): () => void {
    const count = (by: number) => {
      const open = (puts.get(life) ?? 0) + by;
      puts.set(life, open);
      if (open > options.putConcurrency) violate(`${life.name} has ${open} puts in flight`);
    };
    count(1);
    return () => {
      count(-1);
    };
  }

  function wiped(): void {
    wipedAt = now();
    checkpoint = null;
    savedBy = null;
    scanBeganAt = Infinity;
    keysEnd.clear();
    ownKeysEnd.clear();
    for (const fate of fates.values()) {
      if (fate.accepted > 0 && fate.marked && fate.rows.some(({ expiresAt }) => expiresAt >= now())) {
        fate.doubt = 'ledger wiped';
        bound += 1;
      }
      fate.marked = false;
      if (!fate.inQuarantine) continue;
      fate.inQuarantine = false;
      fate.wasInQuarantine = fate.rows.every(({ expiresAt }) => expiresAt < now() + 1);
      if (!isSettled(fate)) unsettle(fate);
    }
  }

  /**
   * The rule of the watermark, at every write of the checkpoint. Let an entry be *open* when it has no outcome and Kong has shown
   * it from before this run (for a full scan: before the run that began the scan) until now.
   *
   * 1. A pending second that holds an open entry stays pending.
   * 2. No open entry lies below `planned` − overlap outside the pending windows, because no later run would look there;
   *    those apart that Kong showed too late for the overlap. (While the node that answered was ahead, `planned` says nothing
   *    about the others; the run that notices reads again, and at the end nothing may be missing.)
   */
  function saved(next: Checkpoint, life: Life): void {
    purge();
    if (savedBy !== life && savers.has(life))
      violate(`${life.name} wrote the checkpoint again after ${savedBy?.name ?? 'a wipe'} had`);
    const previous = checkpoint;
    const began = Math.min(life.startedAt, scanBeganAt);
    readSince.set(life, began);
    if (next.planned !== (previous?.planned ?? null)) plannedAhead = (next.planned ?? 0) > now() + ordinarySkew;
    const planned = next.planned === null || plannedAhead ? 0 : next.planned;
    for (const row of unsettled) {
      const { timestamp } = row;
      if (row.visibleAt >= began || isPending(next.pending, timestamp)) continue;
      if (previous && isPending(previous.pending, timestamp))
        violate(`${life.name} dropped a pending window before ${describe(row)} was settled`);
      else if (timestamp < planned - overlapSeconds && !isTooLate(row))
        violate(`${life.name} moved the watermark beyond ${describe(row)}`);
    }
    if (savedBy !== life || seconds(next) > seconds(previous)) bound += resendable(next);
    if (next.fullScan === null) scanBeganAt = Infinity;
    else if (!previous?.fullScan || previous.fullScan.kongVersion !== next.fullScan.kongVersion)
      scanBeganAt = life.startedAt;
    if (next.planned !== (previous?.planned ?? null)) plannedBy = life;
    checkpoint = next;
    savedBy = life;
    savers.add(life);
  }

  /** Seconds waiting to be sent again. */
  const seconds = (saved: Checkpoint | null): number =>
    resends(saved).reduce((sum, { after, before }) => sum + before - after, 0);
  const resends = (saved: Checkpoint | null) => (saved?.pending ?? []).filter(({ resend }) => resend);
  /** A run sends again, once, what the pending windows that resend hold. */
  function resendable(saved: Checkpoint): number {
    const windows = resends(saved);
    if (windows.length === 0) return 0;
    return [...fates.values()].filter(({ rows }) => rows.some(({ timestamp }) => isPending(windows, timestamp))).length;
  }

  /** A scheduled run that calls itself complete, and was not busy with an older scan, has left nothing open below Kong's now. */
  function completed({ summary }: RunReport, life: Life): void {
    purge();
    if (summary.pending.length > 0) violate(`${life.name} is complete with windows pending`);
    const planned = checkpoint?.planned ?? 0;
    if (plannedBy !== life || plannedAhead) return;
    for (const row of unsettled)
      if (row.visibleAt < (readSince.get(life) ?? 0) && row.timestamp < planned && !isTooLate(row))
        violate(`${life.name} says it is complete, without ${describe(row)}`);
  }

  /** At the end, after faults stopped and a bounded number of clean runs. */
  function verdict(seenKeys: readonly string[], lastRunAt: number): Totals {
    purge();
    // What a node with its clock ahead has written waits for a run after that second.
    const lost = [...unsettled].filter((row) => !isTooLate(row) && row.timestamp <= lastRunAt);
    for (const row of lost) violate(`lost: ${describe(row)}`);
    if (duplicates > bound) violate(`${duplicates} duplicates, more than the ${bound} the promise allows`);
    checkKeys(seenKeys);
    const rows = [...fates.values()];
    return {
      entries: rows.length,
      lost: new Set(lost.map(({ fate }) => fate)).size,
      purgedUnread: purgedUnread.size,
      duplicates,
      bound,
      quarantined: rows.filter(({ inQuarantine }) => inQuarantine).length,
    };
  }

  /** Every key belongs to an entry that Kong shows or showed within the grace, or to an own request. */
  function checkKeys(seenKeys: readonly string[]): void {
    for (const id of seenKeys) {
      const fate = byLedgerId.get(id);
      const end = Math.max(ownKeysEnd.get(id) ?? 0, (fate && keysEnd.get(fate)) ?? 0);
      if (end < now() - 1) violate(`the ledger still has the key seen:${id}`);
    }
  }

  return {
    wrote,
    reportedOwn,
    acceptedEvent,
    refusedEvent: (id: string, errorCode: string) => void refusals.add(`${id} ${errorCode}`),
    marked,
    released,
    quarantined,
    lostMark,
    doubted,
    died,
    putBegan,
    wiped,
    saved,
    completed,
    checkKeys,
    verdict,
    violations: violations as readonly string[],
    causes: byCause as ReadonlyMap<string, number>,
    violate,
  };
}
