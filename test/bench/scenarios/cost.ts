import type { Contender } from '../contender.ts';
import { expectDelivered, median, micros, type Scenario, thousands, type Values, WEEK } from '../scenario.ts';
import { NO_DISTANCE, startWorld } from '../world.ts';

const REPEATS = 3;

/** What remains when the world is near and without limits. The runs of all take turns, so that all meet the same machine. */
export const cost: Scenario = async (bundles, { contenders, quick, say }) => {
  const entries = quick ? 10_000 : 100_000;
  const perEvent = new Map<Contender, number[]>(contenders.map((contender) => [contender, []]));
  for (let repeat = 1; repeat <= REPEATS; repeat += 1)
    for (const [contender, measured] of perEvent) {
      await using world = await startWorld(bundles);
      await world.fill({ count: entries, ...WEEK });
      say(`cost: ${thousands(entries)} entries without latency, ${contender}, ${repeat} of ${REPEATS}`);
      const run = await world.run(contender, NO_DISTANCE);
      expectDelivered(contender, entries, run);
      measured.push((run.cpuMs * 1000) / entries);
    }
  const medians = [...perEvent].map(([contender, measured]) => [contender, median(measured)] as const);
  const values: Values = { forwarder: NaN, ...Object.fromEntries(medians) };
  return {
    rows: [
      {
        scenario: `${thousands(entries)} new entries, no added latency, no call limit`,
        measure: 'CPU per event, whole process',
        target: '≤ 42 µs, ≤ 0.8 of the predecessor',
        values,
        show: micros,
        met: values.forwarder <= 42 && values.forwarder <= 0.8 * (values.predecessor ?? Infinity),
        chart: 'CPU per event, µs',
      },
    ],
    notes: [
      'CPU per event, runs in turn, start of the process included: ' +
        [...perEvent].map(([contender, measured]) => `${contender} ${measured.map(micros).join(', ')}`).join('; ') +
        '.',
    ],
  };
};
