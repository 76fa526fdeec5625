import type { Activity } from '../../lambda/pipeline/activity.ts';
import type { Log } from '../../lambda/log.ts';
import type { Sink } from '../../lambda/pipeline/sink.ts';
import type { Source } from '../../lambda/pipeline/source.ts';
import type { Tally } from '../../lambda/pipeline/tally.ts';
import type { Redactor } from '../../lambda/redact/redactor.ts';
import { EXAMPLE_CHANNEL_ARN } from '../simulators/cloudtrail-model.ts';
import { ANSWER_LIMIT_SECONDS, cloudTrailNetwork, type SentEvent } from './cloudtrail.ts';
import type { Scene } from './invoke.ts';
import { kongNetwork, MAX_BODY_BYTES } from './kong.ts';
import { SimulatedConnection } from './kong-dispatcher.ts';
import type { Life } from './life.ts';

/** One run's connections. A history with another source or sink connects it here. */
export interface Connection extends Scene {
  readonly life: Life;
  readonly tally: Tally;
  readonly log: Log;
  readonly redactor: Redactor;
}

/** Longer than a client waits for a whole answer. */
const LONGEST_ANSWER_SECONDS = 200;

/** @param markOwn null on a dry run, which marks nothing */
export function connectSource(
  connection: Connection & { readonly markOwn: ((id: string) => Promise<void>) | null },
): Source {
  const { subject, life, log, profile, world, faults, truth, clock, markOwn } = connection;
  const { stopping, aborting } = life.deadline;
  const network = kongNetwork({
    model: world.kong,
    faults,
    life,
    onRow: (row) => {
      truth.wroteOwn(row, life);
      if (markOwn === null) truth.untold(row.key);
    },
    onUntold: (id) => {
      truth.untold(id);
    },
    isOut: () => world.isOut('kong'),
    isBadSecond: world.isBadSecond,
    ttlShortSeconds: profile.ttlShortSeconds,
    answerSeconds: profile.pageSeconds,
    offsets: world.offsets,
    onMisuse: (what) => {
      truth.violate(what);
    },
    onDrip: (where, signal) => {
      clock.at(clock.now() + LONGEST_ANSWER_SECONDS, () => {
        if (!signal.aborted && !life.isOver() && !life.isDead())
          truth.violate(`${where}: waits for an answer that only drips`);
      });
    },
    route: (...args) => {
      world.route(...args);
    },
  });
  const kong = subject.connectKong({
    adminApi: 'https://kong.internal:8444',
    token: null,
    signal: stopping,
    aborting,
    maxBodyBytes: MAX_BODY_BYTES,
    dispatcher: new SimulatedConnection(network),
    ...(markOwn && {
      onRequestId: (id) => {
        truth.marks.reportedOwn(id.trim());
        return markOwn(id.trim());
      },
    }),
  });
  return subject.createKongSource({
    kong,
    pageSize: profile.pageSize,
    scan: profile.scan,
    deriveErrorCode: false,
    log,
  });
}

export function connectSink({
  subject,
  life,
  profile,
  world,
  faults,
  truth,
  tally,
  redactor,
  clock,
}: Connection): Sink {
  const { stopping } = life.deadline;
  const onThrottled = () => (tally.putThrottled += 1);
  const network = cloudTrailNetwork({
    model: world.cloudTrail,
    faults,
    life,
    onAccepted: (event, doubt) => {
      truth.sending.accepted(event, doubt, life);
    },
    onDoubt: (events, doubt) => {
      truth.sending.doubted(events, doubt, life);
    },
    onRefused: ({ eventData }, code) => {
      truth.marks.refused((JSON.parse(eventData) as { UID: string }).UID, code);
    },
    onRequest: (events) => {
      const ended = truth.sending.requested(events, life);
      // By then a client has closed the connection.
      clock.at(clock.now() + ANSWER_LIMIT_SECONDS - 0.001, ended);
      return ended;
    },
    outage: world.outage,
    flaw: (event) => world.flawOf(workspaceOf(event)),
    answerSeconds: profile.putSeconds,
  });
  const channel = subject.connectChannel({
    arn: EXAMPLE_CHANNEL_ARN,
    region: 'eu-central-1',
    callsPerSecond: profile.callsPerSecond,
    stopping,
    onRequest: () => (tally.puts += 1),
    onThrottled,
    requestHandler: network,
  });
  const sink = subject.createCloudTrailLake({
    channel,
    context: { accountId: '111122223333', eventSource: 'kong-gateway', redactor },
    onThrottled,
    reader: { missing: 'no history asks what the sink holds' },
  });
  return {
    ...sink,
    batcher: (most = Infinity) => sink.batcher(Math.min(most, profile.eventsPerPut)),
    encode: (activity, whole) => {
      if (world.flawOf(detailOf(activity)) === 'heavy') clock.spend(profile.mapSeconds);
      return sink.encode(activity, whole);
    },
  };
}

function detailOf({ details }: Activity): string | undefined {
  const { workspace } = details;
  return typeof workspace === 'string' ? workspace : undefined;
}

function workspaceOf({ eventData }: SentEvent): string | undefined {
  return /"workspace":"([^"]*)"/.exec(eventData)?.[1];
}
