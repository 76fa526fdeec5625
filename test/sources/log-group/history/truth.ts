/** What is known to be true, and what of it does not hold. */
export interface Truth {
  /** A line that must be forwarded. `key` is the same for the same line delivered twice. */
  wrote(eventId: string, key: string): void;
  /** A line that must be put away. */
  wroteGarbage(eventId: string): void;
  stored(uid: string, eventId: string): void;
  /** It may come once more: the run could not know that the sink has it, or died before it could say so. */
  doubted(eventIds: readonly string[]): void;
  /** @param quarantined `eventId`s of the lines in quarantine */
  verdict(quarantined: ReadonlySet<string>): readonly string[];
}

export function createTruth(): Truth {
  const keys = new Map<string, string>();
  const garbage = new Set<string>();
  const uids = new Map<string, string>();
  const events = new Map<string, string>();
  const copies = new Map<string, number>();
  const doubts = new Map<string, number>();
  const violations: string[] = [];
  const add = (counts: Map<string, number>, id: string) => counts.set(id, (counts.get(id) ?? 0) + 1);

  return {
    wrote: (eventId, key) => void keys.set(eventId, key),
    wroteGarbage: (eventId) => void garbage.add(eventId),
    stored(uid, eventId) {
      const key = keys.get(eventId);
      if (key === undefined) return void violations.push(`${eventId} was stored as ${uid}, and nobody wanted it`);
      if ((uids.get(key) ?? uid) !== uid)
        violations.push(`${eventId} was stored as ${uids.get(key) ?? ''} and as ${uid}`);
      if ((events.get(uid) ?? key) !== key) violations.push(`${uid} is the id of two lines`);
      uids.set(key, uid);
      events.set(uid, key);
      add(copies, key);
    },
    doubted(eventIds) {
      for (const eventId of eventIds) add(doubts, keys.get(eventId) ?? '');
    },
    verdict(quarantined) {
      // What the sink did not take for too long is there, too, and is tried again from there.
      const putAway = new Set([...quarantined].map((eventId) => keys.get(eventId)));
      for (const [eventId, key] of keys) if (!uids.has(key) && !putAway.has(key)) violations.push(`${eventId} is lost`);
      for (const eventId of garbage) if (!quarantined.has(eventId)) violations.push(`${eventId} is not in quarantine`);
      for (const eventId of quarantined)
        if (!garbage.has(eventId) && !keys.has(eventId)) violations.push(`${eventId} is in quarantine`);
      for (const [key, count] of copies)
        if (count > 1 + (doubts.get(key) ?? 0)) violations.push(`${key} was stored ${count} times`);
      return violations;
    },
  };
}
