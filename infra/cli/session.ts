import type { OperatedFunction } from './operated-function.ts';
import type { Screen } from './screen.ts';

/** What every command has: the function, the screen, and the world around it. */
export interface Session {
  readonly fn: OperatedFunction;
  readonly screen: Screen;
  /** Print answers as they came, for programs. */
  readonly json: boolean;
  /** Whether the handler runs in this process: then there is no CDK app, no log group. */
  readonly local: boolean;
  /** Epoch seconds. */
  readonly now: () => number;
  /** Waits; rejects as soon as `signal` is aborted. */
  readonly pause: (milliseconds: number, signal: AbortSignal) => Promise<void>;
  /** Calls `stop` at Ctrl-C, instead of ending the process. Returns what takes that back. */
  readonly onInterrupt: (stop: () => void) => () => void;
  /** A command to copy, with the same function, profile and Region as this one: `hint('status')`. */
  readonly hint: (command: string) => string;
}

/** 0: good. 1: not good. Wrong use, 2, is thrown. */
export type ExitStatus = 0 | 1;

/** Prints an answer for a program: one line, or indented where a person reads along. */
export function printJson({ screen }: Pick<Session, 'screen'>, answer: unknown): void {
  screen.printRaw(JSON.stringify(answer, null, screen.isTerminal ? 2 : undefined));
}
