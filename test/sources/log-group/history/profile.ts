import { integer, pick, type Random } from '../../../simulators/random.ts';

/** What one history is like; all of it follows from the seed. */
export interface Profile {
  readonly format: 'kubernetes-audit' | 'nginx';
  readonly runs: number;
  readonly intervalSeconds: number;
  readonly overlapSeconds: number;
  readonly pageSize: number;
  readonly linesPerRun: number;
  /** Lines that are there before the first run, spread over the time that is looked back. */
  readonly backlog: number;
  /** Share of the lines that come in bursts within one millisecond, that share an id, that are none, and that come late. */
  readonly bursts: number;
  readonly sharedIds: number;
  readonly garbage: number;
  readonly late: number;
  /** How likely what goes wrong is, each time that it may. */
  readonly throttled: number;
  readonly failing: number;
  readonly tokenRefused: number;
  readonly putFails: number;
  readonly putUnanswered: number;
  readonly killed: number;
  readonly cutShort: number;
  readonly emptyPages: number;
  /** Share of the lines that do not match the terms, and how many lines the service looks at for a page. */
  readonly noise: number;
  readonly scanPerPage: number;
  readonly shortPages: number;
  /** A day and more in which nothing ran: tokens expire. */
  readonly standstill: number;
  readonly bySecond: boolean;
}

const HOUR = 3600;

export function drawProfile(random: Random): Profile {
  const rate = (most: number): number => (random() < 0.4 ? 0 : random() * most);
  return {
    format: pick(random, ['kubernetes-audit', 'nginx']),
    runs: 6 + integer(random, 10),
    intervalSeconds: pick(random, [900, HOUR]),
    overlapSeconds: pick(random, [900, HOUR, 2 * HOUR]),
    pageSize: pick(random, [2, 5, 20, 100]),
    linesPerRun: pick(random, [0, 3, 10, 40]),
    backlog: pick(random, [0, 20, 120]),
    bursts: rate(0.6),
    sharedIds: rate(0.5),
    garbage: rate(0.2),
    late: rate(0.4),
    throttled: rate(0.3),
    failing: rate(0.2),
    tokenRefused: rate(0.2),
    putFails: rate(0.2),
    putUnanswered: rate(0.1),
    killed: rate(0.6),
    cutShort: rate(0.6),
    emptyPages: rate(0.5),
    noise: rate(0.9),
    scanPerPage: pick(random, [Infinity, Infinity, 3, 10, 50]),
    shortPages: rate(0.5),
    standstill: rate(0.2),
    bySecond: random() < 0.5,
  };
}
