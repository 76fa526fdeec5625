import { SourceLogGroupError } from '../../errors.ts';
import { describeAwsError, isCredentialsProblem, isThrottling, isTransient, statusOf } from '../../sinks/aws-error.ts';

/** The service does not take the token that it gave itself: it has expired, or the service has changed. */
export class TokenRefused extends Error {
  override readonly name = 'TokenRefused';
  override readonly cause: SourceLogGroupError;

  constructor(cause: SourceLogGroupError) {
    super(cause.message);
    this.cause = cause;
  }
}

/** An error of FilterLogEvents, as what it means for this program. */
export function toSourceError(error: unknown, logGroup: string): SourceLogGroupError {
  const { name, message } = describeAwsError(error);
  return new SourceLogGroupError(`Expected log events from ${logGroup}, got ${name}: ${message}.`, {
    fix: fixFor(error, logGroup),
    cause: error,
  });
}

/** Asked without the token, the service may well answer. */
export function isAboutRequest(error: unknown): boolean {
  const status = statusOf(error) ?? 0;
  return status >= 400 && status < 500 && !isTransient(error) && !isCredentialsProblem(error) && !isMissing(error);
}

/** It may pass, or be about what was asked: another question may get an answer. */
export const isAboutAnswer = ({ cause }: SourceLogGroupError): boolean =>
  isTransient(cause) && !isCredentialsProblem(cause) && !isThrottling(cause);

const isMissing = (error: unknown): boolean => error instanceof Error && error.name === 'ResourceNotFoundException';

function fixFor(error: unknown, logGroup: string): string {
  if (isMissing(error))
    return 'Correct SOURCE_LOG_GROUP_ARN (context key sourceLogGroupArn): Region, account and name must be those of a group there is. For EKS, turn the control-plane log type “audit” on.';
  if (isCredentialsProblem(error))
    return `The function’s role needs logs:FilterLogEvents on ${logGroup}:*. Where the group has a key of its own, the key policy must let CloudWatch Logs use it.`;
  if (isThrottling(error))
    return 'An account has few calls of FilterLogEvents per second: see who else reads log groups there, or have the quota raised. The next run goes on where this one stopped.';
  if (statusOf(error) === undefined)
    return 'The subnets need a way to CloudWatch Logs on 443: an interface endpoint for logs (context key endpoints=create makes one) or a NAT; and the security group must allow it. The next run goes on.';
  if (isTransient(error)) return 'Look at the state of CloudWatch Logs in this Region. The next run goes on.';
  return 'Look the error up in the API reference of FilterLogEvents. Nothing is lost: the next run reads on.';
}
