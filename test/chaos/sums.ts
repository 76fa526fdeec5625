import type { Totals } from './truth/truth.ts';

/** Many histories in numbers. A plain object, so that it can be sent from a worker. */
export interface Sums extends Totals {
  readonly histories: number;
  readonly runs: number;
  readonly faults: Readonly<Record<string, number>>;
  /** Why events were sent twice, and how often. */
  readonly causes: Readonly<Record<string, number>>;
  /** Histories that broke the promise. */
  readonly failures: readonly Failure[];
}

export interface Failure {
  readonly seed: number;
  readonly violations: readonly string[];
  /** What happened, line by line. */
  readonly log: readonly string[];
}

export const NOTHING: Sums = {
  histories: 0,
  runs: 0,
  entries: 0,
  lost: 0,
  starved: 0,
  purgedUnread: 0,
  duplicates: 0,
  bound: 0,
  overBound: 0,
  quarantined: 0,
  faults: {},
  causes: {},
  failures: [],
};

export function add(a: Sums, b: Sums): Sums {
  return {
    histories: a.histories + b.histories,
    runs: a.runs + b.runs,
    entries: a.entries + b.entries,
    lost: a.lost + b.lost,
    starved: a.starved + b.starved,
    purgedUnread: a.purgedUnread + b.purgedUnread,
    duplicates: a.duplicates + b.duplicates,
    bound: a.bound + b.bound,
    overBound: a.overBound + b.overBound,
    quarantined: a.quarantined + b.quarantined,
    faults: addCounts(a.faults, b.faults),
    causes: addCounts(a.causes, b.causes),
    failures: [...a.failures, ...b.failures],
  };
}

function addCounts(
  a: Readonly<Record<string, number>>,
  b: Readonly<Record<string, number>>,
): Readonly<Record<string, number>> {
  const sum: Record<string, number> = { ...a };
  for (const [name, count] of Object.entries(b)) sum[name] = (sum[name] ?? 0) + count;
  return sum;
}
