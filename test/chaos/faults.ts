import { pick, type Random } from '../simulators/random.ts';

/** Everything that goes wrong, by the name the table shows. */
export const FAULTS = [
  'kong unreachable',
  'kong answer lost',
  'kong refuses the token',
  'kong licence lapsed',
  'kong database down',
  'kong audit log off',
  'kong refuses GET /',
  'kong refuses the offset',
  'kong sends no JSON',
  'kong sends another shape',
  'kong page too large',
  'kong slow',
  'kong without Date',
  'kong rolling upgrade',
  'kong upgrade',
  'kong clock jump',
  'ledger error, not written',
  'ledger error, written',
  'ledger slow',
  'ledger wiped',
  'put error, not accepted',
  'put error, accepted',
  'put sent twice',
  'put throttled',
  'channel wrong',
  'credentials wrong',
  'put unknown error',
  'event throttled',
  'event failed inside',
  'event refused',
  'event wrong recipient',
  'event omitted',
  'event omitted, stored',
  'deadline',
  'death',
  'out of time',
  'overlapping run',
  'outage',
] as const;
export type Fault = (typeof FAULTS)[number];

/** How likely each fault is where it may happen; what is not named never happens. */
export type Rates = Readonly<Partial<Record<Fault, number>>>;

/** The dice of one history. */
export interface Faults {
  /** Whether it happens here; if so it is counted and written down. */
  happens(fault: Fault, where: string): boolean;
  /** It happens here. */
  note(fault: Fault, where: string): void;
  /** What else a reader of the log wants to know; not counted. */
  tell(line: string): void;
  readonly random: Random;
  readonly counts: ReadonlyMap<Fault, number>;
  readonly log: readonly string[];
  /** From now on nothing goes wrong. */
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
  return {
    happens(fault, where) {
      const rate = rates[fault];
      if (stopped || rate === undefined || random() >= rate) return false;
      note(fault, where);
      return true;
    },
    note,
    tell,
    random,
    counts,
    log,
    stop: () => {
      stopped = true;
      tell('from here on nothing goes wrong');
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
  return Object.fromEntries(chosen.map((fault) => [fault, Math.min(0.9, heat * (USUAL[fault] ?? 0.01))]));
}

/** Per call, but for those said to be per run or per hour. */
const USUAL: Rates = {
  'kong slow': 0.03,
  // per run
  'kong without Date': 0.1,
  'kong refuses GET /': 0.1,
  deadline: 0.1,
  death: 0.08,
  'overlapping run': 0.1,
  // per hour
  'kong upgrade': 0.03,
  'kong rolling upgrade': 0.03,
  'kong clock jump': 0.06,
  'ledger wiped': 0.01,
  outage: 0.02,
  // per event
  'event throttled': 0.05,
  'event failed inside': 0.03,
  'event refused': 0.02,
  'event wrong recipient': 0.003,
  'event omitted': 0.02,
  'event omitted, stored': 0.02,
};
