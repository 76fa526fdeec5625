import { setTimeout } from 'node:timers/promises';
import { runCli } from './cli.ts';

process.exitCode = await runCli(process.argv.slice(2), {
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  now: () => Math.floor(Date.now() / 1000),
  pause: (milliseconds, signal) => setTimeout(milliseconds, undefined, { signal }),
  onInterrupt: (stop) => {
    process.on('SIGINT', stop).on('SIGTERM', stop);
    // Never taken back: npm passes Ctrl-C on although the terminal has sent it already, and the second must not cut off the last words.
    return () => undefined;
  },
});
