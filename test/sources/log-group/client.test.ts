import { setImmediate } from 'node:timers/promises';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { SourceLogGroupError } from '../../../lambda/errors.ts';
import { connectLogGroup, type LogGroupOptions } from '../../../lambda/sources/log-group/client.ts';
import { TokenRefused } from '../../../lambda/sources/log-group/problem.ts';
import { EXAMPLE_LOG_GROUP } from '../../simulators/cloudwatch-logs-model.ts';
import { type CloudWatchLogsFault, startCloudWatchLogs } from '../../simulators/cloudwatch-logs.ts';
import { htmlPage } from '../../simulators/wire-fault.ts';
import { stubAwsEnvironment } from '../../support/aws-environment.ts';
import { until } from '../../support/until.ts';

const NOW = Date.now();
const SEARCH = { startTime: NOW - 3_600_000, endTime: NOW };

afterEach(() => {
  vi.unstubAllEnvs();
});

/** A service with three lines in two streams, and a client of it whose retries hardly wait. */
async function start(options: Partial<LogGroupOptions> = {}) {
  const logs = await startCloudWatchLogs();
  for (const [logStreamName, message] of [
    ['a-1', 'first'],
    ['a-2', 'second'],
    ['b-1', 'third'],
  ] as const)
    // prettier-ignore
    logs.model.deliver([{ logGroupName: EXAMPLE_LOG_GROUP, logStreamName, timestamp: NOW - 1000, message }]);
  stubAwsEnvironment(logs.env);
  const stopping = new AbortController();
  const aborting = new AbortController();
  const arn = logs.model.groupArn(EXAMPLE_LOG_GROUP);
  const group = connectLogGroup({
    arn,
    region: 'eu-central-1',
    stopping: stopping.signal,
    aborting: aborting.signal,
    retryDelayMs: 1,
    callsPerSecond: 1000,
    retries: 2,
    ...options,
  });
  const messages = async () =>
    (await group.find(SEARCH)).rows.map((row) => (row as { readonly message: string }).message);
  return {
    ...{ logs, group, arn, stopping, aborting, messages },
    [Symbol.asyncDispose]: async () => {
      group.close();
      await logs.close();
    },
  };
}

const failureOf = async (asking: Promise<unknown>): Promise<SourceLogGroupError> => {
  const error = await asking.then(
    () => new Error('it did not fail'),
    (thrown: unknown) => thrown,
  );
  return error as SourceLogGroupError;
};

describe('a search', () => {
  test('gives the newest lines first, of all streams or of those named', async () => {
    await using all = await start();
    expect(await all.messages()).toEqual(['third', 'second', 'first']);
    vi.unstubAllEnvs();
    await using some = await start({ streamPrefix: 'a-' });
    expect(await some.messages()).toEqual(['second', 'first']);
  });

  test('page by page goes on with the token', async () => {
    await using parts = await start();
    const first = await parts.group.find({ ...SEARCH, limit: 2 });
    const second = await parts.group.find({ ...SEARCH, limit: 2, nextToken: first.nextToken ?? '' });
    expect([first.rows.length, second.rows.length, second.nextToken]).toEqual([2, 1, null]);
  });

  test('tells the service’s time, also with an error, and counts each request', async () => {
    await using parts = await start();
    expect([parts.group.now(), parts.group.requests()]).toEqual([null, 0]);
    parts.logs.faults.next({ fault: 'error', code: 'ThrottlingException' });
    await parts.messages();
    expect(parts.group.requests()).toBe(2);
    expect(Math.abs((parts.group.now() ?? 0) - Date.now() / 1000)).toBeLessThan(600);
    vi.unstubAllEnvs();
    await using refused = await start();
    refused.logs.model.settings.denied = ['FilterLogEvents'];
    await expect(refused.messages()).rejects.toThrow(SourceLogGroupError);
    expect(refused.group.now()).not.toBeNull();
  });
});

describe('what may pass', () => {
  test.each<[string, CloudWatchLogsFault]>([
    ['throttling', { fault: 'error', code: 'ThrottlingException' }],
    ['a failure inside', { fault: 'error', code: 'ServiceUnavailableException' }],
    ['an unknown failure', { fault: 'error', code: 'Whatever', status: 500 }],
    ['a proxy’s page', htmlPage(502)],
    ['a proxy’s page that says 200', htmlPage(200)],
    ['a connection that is reset', { fault: 'reset', at: 'before-handling' }],
    ['an answer that is lost', { fault: 'reset', at: 'before-headers' }],
    ['half an answer', { fault: 'reset', at: 'mid-body' }],
    ['an answer cut off', { fault: 'truncate' }],
    ['an answer of another shape', { fault: 'rewrite', body: () => ({ events: 'none' }) }],
  ])('is tried again: %s', async (_, fault) => {
    await using parts = await start();
    parts.logs.faults.next(fault, { times: 2 });
    expect(await parts.messages()).toHaveLength(3);
    expect(parts.group.requests()).toBe(3);
  });

  test('is told when it does not', async () => {
    await using parts = await start();
    parts.logs.faults.always(() => ({ fault: 'error', code: 'ThrottlingException', message: 'Rate exceeded' }));
    const error = await failureOf(parts.messages());
    expect(error).toBeInstanceOf(SourceLogGroupError);
    expect(error.problem).toBe(`Expected log events from ${parts.arn}, got ThrottlingException: Rate exceeded.`);
    expect(error.fix).toContain('few calls of FilterLogEvents per second');
    expect(parts.group.requests()).toBe(3);
  });

  test('is also an answer that does not come in time', async () => {
    await using parts = await start({ answerTimeoutMs: 300 });
    parts.logs.faults.next({ fault: 'hang', at: 'mid-body' });
    expect(await parts.messages()).toHaveLength(3);
    parts.logs.faults.always(() => ({ fault: 'hang', at: 'before-handling' }));
    const error = await failureOf(parts.messages());
    expect(error.problem).toContain('got NoAnswer: the answer was not complete after 300 ms');
    expect(error.fix).toContain('interface endpoint for logs');
  });

  test('is asked for only so many times a second', async () => {
    await using parts = await start({ callsPerSecond: 2 });
    const before = performance.now();
    for (let search = 0; search < 5; search += 1) await parts.messages();
    expect(performance.now() - before).toBeGreaterThanOrEqual(1900);
  });
});

describe('what does not pass', () => {
  test.each<[CloudWatchLogsFault, string]>([
    [{ fault: 'error', code: 'ResourceNotFoundException' }, 'SOURCE_LOG_GROUP_ARN (context key sourceLogGroupArn)'],
    [{ fault: 'error', code: 'AccessDeniedException' }, 'needs logs:FilterLogEvents on arn:aws:logs:eu-central-1:'],
    [{ fault: 'error', code: 'UnrecognizedClientException' }, 'needs logs:FilterLogEvents'],
    [{ fault: 'error', code: 'ExpiredTokenException' }, 'needs logs:FilterLogEvents'],
    [{ fault: 'error', code: 'InvalidParameterException' }, 'API reference of FilterLogEvents'],
  ])('is told at once, with what to do: %j', async (fault, fix) => {
    await using parts = await start();
    parts.logs.faults.always(() => fault);
    const error = await failureOf(parts.messages());
    expect(error).toBeInstanceOf(SourceLogGroupError);
    expect(error.fix).toContain(fix);
    expect(parts.group.requests()).toBe(1);
  });

  test('is a group that is not there', async () => {
    await using parts = await start({ arn: 'arn:aws:logs:eu-central-1:111122223333:log-group:other' });
    expect((await failureOf(parts.messages())).message).toContain('ResourceNotFoundException');
  });

  test('are credentials that cannot be found', async () => {
    await using parts = await start();
    for (const name of ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY']) vi.stubEnv(name, undefined);
    const error = await failureOf(parts.messages());
    expect(error.message).toMatch(/CredentialsProviderError.*logs:FilterLogEvents/);
  });

  test('is a token of its own making, which is an error apart; with others it is none', async () => {
    await using parts = await start();
    const asking = parts.group.find({ ...SEARCH, nextToken: 'made-up' });
    const error = await failureOf(asking);
    expect(error).toBeInstanceOf(TokenRefused);
    expect(error.cause).toBeInstanceOf(SourceLogGroupError);
    parts.logs.model.settings.denied = ['FilterLogEvents'];
    expect(await failureOf(parts.group.find({ ...SEARCH, nextToken: 'made-up' }))).toBeInstanceOf(SourceLogGroupError);
  });
});

describe('when the run’s time is up', () => {
  const reason = new Error('time is up');

  test('nothing new begins', async () => {
    await using parts = await start();
    parts.stopping.abort(reason);
    await expect(parts.messages()).rejects.toBe(reason);
    expect(parts.group.requests()).toBe(0);
  });

  test('also not by a client that is made after it', async () => {
    await using parts = await start({ stopping: AbortSignal.abort(reason) });
    await expect(parts.messages()).rejects.toBe(reason);
    expect(parts.group.requests()).toBe(0);
  });

  test('waiting for another try ends', async () => {
    await using parts = await start({ retryDelayMs: 3_600_000, maxRetryDelayMs: 3_600_000 });
    parts.logs.faults.always(() => ({ fault: 'error', code: 'ThrottlingException' }));
    const asking = failureOf(parts.messages());
    await until('a request', () => Promise.resolve(parts.logs.requests.length === 1));
    for (let turn = 0; turn < 20; turn += 1) await setImmediate();
    parts.stopping.abort(reason);
    expect(await asking).toBe(reason);
  });

  test('a request in flight may end by itself, and is ended later', async () => {
    await using parts = await start();
    parts.logs.faults.always(() => ({ fault: 'hang', at: 'before-handling' }));
    const asking = failureOf(parts.messages());
    await until('a request', () => Promise.resolve(parts.logs.requests.length === 1));
    parts.stopping.abort(reason);
    for (let turn = 0; turn < 20; turn += 1) await setImmediate();
    parts.aborting.abort(reason);
    const error: Error = await asking;
    expect(error === reason || error.name === 'AbortError').toBe(true);
  });
});
