import type { RunInvocation } from '../../lambda/commands/run.ts';
import { integer, seeded } from '../simulators/random.ts';
import { endInCalm } from './calm.ts';
import { EndlessHistoryError, startClock } from './clock.ts';
import { createFaults, type Fault } from './faults.ts';
import { createInvocations } from './invoke.ts';
import { drawProfile, ordinarySkewOf } from './profile.ts';
import type { Subject } from './subject.ts';
import { createTruth, type Totals } from './truth/truth.ts';
import { goBy } from './virtual-time.ts';
import { createWorld } from './world.ts';

export interface History {
  readonly seed: number;
  readonly totals: Totals;
  readonly runs: number;
  /** Of the clock: how much happened. */
  readonly actions: number;
  readonly faults: ReadonlyMap<Fault, number>;
  /** Why events were sent twice, and how often. */
  readonly causes: ReadonlyMap<string, number>;
  /** Where the promise was broken; empty for a history as it should be. */
  readonly violations: readonly string[];
  readonly log: readonly string[];
}

const START = Date.UTC(2026, 10, 1) / 1000;
const HOUR = 3600;

/**
 * One history: days of scheduled runs over a log that grows and expires, with everything going wrong that the seed's profile says;
 * then a bounded number of runs in which nothing goes wrong but what is wrong for ever, and the verdict. The same seed gives the
 * same history. Meanwhile the thread has the history's time.
 */
export async function simulate(seed: number, subject: Subject, profile = drawProfile(seed)): Promise<History> {
  const clock = startClock(START);
  const giveBack = goBy(clock, seeded(seed * 5 + 2));
  try {
    return await live();
  } finally {
    giveBack();
  }

  async function live(): Promise<History> {
    const faults = createFaults(seeded(seed * 3 + 1), profile.rates, clock.now);
    const truth = createTruth({
      ...profile,
      now: clock.now,
      auditTtlSeconds: profile.recordTtlSeconds,
      ordinarySkewSeconds: ordinarySkewOf(profile),
      lastingSkews: profile.skews,
    });
    const world = createWorld({ seed, profile, clock, faults, truth, subject });
    const scene = { profile, clock, faults, truth, world, subject };
    const invocations = createInvocations(scene);
    const { random } = world;

    const everyHour = (): void => {
      if (faults.stopped()) return;
      world.hourBegins();
      if (random() < profile.invocationsPerHour)
        clock.at(clock.now() + HOUR * faults.random(), () => {
          if (!faults.stopped()) void invocations.invoke(someInvocation());
        });
      clock.at(clock.now() + HOUR, everyHour);
    };
    const onSchedule = (): void => {
      if (faults.stopped()) return;
      void invocations.invoke({ mode: 'scheduled' });
      if (faults.happens('overlapping run', ''))
        clock.at(clock.now() + 10 * faults.random(), () => void invocations.invoke(someInvocation()));
      clock.at(clock.now() + profile.intervalSeconds, onSchedule);
    };
    const someInvocation = (): RunInvocation => {
      const kind = random();
      if (kind < 0.3) return { mode: 'replay' };
      if (kind < 0.5) return { mode: 'scheduled' };
      const after = Math.floor(clock.now() - random() * profile.recordTtlSeconds);
      const before = after + 1 + integer(random, profile.recordTtlSeconds);
      return {
        mode: 'backfill',
        ...(random() < 0.8 && { after }),
        ...(random() < 0.7 && { before }),
        dryRun: random() < 0.25,
        resend: random() < 0.3,
      };
    };

    world.admins.past(profile.backlogRows, START - 0.6 * profile.recordTtlSeconds, START);
    everyHour();
    clock.at(START + 60, onSchedule);
    const totals = await untilTheEnd().catch(async (error: unknown) => {
      if (!(error instanceof EndlessHistoryError)) throw error;
      truth.violate(error.message);
      return truth.verdict(await world.store.contents(), -Infinity);
    });
    const { violations, causes } = truth;
    const counts = { runs: invocations.runs(), actions: clock.actions(), faults: faults.counts, causes };
    return { seed, totals, ...counts, violations, log: faults.log };

    async function untilTheEnd(): Promise<Totals> {
      const end = START + profile.days * 86_400;
      clock.at(end, () => undefined);
      await clock.run(() => clock.now() >= end);
      return await endInCalm(scene, invocations);
    }
  }
}
