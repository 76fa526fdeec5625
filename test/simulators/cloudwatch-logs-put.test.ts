import {
  CloudWatchLogsClient,
  CreateLogStreamCommand,
  DescribeLogGroupsCommand,
  DescribeLogStreamsCommand,
  FilterLogEventsCommand,
  PutLogEventsCommand,
  type InputLogEvent,
} from '@aws-sdk/client-cloudwatch-logs';
import { describe, expect, test } from 'vitest';
import { until } from '../support/until.ts';
import { calling } from './aws-json.ts';
import { startCloudWatchLogs, type CloudWatchLogsOptions } from './cloudwatch-logs.ts';
import { EXAMPLE_CREDENTIALS, type Credentials } from './sigv4.ts';

const NOW = Date.UTC(2026, 10, 14, 12);
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const GROUP = 'kong-audit';
const STREAM = 'kong';

/** A service whose clock stands still, with AWS's own client. */
async function start(options: CloudWatchLogsOptions = {}) {
  const clock = { ms: NOW };
  const groups = [{ name: GROUP, streams: [STREAM] }];
  const logs = await startCloudWatchLogs({ now: () => clock.ms / 1000, groups, ...options });
  const client = (credentials: Credentials = EXAMPLE_CREDENTIALS, region = 'eu-central-1') =>
    new CloudWatchLogsClient({ endpoint: logs.url, region, credentials, maxAttempts: 1 });
  const aws = client();
  return {
    ...logs,
    clock,
    client,
    put: (...logEvents: readonly InputLogEvent[]) =>
      aws.send(new PutLogEventsCommand({ logGroupName: GROUP, logStreamName: STREAM, logEvents: [...logEvents] })),
    send: aws.send.bind(aws),
  };
}

const at = (timestamp: number, message = 'x'): InputLogEvent => ({ timestamp, message });
const messages = ({ model }: Awaited<ReturnType<typeof start>>) => model.accepted.map(({ message }) => message);
const refused = (name: string, message: string | RegExp = '') => ({
  name,
  message: expect.stringMatching(message) as string,
});

describe('PutLogEvents', () => {
  test('stores events with the time of their ingestion, the same one twice if asked', async () => {
    await using logs = await start();
    const answer = await logs.put(at(NOW - 1000, 'a'), at(NOW - 1000, 'é'), at(NOW, 'c'));
    expect(answer).toMatchObject({ nextSequenceToken: expect.stringMatching(/^\d{56}$/) as string });
    expect(answer.rejectedLogEventsInfo).toBeUndefined();
    logs.clock.ms += 5;
    await logs.put(at(NOW - 1000, 'a'));
    expect(logs.model.accepted).toMatchObject([
      { message: 'a', timestamp: NOW - 1000, ingestionTime: NOW, call: 0, logStreamName: STREAM, logGroupName: GROUP },
      { message: 'é', ingestionTime: NOW, call: 0 },
      { message: 'c', ingestionTime: NOW, call: 0 },
      { message: 'a', ingestionTime: NOW + 5, call: 1 },
    ]);
  });

  test.each([
    ['no event', [], "at 'logEvents'"],
    ['10,001 events', Array.from({ length: 10_001 }, () => at(NOW)), "at 'logEvents'"],
    ['an empty message', [at(NOW, '')], "at 'logEvents.0.message'"],
    ['a negative timestamp', [at(-1)], "at 'logEvents.0.timestamp'"],
    ['a fraction of a millisecond', [at(NOW + 0.5)], "at 'logEvents.0.timestamp'"],
    ['events out of order', [at(NOW), at(NOW - 1)], 'chronological order'],
    ['25 hours', [at(NOW - 25 * HOUR), at(NOW)], 'more than 24 hours'],
    ['an event over 1 MiB', [at(NOW, 'x'.repeat(1_048_576 - 25))], 'Log event too large: 1048577 bytes'],
    ['a batch over 1 MiB', [at(NOW, 'x'.repeat(524_288)), at(NOW, 'x'.repeat(524_288 - 51))], 'Upload too large'],
  ])('refuses %s, all of it', async (_, logEvents, reason) => {
    await using logs = await start();
    await expect(logs.put(...logEvents)).rejects.toMatchObject(
      refused('InvalidParameterException', new RegExp(reason)),
    );
    expect(logs.model.accepted).toEqual([]);
  });

  test('takes 10,000 events, 1 MiB to the byte and 24 hours to the millisecond', async () => {
    await using logs = await start();
    await logs.put(...Array.from({ length: 10_000 }, () => at(NOW)));
    await logs.put(at(NOW, 'é'.repeat(262_144)), at(NOW, 'x'.repeat(524_288 - 52)));
    await logs.put(at(NOW, 'x'.repeat(1_048_576 - 26)));
    await logs.put(at(NOW - DAY), at(NOW));
    expect(logs.model.acceptedCount()).toBe(10_005);
  });

  test('takes what is valid between what is too old and what is too new, and says so in a good answer', async () => {
    await using logs = await start();
    const { rejectedLogEventsInfo } = await logs.put(
      at(NOW - 14 * DAY - 1, 'too old'),
      at(NOW - 1, 'good'),
      at(NOW + 2 * HOUR, 'just good'),
      at(NOW + 2 * HOUR + 1, 'too new'),
    );
    expect(rejectedLogEventsInfo).toEqual({ tooOldLogEventEndIndex: 1, tooNewLogEventStartIndex: 3 });
    expect(messages(logs)).toEqual(['good', 'just good']);
    await logs.put(at(NOW - 14 * DAY, 'just young enough'));
    expect(messages(logs)).toHaveLength(3);
  });

  test('rejects what the retention of the group has expired', async () => {
    await using logs = await start({ groups: [{ name: GROUP, retentionDays: 3, streams: [STREAM] }] });
    const old = at(NOW - 3 * DAY - 1, 'expired');
    expect((await logs.put(old)).rejectedLogEventsInfo).toEqual({ expiredLogEventEndIndex: 1 });
    const all = await logs.put(at(NOW - 20 * DAY), at(NOW - 15 * DAY), old, at(NOW - 3 * DAY, 'kept'));
    expect(all.rejectedLogEventsInfo).toEqual({ tooOldLogEventEndIndex: 2, expiredLogEventEndIndex: 3 });
    expect(messages(logs)).toEqual(['kept']);
    logs.model.setRetention(GROUP, undefined);
    expect((await logs.put(old)).rejectedLogEventsInfo).toBeUndefined();
  });

  test('says whether the group or the stream is missing', async () => {
    await using logs = await start();
    logs.model.deleteStream(GROUP, STREAM);
    await expect(logs.put(at(NOW))).rejects.toMatchObject(refused('ResourceNotFoundException', /log stream/));
    logs.model.deleteGroup(GROUP);
    await expect(logs.put(at(NOW))).rejects.toMatchObject(refused('ResourceNotFoundException', /log group/));
  });

  test('takes no ARN for the group', async () => {
    await using logs = await start();
    const logGroupName = logs.model.groupArn(GROUP);
    await expect(
      logs.send(new PutLogEventsCommand({ logGroupName, logStreamName: STREAM, logEvents: [at(NOW)] })),
    ).rejects.toMatchObject({ name: 'InvalidParameterException' });
  });
});

describe('CreateLogStream', () => {
  test('makes a stream once', async () => {
    await using logs = await start();
    const create = (logStreamName: string, logGroupName = GROUP) =>
      logs.send(new CreateLogStreamCommand({ logGroupName, logStreamName }));
    await create('edge/eu 1');
    await expect(create('edge/eu 1')).rejects.toMatchObject({ name: 'ResourceAlreadyExistsException' });
    await expect(create('a:b')).rejects.toMatchObject({ name: 'InvalidParameterException' });
    await expect(create('a', 'other')).rejects.toMatchObject(refused('ResourceNotFoundException', /log group/));
  });
});

test('groups and streams are listed in pages, by name or by last event', async () => {
  const streams = ['c', 'a', 'b'];
  await using logs = await start({ groups: [{ name: GROUP, retentionDays: 30, streams }, { name: 'other' }] });
  const { logGroups } = await logs.send(new DescribeLogGroupsCommand({ logGroupNamePrefix: 'kong' }));
  const arn = logs.model.groupArn(GROUP);
  expect(logGroups).toMatchObject([
    { logGroupName: GROUP, retentionInDays: 30, arn: `${arn}:*`, logGroupArn: arn, logGroupClass: 'STANDARD' },
  ]);
  const list = (input: object) => logs.send(new DescribeLogStreamsCommand({ logGroupIdentifier: arn, ...input }));
  const names = async (input: object) => (await list(input)).logStreams?.map(({ logStreamName }) => logStreamName);
  const first = await list({ limit: 2 });
  expect(first.logStreams?.map(({ logStreamName }) => logStreamName)).toEqual(['a', 'b']);
  expect(await names({ limit: 2, nextToken: first.nextToken })).toEqual(['c']);
  logs.model.deliver([{ logGroupName: GROUP, logStreamName: 'b', timestamp: NOW, message: 'x' }]);
  expect(await names({ orderBy: 'LastEventTime', descending: true, limit: 1 })).toEqual(['b']);
  for (const wrong of [{ limit: 51 }, { orderBy: 'LastEventTime', logStreamNamePrefix: 'a' }, { nextToken: 'x' }]) {
    await expect(list(wrong)).rejects.toMatchObject({ name: 'InvalidParameterException' });
  }
});

describe('callers', () => {
  test('are known by their signature, for this service and Region', async () => {
    const temporary = { ...EXAMPLE_CREDENTIALS, sessionToken: 'a/session+token==' };
    await using logs = await start({ credentials: [temporary] });
    const look = (client: CloudWatchLogsClient) => client.send(new DescribeLogGroupsCommand());
    expect((await look(logs.client(temporary))).logGroups).toHaveLength(1);
    await expect(look(logs.client())).rejects.toMatchObject({
      name: 'UnrecognizedClientException',
      $metadata: { httpStatusCode: 400 },
    });
    const wrong = logs.client({ ...temporary, secretAccessKey: 'wrong' });
    await expect(look(wrong)).rejects.toMatchObject({ name: 'InvalidSignatureException' });
    const elsewhere = logs.client(temporary, 'us-east-1');
    await expect(look(elsewhere)).rejects.toMatchObject({ name: 'InvalidSignatureException' });
  });

  test('are told what they may not do', async () => {
    await using logs = await start({ denied: ['PutLogEvents'] });
    await expect(logs.put(at(NOW))).rejects.toMatchObject(refused('AccessDeniedException', /logs:PutLogEvents/));
    logs.model.settings.denied = [];
    await logs.put(at(NOW));
  });

  test('are refused what is no operation here, and what is not AWS JSON 1.1', async () => {
    await using logs = await start({ verifySignatures: false });
    const post = async (target: string, body: string, type = 'application/x-amz-json-1.1') => {
      const headers = { 'x-amz-target': target, 'content-type': type };
      const response = await fetch(logs.url, { method: 'POST', headers, body });
      return { status: response.status, ...((await response.json()) as object) };
    };
    const unknown = { status: 400, __type: 'UnknownOperationException' };
    expect(await post('Logs_20140328.DeleteLogGroup', '{}')).toMatchObject(unknown);
    expect(await post('Logs_20140328.constructor', '{}')).toMatchObject(unknown);
    expect(await post('PutLogEvents', '{}')).toMatchObject(unknown);
    const malformed = { status: 400, __type: 'SerializationException' };
    expect(await post('Logs_20140328.PutLogEvents', '{')).toMatchObject(malformed);
    expect(await post('Logs_20140328.PutLogEvents', '{}', 'application/json')).toMatchObject(malformed);
    const input = { logGroupName: GROUP, logStreamName: STREAM, logEvents: [at(NOW)] };
    const put = (changes: object) => post('Logs_20140328.PutLogEvents', JSON.stringify({ ...input, ...changes }));
    const invalid = { status: 400, __type: 'InvalidParameterException' };
    expect(await put({ logGroup: 'x' })).toMatchObject(invalid);
    expect(await put({ logEvents: [{ ...at(NOW), id: 'x' }] })).toMatchObject(invalid);
    expect(await put({})).toMatchObject({ status: 200 });
  });

  test('are throttled beyond the rate of each operation', async () => {
    await using logs = await start({ callsPerSecond: { FilterLogEvents: 2 } });
    const search = () => logs.send(new FilterLogEventsCommand({ logGroupName: GROUP }));
    await search();
    await search();
    await expect(search()).rejects.toMatchObject({ name: 'ThrottlingException' });
    await logs.put(at(NOW));
    logs.clock.ms += 500;
    await search();
    await expect(search()).rejects.toMatchObject({ name: 'ThrottlingException' });
  });
});

describe('faults', () => {
  test.each([
    ['ThrottlingException', 400],
    ['ServiceUnavailableException', 503],
    ['UnrecognizedClientException', 400],
    ['SomethingNew', 400],
  ])('answer one operation with %s', async (code, status) => {
    await using logs = await start();
    logs.faults.next({ fault: 'error', code }, { match: calling('PutLogEvents') });
    await logs.send(new DescribeLogGroupsCommand());
    await expect(logs.put(at(NOW))).rejects.toMatchObject({ name: code, $metadata: { httpStatusCode: status } });
    expect(logs.model.accepted).toEqual([]);
    await logs.put(at(NOW));
  });

  test('take the events and lose the answer', async () => {
    await using logs = await start();
    logs.faults.next({ fault: 'reset', at: 'before-handling' });
    await expect(logs.put(at(NOW, 'a'))).rejects.toThrow();
    logs.faults.next({ fault: 'reset', at: 'before-headers' });
    await expect(logs.put(at(NOW, 'b'))).rejects.toThrow();
    expect(messages(logs)).toEqual(['b']);
  });

  test('drip an answer, or never give it', async () => {
    await using logs = await start();
    logs.faults.next({ fault: 'slow', bodyMs: 20 });
    await logs.put(at(NOW, 'a'));
    logs.faults.next({ fault: 'hang', at: 'before-headers' });
    const controller = new AbortController();
    const hanging = logs
      .client()
      .send(new PutLogEventsCommand({ logGroupName: GROUP, logStreamName: STREAM, logEvents: [at(NOW, 'b')] }), {
        abortSignal: controller.signal,
      });
    await until('the hanging put has taken effect', () => logs.model.acceptedCount() === 2);
    expect(messages(logs)).toEqual(['a', 'b']);
    controller.abort();
    await expect(hanging).rejects.toMatchObject({ name: 'AbortError' });
  });
});

test('without keeping them, events are counted only', async () => {
  await using logs = await start({ keep: false });
  await logs.put(at(NOW), at(NOW));
  expect(logs.model.accepted).toEqual([]);
  expect(logs.model.acceptedCount()).toBe(2);
});
