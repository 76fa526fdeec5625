/** The request was never sent: the run ended while it waited for its turn. */
export class NotSentError extends Error {
  override readonly name = 'NotSentError';
}

/**
 * The request was sent, and no answer came, or not all of it, or none that can be read: what it carried may have been taken. The
 * SDK does not retry this class of error, nor does this program.
 */
export class UnansweredError extends Error {
  override readonly name = 'UnansweredError';
}

/**
 * What was sent may have been taken. When a signal ends a request in flight, the SDK throws its own `AbortError` in place of what
 * became of it.
 */
export const mayHaveArrived = (error: unknown): boolean =>
  error instanceof UnansweredError || nameOf(error) === 'AbortError';

const CREDENTIALS =
  /^(AccessDenied|UnrecognizedClient|InvalidSignature|SignatureDoesNotMatch|IncompleteSignature|MissingAuthenticationToken|ExpiredToken|RequestExpired|RequestTimeTooSkewed|InvalidClientTokenId|NotAuthorized|OptInRequired|CredentialsProvider|Credential|TokenProvider)/;
const THROTTLING = /^(Throttl|TooManyRequests|RequestLimitExceeded|SlowDown)/;
const TRANSIENT =
  /^(Throttl|TooManyRequests|RequestLimitExceeded|SlowDown|ServiceUnavailable|InternalFailure|InternalServer|RequestTimeout|RequestAborted|Timeout|Abort)/;

/** HTTP status of the answer; undefined when there was none. */
export function statusOf(error: unknown): number | undefined {
  return (error as { $metadata?: { httpStatusCode?: number } } | null)?.$metadata?.httpStatusCode;
}

export const isThrottling = (error: unknown): boolean => statusOf(error) === 429 || THROTTLING.test(nameOf(error));

export function isCredentialsProblem(error: unknown): boolean {
  return CREDENTIALS.test(nameOf(error)) || statusOf(error) === 401 || statusOf(error) === 403;
}

/**
 * What to do about credentials that are refused: those that are no good are another matter than a role that lacks a permission.
 *
 * @param grant what the role needs, as one sentence
 */
export function credentialsFix(name: string, grant: string): string {
  if (/^(ExpiredToken|RequestExpired)/.test(name))
    return `They have expired: the next invocation gets new ones by itself; elsewhere log in again. ${grant}`;
  if (/^(CredentialsProvider|Credential|TokenProvider|MissingAuthenticationToken)/.test(name))
    return `There are none: the function runs with those of its role; elsewhere log in, or set AWS_PROFILE. ${grant}`;
  return grant;
}

/** 5xx, throttling, a connection that was refused: no verdict on what was sent, and worth another try. */
export function isTransient(error: unknown): boolean {
  const status = statusOf(error);
  return (
    status === undefined ||
    status >= 500 ||
    status === 429 ||
    status === 408 ||
    status < 400 ||
    TRANSIENT.test(nameOf(error))
  );
}

/** AWS's name of the error, and its words; for an answer that is not AWS's own, as of a proxy in between, its status. */
export function describeAwsError(error: unknown): { readonly name: string; readonly message: string } {
  if (!(error instanceof Error)) return { name: String(error), message: '' };
  // What the SDK adds to its first line is for whoever has a debugger.
  if (error instanceof UnansweredError)
    return { name: 'NoAnswer', message: short(error.message.split('\n', 1)[0] ?? '') };
  const status = statusOf(error);
  if (status === undefined || !['SyntaxError', 'Unknown'].includes(error.name))
    return { name: error.name, message: short(error.message) };
  const [firstLine = ''] = error.message.split('\n');
  return {
    name: `HTTP ${status}`,
    message: short(`is no answer of AWS itself (${firstLine}); does a proxy stand between?`),
  };
}

/** AWS may quote what it refuses, all of it. */
export const short = (message: string): string => (message.length > 500 ? `${message.slice(0, 500)}…` : message);

const nameOf = (error: unknown): string => (error instanceof Error ? error.name : String(error));

/** No connection came about, so nothing was sent. */
export function isNotConnected(error: unknown): boolean {
  const { code = '', syscall = '', message = '' } = error as { code?: string; syscall?: string; message?: string };
  return (
    syscall === 'connect' ||
    syscall === 'getaddrinfo' ||
    /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN)$/.test(code) ||
    /CERT|SELF_SIGNED|ISSUER|VERIFY_LEAF|HOSTNAME_MISMATCH|INVALID_CA|^ERR_SSL|^EPROTO$|^ERR_TLS/.test(code) ||
    message.includes('did not establish a connection')
  );
}
