import { stripVTControlCharacters, styleText } from 'node:util';
import Table from 'cli-table3';
import { connectChannel } from '../lambda/sinks/cloudtrail-lake/client.ts';
import { loadConfig } from '../lambda/config.ts';
import { startDeadline } from '../lambda/pipeline/deadline.ts';
import { connectKong } from '../lambda/sources/kong/client.ts';
import type { Ledger } from '../lambda/ledger/ledger.ts';
import { createMemoryLedger } from '../lambda/ledger/memory.ts';
import { createRedisLedger } from '../lambda/ledger/redis/ledger.ts';
import type { Log } from '../lambda/log.ts';
import { markOwn, run } from '../lambda/commands/run.ts';
import type { Summary } from '../lambda/pipeline/report.ts';
import { newTally } from '../lambda/pipeline/tally.ts';
import { type AcceptedEvent } from './simulators/cloudtrail-model.ts';
import { type CloudTrailSimulator, startCloudTrail } from './simulators/cloudtrail.ts';
import { fill } from './simulators/kong-traffic.ts';
import { type KongSimulator, startKong } from './simulators/kong.ts';
import { findRedisServer, startRedis } from './support/redis-server.ts';

/*
 * `npm run demo`: the main job from end to end on any machine. Kong and CloudTrail are the strict simulators of the tests, over
 * real HTTP; the forwarder is the real one.
 */

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

const ownRequests = new Set<string>();

const quiet: Log = { info: () => undefined, warn: print, error: print };

async function demo(): Promise<void> {
  await using kong = await startKong();
  await using cloudTrail = await startCloudTrail();
  Object.assign(process.env, cloudTrail.env);
  await using redis = findRedisServer() === null ? null : await startRedis();
  const ledger = redis
    ? createRedisLedger({ host: redis.host, port: redis.port, db: 0, tls: false, source: 'demo' })
    : createMemoryLedger();

  print(styleText('bold', 'Kong audit log → CloudTrail Lake'));
  print(
    `Simulated: Kong ${kong.settings.version} and CloudTrail. Real: the forwarder, HTTP, ` +
      (redis
        ? `and redis-server on port ${redis.port} for the ledger.`
        : 'but no redis-server was found, so the ledger is kept in memory.'),
  );

  const now = Math.floor(Date.now() / 1000);
  fill(kong.table, { count: RETAINED, from: now - 30 * DAY, to: now - 60 });
  heading(1, `First run: Kong retains ${RETAINED} entries of 30 days, and nothing was forwarded yet`);
  const first = await forwardOnce(kong, cloudTrail, ledger);
  print(`   ${Math.round((first.forwarded / first.durationMs) * 1000)} entries per second`);

  heading(2, 'Administrators change things in Kong');
  CHANGES.forEach((change, index) => kong.table.record(row(change), { at: now - 50 + 7 * index }));

  heading(3, 'Second run: only what is new');
  const arrivedBefore = cloudTrail.accepted.length;
  const second = await forwardOnce(kong, cloudTrail, ledger);
  const arrived = cloudTrail.accepted.slice(arrivedBefore);
  print(eventTable(arrived));
  print(
    `   ${second.duplicates} duplicates were dropped (the overlap reads the last hour again), and ${second.own} of its own requests.`,
  );

  heading(4, 'One event as it lies in the Lake: the client secret is not in it');
  const secretBearing = arrived.find(({ eventData }) => eventData.includes('openid-connect'));
  print(JSON.stringify(JSON.parse(secretBearing?.eventData ?? '{}'), null, 2));

  account(kong, cloudTrail, first, second);
  await ledger.close();
}

/** One scheduled run, put together as `lambda/handler.ts` does it. */
async function forwardOnce(kong: KongSimulator, cloudTrail: CloudTrailSimulator, ledger: Ledger): Promise<Summary> {
  const config = loadConfig({ KONG_ADMIN_API: kong.url, REDIS_HOST: 'demo', CHANNEL_ARN: cloudTrail.channelArn });
  const tally = newTally();
  using deadline = startDeadline(() => 60_000, 5000);
  const mark = markOwn(ledger, config);
  const onRequestId = (requestId: string) => {
    ownRequests.add(requestId);
    return mark(requestId);
  };
  const client = connectKong({ adminApi: kong.url, token: null, signal: deadline.stopping, onRequestId });
  const channel = connectChannel({
    ...config.channel,
    callsPerSecond: config.putCallsPerSecond,
    onRequest: () => (tally.puts += 1),
    onThrottled: () => (tally.putThrottled += 1),
  });
  const runId = crypto.randomUUID();
  const deps = {
    config,
    kong: client,
    channel,
    ledger,
    deadline,
    runId,
    lockSeconds: 90,
    tally,
    log: quiet,
    now: Date.now,
  };
  const { summary, error } = await run({ mode: 'scheduled' }, deps);
  channel.close();
  await client.close();
  if (error) throw error;
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

function eventTable(events: readonly AcceptedEvent[]): string {
  const table = new Table({
    head: ['when', 'who', 'did what', 'status', 'CloudTrail eventID'],
    style: { head: ['cyan'] },
    chars: { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' },
  });
  for (const { eventData, eventID } of events) {
    const event = JSON.parse(eventData) as {
      eventTime: string;
      eventName: string;
      userIdentity: { type: string; details: { userName?: string } };
      additionalEventData: { status: number };
    };
    const { status } = event.additionalEventData;
    const who = event.userIdentity.details.userName ?? event.userIdentity.type;
    table.push([
      event.eventTime,
      who,
      event.eventName,
      status < 400 ? status : styleText('red', String(status)),
      eventID,
    ]);
  }
  return table.toString();
}

/** Every entry Kong holds is in the Lake once, or is a request of the forwarder itself. */
function account(kong: KongSimulator, cloudTrail: CloudTrailSimulator, first: Summary, second: Summary): void {
  const inLake = new Set(cloudTrail.accepted.map(({ id }) => id));
  const missing = kong.table.recorded.filter(({ key }) => !inLake.has(key) && !ownRequests.has(key));
  const twice = cloudTrail.accepted.length - inLake.size;
  const quarantined = first.quarantined + second.quarantined;
  print('');
  print(
    styleText(
      missing.length + twice === 0 ? 'green' : 'red',
      `Every entry accounted for: ${inLake.size} in the Lake, ${quarantined} in quarantine, ${ownRequests.size} own requests left out, ` +
        `${missing.length} lost, ${twice} twice.`,
    ),
  );
  if (missing.length + twice > 0) process.exitCode = 1;
}

function heading(step: number, text: string): void {
  print(`\n${styleText('bold', `${step}  ${text}`)}`);
}

function print(text: string): void {
  console.log(process.stdout.isTTY ? text : stripVTControlCharacters(text));
}

await demo();
