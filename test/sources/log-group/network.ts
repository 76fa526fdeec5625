import { HttpResponse } from '@smithy/core/protocols';
import { afterAll, beforeAll, vi } from 'vitest';
import { type LogGroup, connectLogGroup, type LogGroupOptions } from '../../../lambda/sources/log-group/client.ts';
import { readJsonCall } from '../../simulators/aws-json.ts';
import { isProblem } from '../../simulators/aws-problem.ts';
import type { CloudWatchLogsModel } from '../../simulators/cloudwatch-logs-model.ts';
import type { FilterLogEventsResult } from '../../simulators/cloudwatch-logs-filter.ts';
import type { AwsProblem } from '../../simulators/sigv4.ts';
import { stubAwsEnvironment } from '../../support/aws-environment.ts';

/** Lets the clients of a file's tests sign what they send; nobody looks at it. */
export function useAnyCredentials(): void {
  beforeAll(() => {
    stubAwsEnvironment({ AWS_ACCESS_KEY_ID: 'any', AWS_SECRET_ACCESS_KEY: 'any' });
  });
  afterAll(() => {
    vi.unstubAllEnvs();
  });
}

export type Asked = Readonly<Record<string, unknown>>;
export type Answered = FilterLogEventsResult | AwsProblem;

export interface NetworkOptions {
  /** Epoch seconds; what answers say of the time. */
  readonly now: () => number;
  /** Called for each request; what it returns is answered. Default: what the model says. */
  readonly answer?: (asked: Asked, usual: () => Answered) => Answered | Promise<Answered>;
}

/** A client of the model: everything runs but the sockets. */
export function modelGroup(
  model: CloudWatchLogsModel,
  groupName: string,
  { now, answer = (_, usual) => usual(), ...options }: NetworkOptions & Partial<LogGroupOptions>,
): LogGroup & { readonly asked: Asked[] } {
  const asked: Asked[] = [];
  const never = new AbortController().signal;
  const group = connectLogGroup({
    arn: model.groupArn(groupName),
    region: 'eu-central-1',
    stopping: never,
    aborting: never,
    callsPerSecond: 1_000_000,
    retryDelayMs: 0,
    ...options,
    requestHandler: {
      async handle({ body, headers }: { body: Uint8Array; headers: Record<string, string> }) {
        const request = {
          method: 'POST',
          path: '/',
          headers,
          body: Buffer.from(body.buffer, body.byteOffset, body.length),
          clientIp: '',
          httpVersion: '1.1',
        };
        const call = readJsonCall(request, 'Logs_20140328');
        if (isProblem(call)) throw new Error(call.message);
        const input = call.input as Asked;
        asked.push(input);
        return { response: toResponse(await answer(input, () => model.filterLogEvents(input)), now()) };
      },
      destroy: () => undefined,
    },
  });
  return { ...group, asked };
}

function toResponse(answer: Answered, now: number): HttpResponse {
  const problem = isProblem(answer) ? answer : null;
  const body = problem ? { __type: problem.code, message: problem.message } : answer;
  return new HttpResponse({
    statusCode: problem?.status === 403 ? 400 : (problem?.status ?? 200),
    headers: { 'content-type': 'application/x-amz-json-1.1', date: new Date(now * 1000).toUTCString() },
    body: Buffer.from(JSON.stringify(body)),
  });
}
