import type { Contender } from '../contender.ts';
import { expectDelivered, type Scenario, seconds, thousands, valuesOf, WEEK } from '../scenario.ts';
import { type Run, startWorld } from '../world.ts';

/** A CloudTrail further away, in another Region say. */
const FAR_MS = 120;

/** Everything is new: the first run, or the first after a long outage. */
export const catchUp: Scenario = async (bundles, { distance, contenders, quick, say }) => {
  const entries = quick ? 20_000 : 100_000;
  await using world = await startWorld(bundles);
  await world.fill({ count: entries, ...WEEK });
  const runs = new Map<Contender, Run>();
  for (const contender of contenders) {
    say(`catch-up: ${thousands(entries)} entries, ${contender}`);
    const run = await world.run(contender, distance);
    expectDelivered(contender, entries, run);
    runs.set(contender, run);
  }
  const wall = valuesOf(runs, ({ wallMs }) => wallMs / 1000);
  const rate = valuesOf(runs, ({ wallMs }) => entries / (wallMs / 1000));
  const times = (wall.baseline ?? Infinity) / wall.forwarder;

  say(`catch-up: with ${FAR_MS} ms per put`);
  await using farWorld = await startWorld(bundles);
  await farWorld.fill({ count: entries, ...WEEK });
  const far = await farWorld.run('forwarder', {
    ...distance,
    cloudTrail: { ...distance.cloudTrail, latencyMs: FAR_MS },
  });
  expectDelivered('forwarder', entries, far);
  const farRate = entries / (far.wallMs / 1000);
  return {
    rows: [
      {
        scenario: `catch-up: ${thousands(entries)} new entries`,
        measure: 'events/s',
        target: '≥ 9,500',
        values: rate,
        show: thousands,
        met: rate.forwarder >= 9500,
        chart: 'Catch-up, events/s',
      },
      {
        scenario: '',
        measure: 'wall time',
        target: '≥ 5 times less than the rewrite',
        values: wall,
        show: seconds,
        met: times >= 5,
      },
      {
        scenario: '',
        measure: `events/s at ${FAR_MS} ms per put`,
        target: '≥ 9,000',
        values: { forwarder: farRate },
        show: thousands,
        met: farRate >= 9000,
      },
    ],
    notes: [],
  };
};
