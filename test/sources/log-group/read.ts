import type { Activity, InvalidItem } from '../../../lambda/pipeline/activity.ts';
import type { Format } from '../../../lambda/sources/log-group/format.ts';
import type { LogEvent } from '../../../lambda/sources/log-group/log-event.ts';
import { createRedactor, DEFAULT_REDACT_KEYS } from '../../../lambda/redact/redactor.ts';
import { toEventData } from '../../../lambda/sinks/event-data.ts';

export const redactor = createRedactor(DEFAULT_REDACT_KEYS);

/** One event of the group, as the service gives it. */
export const logEvent = (message: string, changes: Partial<LogEvent> = {}): LogEvent => ({
  eventId: '38000000000000000000000000000000000000000000000000000001',
  timestamp: 1_794_657_600_123,
  ingestionTime: 1_794_657_604_000,
  logStreamName: 'kube-apiserver-audit-1',
  message,
  ...changes,
});

/** What the selection makes of a line. */
export function select(format: Format, message: string): Activity | InvalidItem | null {
  const line = format.select(logEvent(message));
  return line && 'activity' in line ? line.activity : line;
}

/** @throws when it is no activity */
export function read(format: Format, message: string): Activity {
  const line = format.read(logEvent(message));
  if ('activity' in line) return line.activity;
  throw new Error(line.reason);
}

/** Its event, as a sink stores it. */
export const eventOf = (format: Format, message: string): Record<string, unknown> =>
  JSON.parse(
    JSON.stringify(toEventData(read(format, message), { accountId: '111122223333', eventSource: 'audit', redactor })),
  ) as Record<string, unknown>;
