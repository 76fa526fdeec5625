import { hash } from 'node:crypto';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { connectChannel, type Channel, type PutAnswer } from '../../../lambda/sinks/cloudtrail-lake/client.ts';
import type { AuditEvent } from '../../../lambda/sinks/cloudtrail-lake/event.ts';
import { put, type PutDeps, type PutOutcome } from '../../../lambda/sinks/cloudtrail-lake/put.ts';
import { ChannelError, CredentialsError, PutRejectedError } from '../../../lambda/errors.ts';
import { startCloudTrail, type CloudTrailFault, type CloudTrailSimulator } from '../../simulators/cloudtrail.ts';
import { EXAMPLE_CHANNEL_ARN } from '../../simulators/cloudtrail-model.ts';
import { htmlPage } from '../../simulators/wire-fault.ts';
import { stubAwsEnvironment } from '../../support/aws-environment.ts';
import { until } from '../../support/until.ts';

const EVENT = {
  version: '3.9.1.0',
  userIdentity: { type: 'Anonymous', principalId: 'anonymous' },
  eventSource: 'kong-gateway',
  eventName: 'GET/services',
  eventTime: '2022-09-12T20:15:00Z',
  UID: 'u',
  recipientAccountId: '111122223333',
};

function event(id: string, changes: object = {}): AuditEvent {
  const eventData = JSON.stringify({ ...EVENT, ...changes });
  return { id, eventData, eventDataChecksum: hash('sha256', eventData, 'base64') };
}
const events = (count: number): AuditEvent[] => Array.from({ length: count }, (_, index) => event(`e${index}`));

const channels: Channel[] = [];
afterEach(() => {
  vi.unstubAllEnvs();
  for (const channel of channels.splice(0)) channel.close();
});

type Options = Partial<Omit<PutDeps, 'channel'>> & { readonly env?: Readonly<Record<string, string>> } & Partial<
    Parameters<typeof connectChannel>[0]
  >;

/** Everything a put needs, retries without much of a wait, and a count of the events throttled. */
function deps(cloudTrail: CloudTrailSimulator, options: Options = {}) {
  const { env = {}, stopping, aborting, ...channelOptions } = options;
  stubAwsEnvironment({ ...cloudTrail.env, ...env });
  const count = { throttled: 0 };
  const never = new AbortController().signal;
  const channel = connectChannel({
    arn: EXAMPLE_CHANNEL_ARN,
    region: 'eu-central-1',
    callsPerSecond: 1000,
    onRequest: () => undefined,
    onThrottled: () => undefined,
    attemptTimeoutMs: 200,
    maxAttempts: 2,
    ...channelOptions,
  });
  channels.push(channel);
  const onThrottled = () => (count.throttled += 1);
  return { channel, stopping: stopping ?? never, aborting: aborting ?? never, onThrottled, retryDelayMs: 1, count };
}

const kinds = (outcomes: ReadonlyMap<string, PutOutcome>) =>
  Object.fromEntries([...outcomes].map(([id, { kind }]) => [id, kind]));
const acceptedIds = ({ accepted }: CloudTrailSimulator) => accepted.map(({ id }) => id);
const all = (batch: readonly AuditEvent[], kind: PutOutcome['kind']) =>
  Object.fromEntries(batch.map(({ id }) => [id, kind]));

/** The events for which `codes` names a code fail with it. */
const failing = (codes: Readonly<Record<string, string>>): CloudTrailFault => ({
  fault: 'events',
  error: ({ id }) => codes[id],
});

describe('a batch', () => {
  test('that is accepted gives each event the eventID CloudTrail gave it', async () => {
    await using cloudTrail = await startCloudTrail();
    const { outcomes, stop } = await put(events(100), deps(cloudTrail));
    expect(stop).toBeNull();
    expect(outcomes).toEqual(
      new Map(cloudTrail.accepted.map(({ id, eventID }) => [id, { kind: 'accepted', eventID }])),
    );
    expect([outcomes.size, cloudTrail.requests.length]).toEqual([100, 1]);
  });

  test('is not taken for accepted where CloudTrail names an event in neither list', async () => {
    await using cloudTrail = await startCloudTrail();
    cloudTrail.faults.next({ fault: 'omit', ids: (id) => id === 'e1' });
    const { outcomes, stop } = await put(events(3), deps(cloudTrail));
    expect(kinds(outcomes)).toEqual({ e0: 'accepted', e1: 'undelivered', e2: 'accepted' });
    expect(outcomes.get('e1')).toMatchObject({ reason: expect.stringMatching(/neither/) as string });
    expect(stop).toBeNull();
  });

  test('is judged by its own ids alone, and an event in both lists is accepted', async () => {
    await using cloudTrail = await startCloudTrail();
    const successful = [
      { id: 'e0', eventID: 'E0' },
      { id: 'stranger', eventID: 'X' },
    ];
    const failed = ['e0', 'other'].map((id) => ({ id, errorCode: 'InternalFailure', errorMessage: '' }));
    cloudTrail.faults.always(() => ({ fault: 'rewrite', body: (): PutAnswer => ({ successful, failed }) }));
    const { outcomes } = await put(events(1), deps(cloudTrail));
    expect(outcomes).toEqual(new Map([['e0', { kind: 'accepted', eventID: 'E0' }]]));
    expect(cloudTrail.requests).toHaveLength(1);
  });

  test('that is stored but not answered is sent again with the same ids', async () => {
    await using cloudTrail = await startCloudTrail();
    cloudTrail.faults.next({ fault: 'reset', at: 'before-headers' });
    const batch = events(3);
    const { outcomes } = await put(batch, deps(cloudTrail));
    expect(kinds(outcomes)).toEqual(all(batch, 'accepted'));
    expect(acceptedIds(cloudTrail)).toEqual(['e0', 'e1', 'e2', 'e0', 'e1', 'e2']);
  });
});

describe('an event that fails for a passing reason', () => {
  test.each(['Throttling', 'InternalFailure'])('%s: is sent again alone, until it is accepted', async (code) => {
    await using cloudTrail = await startCloudTrail();
    cloudTrail.faults.next(failing({ e1: code, e3: code }));
    cloudTrail.faults.next(failing({ e3: code }));
    const batch = events(5);
    const with5 = deps(cloudTrail);
    const { outcomes, stop } = await put(batch, with5);
    expect([kinds(outcomes), stop]).toEqual([all(batch, 'accepted'), null]);
    expect(acceptedIds(cloudTrail)).toEqual(['e0', 'e2', 'e4', 'e1', 'e3']);
    expect(cloudTrail.requests).toHaveLength(3);
    expect(with5.count.throttled).toBe(code === 'Throttling' ? 3 : 0);
  });

  test.each(['Throttling', 'InternalFailure'])('%s: is left after four retries, with the reason', async (code) => {
    await using cloudTrail = await startCloudTrail();
    cloudTrail.faults.always(() => failing({ e1: code }));
    const { outcomes, stop } = await put(events(3), deps(cloudTrail));
    expect(kinds(outcomes)).toEqual({ e0: 'accepted', e1: 'undelivered', e2: 'accepted' });
    expect(outcomes.get('e1')).toEqual({ kind: 'undelivered', reason: `${code}: injected` });
    expect(stop).toBeNull();
    expect([cloudTrail.requests.length, acceptedIds(cloudTrail)]).toEqual([5, ['e0', 'e2']]);
  });

  test('waits longer before every retry, with jitter', async () => {
    await using cloudTrail = await startCloudTrail();
    cloudTrail.faults.always(() => failing({ e0: 'Throttling' }));
    await put(events(1), { ...deps(cloudTrail), retryDelayMs: 20 });
    const times = cloudTrail.requests.map(({ atMs }) => atMs);
    const gaps = times.slice(1).map((time, index) => time - (times[index] ?? 0));
    [20, 40, 80, 160].forEach((least, index) => {
      expect(gaps[index]).toBeGreaterThanOrEqual(least - 2);
    });
  });
});

describe('an event CloudTrail will never take', () => {
  test.each(['FieldTooLong', 'FieldNotFound', 'InvalidChecksum', 'InvalidData', 'SomethingNew', 'AccessDenied'])(
    '%s: is refused with its code and words, and not sent again',
    async (code) => {
      await using cloudTrail = await startCloudTrail();
      cloudTrail.faults.next(failing({ e1: code }));
      const { outcomes, stop } = await put(events(3), deps(cloudTrail));
      expect(kinds(outcomes)).toEqual({ e0: 'accepted', e1: 'refused', e2: 'accepted' });
      expect(outcomes.get('e1')).toEqual({ kind: 'refused', errorCode: code, errorMessage: 'injected' });
      expect([stop, cloudTrail.requests.length]).toEqual([null, 1]);
    },
  );

  test('is refused by CloudTrail’s own rules, too', async () => {
    await using cloudTrail = await startCloudTrail();
    const batch = [
      event('long', { eventName: 'x'.repeat(1025) }),
      event('missing', { version: undefined }),
      { ...event('sum'), eventDataChecksum: 'wrong' },
      event('data', { eventTime: 'yesterday' }),
      event('good'),
    ];
    const { outcomes } = await put(batch, deps(cloudTrail));
    const codes = [...outcomes.values()].map((outcome) =>
      outcome.kind === 'refused' ? outcome.errorCode : outcome.kind,
    );
    expect(codes.sort()).toEqual(['FieldNotFound', 'FieldTooLong', 'InvalidChecksum', 'InvalidData', 'accepted']);
  });

  test('is refused with a message of reasonable length', async () => {
    await using cloudTrail = await startCloudTrail();
    const failed = [{ id: 'e0', errorCode: 'InvalidData', errorMessage: 'x'.repeat(100_000) }];
    cloudTrail.faults.next({ fault: 'rewrite', body: () => ({ successful: [], failed }) });
    const outcome = (await put(events(1), deps(cloudTrail))).outcomes.get('e0');
    expect(outcome?.kind === 'refused' && outcome.errorMessage.length).toBeLessThan(1000);
  });
});

describe('a configuration that is wrong', () => {
  test.each(['InvalidRecipient', 'InvalidEventSource', 'AccountNotSubscribed'])(
    '%s for an event stops the run; what the same answer accepted is accepted, what it refused is refused',
    async (code) => {
      await using cloudTrail = await startCloudTrail();
      cloudTrail.faults.always(() => failing({ e1: code, e2: 'Throttling', e3: 'FieldTooLong' }));
      const { outcomes, stop } = await put(events(5), deps(cloudTrail));
      expect(stop).toBeInstanceOf(ChannelError);
      expect(stop?.message).toMatch(new RegExp(`${code} injected.+CHANNEL_ARN`));
      expect(kinds(outcomes)).toEqual({
        e0: 'accepted',
        e1: 'undelivered',
        e2: 'undelivered',
        e3: 'refused',
        e4: 'accepted',
      });
      expect(cloudTrail.requests).toHaveLength(1);
    },
  );

  test.each([
    'ChannelInsufficientPermission',
    'ChannelNotFound',
    'ChannelUnsupportedSchema',
    'InvalidChannelARN',
    'UnsupportedOperationException',
  ])('%s for the request stops the run, and every event stays as it was', async (code) => {
    await using cloudTrail = await startCloudTrail();
    cloudTrail.faults.always(() => ({ fault: 'error', code, message: 'in AWS’s words' }));
    const batch = events(3);
    const { outcomes, stop } = await put(batch, deps(cloudTrail));
    expect(stop).toBeInstanceOf(ChannelError);
    expect(stop?.message).toMatch(new RegExp(`${code} in AWS’s words\\..+CHANNEL_ARN`));
    expect(kinds(outcomes)).toEqual(all(batch, 'undelivered'));
    expect(cloudTrail.requests).toHaveLength(1);
  });

  test.each([
    { arn: 'channel' },
    { arn: EXAMPLE_CHANNEL_ARN.replace(/\w+$/, 'other') },
    { arn: 'arn:aws:s3:::bucket' },
    { externalId: '!' },
  ])('is no verdict on any entry: %j', async (options) => {
    await using cloudTrail = await startCloudTrail();
    const batch = events(10);
    const { outcomes, stop } = await put(batch, deps(cloudTrail, options));
    expect(stop).toBeInstanceOf(ChannelError);
    expect(kinds(outcomes)).toEqual(all(batch, 'undelivered'));
    expect(cloudTrail.requests).toHaveLength(1);
  });
});

describe('credentials', () => {
  test.each([
    ['AccessDeniedException', 403],
    ['AccessDeniedException', 400],
    ['UnrecognizedClientException', 403],
    ['ExpiredTokenException', 400],
    ['ExpiredToken', 400],
    ['MissingAuthenticationTokenException', 403],
    ['IncompleteSignature', 400],
    ['NotAuthorized', 400],
    ['OptInRequired', 403],
    ['RequestExpired', 400],
    ['SomethingNew', 403],
    ['SomethingNew', 401],
  ])('that AWS refuses with %s (%i) stop the run', async (code, status) => {
    await using cloudTrail = await startCloudTrail();
    cloudTrail.faults.always(() => ({ fault: 'error', code, status }));
    const batch = events(2);
    const { outcomes, stop } = await put(batch, deps(cloudTrail));
    expect(stop).toBeInstanceOf(CredentialsError);
    expect(stop?.message).toMatch(new RegExp(`${code}.+cloudtrail-data:PutAuditEvents`));
    expect(kinds(outcomes)).toEqual(all(batch, 'undelivered'));
  });

  test('are doubted when something else answers 403, and the message says so', async () => {
    await using cloudTrail = await startCloudTrail();
    for (const body of ['<html>no way out</html>', '']) {
      cloudTrail.faults.next({ fault: 'answer', status: 403, headers: { 'content-type': 'text/html' }, body });
      const { stop } = await put(events(1), deps(cloudTrail));
      expect(stop).toBeInstanceOf(CredentialsError);
      expect(stop?.message).toMatch(/HTTP 403 is no answer of AWS itself.+proxy/);
    }
  });

  test('that are wrong stop the run and are not shown', async () => {
    await using cloudTrail = await startCloudTrail();
    const { stop } = await put(events(1), deps(cloudTrail, { env: { AWS_SECRET_ACCESS_KEY: 'nobody-may-see-this' } }));
    expect(stop).toBeInstanceOf(CredentialsError);
    expect(stop?.message).not.toContain('nobody-may-see-this');
  });

  test('that are nowhere stop the run', async () => {
    await using cloudTrail = await startCloudTrail();
    const missing = deps(cloudTrail);
    stubAwsEnvironment({ AWS_ENDPOINT_URL_CLOUDTRAIL_DATA: cloudTrail.url });
    const { outcomes, stop } = await put(events(1), missing);
    expect(stop).toBeInstanceOf(CredentialsError);
    expect(stop?.message).toMatch(/Could not load credentials/);
    expect([kinds(outcomes), cloudTrail.requests]).toEqual([{ e0: 'undelivered' }, []]);
  });
});

describe('a request refused because of an entry', () => {
  /** CloudTrail refuses a request in which one of these stands, as a whole. */
  const poisoned = (...ids: readonly string[]): ((request: { body: Buffer }) => CloudTrailFault | undefined) => {
    return ({ body }) => {
      const { auditEvents } = JSON.parse(body.toString()) as { auditEvents: AuditEvent[] };
      return auditEvents.some(({ id }) => ids.includes(id))
        ? { fault: 'error', code: 'ValidationException', message: 'one of these' }
        : undefined;
    };
  };

  test.each([0, 1, 6, 11, 12])('is halved until the poison is found: entry %i of 13', async (position) => {
    await using cloudTrail = await startCloudTrail();
    const poison = `e${position}`;
    cloudTrail.faults.always(poisoned(poison));
    const batch = events(13);
    const { outcomes, stop } = await put(batch, deps(cloudTrail));
    expect(stop).toBeNull();
    expect(kinds(outcomes)).toEqual({ ...all(batch, 'accepted'), [poison]: 'refused' });
    expect(outcomes.get(poison)).toEqual({
      kind: 'refused',
      errorCode: 'ValidationException',
      errorMessage: 'one of these',
    });
    expect(acceptedIds(cloudTrail)).toEqual(batch.map(({ id }) => id).filter((id) => id !== poison));
    expect(cloudTrail.requests.length).toBeLessThanOrEqual(1 + 2 * 4);
  });

  test.each([[['e3', 'e4']], [['e0', 'e99']], [['e10', 'e11', 'e70']]])('finds each of several: %j', async (poison) => {
    await using cloudTrail = await startCloudTrail();
    cloudTrail.faults.always(poisoned(...poison));
    const batch = events(100);
    const { outcomes } = await put(batch, deps(cloudTrail));
    const expected = { ...all(batch, 'accepted'), ...Object.fromEntries(poison.map((id) => [id, 'refused'])) };
    expect(kinds(outcomes)).toEqual(expected);
    expect(new Set(acceptedIds(cloudTrail)).size).toBe(cloudTrail.accepted.length);
  });

  test('is found by CloudTrail’s own rules, too', async () => {
    await using cloudTrail = await startCloudTrail();
    const batch = [...events(6), event('no id at all'), ...['x', 'y'].map((id) => event(id))];
    const { outcomes, stop } = await put(batch, deps(cloudTrail));
    expect(stop).toBeNull();
    expect(kinds(outcomes)).toEqual({ ...all(batch, 'accepted'), 'no id at all': 'refused' });
  });

  test('that is the only one is refused at once', async () => {
    await using cloudTrail = await startCloudTrail();
    cloudTrail.faults.always(poisoned('e0'));
    const { outcomes } = await put(events(1), deps(cloudTrail));
    expect([kinds(outcomes), cloudTrail.requests.length]).toEqual([{ e0: 'refused' }, 1]);
  });

  test('DuplicatedAuditEventId: two events of one id are sent in two requests', async () => {
    await using cloudTrail = await startCloudTrail();
    const { outcomes, stop } = await put([event('a'), event('b'), event('a'), event('c')], deps(cloudTrail));
    expect(stop).toBeNull();
    expect(kinds(outcomes)).toEqual({ a: 'accepted', b: 'accepted', c: 'accepted' });
    expect(acceptedIds(cloudTrail).sort()).toEqual(['a', 'a', 'b', 'c']);
  });

  test('too large for one request is found the same way', async () => {
    await using cloudTrail = await startCloudTrail();
    const batch = [...events(3), event('huge', { eventName: 'x'.repeat(1_000_000) })];
    const { outcomes, stop } = await put(batch, deps(cloudTrail));
    expect(stop).toBeNull();
    expect(kinds(outcomes)).toEqual({ ...all(batch, 'accepted'), huge: 'refused' });
    expect(outcomes.get('huge')).toMatchObject({ errorCode: 'RequestEntityTooLargeException' });
  });

  test('may quote a parameter’s name in the entry without stopping the run', async () => {
    await using cloudTrail = await startCloudTrail();
    const message =
      '1 validation error detected: Value \'{"path":"1 validation error detected: Value at \'channelArn\'"}\' at ' +
      "'auditEvents.1.member.eventData' failed to satisfy constraint";
    cloudTrail.faults.always(() => ({ fault: 'error', code: 'ValidationException', message }));
    const { outcomes, stop } = await put(events(2), deps(cloudTrail));
    expect([kinds(outcomes), stop]).toEqual([{ e0: 'refused', e1: 'refused' }, null]);
  });

  test('goes on with what failed for a passing reason in one of the halves', async () => {
    await using cloudTrail = await startCloudTrail();
    const poison = poisoned('e0');
    let throttled = false;
    cloudTrail.faults.always((request) => {
      const fault = poison(request);
      if (fault || throttled || !request.body.toString().includes('"e3"')) return fault;
      throttled = true;
      return failing({ e3: 'Throttling' });
    });
    const batch = events(4);
    const { outcomes } = await put(batch, deps(cloudTrail));
    expect(kinds(outcomes)).toEqual({ ...all(batch, 'accepted'), e0: 'refused' });
  });

  test('is not searched further once the configuration turns out wrong, and what was accepted stays accepted', async () => {
    await using cloudTrail = await startCloudTrail();
    const poison = poisoned('e0');
    cloudTrail.faults.always((request) =>
      cloudTrail.requests.length < 5 ? poison(request) : { fault: 'error', code: 'ChannelNotFound' },
    );
    const { outcomes, stop } = await put(events(8), deps(cloudTrail));
    expect(stop).toBeInstanceOf(ChannelError);
    // 0-7 refused, 0-3 refused, 0-1 refused, 0 refused, then 1 meets the wrong configuration.
    expect(kinds(outcomes)).toEqual({ ...all(events(8), 'undelivered'), e0: 'refused' });
    expect(cloudTrail.requests).toHaveLength(5);
  });
});

describe('a request that fails for a passing reason', () => {
  test.each([
    ['InternalFailure', { fault: 'error', code: 'InternalFailure' }],
    ['ServiceUnavailable', { fault: 'error', code: 'ServiceUnavailable' }],
    ['ThrottlingException', { fault: 'error', code: 'ThrottlingException' }],
    ['^HTTP 504: is no answer of AWS', htmlPage(504)],
    ['TimeoutError', { fault: 'hang', at: 'before-handling' }],
    ['ECONNRESET|socket hang up', { fault: 'reset', at: 'before-handling' }],
    ['^HTTP 200: is no answer of AWS', htmlPage(200)],
    ['^HTTP 200: is no answer of AWS', { fault: 'truncate' }],
    ['Error|neither', { fault: 'rewrite', body: () => ({ successful: [{ id: 'e0' }, { id: 'e1' }] }) }],
    ['neither', { fault: 'rewrite', body: () => ({}) }],
  ] as const)('leaves every event undelivered and the run going: %s', async (reason, fault) => {
    await using cloudTrail = await startCloudTrail();
    cloudTrail.faults.always(() => fault);
    const batch = events(2);
    const { outcomes, stop } = await put(batch, deps(cloudTrail));
    expect([kinds(outcomes), stop]).toEqual([all(batch, 'undelivered'), null]);
    expect(outcomes.get('e0')).toMatchObject({ reason: expect.stringMatching(new RegExp(reason)) as string });
    // Five tries of ours at most, each of them two of the SDK's.
    expect(cloudTrail.requests.length).toBeLessThanOrEqual(10);
  });

  test.each(['InternalFailure', 'ThrottlingException'])('is waited out: %s', async (code) => {
    await using cloudTrail = await startCloudTrail();
    cloudTrail.faults.next({ fault: 'error', code }, { times: 5 });
    const batch = events(2);
    const { outcomes, stop } = await put(batch, deps(cloudTrail));
    expect([kinds(outcomes), stop]).toEqual([all(batch, 'accepted'), null]);
  });

  test('but may have delivered the events is not sent more often than the SDK does it', async () => {
    await using cloudTrail = await startCloudTrail();
    cloudTrail.faults.always(() => ({ fault: 'reset', at: 'before-headers' }));
    await put(events(1), deps(cloudTrail));
    expect(cloudTrail.requests).toHaveLength(2);
  });

  test('leaves them undelivered when nobody listens', async () => {
    const cloudTrail = await startCloudTrail();
    const nobody = deps(cloudTrail);
    await cloudTrail.close();
    const { outcomes, stop } = await put(events(1), nobody);
    expect([kinds(outcomes), stop]).toEqual([{ e0: 'undelivered' }, null]);
  });
});

describe('an error that is in no documentation', () => {
  test.each([
    ['SomethingNewException', 400],
    ['SerializationException', 400],
    ['UnknownOperationException', 404],
    ['Conflict', 409],
  ])('%s (%i) stops the run with a named error and judges no entry', async (code, status) => {
    await using cloudTrail = await startCloudTrail();
    cloudTrail.faults.always(() => ({ fault: 'error', code, status, message: 'what is this' }));
    const batch = events(4);
    const { outcomes, stop } = await put(batch, deps(cloudTrail));
    expect(stop).toBeInstanceOf(PutRejectedError);
    expect(stop?.message).toMatch(new RegExp(`${code} what is this.+API reference`));
    expect(kinds(outcomes)).toEqual(all(batch, 'undelivered'));
    expect(cloudTrail.requests).toHaveLength(1);
  });
});

describe('the signals', () => {
  test('stopping: nothing is sent any more', async () => {
    await using cloudTrail = await startCloudTrail();
    const batch = events(2);
    const { outcomes, stop } = await put(batch, deps(cloudTrail, { stopping: AbortSignal.abort(new Error('over')) }));
    expect([kinds(outcomes), stop, cloudTrail.requests]).toEqual([all(batch, 'undelivered'), null, []]);
  });

  test('stopping: a request in flight is waited for, and what it accepted is accepted', async () => {
    await using cloudTrail = await startCloudTrail();
    const run = new AbortController();
    cloudTrail.faults.next({ fault: 'delay', ms: 50 });
    const result = put(events(2), deps(cloudTrail, { stopping: run.signal }));
    await until('the request has arrived', () => cloudTrail.accepted.length === 2);
    run.abort(new Error('over'));
    expect(kinds((await result).outcomes)).toEqual({ e0: 'accepted', e1: 'accepted' });
  });

  test('stopping: ends the wait for a retry', async () => {
    await using cloudTrail = await startCloudTrail();
    cloudTrail.faults.always(() => failing({ e1: 'Throttling' }));
    const run = new AbortController();
    const waiting = deps(cloudTrail, { stopping: run.signal });
    const result = put(events(2), { ...waiting, retryDelayMs: 20_000 });
    await until('the event was throttled', () => waiting.count.throttled === 1);
    run.abort(new Error('over'));
    expect(kinds((await result).outcomes)).toEqual({ e0: 'accepted', e1: 'undelivered' });
    expect(cloudTrail.requests).toHaveLength(1);
  });

  test('stopping: ends the search for poison, and every event has an outcome', async () => {
    await using cloudTrail = await startCloudTrail();
    const run = new AbortController();
    cloudTrail.faults.always(() => {
      if (cloudTrail.requests.length === 2) run.abort(new Error('over'));
      return { fault: 'error', code: 'ValidationException' };
    });
    const batch = events(8);
    const { outcomes, stop } = await put(batch, deps(cloudTrail, { stopping: run.signal }));
    expect([kinds(outcomes), stop]).toEqual([all(batch, 'undelivered'), null]);
    expect(cloudTrail.requests).toHaveLength(2);
  });

  test.each(['before-headers', 'mid-body'] as const)('aborting: ends a request that hangs %s', async (at) => {
    await using cloudTrail = await startCloudTrail();
    cloudTrail.faults.always(() => ({ fault: 'hang', at }));
    const run = new AbortController();
    const result = put(
      events(1),
      deps(cloudTrail, { aborting: run.signal, stopping: run.signal, attemptTimeoutMs: 20_000 }),
    );
    await until('the request has arrived', () => cloudTrail.accepted.length === 1);
    run.abort(new Error('over'));
    const { outcomes, stop } = await result;
    expect([kinds(outcomes), stop]).toEqual([{ e0: 'undelivered' }, null]);
  });
});
