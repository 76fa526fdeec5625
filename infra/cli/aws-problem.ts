import { UnreachableError } from './errors.ts';

/** What was asked of AWS, for the message of a failure. */
export interface AwsCall {
  /** The IAM action, such as `lambda:InvokeFunction`. */
  readonly action: string;
  /** On what, in words: `the function kong-cloudtrail-integration in eu-west-1`. */
  readonly on: string;
  /** What to do when it is not there. */
  readonly whenMissing: string;
}

/** Names of errors, as AWS or the SDK give them, and what an operator does about them. */
const FIXES: readonly (readonly [names: RegExp, fix: (call: AwsCall) => string])[] = [
  [
    /^(AccessDenied|UnauthorizedOperation)/,
    ({ action, on }) => `Your AWS credentials lack a permission: allow ${action} on ${on}.`,
  ],
  [
    /^(ExpiredToken|RequestExpired|SSOTokenProviderFailure|TokenRefreshRequired|CredentialsProviderError|TokenProviderError)/,
    () =>
      'No AWS credentials that are valid now: log in (aws sso login, or as you do), or name a profile with --profile.',
  ],
  [
    /^(UnrecognizedClient|InvalidClientTokenId|InvalidSignature|SignatureDoesNotMatch|IncompleteSignature|MissingAuthenticationToken)/,
    () => 'AWS does not know these credentials: log in again, or name a profile with --profile.',
  ],
  [/^(ResourceNotFound|ValidationError)/, ({ whenMissing }) => whenMissing],
  [
    /^(TooManyRequests|Throttling|RequestLimitExceeded)/,
    () => 'Too many calls at once in this account: try again in a minute.',
  ],
];

const NO_CONNECTION =
  /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|CERT_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_)/;

/** The connection broke while an answer was waited for. What was asked for may well be done. */
export function isLostAnswer(error: unknown): boolean {
  const { name, code } = error as { name?: unknown; code?: unknown };
  return name === 'TimeoutError' || ['ECONNRESET', 'EPIPE', 'ETIMEDOUT'].includes(String(code));
}

/** An error of an AWS client in an operator's words. */
export function awsProblem(error: unknown, call: AwsCall): UnreachableError {
  const { name = 'Error', message, code = '' } = error as { name?: string; message: string; code?: string };
  return new UnreachableError(`${call.action} on ${call.on} failed: ${name}: ${message}\n${fixFor()}`, {
    cause: error,
  });

  function fixFor(): string {
    if (/region is missing|region=""/i.test(message))
      return 'No Region is set: give --region eu-west-1, or AWS_REGION, or one in the profile.';
    if (NO_CONNECTION.test(code))
      return 'AWS cannot be reached from here: check network, proxy, Region and AWS_ENDPOINT_URL.';
    return (
      FIXES.find(([names]) => names.test(name))?.[1](call) ??
      'See the message; aws sts get-caller-identity says who you are.'
    );
  }
}
