import { CloudTrailDataClient, PutAuditEventsCommand } from '@aws-sdk/client-cloudtrail-data';
import { describe, expect, test } from 'vitest';
import { EVENT_DATA } from '../support/audit-event.ts';
import { cloudTrailModel, EXAMPLE_CHANNEL_ARN } from './cloudtrail-model.ts';
import { startCloudTrail, type CloudTrailSimulator } from './cloudtrail.ts';
import { EXAMPLE_CREDENTIALS, type Credentials } from './sigv4.ts';

const TEXT = JSON.stringify(EVENT_DATA);
const event = (id: unknown, changes: object = {}) => ({ id, eventData: TEXT, ...changes });

interface Answer {
  readonly status: number;
  readonly code: string | null;
  readonly body: unknown;
}

/** Sends unsigned requests; signatures have their own tests. */
async function post(
  { url, channelArn }: CloudTrailSimulator,
  body: unknown,
  query: Readonly<Record<string, string>> = { channelArn },
): Promise<Answer> {
  const response = await fetch(`${url}/PutAuditEvents?${new URLSearchParams(query).toString()}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  return { status: response.status, code: response.headers.get('x-amzn-errortype'), body: await response.json() };
}

const put = (cloudTrail: CloudTrailSimulator, ...auditEvents: readonly unknown[]) => post(cloudTrail, { auditEvents });
const unsigned = { verifySignatures: false };

describe('PutAuditEvents', () => {
  test('accepts good events in order, names the bad ones, and keeps the good ones', async () => {
    await using cloudTrail = await startCloudTrail(unsigned);
    const { status, body } = await put(cloudTrail, event('a'), event('b', { eventData: '{}' }), event('c'));
    expect(status).toBe(200);
    expect(body).toMatchObject({
      successful: [{ id: 'a' }, { id: 'c' }],
      failed: [{ id: 'b', errorCode: 'FieldNotFound' }],
    });
    expect(cloudTrail.accepted.map(({ id }) => id)).toEqual(['a', 'c']);
    expect(new Set(cloudTrail.accepted.map(({ eventID }) => eventID)).size).toBe(2);
  });

  test('takes the same id twice in two requests, but not in one', async () => {
    await using cloudTrail = await startCloudTrail(unsigned);
    await put(cloudTrail, event('a'));
    await put(cloudTrail, event('a'));
    expect(cloudTrail.accepted).toHaveLength(2);
    expect(await put(cloudTrail, event('b'), event('b'))).toMatchObject({
      status: 400,
      code: 'DuplicatedAuditEventId',
    });
    expect(cloudTrail.accepted).toHaveLength(2);
  });

  test.each([
    ['no events', { auditEvents: [] }],
    ['101 events', { auditEvents: Array.from({ length: 101 }, (_, index) => event(`i${index}`)) }],
    ['no list', {}],
    ['an unknown member', { auditEvents: [event('a')], channelArn: 'x' }],
    ['an id with a space', { auditEvents: [event('a b')] }],
    ['an empty id', { auditEvents: [event('')] }],
    ['an id of 129 characters', { auditEvents: [event('x'.repeat(129))] }],
    ['an id that is a number', { auditEvents: [event(1)] }],
    ['eventData that is no string', { auditEvents: [event('a', { eventData: {} })] }],
    ['an unknown member of an event', { auditEvents: [event('a', { note: 1 })] }],
  ])('refuses a request with %s', async (_, body) => {
    await using cloudTrail = await startCloudTrail(unsigned);
    expect(await post(cloudTrail, body)).toMatchObject({ status: 400, code: 'ValidationException' });
    expect(cloudTrail.accepted).toEqual([]);
  });

  test('accepts 100 events and ids of 128 characters', async () => {
    await using cloudTrail = await startCloudTrail(unsigned);
    const events = Array.from({ length: 100 }, (_, index) => event(String(index).padStart(128, 'x')));
    expect(await put(cloudTrail, ...events)).toMatchObject({ status: 200, body: { failed: [] } });
    expect(cloudTrail.accepted).toHaveLength(100);
  });

  test('refuses a body over 1,000,000 bytes, or one that is not JSON', async () => {
    await using cloudTrail = await startCloudTrail(unsigned);
    const body = JSON.stringify({ auditEvents: [event('a')] });
    expect(await post(cloudTrail, body.padEnd(1_000_000))).toMatchObject({ status: 200 });
    expect(await post(cloudTrail, body.padEnd(1_000_001))).toMatchObject({ status: 413 });
    expect(await post(cloudTrail, '{')).toMatchObject({ status: 400, code: 'SerializationException' });
  });

  test('knows its channels, their policies and what is wrong with them', async () => {
    const other = EXAMPLE_CHANNEL_ARN.replace(/\w+$/, 'other');
    const broken = EXAMPLE_CHANNEL_ARN.replace(/\w+$/, 'broken');
    await using cloudTrail = await startCloudTrail({
      ...unsigned,
      channels: [
        { arn: EXAMPLE_CHANNEL_ARN },
        { arn: other, externalId: 'tenant:1' },
        { arn: broken, broken: 'ChannelUnsupportedSchema' },
      ],
    });
    const code = async (query: Readonly<Record<string, string>>): Promise<string | null> =>
      (await post(cloudTrail, { auditEvents: [event('a')] }, query)).code;
    expect(await code({})).toBe('ValidationException');
    expect(await code({ channelArn: 'channel' })).toBe('ValidationException');
    expect(await code({ channelArn: EXAMPLE_CHANNEL_ARN, extra: '1' })).toBe('ValidationException');
    expect(await code({ channelArn: 'arn:aws:s3:::bucket' })).toBe('InvalidChannelARN');
    expect(await code({ channelArn: `${EXAMPLE_CHANNEL_ARN}0` })).toBe('ChannelNotFound');
    expect(await code({ channelArn: broken })).toBe('ChannelUnsupportedSchema');
    expect(await code({ channelArn: other })).toBe('ChannelInsufficientPermission');
    expect(await code({ channelArn: other, externalId: 'tenant:2' })).toBe('ChannelInsufficientPermission');
    expect(await code({ channelArn: other, externalId: 'tenant:1' })).toBeNull();
    for (const externalId of ['x', 'a b', 'x'.repeat(1225)]) {
      expect(await code({ channelArn: EXAMPLE_CHANNEL_ARN, externalId })).toBe('ValidationException');
    }
  });

  test('has one operation', async () => {
    await using cloudTrail = await startCloudTrail(unsigned);
    const status = async (path: string, method: string) => (await fetch(`${cloudTrail.url}${path}`, { method })).status;
    expect(await status('/PutAuditEvents', 'GET')).toBe(400);
    expect(await status('/PutAuditEvent', 'POST')).toBe(400);
  });

  test('refuses unsigned requests', async () => {
    await using cloudTrail = await startCloudTrail();
    expect(await put(cloudTrail, event('a'))).toMatchObject({
      status: 403,
      code: 'MissingAuthenticationTokenException',
    });
    expect(cloudTrail.accepted).toEqual([]);
  });

  test("accepts what AWS's signer signs, with temporary credentials and a query that needs encoding", async () => {
    const credentials = { ...EXAMPLE_CREDENTIALS, sessionToken: 'a/session+token==' };
    const externalId = 'a=b,c@d:e/f+g';
    const channels = [{ arn: EXAMPLE_CHANNEL_ARN, externalId }];
    await using cloudTrail = await startCloudTrail({ credentials: [credentials], channels });
    const { url: endpoint, channelArn } = cloudTrail;
    const send = (signer: Credentials) =>
      new CloudTrailDataClient({ endpoint, region: 'eu-central-1', credentials: signer, maxAttempts: 1 }).send(
        new PutAuditEventsCommand({ channelArn, externalId, auditEvents: [{ id: 'a', eventData: TEXT }] }),
      );
    expect((await send(credentials)).successful).toMatchObject([{ id: 'a' }]);
    await expect(send(EXAMPLE_CREDENTIALS)).rejects.toMatchObject({ name: 'UnrecognizedClientException' });
    const wrong = { ...credentials, secretAccessKey: 'wrong' };
    await expect(send(wrong)).rejects.toMatchObject({ name: 'InvalidSignatureException' });
  });

  test('accepts anything of the right shape when it is not strict, and need not keep it', async () => {
    await using cloudTrail = await startCloudTrail({ ...unsigned, strict: false, keep: false });
    await put(cloudTrail, event('a', { eventData: '{}' }));
    expect(cloudTrail.accepted).toEqual([]);
    expect(cloudTrail.acceptedCount()).toBe(1);
  });
});

test('calls beyond the limit are throttled, and the budget refills with time', () => {
  const clock = { now: 0 };
  const model = cloudTrailModel({ now: () => clock.now, callsPerSecond: 100 });
  const input = { channelArn: EXAMPLE_CHANNEL_ARN, body: { auditEvents: [event('a')] } };
  const accepted = (calls: number): number => {
    const before = model.accepted.length;
    for (let index = 0; index < calls; index += 1) model.put(input);
    return model.accepted.length - before;
  };
  expect(accepted(150)).toBe(100);
  expect(model.put(input)).toMatchObject({ status: 400, code: 'ThrottlingException' });
  clock.now += 0.5;
  expect(accepted(100)).toBe(50);
  clock.now += 60;
  expect(accepted(150)).toBe(100);
});

test('a limit that is lifted is gone at once, and one that comes back begins with a full second', () => {
  const model = cloudTrailModel({ now: () => 0, callsPerSecond: 2 });
  const input = { channelArn: EXAMPLE_CHANNEL_ARN, body: { auditEvents: [event('a')] } };
  const accepted = (): boolean => !('code' in model.put(input));
  expect([accepted(), accepted(), accepted()]).toEqual([true, true, false]);
  model.settings.callsPerSecond = Infinity;
  expect([accepted(), accepted(), accepted()]).toEqual([true, true, true]);
  model.settings.callsPerSecond = 2;
  expect([accepted(), accepted(), accepted()]).toEqual([true, true, false]);
});

describe('faults', () => {
  test('fail single events with any code', async () => {
    await using cloudTrail = await startCloudTrail(unsigned);
    cloudTrail.faults.next({ fault: 'events', error: ({ id }) => (id === 'b' ? 'Throttling' : undefined) });
    expect((await put(cloudTrail, event('a'), event('b'))).body).toMatchObject({
      successful: [{ id: 'a' }],
      failed: [{ id: 'b', errorCode: 'Throttling' }],
    });
    expect(cloudTrail.accepted.map(({ id }) => id)).toEqual(['a']);
  });

  test('leave ids out of both lists, stored or not', async () => {
    await using cloudTrail = await startCloudTrail(unsigned);
    cloudTrail.faults.next({ fault: 'omit', ids: (id) => id === 'a' });
    cloudTrail.faults.next({ fault: 'omit', ids: (id) => id === 'b', stored: true });
    expect((await put(cloudTrail, event('a'))).body).toEqual({ successful: [], failed: [] });
    expect((await put(cloudTrail, event('b'))).body).toEqual({ successful: [], failed: [] });
    expect(cloudTrail.accepted.map(({ id }) => id)).toEqual(['b']);
  });

  test.each([
    ['ThrottlingException', 400],
    ['ChannelNotFound', 400],
    ['UnsupportedOperationException', 400],
    ['AccessDeniedException', 403],
    ['ExpiredTokenException', 403],
    ['InternalFailure', 500],
    ['ServiceUnavailable', 503],
  ])('fail the whole request with %s', async (code, status) => {
    await using cloudTrail = await startCloudTrail(unsigned);
    cloudTrail.faults.next({ fault: 'error', code });
    expect(await put(cloudTrail, event('a'))).toMatchObject({ status, code });
    expect(cloudTrail.accepted).toEqual([]);
  });

  test('store the events and then lose the answer', async () => {
    await using cloudTrail = await startCloudTrail(unsigned);
    cloudTrail.faults.next({ fault: 'reset', at: 'before-handling' });
    await expect(put(cloudTrail, event('a'))).rejects.toThrow();
    expect(cloudTrail.accepted).toEqual([]);
    cloudTrail.faults.next({ fault: 'reset', at: 'before-headers' });
    await expect(put(cloudTrail, event('b'))).rejects.toThrow();
    expect(cloudTrail.accepted.map(({ id }) => id)).toEqual(['b']);
  });
});
