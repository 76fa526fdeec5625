import { isProblem } from './aws-problem.ts';
import { MAX_SYNC_BYTES } from './lambda-function.ts';
import { lambdaProblem } from './lambda-problem.ts';
import type { AwsProblem } from './sigv4.ts';
import type { WireRequest } from './wire-server.ts';

export type LambdaOperation = 'Invoke' | 'GetFunction' | 'GetFunctionConfiguration';

export interface LambdaCall {
  readonly operation: LambdaOperation;
  /** As sent: a name, a part of an ARN, or an ARN. */
  readonly functionName: string;
  readonly qualifier: string | undefined;
}

const OPERATIONS: Readonly<Record<string, LambdaOperation>> = {
  'POST /invocations': 'Invoke',
  'GET ': 'GetFunction',
  'GET /configuration': 'GetFunctionConfiguration',
};

/** Which operation a request is for. Source: service model of Lambda, 2015-03-31. */
export function readLambdaCall({ method, path }: WireRequest): LambdaCall | AwsProblem {
  const { pathname, searchParams } = new URL(path, 'http://service');
  const [, name = '', rest = ''] = /^\/2015-03-31\/functions\/([^/]+)(\/[^/]+)?$/.exec(pathname) ?? [];
  const operation = OPERATIONS[`${method} ${rest}`];
  if (name === '' || operation === undefined) {
    return lambdaProblem('UnknownOperationException', `No operation at ${method} ${pathname}`);
  }
  return { operation, functionName: decodeURIComponent(name), qualifier: searchParams.get('Qualifier') ?? undefined };
}

export interface InvokeRequest {
  readonly type: 'RequestResponse' | 'Event' | 'DryRun';
  readonly event: unknown;
  /** Whether the answer brings the end of the log. */
  readonly tail: boolean;
}

/** 1 MB since 2025, before that 256 kB (API reference, Invoke). */
const MAX_ASYNC_BYTES = 1_048_576;

/** What an Invoke asks for. Without a body the event is an empty object, as Lambda makes it. */
export function readInvoke({ headers, body }: WireRequest): InvokeRequest | AwsProblem {
  const type = oneOf('X-Amz-Invocation-Type', ['RequestResponse', 'Event', 'DryRun'], headers);
  if (isProblem(type)) return type;
  const log = oneOf('X-Amz-Log-Type', ['None', 'Tail'], headers);
  if (isProblem(log)) return log;
  const limit = type.value === 'Event' ? MAX_ASYNC_BYTES : MAX_SYNC_BYTES;
  if (body.length > limit) {
    const message = `Request must be smaller than ${limit} bytes for the InvokeFunction operation`;
    return lambdaProblem('RequestTooLargeException', message);
  }
  try {
    const event: unknown = body.length === 0 ? {} : JSON.parse(body.toString('utf8'));
    return { type: type.value, event, tail: log.value === 'Tail' };
  } catch (error) {
    const message = `Could not parse request body into json: ${String(error)}`;
    return lambdaProblem('InvalidRequestContentException', message);
  }
}

/** A header with one of `values`; the first where it is missing. */
function oneOf<Value extends string>(
  name: string,
  values: readonly [Value, ...Value[]],
  headers: WireRequest['headers'],
): { readonly value: Value } | AwsProblem {
  const given = headers[name.toLowerCase()] ?? values[0];
  const value = values.find((known) => known === given);
  if (value !== undefined) return { value };
  return lambdaProblem('InvalidParameterValueException', `${name} must be one of ${values.join(', ')}, got ${given}`);
}
