import { randomUUID } from 'node:crypto';
import { signatureProblem, EXAMPLE_CREDENTIALS } from '../../simulators/sigv4.ts';
import { faults, type Faults, type WireFault } from '../../simulators/wire-fault.ts';
import { type WireAnswer, type WireRequest, wireServer } from '../../simulators/wire-server.ts';

/** What a function of the tests is: Lambda's handler, told how it was invoked. */
export type Handler = (event: unknown, context: InvocationContext) => Promise<unknown>;

export interface InvocationContext {
  readonly awsRequestId: string;
  readonly invocationType: 'RequestResponse' | 'Event';
}

/** One line of the function's log. */
export interface LogEvent {
  readonly timestamp: number;
  readonly message: string;
}

export interface AwsServerOptions {
  readonly handler: Handler;
  readonly functionName?: string;
  readonly log?: readonly LogEvent[];
  /** Events on a page of FilterLogEvents. */
  readonly logPage?: number;
  /** Outputs of the one stack, `KongAudit`. */
  readonly outputs?: Readonly<Record<string, string>>;
  readonly region?: string;
}

/** One invocation as it came. */
export interface Invoked {
  readonly functionName: string;
  readonly payload: Record<string, unknown>;
  readonly type: string;
}

/** The three AWS services that the command line calls, on one port, signatures verified. */
export interface AwsServer extends AsyncDisposable {
  readonly env: Readonly<Record<string, string>>;
  readonly invoked: Invoked[];
  /** Queries of FilterLogEvents. */
  readonly filtered: Record<string, unknown>[];
  readonly faults: Faults<WireRequest, WireFault>;
}

const JSON_1_1 = { 'content-type': 'application/x-amz-json-1.1' };

export async function startAws(options: AwsServerOptions): Promise<AwsServer> {
  const { functionName = 'kong-cloudtrail-integration', region = 'eu-west-1' } = options;
  const invoked: Invoked[] = [];
  const filtered: Record<string, unknown>[] = [];
  const hooks = faults<WireRequest, WireFault>();

  const invoke = async (request: WireRequest, name: string): Promise<WireAnswer> => {
    const known = name === functionName || name.endsWith(`:function:${functionName}`);
    if (!known) return lambdaError(404, 'ResourceNotFoundException', `Function not found: ${name}`);
    const invocationType = request.headers['x-amz-invocation-type'] ?? 'RequestResponse';
    if (invocationType !== 'RequestResponse' && invocationType !== 'Event')
      return lambdaError(400, 'InvalidParameterValueException', `Invocation type ${invocationType}`);
    const awsRequestId = randomUUID();
    const headers = { 'x-amzn-requestid': awsRequestId, 'content-type': 'application/json' };
    const payload = JSON.parse(request.body.toString()) as Record<string, unknown>;
    invoked.push({ functionName: name, payload, type: invocationType });
    const answer = options.handler(payload, { awsRequestId, invocationType }).then(
      (value): WireAnswer => ({ status: 200, headers, body: JSON.stringify(value) }),
      (thrown: unknown): WireAnswer => ({
        status: 200,
        headers: { ...headers, 'x-amz-function-error': 'Unhandled' },
        body: JSON.stringify({ ...described(thrown), trace: [] }),
      }),
    );
    return invocationType === 'Event' ? { status: 202, headers, body: undefined } : await answer;
  };

  const filterLogs = (body: Record<string, unknown>): WireAnswer => {
    filtered.push(body);
    if (body['logGroupName'] !== `/aws/lambda/${functionName}`)
      return {
        status: 400,
        headers: JSON_1_1,
        body: { __type: 'ResourceNotFoundException', message: 'The specified log group does not exist.' },
      };
    const terms = [...textOf(body['filterPattern']).matchAll(/\?("[^"]+"|\S+)/g)].map(([, term = '']) =>
      term.replaceAll('"', ''),
    );
    const events = (options.log ?? []).filter(
      ({ timestamp, message }) =>
        timestamp >= Number(body['startTime']) && (terms.length === 0 || terms.some((term) => message.includes(term))),
    );
    const from = Number(body['nextToken'] ?? 0);
    const to = from + (options.logPage ?? 10_000);
    return {
      status: 200,
      headers: JSON_1_1,
      body: { events: events.slice(from, to), ...(to < events.length && { nextToken: String(to) }) },
    };
  };

  const describeStacks = (form: URLSearchParams): WireAnswer => {
    const stack = form.get('StackName');
    const headers = { 'content-type': 'text/xml' };
    if (stack !== 'KongAudit')
      return {
        status: 400,
        headers,
        body: `<ErrorResponse><Error><Type>Sender</Type><Code>ValidationError</Code><Message>Stack with id ${stack ?? ''} does not exist</Message></Error><RequestId>1</RequestId></ErrorResponse>`,
      };
    const outputs = Object.entries(options.outputs ?? {}).map(
      ([key, value]) => `<member><OutputKey>${key}</OutputKey><OutputValue>${value}</OutputValue></member>`,
    );
    return {
      status: 200,
      headers,
      body: `<DescribeStacksResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><DescribeStacksResult><Stacks><member><StackName>KongAudit</StackName><CreationTime>2026-01-01T00:00:00Z</CreationTime><StackStatus>CREATE_COMPLETE</StackStatus><Outputs>${outputs.join('')}</Outputs></member></Stacks></DescribeStacksResult><ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></DescribeStacksResponse>`,
    };
  };

  const handle = async (request: WireRequest): Promise<WireAnswer> => {
    const [, name] = /^\/2015-03-31\/functions\/([^/]+)\/invocations$/.exec(request.path) ?? [];
    const isLogs = request.headers['x-amz-target'] === 'Logs_20140328.FilterLogEvents';
    const service = name !== undefined ? 'lambda' : isLogs ? 'logs' : 'cloudformation';
    const refused = signatureProblem(request, {
      credentials: [EXAMPLE_CREDENTIALS],
      region,
      service,
      now: Date.now() / 1000,
    });
    if (refused) return lambdaError(403, refused.code, refused.message);
    if (name !== undefined) return await invoke(request, decodeURIComponent(name));
    if (isLogs) return filterLogs(JSON.parse(request.body.toString()) as Record<string, unknown>);
    return describeStacks(new URLSearchParams(request.body.toString()));
  };

  const server = await wireServer({ handle, faults: hooks });
  return {
    invoked,
    filtered,
    faults: hooks,
    env: {
      AWS_REGION: region,
      AWS_ACCESS_KEY_ID: EXAMPLE_CREDENTIALS.accessKeyId,
      AWS_SECRET_ACCESS_KEY: EXAMPLE_CREDENTIALS.secretAccessKey,
      AWS_ENDPOINT_URL_LAMBDA: server.url,
      AWS_ENDPOINT_URL_CLOUDWATCH_LOGS: server.url,
      AWS_ENDPOINT_URL_CLOUDFORMATION: server.url,
    },
    [Symbol.asyncDispose]: () => server.close(),
  };
}

function lambdaError(status: number, code: string, message: string): WireAnswer {
  return {
    status,
    headers: { 'content-type': 'application/json', 'x-amzn-errortype': code },
    body: { Type: 'User', Message: message, message },
  };
}

function described(thrown: unknown) {
  const { name, message } = thrown instanceof Error ? thrown : new Error(String(thrown));
  return { errorType: name, errorMessage: message };
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
