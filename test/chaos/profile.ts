import { integer, pick, seeded, type Random } from '../simulators/random.ts';
import { drawRates, type Rates } from './faults.ts';

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
  readonly rowsPerHour: number;
  /** Share of the rows that come in one second with others. */
  readonly ties: number;
  /** What the `ttl` in Kong's answers falls short of the row's life, as when node and database disagree on the time. */
  readonly ttlShortSeconds: number;
  /** How far each node's clock is ahead, seconds. */
  readonly skews: readonly number[];
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
  readonly rates: Rates;
}

/** Oldest first; each differs from its neighbours in how its log is read. */
const VERSIONS = ['2.8.1.1-enterprise-edition', '3.1.1.3', '3.3.1.1', '3.4.3.8', '3.4.3.9', '3.6.1.5', '3.9.1.0'];

const HOUR = 3600;

export function drawProfile(seed: number): Profile {
  const random = seeded(seed * 2 + 1);
  const rates = drawRates(random);
  const first = integer(random, VERSIONS.length);
  const scan = random() < 0.1 ? 'full-scan' : 'auto';
  const recordTtlSeconds = pick(random, [6, 12, 24]) * HOUR;
  const rowsPerHour = pick(random, [0.5, 1, 3, 8]);
  const retained = (rowsPerHour * recordTtlSeconds) / HOUR;
  const intervalSeconds = pick(random, [900, HOUR, HOUR, HOUR]);
  // A log that is read as a whole every hour, one row per page, would make a history of millions of requests.
  const smallest = Math.ceil(retained / 10);
  const overlapSeconds = pick(random, [900, 1800, HOUR, HOUR, 2 * HOUR]);
  return {
    days: intervalSeconds < HOUR ? pick(random, [0.3, 0.6]) : pick(random, [1, 1, 2, 2, 4]),
    intervalSeconds,
    overlapSeconds,
    recordTtlSeconds,
    ttlGraceSeconds: HOUR,
    pageSize: first < 3 || scan !== 'auto' ? Math.max(smallest, drawPageSize(random)) : drawPageSize(random),
    putConcurrency: 1 + integer(random, 5),
    rowsPerHour,
    ties: pick(random, [0, 0.3, 0.8]),
    ttlShortSeconds: pick(random, [0, 0, HOUR / 2]),
    skews: random() < 0.5 ? [0] : [0, integer(random, 60), -integer(random, 60)],
    late: pick(random, [0, 0.05, 0.3]),
    latestSeconds: pick(random, [5, 0.8 * overlapSeconds, 1.5 * overlapSeconds]),
    versions: VERSIONS.slice(first),
    scan,
    invocationsPerHour: pick(random, [0, 0.1, 0.5]),
    budgetSeconds: pick(random, [900, 900, 120, 30]),
    rates,
  };
}

const drawPageSize = (random: Random): number => pick(random, [1, 2, 3, 5, 10, 20, 50]);
