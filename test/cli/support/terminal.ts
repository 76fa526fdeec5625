import { Readable, Writable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { type GlobalOptions } from '../../../infra/cli/program.ts';
import { runCli } from '../../../infra/cli/cli.ts';
import type { OperatedFunction } from '../../../infra/cli/operated-function.ts';

/** 2026-11-14T12:00:00Z */
export const NOON = 1_794_657_600;

export interface TerminalOptions {
  /** Whether the streams are terminals. Default false: a pipe. */
  readonly isTTY?: boolean;
  readonly columns?: number;
  /** What is typed. */
  readonly types?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly connect?: (options: GlobalOptions) => OperatedFunction;
}

/** What a command came to, and all it wrote. */
export interface Came {
  readonly status: 0 | 1 | 2;
  readonly out: string;
  readonly err: string;
}

/** A terminal with a clock that moves only when a command waits. */
export interface Terminal {
  /** Epoch seconds. */
  readonly now: () => number;
  /** Told before each wait, with the milliseconds; may press Ctrl-C. */
  onPause: (milliseconds: number) => void;
  /** Ctrl-C. */
  readonly interrupt: () => void;
  readonly run: (...argv: string[]) => Promise<Came>;
}

export function terminal(options: TerminalOptions = {}): Terminal {
  const { isTTY = false, columns = 110, types = '', env = {} } = options;
  let nowMs = NOON * 1000;
  let stop: (() => void) | undefined;
  const self: Terminal = {
    now: () => Math.floor(nowMs / 1000),
    onPause: () => undefined,
    interrupt: () => stop?.(),
    run: async (...argv) => {
      const stdout = sink(isTTY, columns);
      const stderr = sink(isTTY, columns);
      const status = await runCli(argv, {
        stdin: Object.assign(Readable.from(types === '' ? [] : [types]), { isTTY }),
        stdout: stdout.stream,
        stderr: stderr.stream,
        env,
        now: self.now,
        pause: async (milliseconds, signal) => {
          self.onPause(milliseconds);
          nowMs += milliseconds;
          await setImmediate();
          signal.throwIfAborted();
        },
        onInterrupt: (listener) => {
          stop = listener;
          return () => (stop = undefined);
        },
        ...(options.connect && { connect: options.connect }),
      });
      return { status, out: stdout.text(), err: stderr.text() };
    },
  };
  return self;
}

function sink(isTTY: boolean, columns: number) {
  const chunks: string[] = [];
  const stream = new Writable({
    write(chunk: Buffer, _, done) {
      chunks.push(chunk.toString());
      done();
    },
  });
  return { stream: Object.assign(stream, { isTTY, columns }), text: () => chunks.join('') };
}
