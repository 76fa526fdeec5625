import { describe, expect, test, vi } from 'vitest';
import { connectLogStream, type LogStreamOptions } from '../../../lambda/sinks/cloudwatch-logs/client.ts';
import { calling } from '../../simulators/aws-json.ts';
import { EXAMPLE_CREDENTIALS } from '../../simulators/sigv4.ts';
import { startCloudWatchLogs } from '../../simulators/cloudwatch-logs.ts';
import { activities } from '../../support/activity.ts';
import { stubAwsEnvironment } from '../../support/aws-environment.ts';
import { kinds, NEVER, putAll } from '../harness.ts';
import { GROUP, type LogsHarness, NOON, openLogs, STREAM } from './harness.ts';

const OPTIONS: LogStreamOptions = {
  region: 'eu-central-1',
  groupName: GROUP,
  streamName: STREAM,
  callsPerSecond: 1000,
  stopping: NEVER,
  onRequest: () => undefined,
  onThrottled: () => undefined,
};
const LINES = [{ timestamp: Date.now() - 1000, message: '{}' }];

const operations = ({ logs }: LogsHarness) =>
  logs.requests.map(({ headers }) => headers['x-amz-target']?.replace(/^.*\./, ''));

describe('a stream that does not exist', () => {
  const open = () => openLogs({ streams: [] });

  test('is created, and then has the events', async () => {
    await using logs = await open();
    expect(kinds(await putAll(logs, activities(2)))).toEqual(['accepted', 'accepted']);
    expect(logs.model.accepted.map(({ logStreamName }) => logStreamName)).toEqual([STREAM, STREAM]);
    expect(operations(logs)).toEqual(['PutLogEvents', 'CreateLogStream', 'PutLogEvents']);
  });

  test('is created once by many puts at once', async () => {
    await using logs = await open();
    await Promise.all(activities(10).map((item) => putAll(logs, [item])));
    expect(logs.stored()).toHaveLength(10);
    expect(operations(logs).filter((name) => name === 'CreateLogStream')).toHaveLength(1);
  });

  test('may be there by the time it is created', async () => {
    await using logs = await open();
    logs.faults.always((request) =>
      calling('CreateLogStream')(request) ? { fault: 'error', code: 'ResourceAlreadyExistsException' } : undefined,
    );
    logs.model.createLogStream({ logGroupName: GROUP, logStreamName: STREAM });
    logs.faults.next({
      fault: 'error',
      code: 'ResourceNotFoundException',
      message: 'The specified log stream does not exist.',
    });
    expect(kinds(await putAll(logs, activities(1)))).toEqual(['accepted']);
  });

  test('is created once more by the next put when that failed', async () => {
    await using logs = await open();
    logs.faults.next({ fault: 'error', code: 'ServiceUnavailableException' }, { match: calling('CreateLogStream') });
    expect(kinds(await putAll(logs, activities(1)))).toEqual(['accepted']);
    expect(operations(logs)).toEqual([
      'PutLogEvents',
      'CreateLogStream',
      'PutLogEvents',
      'CreateLogStream',
      'PutLogEvents',
    ]);
  });

  test('that is created but not known yet is waited for', async () => {
    await using logs = await open();
    const error = { code: 'ResourceNotFoundException', message: 'The specified log stream does not exist.' };
    logs.faults.next({ fault: 'error', ...error }, { times: 3, match: calling('PutLogEvents') });
    expect(kinds(await putAll(logs, activities(1)))).toEqual(['accepted']);
    expect(operations(logs).filter((name) => name === 'CreateLogStream')).toHaveLength(1);
  });

  test('is created again when the answer is lost, for that does no harm', async () => {
    await using logs = await openLogs({ streams: [], maxAttempts: 2 });
    logs.faults.next({ fault: 'reset', at: 'before-headers' }, { match: calling('CreateLogStream') });
    expect(kinds(await putAll(logs, activities(1)))).toEqual(['accepted']);
    expect(operations(logs)).toEqual(['PutLogEvents', 'CreateLogStream', 'CreateLogStream', 'PutLogEvents']);
  });

  test('that may not be created stops the run', async () => {
    await using logs = await open();
    logs.model.settings.denied = ['CreateLogStream'];
    const { stop, outcomes } = await putAll(logs, activities(1));
    expect(stop).toMatchObject({ name: 'CredentialsError' });
    expect(stop?.message).toMatch(/logs:CreateLogStream.+log-group:kong-audit:\*/);
    expect(outcomes).toEqual([{ kind: 'unsent' }]);
  });
});

test('a group that does not exist stops the run, and no stream is tried', async () => {
  await using logs = await openLogs();
  logs.model.deleteGroup(GROUP);
  const { stop, outcomes } = await putAll(logs, activities(2));
  expect(stop).toMatchObject({ name: 'LogGroupError', code: 'LOG_GROUP_MISCONFIGURED' });
  expect(stop?.message).toMatch(/eu-central-1:111122223333:log-group:kong-audit.+LOG_GROUP_ARN.+createLogGroup=true/);
  expect(outcomes).toEqual([{ kind: 'unsent' }, { kind: 'unsent' }]);
  expect(operations(logs)).toEqual(['PutLogEvents']);
});

describe('put', () => {
  test('is signed for the group’s Region, whichever Region the function runs in', async () => {
    await using logs = await openLogs();
    vi.stubEnv('AWS_REGION', 'us-east-1');
    expect(kinds(await putAll(logs, activities(1)))).toEqual(['accepted']);
  });

  test('takes the session token of temporary credentials along', async () => {
    const credentials = [{ ...EXAMPLE_CREDENTIALS, sessionToken: 'a/session+token==' }];
    await using logs = await startCloudWatchLogs({ credentials });
    stubAwsEnvironment(logs.env);
    const stream = connectLogStream(OPTIONS);
    expect(await stream.put(LINES, NEVER)).toEqual({});
    stream.close();
    vi.unstubAllEnvs();
  });

  test.each(['ServiceUnavailableException', 'ThrottlingException'])(
    'is tried again by the SDK, and every try is counted: %s',
    async (code) => {
      await using logs = await openLogs();
      const onRequest = vi.fn();
      const onThrottled = vi.fn();
      const stream = connectLogStream({ ...OPTIONS, onRequest, onThrottled });
      logs.faults.next({ fault: 'error', code }, { match: calling('PutLogEvents') });
      await stream.put([{ timestamp: logs.clock.service, message: '{}' }], NEVER);
      expect(onRequest).toHaveBeenCalledTimes(2);
      expect(onThrottled).toHaveBeenCalledTimes(code === 'ThrottlingException' ? 1 : 0);
      stream.close();
    },
  );

  test('counts no creation of a stream', async () => {
    await using logs = await openLogs({ streams: [] });
    const onRequest = vi.fn();
    const stream = connectLogStream({ ...OPTIONS, onRequest });
    await stream.put([{ timestamp: logs.clock.service, message: '{}' }], NEVER);
    expect(onRequest).toHaveBeenCalledTimes(2);
    stream.close();
  });
});

/** What two clocks of one machine may differ by. */
const CLOCK_MS = 10;

describe('find', () => {
  test('leaves some of the account’s few calls per second to others', async () => {
    await using logs = await openLogs();
    const stream = connectLogStream(OPTIONS);
    const search = { startTime: NOON, endTime: NOON };
    const startedMs = Date.now();
    for (let call = 0; call < 9; call += 1) await stream.find(search, NEVER);
    // Four a second: the fifth goes out a second after the first at the earliest, however late any of them arrives.
    logs.logs.requests.forEach(({ atMs }, call) => {
      expect(atMs - startedMs).toBeGreaterThanOrEqual(Math.floor(call / 4) * 1000 - CLOCK_MS);
    });
    stream.close();
  });
});

describe('endpoint', () => {
  const endpoint = async (region = 'eu-central-1') => {
    const stream = connectLogStream({ ...OPTIONS, region });
    const url = await stream.endpoint().finally(() => {
      stream.close();
    });
    return url.origin;
  };

  test('is the one of AWS_ENDPOINT_URL_CLOUDWATCH_LOGS', async () => {
    await using logs = await openLogs();
    expect(await endpoint()).toBe(logs.logs.url);
    expect(logs.requests()).toBe(0);
  });

  test.each([
    ['eu-central-1', 'https://logs.eu-central-1.amazonaws.com'],
    ['cn-north-1', 'https://logs.cn-north-1.amazonaws.com.cn'],
  ])('is otherwise the Region’s own: %s', async (region, origin) => {
    stubAwsEnvironment({});
    expect(await endpoint(region)).toBe(origin);
    vi.unstubAllEnvs();
  });

  test('that the settings exclude is an error', async () => {
    stubAwsEnvironment({ AWS_ENDPOINT_URL_CLOUDWATCH_LOGS: 'http://127.0.0.1:1', AWS_USE_FIPS_ENDPOINT: 'true' });
    await expect(endpoint()).rejects.toThrow(/FIPS and custom endpoint/);
    vi.unstubAllEnvs();
  });
});
