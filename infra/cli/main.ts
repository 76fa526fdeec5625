#!/usr/bin/env node
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
    // npm passes Ctrl-C on although the terminal has sent it already: the second must not end the process before its last words.
    process.on('SIGINT', stop).on('SIGTERM', stop);
    return () => process.off('SIGINT', stop).off('SIGTERM', stop);
  },
});
