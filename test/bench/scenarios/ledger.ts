import type { RedisServer } from '../../support/redis-server.ts';
import { ledgerBreakdown } from '../ledger-size.ts';
import { expectDelivered, type Scenario, thousands, WEEK } from '../scenario.ts';
import { NO_DISTANCE, startWorld } from '../world.ts';

/** What Redis takes for each entry that was forwarded. */
export const ledger: Scenario = async (bundles, { quick, say }) => {
  const entries = quick ? 20_000 : 200_000;
  await using world = await startWorld(bundles);
  await world.fill({ count: entries, ...WEEK });
  say(`ledger: ${thousands(entries)} entries`);
  const before = await usedMemory(world.redis);
  const run = await world.run('forwarder', NO_DISTANCE);
  expectDelivered('forwarder', entries, run);
  const bytes = ((await usedMemory(world.redis)) - before) / entries;
  return {
    rows: [
      {
        scenario: 'ledger',
        measure: 'Redis memory per entry',
        target: '≤ 120 bytes',
        values: { forwarder: bytes },
        show: (value) => `${value.toFixed(0)} bytes`,
        met: bytes <= 120,
      },
    ],
    notes: [await ledgerBreakdown(world.redis, bytes)],
  };
};

async function usedMemory(redis: RedisServer): Promise<number> {
  const info = String(await redis.cli('INFO', 'memory'));
  return Number(/^used_memory:(\d+)/m.exec(info)?.[1]);
}
