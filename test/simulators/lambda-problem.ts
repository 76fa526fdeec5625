import { randomUUID } from 'node:crypto';
import type { AwsProblem } from './sigv4.ts';
import type { WireAnswer } from './wire-server.ts';

/** Statuses of Lambda's errors (service model of Lambda, 2015-03-31). */
const STATUS: Readonly<Record<string, number>> = {
  AccessDeniedException: 403,
  InvalidParameterValueException: 400,
  InvalidRequestContentException: 400,
  RequestTooLargeException: 413,
  ResourceConflictException: 409,
  ResourceNotFoundException: 404,
  ResourceNotReadyException: 502,
  ServiceException: 500,
  TooManyRequestsException: 429,
  UnsupportedMediaTypeException: 415,
};

export function lambdaProblem(code: string, message: string): AwsProblem {
  return { status: STATUS[code] ?? 400, code, message };
}

/** A refusal in Lambda's REST-JSON: the error's name in a header, and for throttling how long to wait. */
export function refuse({ status, code, message }: AwsProblem): WireAnswer {
  const isThrottled = code === 'TooManyRequestsException';
  return {
    status,
    headers: {
      'content-type': 'application/json',
      date: new Date().toUTCString(),
      'x-amzn-requestid': randomUUID(),
      'x-amzn-errortype': code,
      ...(isThrottled && { 'retry-after': '1' }),
    },
    body: {
      Type: status < 500 ? 'User' : 'Service',
      message,
      ...(isThrottled && { Reason: message.startsWith('Rate') ? CALLER_RATE : FUNCTION_CONCURRENCY }),
    },
  };
}

const CALLER_RATE = 'CallerRateLimitExceeded';
const FUNCTION_CONCURRENCY = 'ReservedFunctionConcurrentInvocationLimitExceeded';
