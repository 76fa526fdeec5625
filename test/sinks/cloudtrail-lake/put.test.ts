import { afterEach, describe, expect, test, vi } from 'vitest';
import { ChannelError, CredentialsError } from '../../../lambda/errors.ts';
import type { PutOutcome } from '../../../lambda/pipeline/sink.ts';
import { connectChannel, type Channel, type PutAnswer } from '../../../lambda/sinks/cloudtrail-lake/client.ts';
import type { AuditEvent } from '../../../lambda/sinks/cloudtrail-lake/event.ts';
import { put, type PutDeps } from '../../../lambda/sinks/cloudtrail-lake/put.ts';
import { startCloudTrail, type CloudTrailFault, type CloudTrailSimulator } from '../../simulators/cloudtrail.ts';
import { EXAMPLE_CHANNEL_ARN } from '../../simulators/cloudtrail-model.ts';
import { htmlPage } from '../../simulators/wire-fault.ts';
import { auditEvent } from '../../support/audit-event.ts';
import { stubAwsEnvironment } from '../../support/aws-environment.ts';
import { until } from '../../support/until.ts';
import { CHANNEL_ERRORS } from './channel-errors.ts';

const events = (count: number): AuditEvent[] => Array.from({ length: count }, (_, index) => auditEvent(`e${index}`));

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
  const never = new AbortController().signal;
  const { env = {}, stopping = never, aborting = never, ...channelOptions } = options;
  stubAwsEnvironment({ ...cloudTrail.env, ...env });
  const count = { throttled: 0 };
  const channel = connectChannel({
    arn: EXAMPLE_CHANNEL_ARN,
    region: 'eu-central-1',
    callsPerSecond: 1000,
    onRequest: () => undefined,
    onThrottled: () => undefined,
    maxAttempts: 2,
    stopping,
    ...channelOptions,
  });
  channels.push(channel);
  const onThrottled = () => (count.throttled += 1);
  return { channel, stopping, aborting, onThrottled, retryDelayMs: 1, count };
}

const kinds = (outcomes: readonly PutOutcome[]) => outcomes.map(({ kind }) => kind);
const acceptedIds = ({ accepted }: CloudTrailSimulator) => accepted.map(({ id }) => id);
const all = (batch: readonly AuditEvent[], kind: PutOutcome['kind']) => batch.map(() => kind);

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
    expect(outcomes).toEqual(cloudTrail.accepted.map(({ eventID }) => ({ kind: 'accepted', reference: eventID })));
    expect([outcomes.length, cloudTrail.requests.length]).toEqual([100, 1]);
  });

  test('is not taken for accepted where CloudTrail names an event in neither list, and that one is not sent again', async () => {
    await using cloudTrail = await startCloudTrail();
    cloudTrail.faults.always(() => ({ fault: 'omit', ids: (id) => id === 'e1' }));
    const { outcomes, stop } = await put(events(3), deps(cloudTrail));
    expect(kinds(outcomes)).toEqual(['accepted', 'not-taken', 'accepted']);
    expect(outcomes[1]).toMatchObject({
      errorCode: 'NotListed',
      errorMessage: expect.stringMatching(/neither/) as string,
    });
    expect([stop, cloudTrail.requests.length]).toEqual([null, 1]);
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
    expect(outcomes).toEqual([{ kind: 'accepted', reference: 'E0' }]);
    expect(cloudTrail.requests).toHaveLength(1);
  });
});

describe('an event that fails for a transient reason', () => {
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
    expect(kinds(outcomes)).toEqual(['accepted', 'not-taken', 'accepted']);
    expect(outcomes[1]).toEqual({ kind: 'not-taken', errorCode: code, errorMessage: 'injected' });
    expect(stop).toBeNull();
    expect([cloudTrail.requests.length, acceptedIds(cloudTrail)]).toEqual([5, ['e0', 'e2']]);
  });
});

describe('an event CloudTrail will never take', () => {
  test.each(['FieldTooLong', 'FieldNotFound', 'InvalidChecksum', 'InvalidData', 'SomethingNew', 'AccessDenied'])(
    '%s: is refused with its code and words, and not sent again',
    async (code) => {
      await using cloudTrail = await startCloudTrail();
      cloudTrail.faults.next(failing({ e1: code }));
      const { outcomes, stop } = await put(events(3), deps(cloudTrail));
      expect(kinds(outcomes)).toEqual(['accepted', 'refused', 'accepted']);
      expect(outcomes[1]).toEqual({ kind: 'refused', errorCode: code, errorMessage: 'injected' });
      expect([stop, cloudTrail.requests.length]).toEqual([null, 1]);
    },
  );

  test('is refused by CloudTrail’s own rules, too', async () => {
    await using cloudTrail = await startCloudTrail();
    const batch = [
      auditEvent('long', { eventName: 'x'.repeat(1025) }),
      auditEvent('missing', { version: undefined }),
      { ...auditEvent('sum'), eventDataChecksum: 'wrong' },
      auditEvent('data', { eventTime: 'yesterday' }),
      auditEvent('good'),
    ];
    const { outcomes } = await put(batch, deps(cloudTrail));
    const codes = outcomes.map((outcome) => (outcome.kind === 'refused' ? outcome.errorCode : outcome.kind));
    expect(codes).toEqual(['FieldTooLong', 'FieldNotFound', 'InvalidChecksum', 'InvalidData', 'accepted']);
  });

  test('is refused with a message of reasonable length', async () => {
    await using cloudTrail = await startCloudTrail();
    const failed = [{ id: 'e0', errorCode: 'InvalidData', errorMessage: 'x'.repeat(100_000) }];
    cloudTrail.faults.next({ fault: 'rewrite', body: () => ({ successful: [], failed }) });
    const [outcome] = (await put(events(1), deps(cloudTrail))).outcomes;
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
      expect(kinds(outcomes)).toEqual(['accepted', 'unsent', 'not-taken', 'refused', 'accepted']);
      expect(cloudTrail.requests).toHaveLength(1);
    },
  );

  test.each(CHANNEL_ERRORS)('%s for the request stops the run, and judges no event', async (code) => {
    await using cloudTrail = await startCloudTrail();
    cloudTrail.faults.always(() => ({ fault: 'error', code, message: 'in AWS’s words' }));
    const batch = events(3);
    const { outcomes, stop } = await put(batch, deps(cloudTrail));
    expect(stop).toBeInstanceOf(ChannelError);
    expect(stop?.message).toMatch(new RegExp(`${code} in AWS’s words\\..+CHANNEL_ARN`));
    expect(kinds(outcomes)).toEqual(all(batch, 'unsent'));
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
    expect(kinds(outcomes)).toEqual(all(batch, 'unsent'));
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
    expect(kinds(outcomes)).toEqual(all(batch, 'unsent'));
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
    expect([kinds(outcomes), cloudTrail.requests]).toEqual([['unsent'], []]);
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
    expect(kinds(outcomes)).toEqual(all(batch, 'accepted').with(position, 'refused'));
    expect(outcomes[position]).toEqual({
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
    expect(kinds(outcomes)).toEqual(batch.map(({ id }) => (poison.includes(id) ? 'refused' : 'accepted')));
    expect(new Set(acceptedIds(cloudTrail)).size).toBe(cloudTrail.accepted.length);
  });

  test('is found by CloudTrail’s own rules, too', async () => {
    await using cloudTrail = await startCloudTrail();
    const batch = [...events(6), auditEvent('no id at all'), ...['x', 'y'].map((id) => auditEvent(id))];
    const { outcomes, stop } = await put(batch, deps(cloudTrail));
    expect(stop).toBeNull();
    expect(kinds(outcomes)).toEqual(all(batch, 'accepted').with(6, 'refused'));
  });

  test('that is the only one is refused at once', async () => {
    await using cloudTrail = await startCloudTrail();
    cloudTrail.faults.always(poisoned('e0'));
    const { outcomes } = await put(events(1), deps(cloudTrail));
    expect([kinds(outcomes), cloudTrail.requests.length]).toEqual([['refused'], 1]);
  });

  test('DuplicatedAuditEventId: two events of one id are sent in two requests', async () => {
    await using cloudTrail = await startCloudTrail();
    const { outcomes, stop } = await put(
      [auditEvent('a'), auditEvent('b'), auditEvent('a'), auditEvent('c')],
      deps(cloudTrail),
    );
    expect(stop).toBeNull();
    expect(kinds(outcomes)).toEqual(['accepted', 'accepted', 'accepted', 'accepted']);
    expect(acceptedIds(cloudTrail).sort()).toEqual(['a', 'a', 'b', 'c']);
  });

  test('too large for one request is found the same way', async () => {
    await using cloudTrail = await startCloudTrail();
    const batch = [...events(3), auditEvent('huge', { eventName: 'x'.repeat(1_000_000) })];
    const { outcomes, stop } = await put(batch, deps(cloudTrail));
    expect(stop).toBeNull();
    expect(kinds(outcomes)).toEqual(['accepted', 'accepted', 'accepted', 'refused']);
    expect(outcomes[3]).toMatchObject({ errorCode: 'RequestEntityTooLargeException' });
  });

  test('may quote a parameter’s name in the entry without stopping the run', async () => {
    await using cloudTrail = await startCloudTrail();
    const message =
      '1 validation error detected: Value \'{"path":"1 validation error detected: Value at \'channelArn\'"}\' at ' +
      "'auditEvents.1.member.eventData' failed to satisfy constraint";
    cloudTrail.faults.always(() => ({ fault: 'error', code: 'ValidationException', message }));
    const { outcomes, stop } = await put(events(2), deps(cloudTrail));
    expect([kinds(outcomes), stop]).toEqual([['refused', 'refused'], null]);
  });
});

describe('a request that fails for a transient reason', () => {
  test.each([
    ['InternalFailure', { fault: 'error', code: 'InternalFailure' }],
    ['ServiceUnavailable', { fault: 'error', code: 'ServiceUnavailable' }],
    ['ThrottlingException', { fault: 'error', code: 'ThrottlingException' }],
    ['HTTP 504', htmlPage(504)],
  ] as const)('leaves every event for the next run, and stops nothing: %s', async (errorCode, fault) => {
    await using cloudTrail = await startCloudTrail();
    cloudTrail.faults.always(() => fault);
    const batch = events(2);
    const { outcomes, stop } = await put(batch, deps(cloudTrail));
    expect([kinds(outcomes), stop]).toEqual([all(batch, 'not-taken'), null]);
    expect(outcomes[0]).toMatchObject({ errorCode });
    // Five tries of ours, each of them two of the SDK's.
    expect(cloudTrail.requests).toHaveLength(10);
  });

  test.each(['InternalFailure', 'ThrottlingException'])('is waited out: %s', async (code) => {
    await using cloudTrail = await startCloudTrail();
    cloudTrail.faults.next({ fault: 'error', code }, { times: 5 });
    const batch = events(2);
    const { outcomes, stop } = await put(batch, deps(cloudTrail));
    expect([kinds(outcomes), stop]).toEqual([all(batch, 'accepted'), null]);
  });

  test('is that nobody listens', async () => {
    const cloudTrail = await startCloudTrail();
    const nobody = deps(cloudTrail);
    await cloudTrail.close();
    const { outcomes, stop } = await put(events(1), nobody);
    expect([kinds(outcomes), stop]).toEqual([['not-taken'], null]);
  });
});

describe('a request that gets no answer', () => {
  test.each([
    ['time limit', { fault: 'hang', at: 'before-headers' }, /TimeoutError|not complete/],
    ['time limit in the middle', { fault: 'hang', at: 'mid-body' }, /TimeoutError|not complete/],
    ['reset', { fault: 'reset', at: 'before-headers' }, /ECONNRESET|socket hang up/],
    ['page of a proxy', htmlPage(200), /JSON/],
    ['body cut short', { fault: 'truncate' }, /JSON/],
    ['answer of another shape', { fault: 'rewrite', body: () => ({ successful: [{ id: 'e0' }] }) }, /eventID/],
  ] as const)('may have delivered its events: unknown, and not sent again (%s)', async (_, fault, reason) => {
    await using cloudTrail = await startCloudTrail();
    cloudTrail.faults.always(() => fault);
    const batch = events(2);
    const attemptTimeoutMs = fault.fault === 'hang' ? 200 : 30_000;
    const { outcomes, stop } = await put(batch, deps(cloudTrail, { attemptTimeoutMs }));
    expect([kinds(outcomes), stop]).toEqual([all(batch, 'unknown'), null]);
    expect(outcomes[0]).toMatchObject({ errorMessage: expect.stringMatching(reason) as string });
    expect(cloudTrail.requests).toHaveLength(1);
  });
});

describe('an error that is in no documentation', () => {
  test.each([
    ['SomethingNewException', 400],
    ['SerializationException', 400],
    ['UnknownOperationException', 404],
    ['Conflict', 409],
  ])('%s (%i) for all leaves all in doubt, and refuses none', async (code, status) => {
    await using cloudTrail = await startCloudTrail();
    cloudTrail.faults.always(() => ({ fault: 'error', code, status, message: 'what is this' }));
    const batch = events(4);
    const { outcomes, stop } = await put(batch, deps(cloudTrail));
    expect([kinds(outcomes), stop]).toEqual([all(batch, 'doubtful'), null]);
    expect(outcomes[0]).toEqual({ kind: 'doubtful', errorCode: code, errorMessage: 'what is this' });
  });

  test('about one entry is found by halving, and the others get through', async () => {
    await using cloudTrail = await startCloudTrail();
    cloudTrail.faults.always(({ body }) =>
      body.toString().includes('"e5"') ? { fault: 'error', code: 'SerializationException', status: 400 } : undefined,
    );
    const batch = events(8);
    const { outcomes, stop } = await put(batch, deps(cloudTrail));
    expect([kinds(outcomes), stop]).toEqual([all(batch, 'accepted').with(5, 'doubtful'), null]);
  });
});

describe('the signals', () => {
  test('stopping: a request in flight is waited for, and what it accepted is accepted', async () => {
    await using cloudTrail = await startCloudTrail();
    const run = new AbortController();
    cloudTrail.faults.next({ fault: 'delay', ms: 50 });
    const result = put(events(2), deps(cloudTrail, { stopping: run.signal }));
    await until('the request has arrived', () => cloudTrail.accepted.length === 2);
    run.abort(new Error('over'));
    expect(kinds((await result).outcomes)).toEqual(['accepted', 'accepted']);
  });

  test('stopping: a request that waits for its turn is not sent', async () => {
    await using cloudTrail = await startCloudTrail();
    const run = new AbortController();
    const slow = deps(cloudTrail, { stopping: run.signal, callsPerSecond: 0.001 });
    await put(events(1), slow);
    const result = put(events(2), slow);
    run.abort(new Error('over'));
    expect(kinds((await result).outcomes)).toEqual(['unsent', 'unsent']);
    expect(cloudTrail.requests).toHaveLength(1);
  });

  test.each(['before-headers', 'mid-body'] as const)(
    'aborting: ends a request that hangs %s; it may have delivered its events',
    async (at) => {
      await using cloudTrail = await startCloudTrail();
      cloudTrail.faults.always(() => ({ fault: 'hang', at }));
      const run = new AbortController();
      const signals = { aborting: run.signal, stopping: run.signal };
      const result = put(events(1), deps(cloudTrail, { ...signals, attemptTimeoutMs: 20_000 }));
      await until('the request has arrived', () => cloudTrail.accepted.length === 1);
      run.abort(new Error('over'));
      const { outcomes, stop } = await result;
      expect([kinds(outcomes), stop]).toEqual([['unknown'], null]);
    },
  );
});
