import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { calling } from '../simulators/aws-json.ts';
import { startCloudTrailLake } from '../simulators/cloudtrail-lake-query.ts';
import { EXAMPLE_LOG_GROUP } from '../simulators/cloudwatch-logs-model.ts';
import { auditLine, nginxLine, readingLine } from '../sources/log-group/lines.ts';
import { type Forwarder, SOURCE_GROUP, start } from '../support/forwarder.ts';
import { until } from '../support/until.ts';

/*
 * One deployment of each format with each sink, and all that may happen to it, one after the other: a run that is killed, lines that
 * come late or broken, a backfill, a sink that refuses, a replay, a check, a verification.
 */

const HOUR = 3600;
const DAY = 24 * HOUR;
/** More than one put takes, for either sink. */
const BACKLOG = 1200;
/** Longer ago than verify wants it, and not longer than the overlap reaches. */
const LATE = 3000;

/** What differs between formats. */
const FORMATS = {
  'kubernetes-audit': {
    line: (id: string, atMs: number) => auditLine({ auditID: id }, atMs),
    ignored: readingLine,
    broken: auditLine().slice(0, 500),
  },
  nginx: {
    line: (id: string) => nginxLine({ http_x_request_id: id }),
    ignored: null,
    broken: nginxLine().slice(0, 60),
  },
} as const;

/** What differs between sinks: how puts hang, and how one line of long ago is refused for good. */
const SINKS = {
  'cloudtrail-lake': {
    puts: ({ cloudtrail }: Forwarder) => cloudtrail.requests.length,
    hang: ({ cloudtrail }: Forwarder, after: number) => {
      cloudtrail.faults.next(HANGS, { times: 5, match: () => cloudtrail.requests.length > after });
    },
    heal: ({ cloudtrail }: Forwarder) => {
      cloudtrail.faults.clear();
    },
    refuse: ({ cloudtrail }: Forwarder) => {
      cloudtrail.faults.always(() => ({ fault: 'events', error: () => 'InvalidData' }));
    },
    errorCode: 'InvalidData',
  },
  'cloudwatch-logs': {
    puts: putsInLogs,
    hang: (forwarder: Forwarder, after: number) => {
      forwarder.logs.faults.next(HANGS, {
        times: 5,
        match: (request) => isPut(request) && putsInLogs(forwarder) > after,
      });
    },
    heal: ({ logs }: Forwarder) => {
      logs.faults.clear();
      logs.model.setRetention(EXAMPLE_LOG_GROUP, undefined);
    },
    refuse: ({ logs }: Forwarder) => {
      logs.model.setRetention(EXAMPLE_LOG_GROUP, 7);
    },
    errorCode: 'ExpiredLogEvent',
  },
} as const;

const HANGS = { fault: 'hang', at: 'before-handling' } as const;
const isPut = calling('PutLogEvents');

function putsInLogs({ logs }: Forwarder): number {
  return logs.requests.filter(isPut).length;
}

const LIVES = (['kubernetes-audit', 'nginx'] as const).flatMap((format) =>
  (['cloudtrail-lake', 'cloudwatch-logs'] as const).map((sink) => ({ format, sink })),
);

/** Kept small, so that a killed run has put some of it and not the rest. */
const SMALL_PUTS = { PUT_CONCURRENCY: '2' };

describe.concurrent('a log group', () => {
  test.each(LIVES)('of $format goes to $sink whole, whatever happens', async ({ format, sink }) => {
    const { line, ignored, broken } = FORMATS[format];
    const service = SINKS[sink];
    await using forwarder = await start({ source: format, sink, ownProcess: true, env: SMALL_PUTS });
    await using lake = await startCloudTrailLake({ accepted: forwarder.cloudtrail.accepted });
    if (sink === 'cloudtrail-lake') Object.assign(forwarder.env, lake.env);
    const { now } = forwarder.clock;
    const expected: string[] = [];
    const deliver = (message: string, secondsAgo: number) => {
      const timestamp = (now - secondsAgo) * 1000;
      const logStreamName = 'kube-apiserver-audit-1';
      forwarder.logs.model.deliver([{ logGroupName: SOURCE_GROUP, logStreamName, timestamp, message }]);
    };
    const write = (secondsAgo: number) => {
      const id = randomUUID();
      expected.push(id);
      deliver(line(id, (now - secondsAgo) * 1000), secondsAgo);
      return id;
    };
    const arrived = () => forwarder.uids().toSorted();

    // A run is killed while it puts: what it had marked is not sent again, and what it had not is.
    for (let index = 0; index < BACKLOG; index += 1) write(3 * HOUR - index);
    if (ignored) for (let index = 0; index < 20; index += 1) deliver(ignored(), 2 * HOUR);
    deliver(broken, 2 * HOUR);
    service.hang(forwarder, 1);
    const killed = forwarder.invoke().catch(() => 'killed');
    await until('puts hang', () => service.puts(forwarder) > 2);
    await forwarder.kill();
    expect(await killed).toBe('killed');
    await forwarder.redis.del(`${forwarder.prefix}lock`);
    service.heal(forwarder);
    expect(await forwarder.invoke()).toMatchObject({ status: 'complete', strategy: 'log-group', pending: [] });
    expect(arrived()).toEqual(expected.toSorted());
    expect(Object.values(await forwarder.quarantine())).toMatchObject([{ errorCode: 'InvalidEntry' }]);

    // Lines come late, some at a time that was read.
    for (const ago of [LATE, LATE, LATE - 1]) write(ago);
    expect(await forwarder.invoke()).toMatchObject({ status: 'complete', forwarded: 3, quarantined: 0 });
    expect(arrived()).toEqual(expected.toSorted());

    // A backfill brings what is older than a first run looks; the sink refuses it, and a replay brings it after all.
    const old = write(20 * DAY);
    const backfill = { mode: 'backfill', after: now - 21 * DAY, before: now - 19 * DAY };
    expect(await forwarder.invoke({ ...backfill, dryRun: true })).toMatchObject({
      wouldForward: 1,
      wouldQuarantine: 0,
    });
    service.refuse(forwarder);
    expect(await forwarder.invoke(backfill)).toMatchObject({ forwarded: 0, quarantined: 1 });
    expect((await forwarder.quarantine())[old]).toMatchObject({ errorCode: service.errorCode });
    service.heal(forwarder);
    expect(await forwarder.invoke({ mode: 'replay', ids: [old] })).toMatchObject({ forwarded: 1 });
    expect(arrived()).toEqual(expected.toSorted());

    // Who asks is told the truth.
    expect(await forwarder.invoke({ mode: 'check' })).toMatchObject({ status: 'ok' });
    const verify = { mode: 'verify', after: now - 4 * HOUR, before: now - LATE + 1000 };
    const there = { status: 'complete', missing: 0, duplicates: 0, quarantined: 1, own: 0, ignored: 0 };
    expect(await forwarder.invoke(verify)).toMatchObject({ ...there, source: BACKLOG + 4, sink: BACKLOG + 3 });
    expect(await forwarder.invoke({ mode: 'status' })).toMatchObject({ quarantine: { size: 1 } });
    expect(await forwarder.invoke()).toMatchObject({ status: 'complete', forwarded: 0, quarantined: 0 });
    expect(arrived()).toEqual(expected.toSorted());
  });
});
