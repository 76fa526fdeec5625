import { afterEach, describe, expect, test, vi } from 'vitest';
import type { Sink } from '../../../lambda/pipeline/sink.ts';
import { createRedactor } from '../../../lambda/redact/redactor.ts';
import type { SinkSettings } from '../../../lambda/room.ts';
import { cloudTrailLake } from '../../../lambda/sinks/cloudtrail-lake/config.ts';
import { startCloudTrail, type CloudTrailSimulator } from '../../simulators/cloudtrail.ts';
import { stubAwsEnvironment } from '../../support/aws-environment.ts';
import { item } from '../../support/item.ts';

const CHANNEL_ARN = 'arn:aws:cloudtrail:eu-central-1:111122223333:channel/EXAMPLE8-0558-4f7e-a06a-43969EXAMPLE';
const load = (env: Readonly<Record<string, string>>) => cloudTrailLake.load({ CHANNEL_ARN, ...env });

function settingsOf(env: Readonly<Record<string, string>> = {}): SinkSettings {
  const loaded = load(env);
  if ('settings' in loaded) return loaded.settings;
  throw new Error(loaded.problems.join('\n'));
}

const sinks: Sink[] = [];
afterEach(() => {
  vi.unstubAllEnvs();
  for (const sink of sinks.splice(0)) sink.close();
});

const NEVER = new AbortController().signal;

async function connect(cloudTrail: CloudTrailSimulator | null, env: Readonly<Record<string, string>> = {}) {
  stubAwsEnvironment({ ...cloudTrail?.env, AWS_REGION: 'us-east-1' });
  const onRequest = vi.fn();
  const sink = await settingsOf(env).connect({
    sourceName: 'kong',
    eventSource: 'kong-eu',
    redactor: createRedactor([]),
    callsPerSecond: 100,
    signals: { stopping: NEVER, aborting: NEVER },
    log: { info: vi.fn(), warn: vi.fn(), error: vi.fn() },
    onRequest,
    onThrottled: vi.fn(),
    now: Date.now,
  });
  sinks.push(sink);
  return { sink, onRequest, put: () => sink.put([sink.encode(item('a'))], { stopping: NEVER, aborting: NEVER }) };
}

describe('the channel', () => {
  test('makes a sink of that name', () => {
    expect(settingsOf()).toMatchObject({ name: 'cloudtrail-lake' });
  });

  test.each([
    [CHANNEL_ARN, '111122223333'],
    ['arn:aws-us-gov:cloudtrail:us-gov-west-1:999988887777:channel/x', '999988887777'],
  ])('%s names the account %s', async (arn, recipientAccountId) => {
    const { eventData } = (await connect(null, { CHANNEL_ARN: arn })).sink.encode(item('a')) as { eventData: string };
    expect(JSON.parse(eventData)).toMatchObject({ recipientAccountId, eventSource: 'kong-eu' });
  });

  test('names the Region, whichever one the function runs in', async () => {
    await using cloudTrail = await startCloudTrail({ channels: [{ arn: CHANNEL_ARN }] });
    expect(await (await connect(cloudTrail)).put()).toMatchObject({ outcomes: [{ kind: 'accepted' }], stop: null });
  });

  test('takes events, with the external id its policy asks for', async () => {
    await using cloudTrail = await startCloudTrail({ channels: [{ arn: CHANNEL_ARN, externalId: 'tenant:1/a' }] });
    const { put, onRequest } = await connect(cloudTrail, { EXTERNAL_ID: 'tenant:1/a' });
    expect(await put()).toMatchObject({ outcomes: [{ kind: 'accepted' }], stop: null });
    expect(onRequest).toHaveBeenCalledTimes(1);
    expect(await (await connect(cloudTrail)).put()).toMatchObject({ stop: { code: 'CHANNEL_MISCONFIGURED' } });
  });

  test('cannot be read without the event data store behind it', async () => {
    expect((await connect(null)).sink.reader).toEqual({
      missing: expect.stringMatching(/EVENT_DATA_STORE_ARN \(context key eventDataStoreArn\)/) as string,
    });
    const EVENT_DATA_STORE_ARN =
      'arn:aws:cloudtrail:eu-central-1:111122223333:eventdatastore/1234abcd-12ab-34cd-56ef-1234567890ab';
    expect((await connect(null, { EVENT_DATA_STORE_ARN })).sink.reader).toHaveProperty('uids');
  });
});

describe('a wrong value', () => {
  test.each([
    ['CHANNEL_ARN', 'arn:aws:cloudtrail:eu-central-1:1111:channel/x'],
    ['CHANNEL_ARN', 'arn:aws:cloudtrail:eu-central-1:111122223333:trail/x'],
    ['EXTERNAL_ID', 'a'],
    ['EXTERNAL_ID', 'a b'],
    ['EVENT_DATA_STORE_ARN', 'arn:aws:cloudtrail:eu-central-1:111122223333:channel/x'],
  ])('of %s is refused: %j', (name, value) => {
    expect(load({ [name]: value }).problems).toEqual([expect.stringMatching(new RegExp(`^${name} must `))]);
  });

  test('is told with what was expected; an ARN may be shown, anything else may be a secret', () => {
    const expected = 'CHANNEL_ARN must look like arn:aws:cloudtrail:<region>:<account>:channel/<id>, got ';
    expect(load({ CHANNEL_ARN: 'arn:aws:s3:::a' }).problems).toEqual([`${expected}"arn:aws:s3:::a"`]);
    expect(load({ CHANNEL_ARN: 'hunter2' }).problems).toEqual([`${expected}a text of 7 characters`]);
  });
});
