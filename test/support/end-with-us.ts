import { type ChildProcess, spawn } from 'node:child_process';
import { Socket } from 'node:net';

/** Children that end when this process does. */
export interface Warden {
  /** From now on `child` is killed (SIGKILL) as soon as this process ends. It takes the place of the one before. */
  watch(child: ChildProcess): void;
  /** Nothing is left to watch or to remove. */
  dismiss(): void;
}

/**
 * A shell that waits for the end of a pipe which only this process holds open, then kills the child and removes `folder`. It works
 * however this process ends, SIGKILL included, where no handler of ours would run. It has a process group of its own, so that Ctrl-C
 * does not end it first.
 */
export function startWarden(folder: string): Warden {
  const script = 'while read -r line; do pid=$line; done; [ -n "$pid" ] && kill -9 "$pid"; rm -rf "$0"';
  const shell = spawn('/bin/sh', ['-c', script, folder], { stdio: ['pipe', 'ignore', 'ignore'], detached: true });
  const pipe = shell.stdin;
  // Neither keeps this process alive.
  shell.unref();
  if (pipe instanceof Socket) pipe.unref();
  // It may have been dismissed while the last line was under way.
  pipe.on('error', () => undefined);
  return {
    watch(child) {
      pipe.write(`${child.pid}\n`);
      // The number may belong to another process soon.
      child.once('exit', () => pipe.write('\n'));
    },
    dismiss() {
      shell.kill('SIGKILL');
    },
  };
}
