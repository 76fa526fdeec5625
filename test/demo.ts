import { styleText } from 'node:util';
import { Command, Option } from 'commander';
import type { Summary } from '../lambda/pipeline/report.ts';
import { account } from './demo/account.ts';
import { stageCloudTrailLake } from './demo/cloudtrail-lake.ts';
import { stageCloudWatchLogs } from './demo/cloudwatch-logs.ts';
import { composeForwarder, type DemoForwarder } from './demo/forwarder.ts';
import { stageKong } from './demo/kong.ts';
import { stageKubernetesAudit } from './demo/kubernetes-audit.ts';
import { stageNginx } from './demo/nginx.ts';
import { eventTable, heading, print } from './demo/print.ts';
import type { SourceStage } from './demo/stage.ts';
import { startCloudWatchLogs } from './simulators/cloudwatch-logs.ts';
import { findRedisServer, startRedis } from './support/redis-server.ts';

/*
 * `npm run demo`: the main job from end to end on any machine. The source and AWS are the strict simulators of the tests, over real
 * HTTP; the forwarder is the real one.
 */

const SOURCES = { kong: stageKong, 'kubernetes-audit': stageKubernetesAudit, nginx: stageNginx };
const SINKS = { 'cloudtrail-lake': stageCloudTrailLake, 'cloudwatch-logs': stageCloudWatchLogs };
const ORDINALS = ['Second', 'Third'];
/** What AWS allows (Service Quotas, "FilterLogEvents requests per second"). */
const CALLS_PER_SECOND = { FilterLogEvents: 5 };

interface Choice {
  readonly source: keyof typeof SOURCES;
  readonly sink: keyof typeof SINKS;
}

async function demo(choice: Choice): Promise<void> {
  // One service, whether it is read, written, or both.
  await using logs = await startCloudWatchLogs({ callsPerSecond: CALLS_PER_SECOND });
  await using source = await SOURCES[choice.source](logs);
  await using sink = await SINKS[choice.sink](logs);
  const env = { ...source.env, ...sink.env };
  // The run's metrics are for CloudWatch, not for a reader.
  Object.assign(process.env, env, { POWERTOOLS_METRICS_DISABLED: 'true' });
  await using redis = findRedisServer() === null ? null : await startRedis();
  const forwarder = composeForwarder(env, redis);

  print(styleText('bold', `${source.name} → ${sink.name}`));
  print(
    `Simulated: ${[...new Set([source.service, sink.service])].join(' and ')}. Real: the forwarder, HTTP, ` +
      (redis
        ? `and redis-server on port ${redis.port} for the ledger.`
        : 'but no redis-server was found, so the ledger is kept in memory.'),
  );

  heading(`First run: ${source.backlog}`);
  const { fetched, ignored, durationMs } = await forwardOnce(forwarder, source);
  print(`   ${Math.round(((fetched + ignored) / durationMs) * 1000)} ${source.rows} per second`);
  const remark = sink.remark();
  if (remark !== null) print(`   ${remark}`);

  const before = sink.arrived().length;
  for (const [index, { title, point, perform }] of source.acts.entries()) {
    heading(title);
    perform();
    heading(`${ORDINALS[index]} run: ${point}`);
    const arrivedBefore = sink.arrived().length;
    const run = await forwardOnce(forwarder, source);
    print(eventTable(sink.arrived().slice(arrivedBefore), source.show, sink.referenceName));
    print(`   ${source.remark(run)}`);
  }

  heading(`One event as it lies in ${sink.name}: ${source.telling.title}`);
  const arrived = sink.arrived().slice(before);
  const telling = arrived.find(({ text }) => source.telling.isIn(text));
  print(JSON.stringify(JSON.parse(telling?.text ?? '{}'), null, 2));

  heading('How do things stand?  npm run ops -- status');
  await forwarder.ops('status');

  heading(`Is everything there?  npm run ops -- verify ${source.verified}`);
  await forwarder.ops('verify', source.verified);

  const { text, isGood } = await account(source, sink, forwarder);
  print(`\n${styleText(isGood ? 'green' : 'red', text)}`);
  if (!isGood) process.exitCode = 1;
}

async function forwardOnce(forwarder: DemoForwarder, { rows }: SourceStage): Promise<Summary> {
  const summary = await forwarder.run();
  const { forwarded, fetched, ignored, quarantined } = summary;
  print(
    styleText('green', `   forwarded ${forwarded}`) +
      ` of ${fetched + ignored} ${rows} read` +
      (quarantined > 0 ? styleText('yellow', `, ${quarantined} put into quarantine`) : '') +
      "; the run's summary line:",
  );
  print(styleText('dim', `   ${JSON.stringify(summary)}`));
  return summary;
}

const choice = new Command('demo')
  .description('Shows the main job on this machine: simulated source and AWS, real forwarder.')
  .addOption(new Option('--source <name>', 'what is read').choices(Object.keys(SOURCES)).default('kong'))
  .addOption(new Option('--sink <name>', 'where events go').choices(Object.keys(SINKS)).default('cloudtrail-lake'))
  .parse()
  .opts<Choice>();

await demo(choice);
