/** What ends a command: the message is for the operator and says what to do. */
export abstract class CliError extends Error {
  /** 1: not good. 2: wrong use. */
  abstract readonly exitStatus: 1 | 2;
}

/** The command line was not understood. Nothing was asked of the function. */
export class UsageError extends CliError {
  override readonly name = 'UsageError';
  readonly exitStatus = 2;
}

/** AWS did not let the function be asked, or did not bring its answer. */
export class UnreachableError extends CliError {
  override readonly name = 'UnreachableError';
  readonly exitStatus = 1;
}

/** The answer is not one that this version knows. */
export class AnswerError extends CliError {
  override readonly name = 'AnswerError';
  readonly exitStatus = 1;
}

/** Something the operator asked for did not come about. */
export class NotDoneError extends CliError {
  override readonly name = 'NotDoneError';
  readonly exitStatus = 1;
}

/** The function was invoked and failed. `errorType` is the name of its error, such as `KongUnreachableError`. */
export class FunctionError extends CliError {
  override readonly name = 'FunctionError';
  readonly errorType: string;
  /** As Lambda gives it. */
  readonly answer: unknown;

  constructor(errorType: string, message: string, answer: unknown) {
    super(message);
    this.errorType = errorType;
    this.answer = answer;
  }

  get exitStatus(): 1 | 2 {
    return this.errorType === 'InvocationError' ? 2 : 1;
  }
}

/** Whatever was thrown, as an Error. */
export const toError = (thrown: unknown): Error => (thrown instanceof Error ? thrown : new Error(String(thrown)));
