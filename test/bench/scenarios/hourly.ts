import type { Contender } from '../contender.ts';
import { expectDelivered, type Scenario, seconds, summaryOf, thousands, valuesOf } from '../scenario.ts';
import { NO_DISTANCE, type Run, startWorld, type World } from '../world.ts';

const NEW_ENTRIES = 1000;

/** A scheduled run an hour after the last one, on a Kong that retains 300 hours of 1,000 entries. */
export const hourly: Scenario = async (bundles, { distance, contenders, quick, say }) => {
  const hours = quick ? 30 : 300;
  const retained = hours * NEW_ENTRIES;
  await using world = await startWorld(bundles);
  await world.fill({ count: retained + NEW_ENTRIES, hoursBefore: hours, hoursAfter: 1, ttlHours: hours + 2 });
  say(`hourly: forwarding what ${hours} hours left, so that only the last hour is new`);
  const first = await world.run('forwarder', NO_DISTANCE, { strict: true });
  await rememberForOthers(world);
  await world.advance(1);

  const runs = new Map<Contender, Run>();
  for (const contender of contenders) {
    say(`hourly: the run an hour later, ${contender}`);
    const run = await world.run(contender, distance);
    runs.set(contender, run);
    if (contender === 'forwarder') expectDelivered(contender, retained + NEW_ENTRIES, first, run);
    else expectDelivered(contender, NEW_ENTRIES, run);
  }
  const requests = valuesOf(runs, ({ kongRequests }) => kongRequests);
  const cpu = valuesOf(runs, ({ cpuMs }) => cpuMs / 1000);
  const wall = valuesOf(runs, ({ wallMs }) => wallMs / 1000);
  const times = (wall.baseline ?? Infinity) / wall.forwarder;
  const run = runs.get('forwarder');
  return {
    rows: [
      {
        scenario: `hourly run: ${thousands(retained)} retained, ${thousands(run ? summaryOf(run).forwarded : NaN)} new`,
        measure: 'requests to Kong',
        target: '≤ 5',
        values: requests,
        show: thousands,
        met: requests.forwarder <= 5,
      },
      {
        scenario: '',
        measure: 'wall time',
        target: '≥ 100 times less than the rewrite',
        values: wall,
        show: seconds,
        met: times >= 100,
        chart: 'Hourly run, s',
      },
      {
        scenario: '',
        measure: 'CPU, whole process',
        target: '≤ 0.35 s',
        values: cpu,
        show: seconds,
        met: cpu.forwarder <= 0.35,
      },
    ],
    notes: [],
  };
};

/** The databases of the others then know the same ids, under the keys that the predecessor uses: the ids alone. */
async function rememberForOthers({ redis, databases }: World): Promise<void> {
  const copy = `
    local found = redis.call('KEYS', '*:seen:*')
    for i = 1, #found do found[i] = string.match(found[i], ':seen:(.*)$') end
    redis.call('SELECT', ARGV[1])
    for i = 1, #found do redis.call('SET', found[i], 'true', 'EX', 2592000) end`;
  for (const database of [databases.baseline, databases.predecessor]) await redis.cli('EVAL', copy, 0, database);
}
