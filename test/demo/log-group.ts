import { eventId } from '../simulators/cloudwatch-logs-store.ts';
import type { CloudWatchLogsSimulator } from '../simulators/cloudwatch-logs.ts';
import type { Act, Written } from './stage.ts';

/** A line, and what must become of it. */
export interface Line {
  readonly message: string;
  /** Epoch seconds. */
  readonly at: number;
  /**
   * Its event's `UID`.
   *
   * @default - the line's own `eventId`, as of a line that is none of its format
   */
  readonly id?: (eventId: string) => string;
  readonly isUnwanted?: boolean;
}

/** One stream of a log group, and a record of what was written to it. */
export interface LineWriter {
  readonly write: (lines: Iterable<Line>) => void;
  readonly written: readonly Written[];
}

/** Makes the group where there is none. */
export function lineWriter(
  { model }: CloudWatchLogsSimulator,
  logGroupName: string,
  logStreamName: string,
): LineWriter {
  model.addGroup({ name: logGroupName });
  const written: Written[] = [];
  return {
    written,
    write(lines) {
      for (const { message, at, id, isUnwanted = false } of lines) {
        model.deliver([{ logGroupName, logStreamName, timestamp: Math.floor(at * 1000), message }]);
        const stored = model.accepted.at(-1);
        const own = stored ? eventId(stored) : '';
        written.push({ id: id?.(own) ?? own, isUnwanted });
      }
    },
  };
}

/** What a log group is known for, beside lines that come in time and whole. */
export const lateAct = (perform: Act['perform']): Act => ({
  title: 'A line comes 20 minutes late, and another one was cut on its way',
  point: 'what is late is found, what cannot be read is put into quarantine',
  perform,
});
