import { randomUUID } from 'node:crypto';
import { awsProblem, isProblem } from './aws-problem.ts';
import type { AwsProblem } from './sigv4.ts';
import type { WireAnswer, WireRequest } from './wire-server.ts';

/** What a request of the AWS JSON 1.1 protocol asks for. */
export interface JsonCall {
  readonly operation: string;
  readonly input: unknown;
}

/**
 * Reads a request of the AWS JSON 1.1 protocol whose `X-Amz-Target` is `<prefix>.<operation>` with one of `prefixes`.
 * Source: Smithy documentation, "AWS JSON 1.1 protocol".
 */
export function readJsonCall(request: WireRequest, ...prefixes: readonly string[]): JsonCall | AwsProblem {
  const [path] = request.path.split('?');
  const target = request.headers['x-amz-target'] ?? '';
  const prefix = prefixes.find((known) => target.startsWith(`${known}.`));
  if (request.method !== 'POST' || path !== '/' || prefix === undefined) {
    return awsProblem('UnknownOperationException', `No operation at ${request.method} ${request.path} ${target}`);
  }
  if (request.headers['content-type'] !== 'application/x-amz-json-1.1') {
    return awsProblem('SerializationException', 'Content-Type must be application/x-amz-json-1.1');
  }
  try {
    return { operation: target.slice(prefix.length + 1), input: JSON.parse(request.body.toString('utf8')) };
  } catch {
    return awsProblem('SerializationException', 'The body is not JSON');
  }
}

/** Matches the requests for one operation, for faults: `faults.next(fault, { match: calling('PutLogEvents') })`. */
export function calling(operation: string): (request: Pick<WireRequest, 'headers'>) => boolean {
  return ({ headers }) => headers['x-amz-target']?.endsWith(`.${operation}`) === true;
}

/** An answer of the AWS JSON 1.1 protocol. The error's name travels in the body, and refusals of the caller are 400. */
export function awsJson(outcome: AwsProblem | object): WireAnswer {
  const headers = {
    'content-type': 'application/x-amz-json-1.1',
    date: new Date().toUTCString(),
    'x-amzn-requestid': randomUUID(),
  };
  if (!isProblem(outcome)) return { status: 200, headers, body: outcome };
  const { status, code, message } = outcome;
  return { status: status === 403 ? 400 : status, headers, body: { __type: code, message } };
}
