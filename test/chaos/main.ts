import { parseArgs } from 'node:util';
import { showProgress } from '../support/progress.ts';
import { findRedisServer, NO_REDIS } from '../support/redis-server.ts';
import { campaign, seedsFrom } from './campaign.ts';
import { describeFailure, table } from './report.ts';

const USAGE = `npm run chaos -- [--histories N] [--seed S] [--processes N]

  --histories N   simulated histories (default 1000)
  --seed S        seed of the first one (default: a random one); with --histories 1 it replays exactly
  --processes N   histories with real processes and a real Redis (default 3; 0 for a single seed)`;

/** Of each history with real processes, one scheduled run each. */
const HOURS = 14;

const { values } = parseArgs({
  options: {
    histories: { type: 'string', default: '1000' },
    seed: { type: 'string' },
    processes: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  console.log(USAGE);
  process.exit(0);
}
const histories = whole('histories', values.histories);
const firstSeed = whole('seed', values.seed ?? String(Math.floor(Math.random() * 1e6)));
const again = values.seed !== undefined && histories === 1;
const processes = whole('processes', values.processes ?? (again ? '0' : '3'));

if (processes > 0 && findRedisServer() === null) {
  console.error(`${NO_REDIS}\nWithout it: npm run chaos -- --processes 0`);
  process.exit(2);
}

console.log(`Simulating ${histories} histories from seed ${firstSeed} …`);
const startedAt = performance.now();
const simulated = showProgress(histories, 'histories');
const sums = await campaign({
  seeds: seedsFrom(firstSeed, histories),
  onProgress: ({ histories: done, failures }) => {
    simulated.update(done, `${failures.length} broke the promise`);
  },
});
simulated.stop();
for (const failure of sums.failures.slice(0, 5)) console.error(describeFailure(failure, again ? Infinity : 200));
console.log(table('simulation', sums, (performance.now() - startedAt) / 1000));
let failed = sums.failures.length > 0;

if (processes > 0) {
  const { realProcesses } = await import('./processes.ts');
  console.log(`Running ${processes} histories with real processes and a real Redis …`);
  const begunAt = performance.now();
  const lived = showProgress(processes * HOURS, 'hours of Kong’s time');
  const real = await realProcesses({
    firstSeed,
    histories: processes,
    hours: HOURS,
    onHour: (hours, trouble) => {
      lived.update(hours, `last: ${trouble}`);
    },
  });
  lived.stop();
  for (const failure of real.failures) console.error(describeFailure(failure, 200, ' --processes 1'));
  console.log(table('real processes', real, (performance.now() - begunAt) / 1000));
  failed ||= real.failures.length > 0;
}
process.exitCode = failed ? 1 : 0;

function whole(name: string, text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  console.error(`--${name} must be a whole number, got ${JSON.stringify(text)}.\n\n${USAGE}`);
  process.exit(2);
}
