import { createHash, createHmac } from 'node:crypto';
import { createServer, type IncomingHttpHeaders, type RequestListener, type ServerResponse } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { connect, type AddressInfo, type Socket } from 'node:net';
import {
  ChannelInsufficientPermission,
  ChannelNotFound,
  ChannelUnsupportedSchema,
  CloudTrailData,
  CloudTrailDataClient,
  CloudTrailDataServiceException,
  DuplicatedAuditEventId,
  InvalidChannelARN,
  PutAuditEventsCommand,
  UnsupportedOperationException,
  type CloudTrailDataClientConfig,
  type PutAuditEventsCommandInput,
} from '@aws-sdk/client-cloudtrail-data';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { stubAwsEnvironment } from '../support/aws-environment.ts';

const REGION = 'eu-west-1';
const CREDENTIALS = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'a secret of the test' };
const CHANNEL = 'arn:aws:cloudtrail:eu-west-1:111122223333:channel/EXAMPLE8-0558-4f7e-a06a-43969EXAMPLE';
const INPUT: PutAuditEventsCommandInput = {
  channelArn: CHANNEL,
  auditEvents: [{ id: 'one', eventData: '{"version":"3.9 – é \\u0001"}', eventDataChecksum: 'c3Vt' }],
};
const ANSWER = { successful: [{ id: 'one', eventID: '1f9f0a1e' }], failed: [] };

// A developer's own AWS settings must not decide what is tested here.
beforeEach(() => {
  stubAwsEnvironment({});
  return () => vi.unstubAllEnvs();
});

describe('the request on the wire', () => {
  test('is POST /PutAuditEvents with the channel in the query and the events as JSON', async () => {
    await using service = await listen(accept);
    await using client = clientOf(service);
    await client.send(new PutAuditEventsCommand(INPUT));

    const [request] = service.requests;
    expect(request?.method).toBe('POST');
    expect(request?.url).toBe(`/PutAuditEvents?channelArn=${encodeURIComponent(CHANNEL)}`);
    expect(request?.headers['content-type']).toBe('application/json');
    expect(request?.headers['content-length']).toBe(String(Buffer.byteLength(request?.body ?? '')));
    expect(JSON.parse(request?.body ?? '')).toEqual({ auditEvents: INPUT.auditEvents });
  });

  test('carries an external id, percent-encoded, beside the channel', async () => {
    await using service = await listen(accept);
    await using client = clientOf(service);
    await client.send(new PutAuditEventsCommand({ ...INPUT, externalId: 'a+b=c,d@e:f/g' }));
    expect(service.requests[0]?.url).toBe(
      `/PutAuditEvents?channelArn=${encodeURIComponent(CHANNEL)}&externalId=a%2Bb%3Dc%2Cd%40e%3Af%2Fg`,
    );
  });

  test('leaves out of an event what is not part of one', async () => {
    await using service = await listen(accept);
    await using client = clientOf(service);
    const event = { id: 'one', eventData: '{}', eventDataChecksum: undefined, entry: { secret: 'kept here' } };
    await client.send(new PutAuditEventsCommand({ ...INPUT, auditEvents: [event] }));
    expect(service.requests[0]?.body).toBe('{"auditEvents":[{"id":"one","eventData":"{}"}]}');
  });

  test('is signed with SigV4 for the service cloudtrail-data in the client’s Region', async () => {
    await using service = await listen(accept);
    await using client = clientOf(service);
    await client.send(new PutAuditEventsCommand({ ...INPUT, externalId: 'a+b=c/d' }));

    const [request] = service.requests;
    const authorization = request?.headers.authorization ?? '';
    const date = String(request?.headers['x-amz-date']);
    expect(authorization).toContain(
      `AWS4-HMAC-SHA256 Credential=${CREDENTIALS.accessKeyId}/${date.slice(0, 8)}/${REGION}/cloudtrail-data/aws4_request`,
    );
    expect(authorization).toMatch(/SignedHeaders=[^,]*\bcontent-type;host;[^,]*\bx-amz-date\b/);
    expect(authorization.split('Signature=')[1]).toBe(request && signatureOf(request));
  });

  test('names SDK, service and attempt', async () => {
    await using service = await listen(accept);
    await using client = clientOf(service, { customUserAgent: 'kong-audit' });
    await client.send(new PutAuditEventsCommand(INPUT));
    const { headers } = service.requests[0] ?? {};
    expect(headers?.['user-agent']).toMatch(/aws-sdk-js\/.* api\/cloudtrail-data#.* kong-audit/);
    expect(headers?.['amz-sdk-request']).toBe('attempt=1; max=3');
  });
});

describe('the answer', () => {
  test('is returned with the metadata of the call', async () => {
    await using service = await listen(accept);
    await using client = clientOf(service);
    const output = await client.send(new PutAuditEventsCommand(INPUT));
    expect(output).toMatchObject({
      ...ANSWER,
      $metadata: { httpStatusCode: 200, requestId: 'a-request-id', attempts: 1 },
    });
  });

  test('lists refused events and is not an exception', async () => {
    const failed = [{ id: 'one', errorCode: 'Throttling', errorMessage: 'slow down' }];
    await using service = await listen((_, response) => {
      reply(response, 200, { successful: [], failed });
    });
    await using client = clientOf(service);
    expect(await client.send(new PutAuditEventsCommand(INPUT))).toMatchObject({ successful: [], failed });
    expect(service.requests).toHaveLength(1);
  });

  test('comes from the method of the aggregated client, too', async () => {
    await using service = await listen(accept);
    const client = new CloudTrailData({ region: REGION, credentials: CREDENTIALS, endpoint: service.url });
    expect(await client.putAuditEvents(INPUT)).toMatchObject(ANSWER);
    client.destroy();
  });

  test('goes to the logger together with the input', async () => {
    await using service = await listen(accept);
    const lines: unknown[] = [];
    const log = (line: unknown) => lines.push(line);
    await using client = clientOf(service, { logger: { debug: log, info: log, warn: log, error: log } });
    await client.send(new PutAuditEventsCommand(INPUT));
    expect(lines).toContainEqual(
      expect.objectContaining({ commandName: 'PutAuditEventsCommand', input: INPUT, output: ANSWER }),
    );
  });
});

describe('where requests go', () => {
  test.each([
    ['eu-west-1', {}, 'cloudtrail-data.eu-west-1.amazonaws.com'],
    ['us-gov-west-1', {}, 'cloudtrail-data.us-gov-west-1.amazonaws.com'],
    ['cn-north-1', {}, 'cloudtrail-data.cn-north-1.amazonaws.com.cn'],
    ['eusc-de-east-1', {}, 'cloudtrail-data.eusc-de-east-1.amazonaws.eu'],
    ['us-iso-east-1', {}, 'cloudtrail-data.us-iso-east-1.c2s.ic.gov'],
    ['us-east-1', { useFipsEndpoint: true }, 'cloudtrail-data-fips.us-east-1.amazonaws.com'],
    ['us-east-1', { useDualstackEndpoint: true }, 'cloudtrail-data.us-east-1.api.aws'],
    ['us-east-1', { useFipsEndpoint: true, useDualstackEndpoint: true }, 'cloudtrail-data-fips.us-east-1.api.aws'],
  ])('%s %j is served at %s', async (region, options, host) => {
    await using service = await listen(accept);
    await using client = disposable(
      new CloudTrailDataClient({
        ...options,
        region,
        credentials: CREDENTIALS,
        requestHandler: { httpsAgent: new AgentTo(service.port) },
      }),
    );
    await client.send(new PutAuditEventsCommand(INPUT));
    expect(service.requests[0]?.headers.host).toBe(host);
    expect(service.requests[0]?.headers.authorization).toContain(`/${region}/cloudtrail-data/aws4_request`);
  });

  test.each([
    [{ endpoint: 'http://127.0.0.1:1', useFipsEndpoint: true }, /FIPS and custom endpoint/],
    [{ endpoint: 'http://127.0.0.1:1', useDualstackEndpoint: true }, /Dualstack and custom endpoint/],
  ])('%j is refused', async (options, message) => {
    const config = { region: REGION, credentials: CREDENTIALS, ...options };
    await using client = disposable(new CloudTrailDataClient(config));
    await expect(client.send(new PutAuditEventsCommand(INPUT))).rejects.toThrow(message);
  });

  test('AWS_ENDPOINT_URL_CLOUDTRAIL_DATA wins over AWS_ENDPOINT_URL, and a path in it is kept', async () => {
    await using service = await listen(accept);
    vi.stubEnv('AWS_ENDPOINT_URL', 'http://127.0.0.1:1');
    vi.stubEnv('AWS_ENDPOINT_URL_CLOUDTRAIL_DATA', `${service.url}/stage`);
    await using client = disposable(new CloudTrailDataClient({ region: REGION, credentials: CREDENTIALS }));
    await client.send(new PutAuditEventsCommand(INPUT));
    expect(service.requests[0]?.url).toMatch(/^\/stage\/PutAuditEvents\?channelArn=/);
  });

  test('AWS_ENDPOINT_URL alone is enough', async () => {
    await using service = await listen(accept);
    vi.stubEnv('AWS_ENDPOINT_URL', service.url);
    await using client = disposable(new CloudTrailDataClient({ region: REGION, credentials: CREDENTIALS }));
    await client.send(new PutAuditEventsCommand(INPUT));
    expect(service.requests).toHaveLength(1);
  });

  test('Region and credentials come from the environment when the client is given none', async () => {
    await using service = await listen(accept);
    stubAwsEnvironment({
      AWS_ENDPOINT_URL_CLOUDTRAIL_DATA: service.url,
      AWS_REGION: 'ap-southeast-2',
      AWS_ACCESS_KEY_ID: 'AKIDFROMENV',
      AWS_SECRET_ACCESS_KEY: 'from the environment',
      AWS_SESSION_TOKEN: 'a session',
    });
    await using client = disposable(new CloudTrailDataClient());
    await client.send(new PutAuditEventsCommand(INPUT));
    const { headers } = service.requests[0] ?? {};
    expect(headers?.authorization).toMatch(/Credential=AKIDFROMENV\/\d{8}\/ap-southeast-2\/cloudtrail-data\//);
    expect(headers?.['x-amz-security-token']).toBe('a session');
  });

  test('without a Region nothing is sent', async () => {
    await using service = await listen(accept);
    await using client = disposable(new CloudTrailDataClient({ credentials: CREDENTIALS, endpoint: service.url }));
    await expect(client.send(new PutAuditEventsCommand(INPUT))).rejects.toThrow(/region/i);
    expect(service.requests).toHaveLength(0);
  });

  test('without credentials nothing is sent', async () => {
    await using service = await listen(accept);
    await using client = disposable(new CloudTrailDataClient({ region: REGION, endpoint: service.url }));
    await expect(client.send(new PutAuditEventsCommand(INPUT))).rejects.toMatchObject({
      name: 'CredentialsProviderError',
    });
    expect(service.requests).toHaveLength(0);
  });
});

describe('retries', () => {
  test.each([
    [
      '500',
      (response: ServerResponse) => {
        reply(response, 500, { __type: 'InternalFailure' });
      },
    ],
    ['503 with a page instead of JSON', (response: ServerResponse) => response.writeHead(503).end('<html>')],
    [
      'throttling',
      (response: ServerResponse) => {
        reply(response, 400, { __type: 'ThrottlingException' });
      },
    ],
    ['a reset connection', (response: ServerResponse) => response.socket?.resetAndDestroy()],
    [
      'a connection closed in the middle of the answer',
      (response: ServerResponse) => {
        breakOff(response);
      },
    ],
  ])('%s is tried again', async (_, fail) => {
    await using service = await listen((request, response) => {
      if (service.requests.length === 1) fail(response);
      else accept(request, response);
    });
    await using client = clientOf(service);
    const output = await client.send(new PutAuditEventsCommand(INPUT));
    expect(output).toMatchObject({ ...ANSWER, $metadata: { attempts: 2 } });
    const [first, second] = service.requests;
    expect(second?.body).toBe(first?.body);
    expect(second?.headers['amz-sdk-invocation-id']).toBe(first?.headers['amz-sdk-invocation-id']);
    expect(second && signatureOf(second)).toBe(second?.headers.authorization?.split('Signature=')[1]);
  });

  test('end after maxAttempts with the last error', async () => {
    await using service = await listen((_, response) => {
      reply(response, 500, { __type: 'InternalFailure', message: 'try later' });
    });
    await using client = clientOf(service, { maxAttempts: 2 });
    await expect(client.send(new PutAuditEventsCommand(INPUT))).rejects.toMatchObject({
      name: 'InternalFailure',
      message: 'try later',
      $fault: 'server',
      $metadata: { httpStatusCode: 500, attempts: 2 },
    });
    expect(service.requests).toHaveLength(2);
  });

  test('AWS_MAX_ATTEMPTS is honoured', async () => {
    vi.stubEnv('AWS_MAX_ATTEMPTS', '1');
    await using service = await listen((_, response) => {
      reply(response, 500, {});
    });
    await using client = clientOf(service);
    await expect(client.send(new PutAuditEventsCommand(INPUT))).rejects.toThrow(CloudTrailDataServiceException);
    expect(service.requests).toHaveLength(1);
  });

  test('a refusal is not tried again', async () => {
    await using service = await listen((_, response) => {
      reply(response, 400, { __type: 'ValidationException', message: 'no' });
    });
    await using client = clientOf(service, { retryMode: 'adaptive' });
    await expect(client.send(new PutAuditEventsCommand(INPUT))).rejects.toMatchObject({ name: 'ValidationException' });
    expect(service.requests).toHaveLength(1);
  });
});

describe('exceptions', () => {
  const modelled = {
    ChannelInsufficientPermission,
    ChannelNotFound,
    ChannelUnsupportedSchema,
    DuplicatedAuditEventId,
    InvalidChannelARN,
    UnsupportedOperationException,
  };

  describe.each(Object.entries(modelled))('%s', (name, Exception) => {
    test.each([
      ['the header', { 'x-amzn-errortype': name }, {}],
      ['the header with a URI', { 'x-amzn-errortype': `${name}:http://internal.amazon.com/coral/` }, {}],
      ['the body', {}, { __type: name }],
      ['the body with a namespace', {}, { __type: `com.amazonaws.cloudtraildata#${name}` }],
    ])('is recognised by %s', async (_, headers, body) => {
      await using service = await listen((__, response) => {
        reply(response, 400, { ...body, message: 'because' }, headers);
      });
      await using client = clientOf(service);
      const error = await client.send(new PutAuditEventsCommand(INPUT)).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(Exception);
      // `instanceof` is content with the name alone; the class is right only with this.
      expect(Object.getPrototypeOf(error)).toBe(Exception.prototype);
      expect(error).toBeInstanceOf(CloudTrailDataServiceException);
      expect(error).toBeInstanceOf(Error);
      expect(error).toMatchObject({
        name,
        message: 'because',
        $fault: 'client',
        $metadata: { httpStatusCode: 400, requestId: 'a-request-id', attempts: 1 },
      });
      for (const Other of Object.values(modelled)) expect(error instanceof Other).toBe(Other === Exception);
      expect(service.requests).toHaveLength(1);
    });
  });

  test('can be made by hand, as tests do', () => {
    const error = new ChannelNotFound({ message: 'gone', $metadata: {} });
    expect(error).toMatchObject({ name: 'ChannelNotFound', message: 'gone', $fault: 'client' });
    expect(error).toBeInstanceOf(CloudTrailDataServiceException);
  });

  test('an error that the model does not list keeps its name', async () => {
    await using service = await listen((_, response) => {
      reply(response, 403, { Message: 'not you' }, { 'x-amzn-errortype': 'AccessDeniedException' });
    });
    await using client = clientOf(service);
    const error = await client.send(new PutAuditEventsCommand(INPUT)).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(CloudTrailDataServiceException);
    expect(error).not.toBeInstanceOf(ChannelNotFound);
    expect(error).toMatchObject({ name: 'AccessDeniedException', message: 'not you', $fault: 'client' });
  });

  test('an error without a name is Unknown', async () => {
    await using service = await listen((_, response) => {
      reply(response, 400, {});
    });
    await using client = clientOf(service);
    const error = await client.send(new PutAuditEventsCommand(INPUT)).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(CloudTrailDataServiceException);
    expect(error).toMatchObject({ name: 'Unknown', $metadata: { httpStatusCode: 400 } });
  });
});

describe('time limits', () => {
  test('an attempt without an answer ends after requestTimeout and is tried again', async () => {
    await using service = await listen((request, response) => {
      if (service.requests.length > 1) accept(request, response);
    });
    await using client = clientOf(service, { requestHandler: { requestTimeout: 100, throwOnRequestTimeout: true } });
    const output = await client.send(new PutAuditEventsCommand(INPUT));
    expect(output).toMatchObject({ ...ANSWER, $metadata: { attempts: 2 } });
  });

  test('a service that never answers costs maxAttempts times requestTimeout, and every connection is closed', async () => {
    await using service = await listen(() => undefined);
    await using client = clientOf(service, {
      maxAttempts: 2,
      requestHandler: { requestTimeout: 100, throwOnRequestTimeout: true },
    });
    await expect(client.send(new PutAuditEventsCommand(INPUT))).rejects.toMatchObject({
      name: 'TimeoutError',
      $metadata: { attempts: 2 },
    });
    await service.idle();
    expect(service.requests).toHaveLength(2);
  });

  test('an answer that stops half-way ends after socketTimeout and is tried again', async () => {
    await using service = await listen((request, response) => {
      if (service.requests.length > 1) accept(request, response);
      else response.writeHead(200, { 'content-length': 1_000 }).write('{"successful":[');
    });
    await using client = clientOf(service, { requestHandler: { socketTimeout: 100 } });
    const output = await client.send(new PutAuditEventsCommand(INPUT));
    expect(output).toMatchObject({ ...ANSWER, $metadata: { attempts: 2 } });
  });

  test('a connection that does not come about ends after connectionTimeout', async () => {
    const nameServerThatIsSilent = () => undefined;
    await using client = disposable(
      new CloudTrailDataClient({
        region: REGION,
        credentials: CREDENTIALS,
        endpoint: 'http://cloudtrail-data.test',
        maxAttempts: 1,
        requestHandler: { connectionTimeout: 100, httpAgent: { lookup: nameServerThatIsSilent } },
      }),
    );
    await expect(client.send(new PutAuditEventsCommand(INPUT))).rejects.toMatchObject({ name: 'TimeoutError' });
  });

  test('abortSignal ends a request in flight, without another attempt', async () => {
    const abort = new AbortController();
    await using service = await listen(() => {
      abort.abort();
    });
    await using client = clientOf(service);
    await expect(client.send(new PutAuditEventsCommand(INPUT), { abortSignal: abort.signal })).rejects.toMatchObject({
      name: 'AbortError',
    });
    await service.idle();
    expect(service.requests).toHaveLength(1);
  });

  test('abortSignal ends an answer that stops half-way, without another attempt', async () => {
    await using service = await listen((_, response) => {
      response.writeHead(200, { 'content-length': 1_000 }).write('{"successful":[');
    });
    await using client = clientOf(service);
    await expect(
      client.send(new PutAuditEventsCommand(INPUT), { abortSignal: AbortSignal.timeout(200) }),
    ).rejects.toMatchObject({ name: 'AbortError' });
    await service.idle();
    expect(service.requests).toHaveLength(1);
  });

  test('abortSignal ends the wait for the next attempt', async () => {
    await using service = await listen((_, response) => {
      reply(response, 400, { __type: 'ThrottlingException' }, { 'x-amz-retry-after': '20000' });
    });
    await using client = clientOf(service);
    const abort = new AbortController();
    const abortOnceItWaits = () =>
      setImmediate(() => {
        abort.abort();
      });
    client.middlewareStack.add((next) => (args) => next(args).finally(abortOnceItWaits), {
      step: 'finalizeRequest',
      priority: 'low',
    });

    const start = performance.now();
    await expect(client.send(new PutAuditEventsCommand(INPUT), { abortSignal: abort.signal })).rejects.toMatchObject({
      name: 'AbortError',
    });
    expect(performance.now() - start).toBeLessThan(2_000);
    expect(service.requests).toHaveLength(1);
  });

  test('a signal that is already aborted sends nothing', async () => {
    await using service = await listen(accept);
    await using client = clientOf(service);
    await expect(
      client.send(new PutAuditEventsCommand(INPUT), { abortSignal: AbortSignal.abort() }),
    ).rejects.toMatchObject({ name: 'AbortError' });
    expect(service.requests).toHaveLength(0);
  });
});

interface ReceivedRequest {
  readonly method: string | undefined;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Serves on a free port of the loopback interface, remembering each request once it has arrived in full. */
async function listen(respond: RequestListener) {
  const requests: ReceivedRequest[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { method, url = '', headers } = request;
      requests.push({ method, url, headers, body: Buffer.concat(chunks).toString() });
      respond(request, response);
    });
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    requests,
    /** Resolves when the client has closed every connection. */
    async idle() {
      await Promise.all([...sockets].map((socket) => new Promise((resolve) => socket.once('close', resolve))));
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

type Service = Awaited<ReturnType<typeof listen>>;

function clientOf(service: Service, config: CloudTrailDataClientConfig = {}) {
  return disposable(
    new CloudTrailDataClient({ region: REGION, credentials: CREDENTIALS, endpoint: service.url, ...config }),
  );
}

function disposable(client: CloudTrailDataClient) {
  return Object.assign(client, {
    [Symbol.asyncDispose]: () => {
      client.destroy();
      return Promise.resolve();
    },
  });
}

/** Connects to a local port, without TLS, whatever host is asked for. */
class AgentTo extends HttpsAgent {
  readonly #port: number;
  constructor(port: number) {
    super();
    this.#port = port;
  }
  override createConnection() {
    return connect(this.#port, '127.0.0.1');
  }
}

function reply(response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}): void {
  response
    .writeHead(status, { 'content-type': 'application/json', 'x-amzn-requestid': 'a-request-id', ...headers })
    .end(JSON.stringify(body));
}

function accept(_request: unknown, response: ServerResponse): void {
  reply(response, 200, ANSWER);
}

function breakOff(response: ServerResponse): void {
  response.writeHead(200, { 'content-length': 1_000 });
  response.write('{"successful":[', () => response.socket?.destroy());
}

/** What the signature of `request` has to be: SigV4 as AWS documents it, for a path and a query that need no normalising. */
function signatureOf({ method, url, headers, body }: ReceivedRequest): string {
  const { date, region, service, signed } =
    /\/(?<date>\d{8})\/(?<region>[^/]+)\/(?<service>[^/]+)\/aws4_request, SignedHeaders=(?<signed>[^,]+),/.exec(
      headers.authorization ?? '',
    )?.groups ?? {};
  const [path, query] = url.split('?');
  const canonicalRequest = [
    method,
    path,
    query,
    ...(signed ?? '').split(';').map((name) => `${name}:${String(headers[name])}`),
    '',
    signed,
    sha256(body),
  ].join('\n');
  const scope = `${date ?? ''}/${region ?? ''}/${service ?? ''}/aws4_request`;
  const toSign = ['AWS4-HMAC-SHA256', headers['x-amz-date'], scope, sha256(canonicalRequest)].join('\n');
  const key = [...scope.split('/')].reduce<Buffer | string>(hmac, `AWS4${CREDENTIALS.secretAccessKey}`);
  return hmac(key, toSign).toString('hex');
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function hmac(key: Buffer | string, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}
