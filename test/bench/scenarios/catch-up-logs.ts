import { expectDelivered, type Scenario, seconds, thousands, WEEK } from '../scenario.ts';
import { startWorld } from '../world.ts';

/** Everything is new, and goes to CloudWatch Logs: five times as many events per put as with CloudTrail Lake. */
export const catchUpLogs: Scenario = async (bundles, { distance, quick, say }) => {
  const entries = quick ? 20_000 : 200_000;
  await using world = await startWorld(bundles);
  await world.fill({ count: entries, ...WEEK });
  say(`catch-up, CloudWatch Logs: ${thousands(entries)} entries`);
  const run = await world.run('forwarder', distance, { sink: 'cloudwatch-logs' });
  expectDelivered('forwarder', entries, run);
  const wall = run.wallMs / 1000;
  return {
    rows: [
      {
        scenario: `catch-up, CloudWatch Logs: ${thousands(entries)} new entries`,
        measure: 'events/s',
        target: '≥ 15,000',
        values: { forwarder: entries / wall },
        show: thousands,
        met: entries / wall >= 15_000,
      },
      {
        scenario: '',
        measure: 'wall time',
        target: `${distance.cloudTrail.latencyMs} ms per put`,
        values: { forwarder: wall },
        show: seconds,
        met: true,
      },
    ],
    notes: [],
  };
};
