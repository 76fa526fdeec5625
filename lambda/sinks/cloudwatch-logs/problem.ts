import * as z from 'zod';
import { CredentialsError, LogGroupError } from '../../errors.ts';
import {
  credentialsFix,
  describeAwsError,
  isCredentialsProblem,
  isTransient,
  mayHaveArrived,
  NotSentError,
} from '../aws-error.ts';
import type { Problem } from '../put-with-retries.ts';

/**
 * What an error of PutLogEvents or CreateLogStream means. `InvalidParameterException` is about the batch as a whole and names no
 * event, so it counts as unnamed: the batch is split.
 */
export function toProblem(error: unknown, logGroup: string): Problem {
  if (error instanceof NotSentError) return { kind: 'unsent' };
  if (mayHaveArrived(error) || error instanceof z.ZodError) return { kind: 'unanswered' };
  const { name, message } = describeAwsError(error);
  // A stream that was created this very moment may not be known everywhere yet.
  if (isMissing(error, 'stream')) return { kind: 'transient' };
  if (isMissing(error)) return { kind: 'stop', error: missingGroup(logGroup, error) };
  if (isCredentialsProblem(error)) return { kind: 'stop', error: credentialsError(logGroup, name, message) };
  return { kind: isTransient(error) ? 'transient' : 'unnamed' };
}

/**
 * The service knows no such group or no such stream; with `which`, no such stream. One exception stands for both, and only its words
 * tell them apart (API reference, PutLogEvents). What they do not tell counts as the stream: to create it tells more.
 */
export function isMissing(error: unknown, which?: 'stream'): boolean {
  if (!(error instanceof Error) || error.name !== 'ResourceNotFoundException') return false;
  return which === undefined || /log stream/i.test(error.message) || !/log group/i.test(error.message);
}

/** Of CreateLogStream: somebody was faster, or the answer to the first try was lost. */
export const isAlreadyThere = (error: unknown): boolean =>
  error instanceof Error && error.name === 'ResourceAlreadyExistsException';

export function missingGroup(logGroup: string, error: unknown): LogGroupError {
  const { name, message } = describeAwsError(error);
  return new LogGroupError(`CloudWatch Logs knows no log group ${logGroup}: ${name} ${message}.`, {
    fix:
      'Create the group, or correct LOG_GROUP_ARN (context key logGroupArn; createLogGroup=true makes one). It must be in the account of the function. ' +
      'Nothing of this request was marked; the next run sends it again.',
  });
}

function credentialsError(logGroup: string, code: string, message: string): CredentialsError {
  const grant =
    `The function's role needs logs:PutLogEvents and logs:CreateLogStream on ${logGroup}:*. ` +
    'Where the group has a key of its own, the key policy must let CloudWatch Logs use it.';
  return new CredentialsError(`AWS refuses the credentials: ${code} ${message}.`, {
    fix: `${credentialsFix(code, grant)} ` + 'Nothing of this request was marked; the next run sends it again.',
  });
}
