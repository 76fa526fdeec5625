import { styleText } from 'node:util';
import { Command, Option } from 'commander';
import type { Summary } from '../lambda/pipeline/report.ts';
import { stageCloudTrailLake } from './demo/cloudtrail-lake.ts';
import { stageCloudWatchLogs } from './demo/cloudwatch-logs.ts';
import { composeForwarder, type DemoForwarder } from './demo/forwarder.ts';
import { eventTable, heading, print } from './demo/print.ts';
import { parseEvent, type SinkStage } from './demo/stage.ts';
import { fill } from './simulators/kong-traffic.ts';
import { type KongSimulator, startKong } from './simulators/kong.ts';
import { findRedisServer, startRedis } from './support/redis-server.ts';

/*
 * `npm run demo`: the main job from end to end on any machine. Kong and AWS are the strict simulators of the tests, over real HTTP;
 * the forwarder is the real one.
 */

const SINKS = { 'cloudtrail-lake': stageCloudTrailLake, 'cloudwatch-logs': stageCloudWatchLogs };
const RETAINED = 5000;
const DAY = 86_400;

/** What four administrators do while the forwarder sleeps. */
const CHANGES = [
  { method: 'POST', path: '/services', status: 201, rbac_user_name: 'alice', payload: '{"name":"payments-v2","url":"https://payments.internal:8443/v2","retries":5}' },
  { method: 'POST', path: '/services/payments-v2/routes', status: 201, rbac_user_name: 'alice', payload: '{"paths":["/pay/v2"],"methods":["GET","POST"]}' },
  { method: 'POST', path: '/services/payments-v2/plugins', status: 201, rbac_user_name: 'bob', payload: '{"name":"openid-connect","config":{"issuer":"https://idp.internal","client_id":["kong"],"client_secret":["hunter2-and-more"]}}' },
  { method: 'PATCH', path: '/consumers/mobile-app', status: 200, rbac_user_name: 'carol', payload: 'username=mobile-app&custom_id=ios-17&tags[]=mobile' },
  { method: 'DELETE', path: '/routes/legacy-admin', status: 403, rbac_user_name: 'mallory', payload: null },
  { method: 'DELETE', path: '/plugins/4f1c2a?workspace=prod', status: 204, rbac_user_name: 'carol', payload: null },
] as const; // prettier-ignore

async function demo(sinkName: keyof typeof SINKS): Promise<void> {
  await using kong = await startKong();
  await using sink = await SINKS[sinkName]();
  // The run's metrics are for CloudWatch, not for a reader.
  Object.assign(process.env, sink.env, { POWERTOOLS_METRICS_DISABLED: 'true' });
  await using redis = findRedisServer() === null ? null : await startRedis();
  const forwarder = composeForwarder({ ...kong.env, ...sink.env }, redis);

  print(styleText('bold', `Kong audit log → ${sink.name}`));
  print(
    `Simulated: Kong ${kong.settings.version} and ${sink.service}. Real: the forwarder, HTTP, ` +
      (redis
        ? `and redis-server on port ${redis.port} for the ledger.`
        : 'but no redis-server was found, so the ledger is kept in memory.'),
  );

  const now = Math.floor(Date.now() / 1000);
  fill(kong.table, { count: RETAINED, from: now - 30 * DAY, to: now - 60 });
  heading(1, `First run: Kong retains ${RETAINED} entries of 30 days, and nothing was forwarded yet`);
  const first = await forwardOnce(forwarder);
  print(`   ${Math.round((first.forwarded / first.durationMs) * 1000)} entries per second`);
  const remark = sink.remark();
  if (remark !== null) print(`   ${remark}`);

  heading(2, 'Administrators change things in Kong');
  CHANGES.forEach((change, index) => kong.table.record(row(change), { at: now - 50 + 7 * index }));

  heading(3, 'Second run: only what is new');
  const arrivedBefore = sink.arrived().length;
  const second = await forwardOnce(forwarder);
  const arrived = sink.arrived().slice(arrivedBefore);
  print(eventTable(arrived, sink.referenceName));
  print(
    `   ${second.duplicates} duplicates were dropped (the overlap reads the last hour again), and ${second.own} of its own requests.`,
  );

  heading(4, `One event as it lies in ${sink.name}: the client secret is not in it`);
  const secretBearing = arrived.find(({ text }) => text.includes('openid-connect'));
  print(JSON.stringify(JSON.parse(secretBearing?.text ?? '{}'), null, 2));

  heading(5, 'How do things stand?  npm run ops -- status');
  await forwarder.ops('status');

  heading(6, 'Is everything there?  npm run ops -- verify 29d');
  await forwarder.ops('verify', '29d');

  await account({ kong, sink, forwarder }, [first, second]);
}

async function forwardOnce(forwarder: DemoForwarder): Promise<Summary> {
  const summary = await forwarder.run();
  print(
    styleText('green', `   forwarded ${summary.forwarded}`) +
      ` of ${summary.fetched} entries read; the run's summary line:`,
  );
  print(styleText('dim', `   ${JSON.stringify(summary)}`));
  return summary;
}

function row(change: (typeof CHANGES)[number]): Record<string, unknown> {
  return { ...change, rbac_user_id: crypto.randomUUID(), client_ip: '10.20.0.17', request_source: 'kong-manager' };
}

interface Stage {
  readonly kong: KongSimulator;
  readonly sink: SinkStage;
  readonly forwarder: DemoForwarder;
}

/** Every entry Kong holds is in the sink once, or is a request of the forwarder itself. */
async function account({ kong, sink, forwarder }: Stage, runs: readonly Summary[]): Promise<void> {
  const uids = sink.arrived().map((one) => parseEvent(one).UID);
  const held = new Set(uids);
  const absent = kong.table.recorded.map(({ key }) => key).filter((id) => !held.has(id));
  const own = await forwarder.own(absent);
  const lost = absent.length - own.size;
  const twice = uids.length - held.size;
  const quarantined = runs.reduce((sum, run) => sum + run.quarantined, 0);
  print('');
  print(
    styleText(
      lost + twice === 0 ? 'green' : 'red',
      `Every entry accounted for: ${held.size} in ${sink.name}, ${quarantined} in quarantine, ${own.size} own requests left out, ` +
        `${lost} lost, ${twice} twice.`,
    ),
  );
  if (lost + twice > 0) process.exitCode = 1;
}

const { sink } = new Command('demo')
  .description('Shows the main job on this machine: simulated Kong and AWS, real forwarder.')
  .addOption(new Option('--sink <name>', 'where events go').choices(Object.keys(SINKS)).default('cloudtrail-lake'))
  .parse()
  .opts<{ sink: keyof typeof SINKS }>();

await demo(sink);
