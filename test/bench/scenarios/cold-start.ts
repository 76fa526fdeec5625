import { statSync } from 'node:fs';
import { median, type Scenario } from '../scenario.ts';
import { importOnly } from '../world.ts';

const STARTS = 15;

/** What a new execution environment does before the handler is called. */
export const coldStart: Scenario = async (bundles, { say }) => {
  say(`cold start: ${STARTS} imports`);
  const imports: number[] = [];
  for (let start = 0; start < STARTS; start += 1) imports.push((await importOnly(bundles)).importMs);
  const importMs = median(imports);
  const size = statSync(bundles.forwarder).size / 1e6;
  return {
    rows: [
      {
        scenario: 'cold start',
        measure: 'import of the bundle',
        target: '≤ 90 ms',
        values: { forwarder: importMs },
        show: (value) => `${value.toFixed(0)} ms`,
        met: importMs <= 90,
      },
      {
        scenario: '',
        measure: 'bundle',
        target: '≤ 1.5 MB',
        values: { forwarder: size },
        show: (value) => `${value.toFixed(2)} MB`,
        met: size <= 1.5,
      },
    ],
    notes: [
      `Import: median of ${STARTS} fresh processes, ${Math.min(...imports).toFixed(0)} to ${Math.max(...imports).toFixed(0)} ms.`,
    ],
  };
};
