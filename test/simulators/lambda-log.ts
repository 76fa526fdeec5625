import { AsyncLocalStorage } from 'node:async_hooks';
import type { CloudWatchLogsModel } from './cloudwatch-logs-model.ts';

/** The log of a simulated function: one stream of its group, and the lines of each invocation. */
export interface FunctionLog {
  readonly groupName: string;
  readonly streamName: string;
  /** Runs `task` as an invocation, so that what it `write`s belongs to it; its lines are given to `done`. */
  collect<Result>(task: (lines: readonly string[]) => Promise<Result>): Promise<Result>;
  /** @throws outside of an invocation */
  readonly write: (line: string) => void;
}

/** `now` is in epoch seconds; with `logs`, lines can be found there, too. */
export function functionLog(groupName: string, now: () => number, logs: CloudWatchLogsModel | undefined): FunctionLog {
  const current = new AsyncLocalStorage<string[]>();
  const day = new Date(now() * 1000).toISOString().slice(0, 10).replaceAll('-', '/');
  const streamName = `${day}/[$LATEST]${'0123456789abcdef'.repeat(2)}`;
  logs?.addGroup({ name: groupName });
  return {
    groupName,
    streamName,
    collect: (task) => {
      const lines: string[] = [];
      return current.run(lines, () => task(lines));
    },
    write: (line) => {
      const lines = current.getStore();
      if (lines === undefined) throw new Error('A line of a function’s log needs an invocation that writes it');
      lines.push(line);
      const timestamp = Math.floor(now() * 1000);
      logs?.deliver([{ logGroupName: groupName, logStreamName: streamName, timestamp, message: line }]);
    },
  };
}
