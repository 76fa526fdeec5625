/**
 * Every failure this program raises on purpose. `code` is stable and meant for alarms and searches; `name` is what
 * Lambda reports as the error type. A message says what was expected, what was got and what to do, and never holds a secret.
 */
export abstract class ForwarderError extends Error {
  abstract readonly code: string;
}

/** Whatever was thrown, as an Error. */
export const toError = (thrown: unknown): Error => (thrown instanceof Error ? thrown : new Error(String(thrown)));

/** The environment is not a usable configuration. `problems` has one line per variable. */
export class ConfigError extends ForwarderError {
  override readonly name = 'ConfigError';
  readonly code = 'CONFIG_INVALID';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(
      `The configuration has ${problems.length} problem(s):\n${problems.map((problem) => `- ${problem}`).join('\n')}`,
    );
    this.problems = problems;
  }
}

/** The event the function was invoked with is none of the documented modes. */
export class InvocationError extends ForwarderError {
  override readonly name = 'InvocationError';
  readonly code = 'INVOCATION_INVALID';
}

/** A secret could not be read from Secrets Manager, or holds nothing usable. */
export class SecretError extends ForwarderError {
  override readonly name = 'SecretError';
  readonly code = 'SECRET_UNREADABLE';
}

/** Kong did not answer: no connection, no valid certificate, or no answer in time. */
export class KongUnreachableError extends ForwarderError {
  override readonly name = 'KongUnreachableError';
  readonly code = 'KONG_UNREACHABLE';
}

/** Kong refused the token, the permission or the licence (401 or 403). */
export class KongAuthError extends ForwarderError {
  override readonly name = 'KongAuthError';
  readonly code = 'KONG_REFUSED';
  readonly status: number;

  constructor(message: string, status: number) {
    super(message);
    this.status = status;
  }
}

/** Kong answered, but not with what was asked for: an error status, or a body that is not a page of audit entries. */
export class KongResponseError extends ForwarderError {
  override readonly name = 'KongResponseError';
  readonly code = 'KONG_BAD_RESPONSE';
  readonly status: number;

  constructor(message: string, status: number, options?: ErrorOptions) {
    super(message, options);
    this.status = status;
  }
}

/** One answer of Kong is larger than the limit for a page, even at the smallest page size. */
export class KongPageTooLargeError extends ForwarderError {
  override readonly name = 'KongPageTooLargeError';
  readonly code = 'KONG_PAGE_TOO_LARGE';
}

/** Redis cannot be reached, refuses the credentials, or refuses to write. */
export class LedgerError extends ForwarderError {
  override readonly name = 'LedgerError';
  readonly code = 'LEDGER_UNAVAILABLE';
}

/** The stored checkpoint is not one this version can read. Nothing is assumed in its place. */
export class CheckpointError extends ForwarderError {
  override readonly name = 'CheckpointError';
  readonly code = 'CHECKPOINT_UNREADABLE';
}

/** Another run took the lock, or Redis lost it, while this run was working; its checkpoint was not overwritten. */
export class LockLostError extends ForwarderError {
  override readonly name = 'LockLostError';
  readonly code = 'LOCK_LOST';
}

/** CloudTrail says the channel, its policy or its store is not set up for these events. Nothing is marked. */
export class ChannelError extends ForwarderError {
  override readonly name = 'ChannelError';
  readonly code = 'CHANNEL_MISCONFIGURED';
}

/** AWS credentials are missing, expired or not allowed to call PutAuditEvents. Nothing is marked. */
export class CredentialsError extends ForwarderError {
  override readonly name = 'CredentialsError';
  readonly code = 'AWS_CREDENTIALS';
}

/** Some events were still not accepted when the retries ran out; they stay pending for the next run. */
export class PutRetriesExhaustedError extends ForwarderError {
  override readonly name = 'PutRetriesExhaustedError';
  readonly code = 'PUT_RETRIES_EXHAUSTED';
}

/** CloudTrail refused a whole request with an error that is in no documentation. Nothing is marked. */
export class PutRejectedError extends ForwarderError {
  override readonly name = 'PutRejectedError';
  readonly code = 'PUT_REJECTED';
}
