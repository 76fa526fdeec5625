import { pick, type Random } from '../simulators/random.ts';

/** Everything that goes wrong, by the name the table shows, and how likely it is where it may happen: per call, unless said otherwise. */
const USUAL = {
  'kong unreachable': 0.01,
  'kong answer lost': 0.01,
  'kong silent': 0.003,
  'kong drips': 0.003,
  'kong refuses the token': 0.005,
  'kong licence lapsed': 0.005,
  'kong database down': 0.01,
  'kong audit log off': 0.005,
  'kong refuses the offset': 0.01,
  'kong sends no JSON': 0.005,
  'kong sends another shape': 0.005,
  'kong page too large': 0.01,
  'kong slow': 0.03,
  // per run
  'kong refuses GET /': 0.1,
  'kong without Date': 0.1,
  'kong empty pages without end': 0.03,
  // per hour
  'kong rolling upgrade': 0.03,
  'kong upgrade': 0.03,
  'kong offsets go bad': 0.05,
  'kong clock jump': 0.06,
  'kong fails for seconds': 0.03,

  'ledger error, not written': 0.01,
  'ledger error, written': 0.01,
  'ledger slow': 0.01,
  // per run
  'ledger failover': 0.1,
  // per hour
  'ledger wiped': 0.01,

  'put not connected': 0.01,
  'put fails inside': 0.01,
  'put throttled': 0.01,
  'put answer slow': 0.02,
  'put answer too late': 0.01,
  'put lost': 0.01,
  'put answer lost': 0.02,
  'put answer garbled': 0.005,
  'channel wrong': 0.005,
  'credentials wrong': 0.005,
  'put unnamed error': 0.005,
  'event throttled': 0.05,
  'event failed inside': 0.03,
  'event refused': 0.02,
  'event wrong recipient': 0.003,
  'event omitted': 0.02,
  'event omitted, stored': 0.02,

  // per run
  deadline: 0.1,
  death: 0.08,
  'overlapping run': 0.1,
  // per hour
  outage: 0.03,
  // a consequence, never injected by itself
  'out of time': 0,
} as const satisfies Record<string, number>;

export type Fault = keyof typeof USUAL;
export const FAULTS = Object.keys(USUAL) as readonly Fault[];

/** How likely each fault is where it may happen; what is not named never happens. */
export type Rates = Readonly<Partial<Record<Fault, number>>>;

/** The dice of one history. */
export interface Faults {
  /** Whether it happens here; if so it is counted and written down. */
  happens(fault: Fault, where: string): boolean;
  /** The same for what is decided now and happens later: nothing is written down. */
  chance(fault: Fault): boolean;
  /** It happens here. */
  note(fault: Fault, where: string): void;
  /** What else a reader of the log wants to know; not counted. */
  tell(line: string): void;
  readonly random: Random;
  readonly counts: ReadonlyMap<Fault, number>;
  readonly log: readonly string[];
  /** From now on nothing goes wrong but what is wrong for ever. */
  stop(): void;
  readonly stopped: () => boolean;
}

export function createFaults(random: Random, rates: Rates, now: () => number): Faults {
  const counts = new Map<Fault, number>();
  const log: string[] = [];
  let stopped = false;
  const tell = (line: string): void => {
    log.push(`${new Date(now() * 1000).toISOString()} ${line}`);
  };
  const note = (fault: Fault, where: string): void => {
    counts.set(fault, (counts.get(fault) ?? 0) + 1);
    tell(`${fault}: ${where}`);
  };
  const chance = (fault: Fault): boolean => {
    const rate = rates[fault];
    return !stopped && rate !== undefined && random() < rate;
  };
  return {
    happens(fault, where) {
      if (!chance(fault)) return false;
      note(fault, where);
      return true;
    },
    chance,
    note,
    tell,
    random,
    counts,
    log,
    stop: () => {
      stopped = true;
      tell('from here on nothing goes wrong but what is wrong for ever');
    },
    stopped: () => stopped,
  };
}

/** In each history other faults, and other rates, so that rare combinations are met, too ("swarm testing"). */
export function drawRates(random: Random): Rates {
  const calm = random() < 0.1;
  const share = calm ? 0 : 0.1 + 0.6 * random();
  const chosen = FAULTS.filter(() => random() < share);
  const heat = pick(random, [0.2, 1, 1, 3]);
  return Object.fromEntries(chosen.map((fault) => [fault, Math.min(0.9, heat * USUAL[fault])]));
}
