import { describe, expect, test } from 'vitest';
import type { SinkReader, StoredEvent } from '../../../lambda/pipeline/sink.ts';
import { searches } from '../../../lambda/sinks/cloudwatch-logs/searches.ts';
import { calling } from '../../simulators/aws-json.ts';
import type { TermMatching } from '../../simulators/cloudwatch-logs-pattern.ts';
import { activities, activity, AN_HOUR } from '../../support/activity.ts';
import { NEVER, putAll } from '../harness.ts';
import { DAY, GROUP, HOUR, type LogsHarness, NOON, openLogs, STREAM } from './harness.ts';

/** What is found of a window; times are epoch milliseconds. */
async function find({ sink }: LogsHarness, from: number, to: number): Promise<StoredEvent[]> {
  const pages = (sink.reader as SinkReader).uids({ after: from / 1000, before: to / 1000 }, NEVER);
  return (await Array.fromAsync(pages)).flat().toSorted((a, b) => a.uid.localeCompare(b.uid));
}
const uids = async (...args: Parameters<typeof find>) => (await find(...args)).map(({ uid }) => uid);
const at = (id: string, ms: number) => activity(id, { second: ms / 1000 });

describe('pages', () => {
  test('may be empty or short and go on', async () => {
    await using logs = await openLogs();
    await putAll(logs, activities(300));
    Object.assign(logs.model.settings, { emptyPages: 0.5, shortPages: 0.5, scanPerPage: 40 });
    expect(await uids(logs, NOON - HOUR, NOON)).toEqual(
      activities(300)
        .map(({ id }) => id)
        .toSorted((a, b) => a.localeCompare(b)),
    );
  });

  test('are waited for when the service throttles', async () => {
    await using logs = await openLogs({ maxAttempts: 3 });
    await putAll(logs, activities(3));
    logs.faults.next({ fault: 'error', code: 'ThrottlingException' }, { times: 2, match: calling('FilterLogEvents') });
    expect(await uids(logs, NOON - HOUR, NOON)).toEqual(['e0', 'e1', 'e2']);
  });

  test('are asked for again when an answer is lost', async () => {
    await using logs = await openLogs({ maxAttempts: 3 });
    await putAll(logs, activities(3));
    logs.faults.next({ fault: 'reset', at: 'mid-body' }, { match: calling('FilterLogEvents') });
    expect(await uids(logs, NOON - HOUR, NOON)).toEqual(['e0', 'e1', 'e2']);
  });

  test('come newest first', async () => {
    await using logs = await openLogs();
    await putAll(logs, activities(3));
    const found = (
      await Array.fromAsync((logs.sink.reader as SinkReader).uids({ after: AN_HOUR, before: AN_HOUR + 60 }, NEVER))
    ).flat();
    expect(found.map(({ uid }) => uid)).toEqual(['e2', 'e1', 'e0']);
  });
});

describe('lines of others', () => {
  test('in the group are not found, and in the stream are passed over', async () => {
    await using logs = await openLogs();
    await putAll(logs, activities(1));
    const [line] = logs.model.accepted;
    if (!line) throw new Error('expected a line');
    const { timestamp, message } = line;
    const others = ['', 'no JSON', 'null', '[]', '{"UID":"x"}', '{"UID":1,"eventTime":"2026-11-14T11:30:00Z"}'];
    logs.model.deliver([
      { logGroupName: GROUP, logStreamName: 'other', timestamp, message },
      ...others.map((text) => ({ logGroupName: GROUP, logStreamName: STREAM, timestamp, message: text })),
    ]);
    expect(await uids(logs, NOON - HOUR, NOON)).toEqual(['e0']);
  });
});

describe.each<TermMatching>(['anywhere', 'whole words'])('lines whose timestamp was moved, terms %s', (terms) => {
  const open = async () => {
    const logs = await openLogs();
    logs.model.settings.terms = terms;
    return logs;
  };

  test('are found by the time of their event, for too old ones', async () => {
    await using logs = await open();
    const days = [1, 13, 14, 15, 20, 29, 30];
    for (const day of days) await putAll(logs, [at(`d${day}`, NOON - day * DAY)]);
    for (const day of days) expect(await uids(logs, NOON - day * DAY, NOON - day * DAY + 1000)).toEqual([`d${day}`]);
    expect(await uids(logs, NOON - 16 * DAY, NOON - 14 * DAY + 1000)).toEqual(['d14', 'd15']);
    expect(await uids(logs, 0, NOON)).toHaveLength(days.length);
    expect(await find(logs, NOON - 20 * DAY, NOON - 20 * DAY + 1000)).toEqual([
      { uid: 'd20', reference: `logs:${NOON - 14 * DAY + HOUR}` },
    ]);
  });

  test('are found long after they were put, and among those of other hours', async () => {
    await using logs = await open();
    await putAll(logs, [at('a', NOON - 20 * DAY), at('b', NOON - 20 * DAY + 2 * HOUR)]);
    await putAll(logs, [at('c', NOON - 6 * DAY)]);
    logs.clock.function += 100 * DAY;
    logs.clock.service += 100 * DAY;
    expect(await uids(logs, NOON - 20 * DAY, NOON - 20 * DAY + HOUR)).toEqual(['a']);
    expect(await uids(logs, NOON - 20 * DAY, NOON - 20 * DAY + 3 * HOUR)).toEqual(['a', 'b']);
    expect(await uids(logs, NOON - 21 * DAY, NOON)).toEqual(['a', 'b', 'c']);
  });

  test('are found where the source’s clock was ahead', async () => {
    await using logs = await open();
    await putAll(logs, [at('ahead', NOON + 20 * HOUR), at('next', NOON + 20 * HOUR + 1000)]);
    logs.clock.function += 2 * DAY;
    logs.clock.service += 2 * DAY;
    expect(await uids(logs, NOON + 20 * HOUR, NOON + 20 * HOUR + 1000)).toEqual(['ahead']);
    expect(await uids(logs, NOON, NOON + DAY)).toEqual(['ahead', 'next']);
    expect(await uids(logs, NOON - DAY, NOON + HOUR)).toEqual([]);
  });

  test('are found once, whether they lie within the window or not', async () => {
    await using logs = await open();
    await putAll(logs, [at('a', NOON - 15 * DAY)]);
    await putAll(logs, [at('a', NOON - 15 * DAY)]);
    for (const to of [NOON - 15 * DAY + 1000, NOON - 14 * DAY, NOON - 13 * DAY, NOON])
      expect(await uids(logs, NOON - 16 * DAY, to)).toEqual(['a', 'a']);
  });

  test('are found for any window, each exactly once', async () => {
    await using logs = await open();
    const hours = Array.from({ length: 45 }, (_, index) => -index * 16);
    for (const hour of hours) await putAll(logs, [at(`h${hour}`, NOON + hour * HOUR)]);
    const found: string[] = [];
    const edges = [-720, -500, -336, -335, -200, -1, 1];
    for (const [index, edge] of edges.slice(1).entries())
      found.push(...(await uids(logs, NOON + (edges[index] ?? 0) * HOUR, NOON + edge * HOUR)));
    expect(found.toSorted()).toEqual(hours.map((hour) => `h${hour}`).toSorted());
  });
});

describe('searches', () => {
  const of = (from: number, to: number) =>
    searches({ after: from / 1000, before: to / 1000 }, NOON).map(({ startTime, endTime, filterPattern }) => ({
      hours: (endTime + 1 - startTime) / HOUR,
      filterPattern,
    }));

  test('of a young window look for moved lines in the day before it alone', () => {
    expect(of(NOON - DAY, NOON - DAY + 2 * HOUR)).toEqual([
      { hours: 2, filterPattern: undefined },
      { hours: 24, filterPattern: '?"2026-11-13T12" ?"2026-11-13T13"' },
    ]);
  });

  test('of an old window end where moved lines can lie', () => {
    const [later, own] = of(NOON - 20 * DAY, NOON - 20 * DAY + HOUR);
    expect(own).toEqual({ hours: 1, filterPattern: undefined });
    expect(later?.hours).toBeCloseTo(6 * 24 + 2, 3);
    expect(later?.filterPattern).toBe('?"2026-10-25T12"');
  });

  test('of a long window look for all moved lines, for no pattern can name its hours', () => {
    const [pattern] = of(NOON - 2 * DAY, NOON)
      .map(({ filterPattern }) => filterPattern ?? '')
      .slice(1);
    expect(pattern?.split(' ')).toHaveLength(48);
    expect(pattern?.length).toBeLessThanOrEqual(1024);
    expect(of(NOON - 2 * DAY - 1000, NOON).at(-1)?.filterPattern).toBe('loggedAt');
  });

  test('begin in 2024 at the earliest, and there are none before', () => {
    expect(searches({ after: 0, before: 1_000_000_000 }, NOON)).toEqual([
      { startTime: Date.UTC(2024, 0, 1), endTime: NOON - 14 * DAY + 3 * HOUR, filterPattern: 'loggedAt' },
    ]);
  });
});

describe('what cannot be read', () => {
  test('is nothing where there is no stream yet', async () => {
    await using logs = await openLogs({ streams: [] });
    expect(await uids(logs, NOON - 30 * DAY, NOON)).toEqual([]);
  });

  test('is an error that names the group where there is none', async () => {
    await using logs = await openLogs();
    logs.model.deleteGroup(GROUP);
    await expect(uids(logs, NOON - DAY, NOON)).rejects.toMatchObject({ name: 'LogGroupError' });
  });

  test('is an error that names the permission where that is missing', async () => {
    await using logs = await openLogs();
    logs.model.settings.denied = ['FilterLogEvents'];
    await expect(uids(logs, NOON - DAY, NOON)).rejects.toMatchObject({
      name: 'VerifyError',
      fix: expect.stringContaining('logs:FilterLogEvents') as string,
    });
  });

  test('is an error when the service goes on failing', async () => {
    await using logs = await openLogs({ maxAttempts: 2 });
    logs.faults.always(() => ({ fault: 'error', code: 'ServiceUnavailableException' }));
    await expect(uids(logs, NOON - DAY, NOON)).rejects.toMatchObject({
      name: 'VerifyError',
      message: expect.stringContaining('ServiceUnavailableException') as string,
    });
    expect(logs.requests()).toBe(2);
  });

  test('is an error when the answer has another shape', async () => {
    await using logs = await openLogs();
    logs.faults.always(() => ({ fault: 'rewrite', body: () => ({ events: [{ timestamp: 1 }] }) }));
    await expect(uids(logs, NOON - DAY, NOON)).rejects.toMatchObject({ name: 'VerifyError' });
  });

  test('ends with the signal in the middle of a page', async () => {
    await using logs = await openLogs();
    logs.faults.always(() => ({ fault: 'hang', at: 'before-headers' }));
    const run = new AbortController();
    const reading = Array.fromAsync((logs.sink.reader as SinkReader).uids({ after: 0, before: AN_HOUR }, run.signal));
    setImmediate(() => {
      run.abort(new Error('time is up'));
    });
    await expect(reading).rejects.toThrow();
  });
});
