import { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { startCloudTrail } from '../simulators/cloudtrail.ts';
import { startKong } from '../simulators/kong.ts';
import { stubAwsEnvironment } from '../support/aws-environment.ts';
import { startRedis } from '../support/redis-server.ts';
import { fakeForwarder } from './support/fake-forwarder.ts';
import { NOON, terminal } from './support/terminal.ts';

/*
 * `--local` is the real handler, in a thread of the same process. Without a configuration it has no Kong, Redis or AWS to ask, and says so.
 */

beforeEach(() => {
  stubAwsEnvironment({});
  for (const name of ['KONG_ADMIN_API', 'REDIS_HOST', 'CHANNEL_ARN', 'LOG_GROUP_ARN']) vi.stubEnv(name, undefined);
});

afterEach(() => {
  vi.unstubAllEnvs();
});

describe('--local', () => {
  test('asks the handler in this process, whose fixes name the variables that it reads here', async () => {
    const { status, out } = await terminal().run('check', '--local');
    expect(out).toContain('the handler in this process');
    expect(out).toContain('KONG_ADMIN_API');
    expect(out).not.toContain('context key');
    expect(status).toBe(1);
  });

  test('keeps the handler’s own log out of the result', async () => {
    const { status, out, err } = await terminal().run('run', '--local', '--json');
    expect(JSON.parse(out)).toMatchObject({ errorType: 'ConfigError' });
    expect(err).toContain('The function failed with ConfigError');
    expect(err).not.toContain('"level"');
    expect(status).toBe(1);
  });

  test('hints go on with --local, and not to a log group', async () => {
    const { err } = await terminal().run('run', '--local');
    expect(err).toContain('What is not in order:  kong-audit check --local');
    expect(err).not.toContain('logs --errors');
  });

  test('gives the same words for wrong use as the deployed function', async () => {
    const { status, err } = await terminal().run('backfill', '1d', '--local', '--json');
    expect(err).toContain('ConfigError');
    expect(status).toBe(1);
  });
});

describe('Ctrl-C with --local', () => {
  test.each([[['--watch']], [[]]])('ends the run in order: %j', async (more) => {
    await using kong = await startKong({ latencyMs: 5 });
    await using cloudTrail = await startCloudTrail();
    await using server = await startRedis();
    const redis = new Redis(server.url);
    stubAwsEnvironment(cloudTrail.env);
    const env = { ...kong.env, REDIS_HOST: `${server.host}:${server.port}`, SOURCE_NAME: 'here', KONG_PAGE_SIZE: '1' };
    for (const [name, value] of Object.entries({ ...env, CHANNEL_ARN: cloudTrail.channelArn })) vi.stubEnv(name, value);
    for (let index = 0; index < 300; index += 1) kong.table.record({}, { at: Date.now() / 1000 - index });
    const screen = terminal();
    kong.faults.always(() => {
      if (kong.requests.length === 30) screen.interrupt();
      return undefined;
    });
    const { status, out, err } = await screen.run('run', '--local', ...more);
    expect(status).toBe(1);
    expect(kong.requests.length).toBeLessThan(300);
    expect(await redis.get('kong-audit:{here}:lock')).toBeNull();
    expect(JSON.parse((await redis.get('kong-audit:{here}:checkpoint')) ?? '')).toMatchObject({
      pending: [{ after: 0 }],
    });
    if (more.length > 0) expect(err).toContain('What it did is saved, and the next run goes on with what is left.');
    else expect(out).toContain('Still to read; the next runs go on there:');
    redis.disconnect();
  });
});

test('a program that has the function at hand brings it', async () => {
  const fake = fakeForwarder(() => NOON);
  const connect = () => ({
    name: 'the demo',
    invoke: (payload: object) =>
      fake.handler(payload, { awsRequestId: 'r', invocationType: 'RequestResponse' as const }),
    start: () => Promise.reject(new Error('not here')),
    close: () => undefined,
  });
  const { status, out } = await terminal({ connect }).run('status');
  expect(out).toContain('the demo at 2026-11-14 12:00:00 UTC');
  expect(status).toBe(0);
});
