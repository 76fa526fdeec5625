import { integer, pick, seeded, type Random } from '../simulators/random.ts';
import { drawRates, type Rates } from './faults.ts';
import { drawFlaws, type FlawShares } from './flaws.ts';

/** What one history is like; all of it follows from the seed. */
export interface Profile {
  readonly days: number;
  /** Between scheduled runs. */
  readonly intervalSeconds: number;
  readonly overlapSeconds: number;
  /** `audit_log_record_ttl`, and what the forwarder takes for it. */
  readonly recordTtlSeconds: number;
  readonly ttlGraceSeconds: number;
  readonly pageSize: number;
  readonly putConcurrency: number;
  /** At most; fewer than CloudTrail takes, as when they are large. */
  readonly eventsPerPut: number;
  /** `PUT_CALLS_PER_SECOND`. */
  readonly callsPerSecond: number;
  readonly rowsPerHour: number;
  /** Rows that are there before the first run. */
  readonly backlogRows: number;
  /** Share of the rows that come in one second with others. */
  readonly ties: number;
  /** What the `ttl` in Kong's answers falls short of the row's life, as when node and database disagree on the time. */
  readonly ttlShortSeconds: number;
  /** How far each node's clock is ahead, seconds. */
  readonly skews: readonly number[];
  /** Nodes answer in turn, run by run; otherwise request by request, at random. */
  readonly isInTurn: boolean;
  /** Share of the rows that appear late, and by how much at most, seconds. */
  readonly late: number;
  readonly latestSeconds: number;
  /** Kong's version at the beginning, and what it is upgraded to in turn. */
  readonly versions: readonly string[];
  /** `KONG_SCAN`. */
  readonly scan: 'auto' | 'full-scan';
  /** Invocations by hand, per hour. */
  readonly invocationsPerHour: number;
  /** Until Lambda ends a run, seconds. */
  readonly budgetSeconds: number;
  /** Until Kong answers with a page, CloudTrail to a put, and a heavy payload is mapped, seconds. */
  readonly pageSeconds: number;
  readonly putSeconds: number;
  readonly mapSeconds: number;
  readonly rates: Rates;
  readonly flaws: FlawShares;
  /** The calm phase begins with a backfill that resends everything. */
  readonly resendsAtEnd: boolean;
}

export const MAX_BUDGET_SECONDS = 900;
/** What is kept for saving (`DEADLINE_RESERVE_MS`); a run that has no more works half of its time. */
const RESERVE_SECONDS = 15;
export const reserveOf = (budgetSeconds: number): number =>
  RESERVE_SECONDS < budgetSeconds ? RESERVE_SECONDS : budgetSeconds / 2;

/** Oldest first; each differs from its neighbours in how its log is read. */
const VERSIONS = ['2.8.1.1-enterprise-edition', '3.1.1.3', '3.3.1.1', '3.4.3.8', '3.4.3.9', '3.6.1.5', '3.9.1.0'];
/** From here on the log is read by time. */
const FIRST_BY_TIME = 3;

/** A run has to read the whole log, in no order of time. */
export const readsWhole = ({ scan }: Pick<Profile, 'scan'>, version: string): boolean =>
  scan === 'full-scan' || VERSIONS.indexOf(version) < FIRST_BY_TIME;

const HOUR = 3600;

export function drawProfile(seed: number): Profile {
  const random = seeded(seed * 2 + 1);
  const rates = drawRates(random);
  const flaws = drawFlaws(random);
  const first = integer(random, VERSIONS.length);
  const scan = random() < 0.1 ? 'full-scan' : 'auto';
  const intervalSeconds = pick(random, [900, HOUR, HOUR, HOUR]);
  const overlapSeconds = pick(random, [900, 1800, HOUR, HOUR, 2 * HOUR]);
  const rowsPerHour = pick(random, [0.5, 1, 3, 8]);
  const readsAll = readsWhole({ scan }, VERSIONS[first] ?? '');
  const ttlHours = pick(random, [6, 12, 24]);
  const size = drawSize(random, { readsAll, retained: rowsPerHour * ttlHours });
  const isLong = size.backlogRows > 0;
  return {
    days: intervalSeconds < HOUR ? pick(random, [0.3, 0.6]) : pick(random, [0.5, 1, 1, 2, 3]),
    intervalSeconds,
    overlapSeconds,
    // Long enough to read a long log before it is purged.
    recordTtlSeconds: (isLong ? 24 : ttlHours) * HOUR,
    ttlGraceSeconds: HOUR,
    putConcurrency: pick(random, [1, 2, 3, 5, 20]),
    rowsPerHour,
    ties: pick(random, [0, 0.3, 0.8]),
    ttlShortSeconds: pick(random, [0, 0, HOUR / 2]),
    ...drawClocks(random, isLong),
    late: pick(random, [0, 0.05, 0.3]),
    latestSeconds: pick(random, [5, 0.8 * overlapSeconds, 1.5 * overlapSeconds]),
    versions: VERSIONS.slice(first),
    scan,
    invocationsPerHour: pick(random, [0, 0.1, 0.5]),
    ...size,
    ...drawPace(random, size.budgetSeconds),
    rates,
    flaws,
    resendsAtEnd: random() < 0.1,
  };
}

/** How much there is to read, and in how many slices. */
function drawSize(
  random: Random,
  { readsAll, retained }: { readsAll: boolean; retained: number },
): Pick<Profile, 'pageSize' | 'backlogRows' | 'budgetSeconds' | 'pageSeconds' | 'eventsPerPut'> {
  // A log that is read as a whole every hour, one row per page, would make a history of millions of requests.
  const smallest = readsAll ? Math.ceil(retained / 10) : 1;
  const kind = random();
  if (kind < 0.65)
    return {
      pageSize: Math.max(smallest, pick(random, [1, 2, 3, 5, 10, 20, 50])),
      backlogRows: 0,
      budgetSeconds: pick(random, [MAX_BUDGET_SECONDS, MAX_BUDGET_SECONDS, 120, 30]),
      pageSeconds: 0.05,
      eventsPerPut: 100,
    };
  // Pages that hold more than the puts that run at once.
  if (kind < 0.7)
    return {
      pageSize: 500,
      backlogRows: 800,
      budgetSeconds: pick(random, [120, 30]),
      pageSeconds: 0.5,
      eventsPerPut: pick(random, [5, 100]),
    };
  // A log that takes many runs to read. A run has time for what is new and for some of what is not.
  const slices = pick(random, readsAll ? [2, 4, 10] : [4, 10]);
  const pageSize = Math.max(smallest, pick(random, [3, 6]));
  const budgetSeconds = 30;
  const pageSeconds = (budgetSeconds - reserveOf(budgetSeconds)) / PAGES_PER_RUN;
  return { pageSize, backlogRows: slices * PAGES_PER_RUN * pageSize, budgetSeconds, pageSeconds, eventsPerPut: 100 };
}

const PAGES_PER_RUN = 10;

/** How long everything takes. What is stuck costs a put and all its retries, so with little time puts are quick. */
function drawPace(
  random: Random,
  budgetSeconds: number,
): Pick<Profile, 'putSeconds' | 'mapSeconds' | 'callsPerSecond'> {
  const isLong = budgetSeconds === MAX_BUDGET_SECONDS;
  return {
    putSeconds: pick(random, isLong ? [0.1, 0.1, 1, 10.5] : [0.05, 0.2]),
    mapSeconds: pick(random, isLong ? [0.5, 2] : [0.1, 0.5]),
    callsPerSecond: pick(random, isLong ? [1, 5, 100] : [1, 2, 100, 100]),
  };
}

function drawClocks(random: Random, isLong: boolean): Pick<Profile, 'skews' | 'isInTurn'> {
  const kind = random();
  if (kind < 0.45) return { skews: [0], isInTurn: false };
  if (kind < 0.85 || isLong) return { skews: [0, integer(random, 60), -integer(random, 60)], isInTurn: false };
  // Nodes without a common time, for ever. The lead between them is read again by every run, so there must be time for that.
  return { skews: [0, pick(random, [-1, 1]) * integer(random, 5 * HOUR)], isInTurn: random() < 0.7 };
}

/** The nodes have no common time. */
export const isApart = ({ skews }: Profile): boolean => skews.some((skew) => Math.abs(skew) > 60);

/** How far clocks stand apart that are as they should be, at most. */
export const ordinarySkewOf = ({ skews }: Profile): number => {
  const usual = skews.filter((skew) => Math.abs(skew) <= 60);
  return Math.max(...usual) - Math.min(...usual);
};
