import * as z from 'zod';
import { ChannelError, CredentialsError } from '../../errors.ts';
import type { Problem } from '../put-with-retries.ts';
import {
  credentialsFix,
  describeAwsError,
  isCredentialsProblem,
  isTransient,
  mayHaveArrived,
  NotSentError,
  statusOf,
} from '../aws-error.ts';

/** Of `failed[].errorCode` and of whole-request errors (API reference, PutAuditEvents and Common Errors). */
const CHANNEL = new Set([
  'InvalidRecipient',
  'InvalidEventSource',
  'AccountNotSubscribed',
  'ChannelInsufficientPermission',
  'ChannelNotFound',
  'ChannelUnsupportedSchema',
  'InvalidChannelARN',
  'UnsupportedOperationException',
]);
const POISON = new Set(['DuplicatedAuditEventId', 'ValidationException', 'ValidationError']);
/** The one `ValidationException` that is about no entry. Anchored, because what follows may quote an entry. */
const PARAMETER = /^\d+ validation errors? detected: Value (?:'[\w+=,.@:/-]*' )?at '(?:channelArn|externalId)'/;

export function toProblem(error: unknown): Problem {
  if (error instanceof NotSentError) return { kind: 'unsent' };
  if (mayHaveArrived(error)) return { kind: 'unanswered' };
  const { name, message } = describeAwsError(error);
  if (isChannelProblem(name) || (POISON.has(name) && PARAMETER.test(message)))
    return { kind: 'stop', error: channelError(name, message) };
  if (isCredentialsProblem(error)) return { kind: 'stop', error: credentialsError(name, message) };
  if (POISON.has(name) || statusOf(error) === 413) return { kind: 'poison' };
  if (error instanceof z.ZodError) return { kind: 'unanswered' };
  return { kind: isTransient(error) ? 'transient' : 'unnamed' };
}

export const isChannelProblem = (errorCode: string): boolean => CHANNEL.has(errorCode);

export function channelError(code: string, message: string): ChannelError {
  return new ChannelError(`CloudTrail refuses events on this channel: ${code} ${message}.`, {
    fix:
      "Check CHANNEL_ARN, the channel's policy and EXTERNAL_ID, and that its event data store exists and takes ActivityAuditLog events. " +
      'What was not accepted stays pending; the next run sends it again.',
  });
}

function credentialsError(code: string, message: string): CredentialsError {
  return new CredentialsError(`AWS refuses the credentials: ${code} ${message}.`, {
    fix:
      `${credentialsFix(code, "The function's role needs cloudtrail-data:PutAuditEvents on the channel's ARN.")} ` +
      'Nothing of this request was marked; the next run sends it again.',
  });
}
