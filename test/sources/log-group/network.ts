import { Readable } from 'node:stream';
import { HttpResponse } from '@smithy/core/protocols';
import { connectLogGroup, type LogGroup, type LogGroupOptions } from '../../../lambda/sources/log-group/client.ts';
import { readJsonCall } from '../../simulators/aws-json.ts';
import { isProblem } from '../../simulators/aws-problem.ts';
import type { FilterLogEventsResult } from '../../simulators/cloudwatch-logs-filter.ts';
import type { CloudWatchLogsModel } from '../../simulators/cloudwatch-logs-model.ts';
import type { AwsProblem } from '../../simulators/sigv4.ts';

export type Asked = Readonly<Record<string, unknown>>;
export type Answered = FilterLogEventsResult | AwsProblem;

export interface Wire {
  readonly status: number;
  readonly body: Buffer;
}

export interface NetworkOptions extends Partial<LogGroupOptions> {
  /** Epoch seconds; what answers say of the time. */
  readonly now: () => number;
}

/** A client whose requests are answered by `answer`: everything runs but the sockets. It waits for nothing. */
export function wiredGroup(
  answer: (asked: Asked, signal: AbortSignal) => Wire | Promise<Wire>,
  { now, ...options }: NetworkOptions,
): LogGroup {
  const never = new AbortController().signal;
  return connectLogGroup({
    arn: 'arn:aws:logs:eu-central-1:111122223333:log-group:any',
    region: 'eu-central-1',
    stopping: never,
    aborting: never,
    callsPerSecond: 1_000_000,
    retryDelayMs: 0,
    requestHandler: {
      async handle(request: SentRequest, { abortSignal = never }: { readonly abortSignal?: AbortSignal } = {}) {
        const { status, body } = await answer(inputOf(request), abortSignal);
        const headers = { 'content-type': 'application/x-amz-json-1.1', date: new Date(now() * 1000).toUTCString() };
        return { response: new HttpResponse({ statusCode: status, headers, body: Readable.from([body]) }) };
      },
      destroy: () => undefined,
    },
    ...options,
  });
}

/** A client of the model. `answer` is called for each request; what it returns is answered. Default: what the model says. */
export function modelGroup(
  model: CloudWatchLogsModel,
  groupName: string,
  options: NetworkOptions & {
    readonly answer?: (asked: Asked, usual: () => Answered) => Answered | Promise<Answered>;
  },
): LogGroup {
  const { answer, ...others } = options;
  const usual = (asked: Asked): Answered => model.filterLogEvents(asked);
  const handle = async (asked: Asked) => toWire((await answer?.(asked, () => usual(asked))) ?? usual(asked));
  return wiredGroup(handle, { arn: model.groupArn(groupName), ...others });
}

/** An answer as it comes over the wire. */
export function toWire(answer: Answered): Wire {
  if (!isProblem(answer)) return { status: 200, body: Buffer.from(JSON.stringify(answer)) };
  const { status, code, message } = answer;
  return { status: status === 403 ? 400 : status, body: Buffer.from(JSON.stringify({ __type: code, message })) };
}

interface SentRequest {
  readonly body: Uint8Array;
  readonly headers: Readonly<Record<string, string>>;
}

function inputOf({ body, headers }: SentRequest): Asked {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.length);
  const request = { method: 'POST', path: '/', headers, body: bytes, clientIp: '', httpVersion: '1.1' };
  const call = readJsonCall(request, 'Logs_20140328');
  if (isProblem(call)) throw new Error(call.message);
  return call.input as Asked;
}
