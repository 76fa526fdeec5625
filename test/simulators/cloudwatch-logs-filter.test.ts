import {
  CloudWatchLogsClient,
  FilterLogEventsCommand,
  paginateFilterLogEvents,
  type FilterLogEventsCommandInput,
} from '@aws-sdk/client-cloudwatch-logs';
import { describe, expect, test } from 'vitest';
import { isProblem } from './aws-problem.ts';
import { cloudWatchLogsModel, EXAMPLE_LOG_GROUP, type CloudWatchLogsModelOptions } from './cloudwatch-logs-model.ts';
import { startCloudWatchLogs } from './cloudwatch-logs.ts';
import { EXAMPLE_CREDENTIALS } from './sigv4.ts';

const NOW = Date.UTC(2026, 10, 14, 12);
const DAY = 86_400_000;
const GROUP = EXAMPLE_LOG_GROUP;
const STREAM = 'kube-apiserver-audit-1';

/** A model whose clock stands still, and its operation as AWS's own client gives it. */
async function start(options: Partial<CloudWatchLogsModelOptions> = {}) {
  const clock = { ms: NOW };
  const model = cloudWatchLogsModel({ now: () => clock.ms / 1000, ...options });
  const logs = await startCloudWatchLogs({ model });
  const client = new CloudWatchLogsClient({
    endpoint: logs.url,
    region: 'eu-central-1',
    credentials: EXAMPLE_CREDENTIALS,
    maxAttempts: 1,
  });
  const find = async (input: FilterLogEventsCommandInput = {}) => {
    const { events = [], nextToken } = await client.send(
      new FilterLogEventsCommand({ ...(input.logGroupIdentifier === undefined && { logGroupName: GROUP }), ...input }),
    );
    return { messages: events.map(({ message }) => message).join(' '), events, nextToken };
  };
  return { ...logs, clock, model, client, find };
}

interface Given {
  readonly timestamp?: number;
  readonly ingestionTime?: number;
  readonly stream?: string;
}

type Started = Awaited<ReturnType<typeof start>>;

const deliver = ({ model }: Pick<Started, 'model'>, message: string, given: Given = {}) => {
  const { timestamp = NOW - 1000, stream = STREAM, ingestionTime = NOW } = given;
  model.deliver([{ logGroupName: GROUP, logStreamName: stream, timestamp, message, ingestionTime }]);
};

/** Every page of a query. */
async function pages({ client }: Started, input: FilterLogEventsCommandInput = {}): Promise<string[]> {
  const found: string[] = [];
  for await (const page of paginateFilterLogEvents({ client }, { logGroupName: GROUP, ...input })) {
    found.push(page.events?.map(({ message }) => message).join(' ') ?? '');
  }
  return found;
}

describe('the order', () => {
  test('is by timestamp, then ingestion, then arrival, over all streams', async () => {
    await using logs = await start();
    deliver(logs, 'e', { timestamp: NOW });
    deliver(logs, 'd', { timestamp: NOW - 5, ingestionTime: NOW });
    deliver(logs, 'b', { timestamp: NOW - 5, ingestionTime: NOW - 3, stream: 'other' });
    deliver(logs, 'c', { timestamp: NOW - 5, ingestionTime: NOW - 3 });
    deliver(logs, 'a', { timestamp: NOW - 9 });
    const { messages, events } = await logs.find();
    expect(messages).toBe('a b c d e');
    expect(events[1]).toEqual({
      logStreamName: 'other',
      timestamp: NOW - 5,
      ingestionTime: NOW - 3,
      message: 'b',
      eventId: expect.stringMatching(/^\d{56}$/) as string,
    });
    expect(new Set(events.map(({ eventId }) => eventId)).size).toBe(5);
    expect((await logs.find()).events).toEqual(events);
  });

  test('is the other way round with startFromHead=false, which needs a startTime from 2024 on', async () => {
    await using logs = await start();
    for (const message of ['a', 'b', 'c']) deliver(logs, message);
    const startTime = Date.UTC(2024, 0, 1);
    expect((await logs.find({ startFromHead: false, startTime })).messages).toBe('c b a');
    expect(await pages(logs, { startFromHead: false, startTime, limit: 2 })).toEqual(['c b', 'a']);
    for (const wrong of [{}, { startTime: startTime - 1 }]) {
      await expect(logs.find({ startFromHead: false, ...wrong })).rejects.toMatchObject({
        name: 'InvalidParameterException',
      });
    }
  });

  test('of a pagination stays what its first request said', async () => {
    await using logs = await start();
    for (const message of ['a', 'b', 'c']) deliver(logs, message);
    const startTime = NOW - DAY;
    const { nextToken } = await logs.find({ startFromHead: false, startTime, limit: 1 });
    expect((await logs.find({ startFromHead: true, startTime, nextToken })).messages).toBe('b a');
  });
});

describe('the selection', () => {
  test('takes both ends of the time range', async () => {
    await using logs = await start();
    for (const ago of [3, 2, 1, 0]) deliver(logs, String(ago), { timestamp: NOW - ago });
    expect((await logs.find({ startTime: NOW - 2, endTime: NOW - 1 })).messages).toBe('2 1');
    expect((await logs.find({ startTime: NOW - 2, endTime: NOW - 1, startFromHead: false })).messages).toBe('1 2');
    expect((await logs.find({ startTime: NOW - 1 })).messages).toBe('1 0');
    expect((await logs.find({ endTime: NOW - 2 })).messages).toBe('3 2');
  });

  test('is by streams or a prefix, and by terms', async () => {
    await using logs = await start();
    deliver(logs, 'apple', { stream: 'a-1' });
    deliver(logs, 'pear', { stream: 'a-2' });
    deliver(logs, 'plum', { stream: 'b' });
    expect((await logs.find({ logStreamNames: ['a-2', 'b'] })).messages).toBe('pear plum');
    expect((await logs.find({ logStreamNamePrefix: 'a-' })).messages).toBe('apple pear');
    expect((await logs.find({ logStreamNamePrefix: 'c' })).messages).toBe('');
    expect((await logs.find({ filterPattern: '?pear ?plum' })).messages).toBe('pear plum');
    expect((await logs.find({ filterPattern: 'p l', logStreamNamePrefix: 'a' })).messages).toBe('apple');
  });

  test('knows the group by name and by ARN', async () => {
    await using logs = await start();
    deliver(logs, 'a');
    const arn = logs.model.groupArn(GROUP);
    expect((await logs.find({ logGroupIdentifier: arn })).messages).toBe('a');
    expect((await logs.find({ logGroupIdentifier: GROUP })).messages).toBe('a');
    const elsewhere = arn.replace('eu-central-1', 'us-east-1');
    await expect(logs.find({ logGroupIdentifier: elsewhere })).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
    });
  });

  test('leaves out what retention has expired', async () => {
    await using logs = await start({ groups: [{ name: GROUP, retentionDays: 1 }] });
    deliver(logs, 'old', { timestamp: NOW - DAY - 1 });
    deliver(logs, 'young', { timestamp: NOW - DAY });
    expect((await logs.find()).messages).toBe('young');
    logs.clock.ms += 1;
    expect((await logs.find()).messages).toBe('');
  });

  const both = { logGroupName: GROUP, logGroupIdentifier: GROUP };
  test.each<[string, FilterLogEventsCommandInput, string]>([
    ['two names of the group', both, 'InvalidParameterException'],
    ['a group that is missing', { logGroupName: 'other' }, 'ResourceNotFoundException'],
    ['an ARN ending in :*', { logGroupIdentifier: 'arn:aws:logs:x:1:log-group:x:*' }, 'InvalidParameterException'],
    ['a stream that is missing', { logStreamNames: ['other'] }, 'ResourceNotFoundException'],
    ['streams and a prefix', { logStreamNames: [STREAM], logStreamNamePrefix: 'k' }, 'InvalidParameterException'],
    ['no stream', { logStreamNames: [] }, 'InvalidParameterException'],
    ['a limit of 10,001', { limit: 10_001 }, 'InvalidParameterException'],
    ['a limit of 0', { limit: 0 }, 'InvalidParameterException'],
    ['a pattern of 1,025 characters', { filterPattern: 'x'.repeat(1025) }, 'InvalidParameterException'],
    ['a pattern it cannot read', { filterPattern: 'a.b' }, 'InvalidParameterException'],
    ['a JSON pattern', { filterPattern: '{ $.a = 1 }' }, 'InvalidParameterException'],
    ['a range that ends first', { startTime: 2, endTime: 1 }, 'InvalidParameterException'],
    ['a token of its own making', { nextToken: 'x'.repeat(40) }, 'InvalidParameterException'],
  ])('refuses %s', async (_, input, name) => {
    await using logs = await start();
    deliver(logs, 'a');
    await expect(logs.find(input)).rejects.toMatchObject({ name, $metadata: { httpStatusCode: 400 } });
  });

  test('refuses a query without a group', async () => {
    await using logs = await start();
    await expect(logs.client.send(new FilterLogEventsCommand())).rejects.toMatchObject({
      name: 'InvalidParameterException',
    });
  });
});

describe('late events', () => {
  test('show when they are ingested, at their own time', async () => {
    await using logs = await start();
    deliver(logs, 'b', { timestamp: NOW - 10 });
    deliver(logs, 'a', { timestamp: NOW - 20, ingestionTime: NOW + 60_000 });
    expect((await logs.find()).messages).toBe('b');
    logs.clock.ms += 60_000;
    expect((await logs.find()).messages).toBe('a b');
  });

  test('behind the place that a pagination has reached are not found by it', async () => {
    await using logs = await start();
    for (const message of ['b', 'c', 'd']) deliver(logs, message, { timestamp: NOW - 10 });
    const { nextToken } = await logs.find({ limit: 2 });
    deliver(logs, 'a', { timestamp: NOW - 20 });
    expect((await logs.find({ nextToken })).messages).toBe('d');
    expect((await logs.find()).messages).toBe('a b c d');
  });

  test('can all be late: search finds events only a while after they were taken', async () => {
    await using logs = await start({ searchDelayMs: 5000 });
    deliver(logs, 'a');
    expect((await logs.find()).messages).toBe('');
    logs.clock.ms += 5000;
    expect((await logs.find()).messages).toBe('a');
  });
});

describe('pages', () => {
  test('hold at most 10,000 events, and those of one millisecond go on where they were cut', async () => {
    await using logs = await start();
    for (let index = 0; index < 10_005; index += 1) deliver(logs, 'x');
    const first = await logs.find();
    const second = await logs.find({ nextToken: first.nextToken });
    expect([first.events.length, second.events.length]).toEqual([10_000, 5]);
    expect(new Set([...first.events, ...second.events].map(({ eventId }) => eventId)).size).toBe(10_005);
    expect(second.nextToken).toBeUndefined();
  });

  test('hold at most 1 MiB', async () => {
    await using logs = await start();
    for (let index = 0; index < 5; index += 1) deliver(logs, 'é'.repeat(131_072 - 13));
    expect((await pages(logs)).map((page) => page.split(' ').length)).toEqual([4, 1]);
  });

  test('end after so many events looked at, whether they match or not', async () => {
    await using logs = await start({ scanPerPage: 3 });
    for (const message of ['x', 'x', 'x', 'x', 'a', 'x', 'x']) deliver(logs, message);
    expect(await pages(logs, { filterPattern: 'a' })).toEqual(['', 'a', '']);
  });

  test.each([1, 2, 3])('may be empty or short and lose nothing (seed %i)', async (seed) => {
    await using logs = await start({ seed, emptyPages: 0.5, shortPages: 0.5 });
    const all = Array.from({ length: 60 }, (_, index) => String(index));
    for (const message of all) deliver(logs, message);
    const forward = await pages(logs, { limit: 10 });
    expect(forward.filter((page) => page !== '').join(' ')).toBe(all.join(' '));
    expect(forward.filter((page) => page === '').length).toBeGreaterThan(0);
    expect(forward.filter((page) => page !== '').length).toBeGreaterThan(6);
    const backward = await pages(logs, { limit: 10, startFromHead: false, startTime: NOW - DAY });
    expect(backward.filter((page) => page !== '').join(' ')).toBe(all.toReversed().join(' '));
  });

  test('cannot all be empty', () => {
    const model = cloudWatchLogsModel({ now: () => 0, emptyPages: 1 });
    expect(() => model.filterLogEvents({ logGroupName: GROUP })).toThrow(RangeError);
  });
});

describe('a token', () => {
  test('is good for its own query, for 24 hours', async () => {
    await using logs = await start();
    deliver(logs, 'a');
    deliver(logs, 'b');
    const { nextToken } = await logs.find({ limit: 1, startTime: 1 });
    expect((await logs.find({ nextToken, startTime: 1 })).messages).toBe('b');
    const refused = { name: 'InvalidParameterException', message: 'The specified nextToken is invalid.' };
    for (const other of [{}, { startTime: 2 }, { startTime: 1, endTime: 9 }, { startTime: 1, filterPattern: 'b' }]) {
      await expect(logs.find({ nextToken, ...other })).rejects.toMatchObject(refused);
    }
    const changed = `${nextToken?.slice(0, -1) ?? ''}${nextToken?.endsWith('0') ? '1' : '0'}`;
    await expect(logs.find({ nextToken: changed, startTime: 1 })).rejects.toMatchObject(refused);
    logs.clock.ms += DAY;
    expect((await logs.find({ nextToken, startTime: 1 })).messages).toBe('b');
    logs.clock.ms += 1;
    await expect(logs.find({ nextToken, startTime: 1 })).rejects.toMatchObject(refused);
  });
});

test('the same seed makes the same pages and tokens, without any socket', () => {
  const history = (seed: number): string => {
    const clock = { ms: NOW };
    const model = cloudWatchLogsModel({ now: () => clock.ms / 1000, seed, emptyPages: 0.3, shortPages: 0.3 });
    for (let index = 0; index < 30; index += 1) deliver({ model }, String(index));
    const answers: unknown[] = [];
    for (let nextToken: string | undefined, first = true; first || nextToken !== undefined; first = false) {
      const page = model.filterLogEvents({ logGroupName: GROUP, limit: 7, ...(nextToken && { nextToken }) });
      answers.push(page);
      if (isProblem(page)) throw new Error(page.message);
      nextToken = page.nextToken;
    }
    return JSON.stringify(answers);
  };
  expect(history(7)).toBe(history(7));
  expect(history(7)).not.toBe(history(8));
});
