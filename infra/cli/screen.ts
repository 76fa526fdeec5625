import { createInterface } from 'node:readline/promises';
import type { Readable, Writable } from 'node:stream';
import { stripVTControlCharacters, styleText } from 'node:util';
import wrapAnsi from 'wrap-ansi';

/** A stream that may be a terminal. */
export type Output = Writable & { readonly isTTY?: boolean; readonly columns?: number };

/** Where a command writes, and whom it asks. Text may be coloured; what does not go to a terminal loses its colours here. */
export interface Screen {
  /** The result, to standard output. On a terminal it is wrapped between words. */
  readonly print: (text: string) => void;
  /** As `print`, but never wrapped: for what is copied, or read by a program. */
  readonly printRaw: (text: string) => void;
  /** Progress, warnings and errors, to standard error: what is piped on stays clean. */
  readonly tell: (text: string) => void;
  /** Where a progress bar is drawn; null where there is no terminal. */
  readonly progress: Output | null;
  /** Columns of the terminal; 100 where there is none. */
  readonly columns: number;
  /** Whether the result is read by a person. */
  readonly isTerminal: boolean;
  /** Asks for a yes. Null where nobody can answer. */
  readonly ask: ((question: string) => Promise<boolean>) | null;
}

export interface ScreenStreams {
  readonly stdin: Readable & { readonly isTTY?: boolean };
  readonly stdout: Output;
  readonly stderr: Output;
  /** `NO_COLOR` with any value turns colours off (no-color.org); so does `TERM=dumb`. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

export function screenOf({ stdin, stdout, stderr, env }: ScreenStreams): Screen {
  const coloured = !env['NO_COLOR'] && env['TERM'] !== 'dumb';
  const rawTo = (stream: Output) => (text: string) => {
    stream.write(`${coloured && stream.isTTY ? text : stripVTControlCharacters(text)}\n`);
  };
  const writeTo = (stream: Output) => (text: string) => {
    const { isTTY, columns } = stream;
    rawTo(stream)(isTTY && columns !== undefined ? wrapped(text, columns) : text);
  };
  return {
    print: writeTo(stdout),
    printRaw: rawTo(stdout),
    tell: writeTo(stderr),
    progress: stderr.isTTY && env['TERM'] !== 'dumb' ? stderr : null,
    columns: stdout.columns ?? 100,
    isTerminal: stdout.isTTY ?? false,
    ask: stdin.isTTY && stderr.isTTY ? (question) => askYes(question, stdin, stderr) : null,
  };
}

/** Breaks lines between words; what is indented stays so. */
function wrapped(text: string, columns: number): string {
  const lines = text.split('\n').map((line) => {
    const [indent = ''] = /^ */.exec(line) ?? [];
    const narrow = wrapAnsi(line.slice(indent.length), Math.max(20, columns - indent.length));
    return indent + narrow.replaceAll('\n', `\n${indent}`);
  });
  return lines.join('\n');
}

async function askYes(question: string, input: Readable, output: Writable): Promise<boolean> {
  const lines = createInterface({ input, output });
  try {
    return /^y(es)?$/i.test((await lines.question(`${question} [y/N] `)).trim());
  } finally {
    lines.close();
  }
}

const painter = (format: Parameters<typeof styleText>[0]) => (text: string) =>
  styleText(format, text, { validateStream: false });

export const bold = painter('bold');
export const dim = painter('dim');
export const good = painter('green');
export const careful = painter('yellow');
export const bad = painter('red');
