import { parentPort, workerData } from 'node:worker_threads';
import type { Task } from './campaign.ts';
import { simulate } from './history.ts';
import { loadSubject } from './subject.ts';
import { NOTHING, type Sums } from './sums.ts';

const { seeds, lambda, untilFailure } = workerData as Task;
const subject = await loadSubject(lambda);
for (const seed of seeds) {
  const { totals, runs, faults, causes, violations, log } = await simulate(seed, subject);
  const sums: Sums = {
    ...NOTHING,
    ...totals,
    histories: 1,
    runs,
    faults: Object.fromEntries(faults),
    causes: Object.fromEntries(causes),
    failures: violations.length > 0 ? [{ seed, violations, log }] : [],
  };
  parentPort?.postMessage(sums);
  if (untilFailure && violations.length > 0) break;
}
