import type { AcceptedEvent } from '../../simulators/cloudtrail-model.ts';
import type { Doubt, SentEvent } from '../cloudtrail.ts';
import type { Life } from '../life.ts';
import type { Entries, Fate } from './entries.ts';

export interface SendingOptions {
  readonly entries: Entries;
  readonly putConcurrency: number;
  /** A window that resends is pending for this entry. */
  readonly isResent: (fate: Fate, life: Life) => boolean;
  /** When the ledger last forgot everything, the lock included. */
  readonly wipedAt: () => number;
  readonly violate: (what: string) => void;
}

const MAX_EVENTS_PER_PUT = 100;
/** The ledger loses marks that were written; the run cannot know, and may read the page again. */
const FORGETS: ReadonlySet<string> = new Set(['ledger wiped', 'ledger failed over']);

/** Judges what reaches CloudTrail: every event sent again must have a reason that the promise names, and there are not too many. */
export type Sending = ReturnType<typeof judgeSending>;

export function judgeSending({ entries, putConcurrency, isResent, wipedAt, violate }: SendingOptions) {
  /** Accepted, but not marked yet. */
  const unmarked = new Map<Life, Set<Fate>>();
  const requests = new Map<Life, number>();
  /** Events whose answer, or whose mark, each run has lost. */
  const lostBy = new Map<Life, number>();
  const triedIn = new Map<number, Set<Life>>();
  const causes = new Map<string, number>();
  /** Times each was sent because a window resends. */
  const resent = new Map<Fate, number>();
  let bound = 0;
  let duplicates = 0;

  function fateOf({ eventData }: SentEvent): Fate | null {
    const data = JSON.parse(eventData) as { UID: string; additionalEventData: { workspace?: string } };
    const fate = entries.byName.get(data.additionalEventData.workspace ?? '') ?? entries.byLedgerId.get(data.UID);
    if (!fate) {
      violate(`CloudTrail got an event that is no entry of Kong's: UID ${data.UID}`);
      return null;
    }
    entries.byLedgerId.set(data.UID, fate);
    return fate;
  }

  function requested(events: readonly SentEvent[], life: Life): () => void {
    for (const event of events)
      for (const { timestamp } of fateOf(event)?.rows ?? [])
        triedIn.set(timestamp, (triedIn.get(timestamp) ?? new Set()).add(life));
    const count = (by: number) => {
      const open = (requests.get(life) ?? 0) + by;
      requests.set(life, open);
      if (open > putConcurrency) violate(`${life.name} has ${open} puts in flight`);
    };
    count(1);
    let isOpen = true;
    return () => {
      if (isOpen) count(-1);
      isOpen = false;
    };
  }

  function accepted(event: AcceptedEvent, doubt: Doubt, life: Life): void {
    const fate = fateOf(event);
    if (!fate) return;
    entries.byEventID.set(event.eventID, fate);
    if (fate.own && !fate.isUntold && !fate.own.isDead() && wipedAt() < fate.own.startedAt)
      violate(`${life.name} sent ${fate.name}, which is a request that ${fate.own.name} made itself`);
    if (fate.accepted > 0) sentAgain(fate, life);
    fate.accepted += 1;
    fate.by = life;
    fate.doubt = doubt;
    fate.marked = false;
    if (doubt === null) unmarked.set(life, (unmarked.get(life) ?? new Set()).add(fate));
    else inDoubt(life, doubt);
    entries.settle(fate);
  }

  function sentAgain(fate: Fate, life: Life): void {
    duplicates += 1;
    const cause = reasonFor(fate, life);
    causes.set(cause ?? 'none', (causes.get(cause ?? 'none') ?? 0) + 1);
    if (cause === null)
      violate(`${life.name} sent ${fate.name} again, which ${fate.by?.name ?? 'nobody'} had sent and marked`);
    else if (cause === fate.doubt && fate.by === life && !FORGETS.has(cause))
      violate(`${life.name} sent ${fate.name} twice: ${cause}`);
    if (cause === 'resend') resent.set(fate, (resent.get(fate) ?? 0) + 1);
    if (cause === 'replay' || cause === 'lock lost') bound += 1;
  }

  function reasonFor(fate: Fate, life: Life): string | null {
    if (isResent(fate, life)) return 'resend';
    if (fate.inQuarantine) return 'replay';
    if (fate.marked) return null;
    if (fate.doubt !== null) return fate.doubt;
    if (fate.by?.isDead()) return 'death';
    // A ledger that forgot everything has lost the lock, too: until it saves, the run that had it does not know.
    return fate.by !== life && (fate.by?.startedAt ?? Infinity) <= wipedAt() ? 'lock lost' : null;
  }

  function inDoubt(life: Life, doubt: Fate['doubt'], count = 1): void {
    bound += count;
    if (doubt === 'event omitted, stored') return;
    const lost = (lostBy.get(life) ?? 0) + count;
    lostBy.set(life, lost);
    // With a single lane, a few left-overs may be in doubt beside what is new.
    const allowed = putConcurrency * MAX_EVENTS_PER_PUT + (putConcurrency === 1 ? 10 : 0);
    if (lost > allowed && lost - count <= allowed)
      violate(`${life.name} leaves ${lost} events in doubt, more than ${allowed}`);
  }

  function doubted(events: readonly AcceptedEvent[], doubt: Doubt, life: Life): void {
    for (const { eventID } of events) {
      const fate = entries.byEventID.get(eventID);
      if (fate?.doubt !== null) continue;
      fate.doubt = doubt;
      unmarked.get(life)?.delete(fate);
      inDoubt(life, doubt);
    }
  }

  function markLost(ids: readonly string[], life: Life): void {
    for (const id of ids) {
      const fate = entries.byLedgerId.get(id);
      if (!fate) continue;
      if (fate.own === life) fate.isUntold = true;
      if (fate.by !== life || fate.marked) continue;
      fate.doubt = 'mark lost';
      inDoubt(life, fate.doubt);
      unmarked.get(life)?.delete(fate);
    }
  }

  return {
    requested,
    accepted,
    doubted,
    markLost,
    /** The ledger has an outcome for it now. */
    settled(fate: Fate, life: Life): void {
      fate.marked = true;
      if (fate.doubt === 'mark lost') fate.doubt = null;
      unmarked.get(life)?.delete(fate);
    },
    died(life: Life): void {
      inDoubt(life, null, unmarked.get(life)?.size ?? 0);
    },
    /** The ledger forgot that it was accepted. */
    forgotten(fate: Fate, why: 'ledger wiped' | 'ledger failed over'): void {
      fate.doubt = why;
      bound += 1;
    },
    /** From now on it is counted how often each is sent because a window resends. */
    countResends(): void {
      resent.clear();
    },
    judgeResends(most: number): void {
      for (const [{ name }, times] of resent)
        if (times > most) violate(`${name} was sent again ${times} times by a window that resends`);
    },
    resending(count: number): void {
      bound += count;
    },
    /** Runs that sent something of this entry's seconds. */
    tries: ({ rows }: Fate): number => Math.max(0, ...rows.map(({ timestamp }) => triedIn.get(timestamp)?.size ?? 0)),
    duplicates: () => duplicates,
    bound: () => bound,
    causes: causes as ReadonlyMap<string, number>,
  };
}
