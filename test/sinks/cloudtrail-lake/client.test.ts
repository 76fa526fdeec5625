import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import fc from 'fast-check';
import { afterEach, describe, expect, test, vi } from 'vitest';
import {
  connectChannel,
  toAnswer,
  toAnswerBySchema,
  type Channel,
  type ChannelOptions,
  type PutAnswer,
} from '../../../lambda/sinks/cloudtrail-lake/client.ts';
import type { AuditEvent } from '../../../lambda/sinks/cloudtrail-lake/event.ts';
import { startCloudTrail, type CloudTrailSimulator } from '../../simulators/cloudtrail.ts';
import { EXAMPLE_CHANNEL_ARN } from '../../simulators/cloudtrail-model.ts';
import { EXAMPLE_CREDENTIALS } from '../../simulators/sigv4.ts';
import { htmlPage } from '../../simulators/wire-fault.ts';
import { auditEvent, withChecksum } from '../../support/audit-event.ts';
import { stubAwsEnvironment } from '../../support/aws-environment.ts';
import { freePort } from '../../support/redis-server.ts';
import { until } from '../../support/until.ts';

const events = (...ids: readonly string[]): AuditEvent[] => ids.map((id) => auditEvent(id));

/** Credentials the signature is made with. */
const EXAMPLE_ENV = {
  AWS_ACCESS_KEY_ID: EXAMPLE_CREDENTIALS.accessKeyId,
  AWS_SECRET_ACCESS_KEY: EXAMPLE_CREDENTIALS.secretAccessKey,
};

interface Counted extends Channel {
  readonly sent: () => number;
  readonly throttled: () => number;
}

const channels: Channel[] = [];
afterEach(() => {
  vi.unstubAllEnvs();
  for (const channel of channels.splice(0)) channel.close();
});

function connect(cloudTrail: CloudTrailSimulator, options: Partial<ChannelOptions> = {}): Counted {
  stubAwsEnvironment(cloudTrail.env);
  return connectAsIs(options);
}

function connectAsIs(options: Partial<ChannelOptions> = {}): Counted {
  let sent = 0;
  let throttled = 0;
  const channel = connectChannel({
    arn: EXAMPLE_CHANNEL_ARN,
    region: 'eu-central-1',
    callsPerSecond: 1000,
    stopping: new AbortController().signal,
    onRequest: () => (sent += 1),
    onThrottled: () => (throttled += 1),
    ...options,
  });
  channels.push(channel);
  return { ...channel, sent: () => sent, throttled: () => throttled };
}

const put = (channel: Channel, ...ids: readonly string[]) => channel.put(events(...ids), new AbortController().signal);

describe('put', () => {
  test('is one signed call that says for each event what became of it', async () => {
    await using cloudTrail = await startCloudTrail();
    const channel = connect(cloudTrail);
    const [good, bad] = events('a', 'b');
    const answer = await channel.put(
      [good, { ...bad, ...withChecksum('{}') }] as AuditEvent[],
      new AbortController().signal,
    );
    expect(answer).toMatchObject({
      successful: [{ id: 'a', eventID: cloudTrail.accepted[0]?.eventID }],
      failed: [{ id: 'b', errorCode: 'FieldNotFound', errorMessage: expect.any(String) as string }],
    });
    expect([channel.sent(), channel.throttled(), cloudTrail.requests.length]).toEqual([1, 0, 1]);
  });

  test('names the external id where there is one', async () => {
    await using cloudTrail = await startCloudTrail({
      channels: [{ arn: EXAMPLE_CHANNEL_ARN, externalId: 'tenant:1/a' }],
    });
    expect(await put(connect(cloudTrail, { externalId: 'tenant:1/a' }), 'a')).toMatchObject({
      successful: [{ id: 'a' }],
    });
    for (const externalId of [undefined, 'tenant:2'])
      await expect(put(connect(cloudTrail, { externalId }), 'b')).rejects.toMatchObject({
        name: 'ChannelInsufficientPermission',
      });
    const sent = cloudTrail.requests.map(({ path }) => new URL(path, cloudTrail.url).searchParams.get('externalId'));
    expect(sent).toEqual(['tenant:1/a', null, 'tenant:2']);
  });

  test('is signed for the channel’s Region, whichever Region the function runs in', async () => {
    await using cloudTrail = await startCloudTrail();
    stubAwsEnvironment({ ...cloudTrail.env, AWS_REGION: 'us-east-1' });
    expect(await put(connectAsIs(), 'a')).toMatchObject({ successful: [{ id: 'a' }] });
  });

  test('takes the session token of temporary credentials along', async () => {
    const temporary = { ...EXAMPLE_CREDENTIALS, sessionToken: 'a/session+token==' };
    await using cloudTrail = await startCloudTrail({ credentials: [temporary] });
    expect(await put(connect(cloudTrail), 'a')).toMatchObject({ successful: [{ id: 'a' }] });
  });

  test('rejects with AWS’s own name of the error', async () => {
    await using cloudTrail = await startCloudTrail();
    cloudTrail.faults.next({ fault: 'error', code: 'ChannelUnsupportedSchema', message: 'wrong schema' });
    const channel = connect(cloudTrail);
    await expect(put(channel, 'a')).rejects.toMatchObject({
      name: 'ChannelUnsupportedSchema',
      message: 'wrong schema',
    });
    expect(channel.sent()).toBe(1);
  });
});

describe('a transient failure', () => {
  test.each(['InternalFailure', 'ServiceUnavailable', 'ThrottlingException'])('%s is sent again', async (code) => {
    await using cloudTrail = await startCloudTrail();
    const channel = connect(cloudTrail);
    cloudTrail.faults.next({ fault: 'error', code });
    expect(await put(channel, 'a')).toMatchObject({ successful: [{ id: 'a' }] });
    expect([channel.sent(), channel.throttled()]).toEqual([2, code === 'ThrottlingException' ? 1 : 0]);
  });

  test('is sent again twice, then it is the error', async () => {
    await using cloudTrail = await startCloudTrail();
    const channel = connect(cloudTrail);
    cloudTrail.faults.always(() => ({ fault: 'error', code: 'InternalFailure' }));
    await expect(put(channel, 'a')).rejects.toMatchObject({ name: 'InternalFailure' });
    expect([channel.sent(), cloudTrail.requests.length]).toEqual([3, 3]);
  });

  test('is sent as often as AWS_MAX_ATTEMPTS says', async () => {
    await using cloudTrail = await startCloudTrail();
    stubAwsEnvironment({ ...cloudTrail.env, AWS_MAX_ATTEMPTS: '1' });
    const channel = connectAsIs();
    cloudTrail.faults.always(() => ({ fault: 'error', code: 'InternalFailure' }));
    await expect(put(channel, 'a')).rejects.toMatchObject({ name: 'InternalFailure' });
    expect(channel.sent()).toBe(1);
  });

  test.each([429, 503, 502])('a proxy’s answer %i without AWS’s name is one', async (status) => {
    await using cloudTrail = await startCloudTrail();
    cloudTrail.faults.next({ fault: 'answer', status, headers: { 'content-type': 'text/html' }, body: '<html>' });
    const channel = connect(cloudTrail);
    expect(await put(channel, 'a')).toMatchObject({ successful: [{ id: 'a' }] });
    expect([channel.sent(), channel.throttled()]).toEqual([2, status === 429 ? 1 : 0]);
  });

  test('is a connection that never came about', async () => {
    stubAwsEnvironment({ ...EXAMPLE_ENV, AWS_ENDPOINT_URL_CLOUDTRAIL_DATA: `http://127.0.0.1:${await freePort()}` });
    const channel = connectAsIs();
    await expect(put(channel, 'a')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    expect(channel.sent()).toBe(3);
  });
});

describe('a request without an answer', () => {
  test.each([
    [{ fault: 'reset', at: 'before-handling' }, /ECONNRESET|socket hang up/],
    [{ fault: 'reset', at: 'before-headers' }, /ECONNRESET|socket hang up/],
    [{ fault: 'reset', at: 'mid-body' }, /ECONNRESET|aborted/],
    [{ fault: 'hang', at: 'before-headers' }, /was not complete after 200 ms|Timeout/],
    [{ fault: 'hang', at: 'mid-body' }, /was not complete after 200 ms|Timeout/],
    [{ fault: 'slow', bodyMs: 60_000 }, /was not complete after 200 ms/],
    [{ fault: 'truncate' }, /JSON/],
    [htmlPage(200), /JSON/],
  ] as const)('%j may have been taken, and is not sent again', async (fault, reason) => {
    await using cloudTrail = await startCloudTrail();
    cloudTrail.faults.always(() => fault);
    const attemptTimeoutMs = fault.fault === 'hang' || fault.fault === 'slow' ? 200 : 30_000;
    const channel = connect(cloudTrail, { attemptTimeoutMs });
    await expect(put(channel, 'a')).rejects.toMatchObject({
      name: 'UnansweredError',
      message: expect.stringMatching(reason) as string,
    });
    expect([channel.sent(), cloudTrail.requests.length]).toEqual([1, 1]);
  });
});

describe('the signal', () => {
  test.each(['before-headers', 'mid-body'] as const)(
    'ends a call that hangs %s, and nothing is sent again',
    async (at) => {
      await using cloudTrail = await startCloudTrail();
      cloudTrail.faults.always(() => ({ fault: 'hang', at }));
      const channel = connect(cloudTrail);
      const run = new AbortController();
      const call = channel.put(events('a'), run.signal);
      const ended = expect(call).rejects.toThrow();
      await until('the call has arrived', () => cloudTrail.accepted.length === 1);
      run.abort(new Error('over'));
      await ended;
      expect(cloudTrail.requests).toHaveLength(1);
    },
  );

  test('ends the wait for the next attempt', async () => {
    await using cloudTrail = await startCloudTrail();
    cloudTrail.faults.always(() => ({ fault: 'error', code: 'ThrottlingException' }));
    const run = new AbortController();
    const channel = connect(cloudTrail, {
      onThrottled: () => {
        run.abort(new Error('over'));
      },
    });
    await expect(channel.put(events('a'), run.signal)).rejects.toThrow();
    expect(cloudTrail.requests).toHaveLength(1);
  });

  test('that has aborted lets nothing be sent', async () => {
    await using cloudTrail = await startCloudTrail();
    const channel = connect(cloudTrail);
    await expect(channel.put(events('a'), AbortSignal.abort(new Error('over')))).rejects.toThrow();
    expect(cloudTrail.requests).toEqual([]);
  });
});

describe('an answer of another shape', () => {
  test.each([
    ['a proxy’s page', htmlPage(200)],
    ['a body cut short', { fault: 'truncate' }],
    ['a list', { fault: 'rewrite', body: () => [] }],
    ['a text', { fault: 'rewrite', body: () => '"ok"' }],
    ['successful that is no list', { fault: 'rewrite', body: () => ({ successful: 'a', failed: [] }) }],
    [
      'an accepted event without eventID',
      { fault: 'rewrite', body: () => ({ successful: [{ id: 'a' }], failed: [] }) },
    ],
    ['an eventID that is no text', { fault: 'rewrite', body: () => ({ successful: [{ id: 'a', eventID: 1 }] }) }],
  ] as const)('accepts nothing: %s', async (_, fault) => {
    await using cloudTrail = await startCloudTrail();
    cloudTrail.faults.always(() => fault);
    const answer = await put(connect(cloudTrail), 'a').catch((error: unknown) => error);
    expect(answer instanceof Error ? [] : ((answer as { successful?: unknown[] }).successful ?? [])).toEqual([]);
  });

  test.each([{}, { successful: null, failed: null }, { failed: [] }])('names no event: %j', async (body) => {
    await using cloudTrail = await startCloudTrail();
    cloudTrail.faults.next({ fault: 'rewrite', body: () => body });
    const { successful, failed } = await put(connect(cloudTrail), 'a');
    expect([successful ?? [], failed ?? []]).toEqual([[], []]);
  });
});

describe('close', () => {
  test('ends the connections that were kept for the next request', async () => {
    const sockets = new Set<Socket>();
    const server = createServer((request, response) => {
      request.resume().once('end', () => {
        response.setHeader('content-type', 'application/json').end('{"successful":[],"failed":[]}');
      });
    });
    server.keepAliveTimeout = 0;
    server.on('connection', (socket: Socket) => {
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const { port } = server.address() as AddressInfo;
    stubAwsEnvironment({ ...EXAMPLE_ENV, AWS_ENDPOINT_URL_CLOUDTRAIL_DATA: `http://127.0.0.1:${port}` });
    const channel = connectAsIs();
    await put(channel, 'a');
    expect(sockets.size).toBe(1);
    channel.close();
    await until('the server sees no connection', () => sockets.size === 0);
    server.close();
  });
});

describe('endpoint', () => {
  test('is the one the environment names', async () => {
    await using cloudTrail = await startCloudTrail();
    expect((await connect(cloudTrail).endpoint()).origin).toBe(cloudTrail.url);
    expect(cloudTrail.requests).toEqual([]);
  });

  test.each([
    ['eu-central-1', 'https://cloudtrail-data.eu-central-1.amazonaws.com'],
    ['cn-north-1', 'https://cloudtrail-data.cn-north-1.amazonaws.com.cn'],
  ])('is otherwise the Region’s own: %s', async (region, origin) => {
    stubAwsEnvironment({});
    expect((await connectAsIs({ region }).endpoint()).origin).toBe(origin);
  });

  test('that the settings exclude is an error', async () => {
    stubAwsEnvironment({ AWS_ENDPOINT_URL_CLOUDTRAIL_DATA: 'http://127.0.0.1:1', AWS_USE_FIPS_ENDPOINT: 'true' });
    await expect(connectAsIs().endpoint()).rejects.toThrow(/FIPS and custom endpoint/);
  });
});

describe('credentials', () => {
  test('are those of the chain', async () => {
    stubAwsEnvironment({ AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE', AWS_SECRET_ACCESS_KEY: 'secret' });
    expect(await connectAsIs().credentials()).toMatchObject({ accessKeyId: 'AKIDEXAMPLE' });
  });

  test('that are nowhere are an error', async () => {
    stubAwsEnvironment({});
    await expect(connectAsIs().credentials()).rejects.toMatchObject({ name: 'CredentialsProviderError' });
  });
});

test('an answer is read in the way of the schema', () => {
  const said = (read: (output: unknown) => PutAnswer, output: unknown) => {
    try {
      const { successful, failed } = read(output);
      return { successful, failed: failed ?? [] };
    } catch (error) {
      return (error as Error).name;
    }
  };
  const word = fc.oneof({ weight: 5, arbitrary: fc.string() }, { weight: 1, arbitrary: fc.anything() });
  const entry = (...names: readonly string[]) =>
    fc.oneof(
      { weight: 9, arbitrary: fc.record(Object.fromEntries(names.map((name) => [name, word]))) },
      { weight: 1, arbitrary: fc.anything() },
    );
  const list = (one: fc.Arbitrary<unknown>) =>
    fc.oneof(fc.array(one, { maxLength: 3 }), fc.constantFrom([], null, undefined), fc.anything());
  const output = fc.record(
    { successful: list(entry('id', 'eventID')), failed: list(entry('id', 'errorCode', 'errorMessage')) },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(fc.oneof({ weight: 9, arbitrary: output }, { weight: 1, arbitrary: fc.anything() }), (given) => {
      expect(said(toAnswer, given)).toEqual(said(toAnswerBySchema, given));
    }),
    { numRuns: 2000 },
  );
});
