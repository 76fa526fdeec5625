export interface ForwarderErrorOptions extends ErrorOptions {
  /** What to do, in whole sentences; the message ends with it. */
  readonly fix?: string;
}

/**
 * Every failure this program raises on purpose. `code` is stable and meant for alarms and searches; `name` is what
 * Lambda reports as the error type. A message says what was expected, what was got and what to do, and never holds a secret.
 */
export abstract class ForwarderError extends Error {
  abstract readonly code: string;
  /** What was expected and what was got: the message without `fix`. */
  readonly problem: string;
  /** What to do; empty when there is nothing to do. */
  readonly fix: string;

  constructor(given: string, { fix = '', ...options }: ForwarderErrorOptions = {}) {
    // What a service said may end with a full stop of its own.
    const problem = given.replace(/(?<!\.)\.\.$/, '.');
    super(fix === '' ? problem : `${problem}${problem.includes('\n') ? '\n' : ' '}${fix}`, options);
    this.problem = problem;
    this.fix = fix;
  }
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
      { fix: 'Correct them in the environment of the function; docs/configuration.md says what each variable takes.' },
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
  /** There was a connection, and the answer did not come, or not all of it. */
  readonly isTimeout: boolean;

  constructor(
    problem: string,
    { isTimeout = false, ...options }: ForwarderErrorOptions & { isTimeout?: boolean } = {},
  ) {
    super(problem, options);
    this.isTimeout = isTimeout;
  }
}

/** Kong refused the token, the permission or the licence (401 or 403). */
export class KongAuthError extends ForwarderError {
  override readonly name = 'KongAuthError';
  readonly code = 'KONG_REFUSED';
  readonly status: number;

  constructor(problem: string, status: number, options?: ForwarderErrorOptions) {
    super(problem, options);
    this.status = status;
  }
}

/** Kong answered, but not with what was asked for: an error status, or a body that is not a page of audit entries. */
export class KongResponseError extends ForwarderError {
  override readonly name = 'KongResponseError';
  readonly code = 'KONG_BAD_RESPONSE';
  readonly status: number;

  constructor(problem: string, status: number, options?: ForwarderErrorOptions) {
    super(problem, options);
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

/** Reading had to end before anything could be read: the source took the time there was. */
export class NoProgressError extends ForwarderError {
  override readonly name = 'NoProgressError';
  readonly code = 'NO_PROGRESS';
}

/** The log group or stream that events go to does not exist, or does not take events. Nothing is marked. */
export class LogGroupError extends ForwarderError {
  override readonly name = 'LogGroupError';
  readonly code = 'LOG_GROUP_MISCONFIGURED';
}

/** The log group that entries are read from cannot be read. */
export class SourceLogGroupError extends ForwarderError {
  override readonly name = 'SourceLogGroupError';
  readonly code = 'SOURCE_LOG_GROUP_UNREADABLE';
}

/** What the sink holds could not be read, so nothing was verified. */
export class VerifyError extends ForwarderError {
  override readonly name = 'VerifyError';
  readonly code = 'VERIFY_FAILED';
}

/** CloudTrail says the channel, its policy or its store is not set up for these events. Nothing is marked. */
export class ChannelError extends ForwarderError {
  override readonly name = 'ChannelError';
  readonly code = 'CHANNEL_MISCONFIGURED';
}

/** AWS credentials are missing, expired, or not allowed to write to the sink. Nothing is marked. */
export class CredentialsError extends ForwarderError {
  override readonly name = 'CredentialsError';
  readonly code = 'AWS_CREDENTIALS';
}

/** Some events were still not accepted when the retries ran out; they stay pending for the next run. */
export class PutRetriesExhaustedError extends ForwarderError {
  override readonly name = 'PutRetriesExhaustedError';
  readonly code = 'PUT_RETRIES_EXHAUSTED';
}

/** The sink refused everything with an error that this version does not know. Nothing is marked, and all of it stays pending. */
export class PutRejectedError extends ForwarderError {
  override readonly name = 'PutRejectedError';
  readonly code = 'PUT_REJECTED';
}
