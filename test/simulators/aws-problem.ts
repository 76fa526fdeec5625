import type { AwsProblem } from './sigv4.ts';

const STATUS: Readonly<Record<string, number>> = {
  AccessDeniedException: 403,
  ExpiredTokenException: 403,
  InvalidSignatureException: 403,
  MissingAuthenticationTokenException: 403,
  UnrecognizedClientException: 403,
  RequestEntityTooLargeException: 413,
  InternalFailure: 500,
  InternalServerError: 500,
  InternalServiceException: 500,
  ServiceUnavailable: 503,
  ServiceUnavailableException: 503,
};

/** An error of the whole request with the status AWS gives it; 400 for what is not listed. */
export function awsProblem(code: string, message: string): AwsProblem {
  return { status: STATUS[code] ?? 400, code, message };
}

/** Whether an operation was refused: results have no member `code`. */
export function isProblem(outcome: object): outcome is AwsProblem {
  return 'code' in outcome && 'status' in outcome;
}

/** The service answers with this error and does nothing. */
export interface ErrorFault {
  readonly fault: 'error';
  readonly code: string;
  /** Default: the one AWS gives the code. */
  readonly status?: number;
  readonly message?: string;
}

/** The error that `fault` asks for; `problem` knows the statuses of the service. */
export function injected({ code, status, message = 'injected' }: ErrorFault, problem = awsProblem): AwsProblem {
  return { ...problem(code, message), ...(status === undefined ? {} : { status }) };
}
