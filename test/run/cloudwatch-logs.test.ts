import { describe, expect, test } from 'vitest';
import type { CheckReport } from '../../lambda/commands/check.ts';
import { EXAMPLE_LOG_GROUP as GROUP } from '../simulators/cloudwatch-logs-model.ts';
import { type Forwarder, start, type StartOptions } from '../support/forwarder.ts';
import { keysOf } from '../support/ids.ts';

const DAY = 86_400;

/** With this sink, the function's clock counts as well; Kong's shows the same time. */
async function startLogs(options: StartOptions = {}): Promise<Forwarder> {
  const forwarder = await start({ ...options, sink: 'cloudwatch-logs' });
  forwarder.clock.now = Math.floor(Date.now() / 1000);
  return forwarder;
}

/** One entry for every `seconds` of the last `days`. */
const recordDays = ({ kong, clock }: Forwarder, days: number, seconds: number) =>
  Array.from({ length: (days * DAY) / seconds }, (_, index) =>
    kong.table.record({ method: 'POST', path: '/services' }, { at: clock.now - days * DAY + 60 + index * seconds }),
  );

const creations = ({ logs }: Forwarder) =>
  logs.requests.filter(({ headers }) => headers['x-amz-target'] === 'Logs_20140328.CreateLogStream');

interface Event {
  readonly UID: string;
  readonly eventTime: string;
  readonly recipientAccountId: string;
  readonly additionalEventData: { readonly loggedAt?: string };
}

describe('a first run', () => {
  test('over thirty retained days loses nothing: what is too old for the service gets a younger log timestamp', async () => {
    await using forwarder = await startLogs();
    const rows = recordDays(forwarder, 30, 3600);
    expect(await forwarder.invoke()).toMatchObject({ status: 'complete', forwarded: 720, quarantined: 0, pending: [] });
    expect(forwarder.uids().sort()).toEqual(keysOf(rows));

    const moved = forwarder.logs.model.accepted.filter(({ timestamp, message }) => {
      const event = JSON.parse(message) as Event;
      const { loggedAt } = event.additionalEventData;
      expect(Date.parse(loggedAt ?? event.eventTime)).toBe(timestamp);
      expect(event.recipientAccountId).toBe('111122223333');
      return loggedAt !== undefined;
    });
    // Sixteen days and an hour.
    expect(moved).toHaveLength(16 * 24 + 1);
    expect(await forwarder.quarantine()).toEqual({});
  });

  test('creates the stream, named after the source', async () => {
    await using forwarder = await startLogs();
    forwarder.record(5);
    expect(await forwarder.invoke()).toMatchObject({ status: 'complete', forwarded: 5 });
    expect(new Set(forwarder.logs.model.accepted.map(({ logStreamName }) => logStreamName))).toEqual(
      new Set([forwarder.env['SOURCE_NAME']]),
    );
    expect(creations(forwarder)).toHaveLength(1);
  });

  test('keeps in the ledger what finds the line', async () => {
    await using forwarder = await startLogs();
    const rows = forwarder.record(5);
    await forwarder.invoke();
    for (const { key, timestamp } of rows) expect(await forwarder.seen(key)).toBe(`logs:${timestamp * 1000}`);
  });
});

describe('an hourly run', () => {
  test('forwards what is new, at the time it happened', async () => {
    await using forwarder = await startLogs();
    forwarder.clock.now -= 3 * 3600;
    const rows = forwarder.record(50).map(({ key }) => key);
    await forwarder.invoke();
    for (let hour = 0; hour < 3; hour += 1) {
      forwarder.clock.now += 3600;
      rows.push(...forwarder.record(10).map(({ key }) => key));
      expect(await forwarder.invoke()).toMatchObject({ status: 'complete', forwarded: 10, pending: [] });
    }
    expect(forwarder.uids().sort()).toEqual(rows.sort());
    for (const { timestamp, message } of forwarder.logs.model.accepted)
      expect(Date.parse((JSON.parse(message) as Event).eventTime)).toBe(timestamp);
    expect(creations(forwarder)).toHaveLength(1);
  });

  test('takes entries of a Kong whose clock is ahead; they are not put off', async () => {
    await using forwarder = await startLogs();
    forwarder.clock.now += 5 * 3600;
    const rows = forwarder.record(5);
    expect(await forwarder.invoke()).toMatchObject({ status: 'complete', forwarded: 5, pending: [] });
    expect(forwarder.uids().sort()).toEqual(keysOf(rows));
    for (const event of forwarder.events() as unknown as Event[])
      expect(event.additionalEventData.loggedAt).toMatch(/^\d{4}-.+Z$/);
  });
});

describe('the destination is wrong', () => {
  test.each<[string, (forwarder: Forwarder) => void, (forwarder: Forwarder) => void, string]>([
    [
      'no such group',
      ({ logs }) => {
        logs.model.deleteGroup(GROUP);
      },
      ({ logs }) => {
        logs.model.addGroup({ name: GROUP });
      },
      'LogGroupError',
    ],
    [
      'no permission to put',
      ({ logs }) => {
        logs.model.settings.denied = ['PutLogEvents'];
      },
      ({ logs }) => {
        logs.model.settings.denied = [];
      },
      'CredentialsError',
    ],
    [
      'no permission to create the stream',
      ({ logs }) => {
        logs.model.settings.denied = ['CreateLogStream'];
      },
      ({ logs }) => {
        logs.model.settings.denied = [];
      },
      'CredentialsError',
    ],
  ])('%s: the run fails, marks nothing, and the next one delivers everything', async (_, harm, mend, name) => {
    await using forwarder = await startLogs();
    const rows = forwarder.record(20);
    harm(forwarder);
    expect(await forwarder.fail()).toMatchObject({ name });
    for (const { key } of rows) expect(await forwarder.seen(key)).toBeNull();
    expect(await forwarder.quarantine()).toEqual({});

    mend(forwarder);
    expect(await forwarder.invoke()).toMatchObject({ status: 'complete', forwarded: 20, pending: [] });
    expect(forwarder.uids().sort()).toEqual(keysOf(rows));
  });
});

describe('a group whose retention is shorter than what Kong retains', () => {
  test('takes what it can; the rest waits in quarantine until the retention is longer', async () => {
    await using forwarder = await startLogs();
    forwarder.logs.model.setRetention(GROUP, 7);
    const rows = recordDays(forwarder, 30, 6 * 3600);
    expect(await forwarder.invoke()).toMatchObject({ status: 'complete', forwarded: 28, quarantined: 92, pending: [] });
    const kept = Object.values(await forwarder.quarantine());
    expect(new Set(kept.map(({ errorCode }) => errorCode))).toEqual(new Set(['ExpiredLogEvent']));
    expect(kept[0]?.errorMessage).toMatch(/retentionDays/);

    forwarder.logs.model.setRetention(GROUP, 3653);
    expect(await forwarder.invoke({ mode: 'replay' })).toMatchObject({ status: 'complete', forwarded: 92 });
    expect(forwarder.uids().sort()).toEqual(keysOf(rows));
    expect(await forwarder.quarantine()).toEqual({});
  });
});

describe('puts that fail', () => {
  test('because of throttling are tried again in the same run', async () => {
    await using forwarder = await startLogs();
    const rows = forwarder.record(20);
    forwarder.logs.faults.next({ fault: 'error', code: 'ThrottlingException' }, { times: 4 });
    expect(await forwarder.invoke()).toMatchObject({ status: 'complete', forwarded: 20 });
    expect(forwarder.uids().sort()).toEqual(keysOf(rows));
    expect(forwarder.logged('PutThrottled')).toMatchObject([{ PutThrottled: 4 }]);
  });

  test('all of them leave everything pending, and the next run delivers it', async () => {
    await using forwarder = await startLogs({ env: { AWS_MAX_ATTEMPTS: '1' } });
    const rows = forwarder.record(20);
    forwarder.logs.faults.always(() => ({ fault: 'error', code: 'ServiceUnavailableException' }));
    expect(await forwarder.fail()).toMatchObject({ name: 'PutRetriesExhaustedError' });
    for (const { key } of rows) expect(await forwarder.seen(key)).toBeNull();

    forwarder.logs.faults.clear();
    forwarder.clock.now += 1;
    expect(await forwarder.invoke()).toMatchObject({ status: 'complete', forwarded: 20, pending: [] });
    expect(forwarder.uids().sort()).toEqual(keysOf(rows));
  });

  test('with a lost answer are not sent again in this run; the next one sends them, and copies have the same UID', async () => {
    await using forwarder = await startLogs({ logs: { groups: [{ name: GROUP }] } });
    forwarder.record(1);
    await forwarder.invoke();
    const rows = forwarder.record(20);
    forwarder.clock.now += 1;
    forwarder.logs.faults.next({ fault: 'reset', at: 'before-headers' });
    expect(await forwarder.fail()).toMatchObject({ name: 'PutRetriesExhaustedError' });
    expect(forwarder.uids()).toHaveLength(21);

    forwarder.clock.now += 1;
    expect(await forwarder.invoke()).toMatchObject({ status: 'complete', pending: [] });
    const ids = new Set(forwarder.uids());
    for (const { key } of rows) expect(ids).toContain(key);
    expect(forwarder.uids()).toHaveLength(41);
    expect(ids.size).toBe(21);
  });

  test('because of one entry: that one goes to quarantine, the others are delivered', async () => {
    await using forwarder = await startLogs();
    const rows = forwarder.record(20);
    const poison = rows[7]?.key ?? '';
    forwarder.logs.faults.always(({ body }) =>
      body.includes(poison) ? { fault: 'error', code: 'InvalidParameterException' } : undefined,
    );
    expect(await forwarder.invoke()).toMatchObject({ status: 'complete', forwarded: 19, quarantined: 1, pending: [] });
    expect(await forwarder.quarantine()).toMatchObject({ [poison]: { errorCode: 'InvalidParameterException' } });
    expect(forwarder.uids().sort()).toEqual(keysOf(rows).filter((id) => id !== poison));
  });

  test('with an error that no document names, all of them: the run fails, and nothing goes to quarantine', async () => {
    await using forwarder = await startLogs();
    forwarder.record(5);
    forwarder.logs.faults.always(() => ({ fault: 'error', code: 'SomethingNewException' }));
    expect(await forwarder.fail()).toMatchObject({ code: expect.stringMatching(/^PUT_/) as string });
    expect(await forwarder.quarantine()).toEqual({});
  });
});

describe('other modes', () => {
  test('a dry run sends nothing', async () => {
    await using forwarder = await startLogs();
    forwarder.record(5);
    expect(await forwarder.invoke({ mode: 'backfill', dryRun: true })).toMatchObject({ wouldForward: 5, puts: 0 });
    expect(forwarder.logs.requests).toEqual([]);
  });

  test('check looks at credentials and the connection to CloudWatch Logs', async () => {
    await using forwarder = await startLogs();
    const report = (await forwarder.invoke({ mode: 'check' })) as unknown as CheckReport;
    expect(report.status).toBe('ok');
    expect(report.checks.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['aws-credentials', 'cloudwatch-logs']),
    );
    expect(forwarder.logs.requests).toEqual([]);

    await forwarder.logs.close();
    const failed = (await forwarder.invoke({ mode: 'check' })) as unknown as CheckReport;
    expect(failed.checks.filter(({ ok }) => !ok)).toMatchObject([
      { name: 'cloudwatch-logs', fix: expect.stringContaining('endpoints=create') as string },
    ]);
  });

  test('status names the sink', async () => {
    await using forwarder = await startLogs();
    expect(await forwarder.invoke({ mode: 'status' })).toMatchObject({ status: 'ok', sink: 'cloudwatch-logs' });
  });

  test('verify finds every entry in the sink, whatever its log timestamp', async () => {
    await using forwarder = await startLogs();
    forwarder.clock.now -= 3600;
    const rows = recordDays(forwarder, 30, 7200);
    await forwarder.invoke();
    const { now } = forwarder.clock;
    expect(await forwarder.invoke({ mode: 'verify', after: now - 31 * DAY, before: now })).toMatchObject({
      status: 'complete',
      source: rows.length,
      sink: rows.length,
      missing: 0,
      duplicates: 0,
    });
  });

  test('verify with repair rebuilds a ledger that was lost, and sends nothing twice', async () => {
    await using forwarder = await startLogs();
    forwarder.clock.now -= 3600;
    const rows = recordDays(forwarder, 30, 12 * 3600);
    await forwarder.invoke();
    const { now } = forwarder.clock;
    await forwarder.redis.del(await forwarder.redis.keys(`${forwarder.prefix}*`));
    const repaired = await forwarder.invoke({ mode: 'verify', after: now - 31 * DAY, before: now, repair: true });
    expect(repaired).toMatchObject({ sink: rows.length, missing: 0, marked: rows.length });
    expect(await forwarder.invoke()).toMatchObject({ status: 'complete', forwarded: 0 });
    expect(forwarder.uids()).toHaveLength(rows.length);
  });
});
