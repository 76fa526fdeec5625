import type { Contender } from '../contender.ts';
import { expectDelivered, megabytes, type Scenario, thousands, type Values, valuesOf, WEEK } from '../scenario.ts';
import { type Bundles, NO_DISTANCE, type Run, startWorld } from '../world.ts';

/**
 * The same work on a small log and on a large one, with the heap that the function's memory allows. The others hold one page of 100
 * entries whatever the log, and take minutes for the large one: they do the small one alone.
 */
export const memory: Scenario = async (bundles, { contenders, quick, say }) => {
  const [few, many] = quick ? ([5000, 50_000] as const) : ([50_000, 1_000_000] as const);
  const small = await peaks(bundles, contenders, few, say);
  const large = await peaks(bundles, ['forwarder'], many, say);
  const growth = large.forwarder / small.forwarder - 1;
  return {
    rows: [
      {
        scenario: 'memory',
        measure: `peak RSS, ${thousands(few)} entries`,
        target: '≤ 300 MB',
        values: small,
        show: megabytes,
        met: small.forwarder <= 300,
      },
      {
        scenario: '',
        measure: `peak RSS, ${thousands(many)} entries`,
        target: '≤ 300 MB, within 15 %',
        values: large,
        show: megabytes,
        met: large.forwarder <= 300 && Math.abs(growth) <= 0.15,
      },
    ],
    notes: [`Memory: ${(growth * 100).toFixed(0)} % more for ${many / few} times the entries.`],
  };
};

async function peaks(
  bundles: Bundles,
  contenders: readonly Contender[],
  entries: number,
  say: (line: string) => void,
): Promise<Values> {
  const runs = new Map<Contender, Run>();
  for (const contender of contenders) {
    await using world = await startWorld(bundles);
    say(`memory: ${thousands(entries)} entries, ${contender}`);
    await world.fill({ count: entries, ...WEEK });
    const run = await world.run(contender, NO_DISTANCE);
    expectDelivered(contender, entries, run);
    runs.set(contender, run);
  }
  return valuesOf(runs, ({ peakRssBytes }) => peakRssBytes / 1e6);
}
