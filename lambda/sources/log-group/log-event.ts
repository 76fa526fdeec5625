import { hash } from 'node:crypto';
import * as z from 'zod';
import { toJson } from '../../to-json.ts';
import type { InvalidItem } from '../../pipeline/activity.ts';

/** One event of FilterLogEvents, and what of it is kept in quarantine. */
const logEventSchema = z.object({
  /** Unique in its group, and the same at every reading. */
  eventId: z.string().min(1),
  /** Epoch milliseconds. */
  timestamp: z.int().min(0),
  message: z.string(),
  /** When the service took it, epoch milliseconds. */
  ingestionTime: z.int().exactOptional().catch(0),
  logStreamName: z.string().exactOptional().catch(''),
});

export type LogEvent = z.infer<typeof logEventSchema>;

/** Reads one event as the service gave it, or as `keep` left it. */
export function toLogEvent(row: unknown): LogEvent | InvalidItem {
  const { data, error } = logEventSchema.safeParse(row);
  if (data) return data;
  return {
    valid: false,
    id: hash('sha256', toJson(row ?? null)),
    second: null,
    ttlSeconds: null,
    reason: error.issues.map((issue) => `${issue.path.join('.') || 'the row'} ${issue.message}`).join('; '),
    row,
  };
}

export const isLogEvent = (event: LogEvent | InvalidItem): event is LogEvent => !('valid' in event);

/** Where an event lies in the source's time, epoch seconds. */
export const secondOf = ({ timestamp }: Pick<LogEvent, 'timestamp'>): number => Math.floor(timestamp / 1000);

/** A line that is not of its format. */
export function invalidLine(event: LogEvent, reason: string): InvalidItem {
  return { valid: false, id: event.eventId, second: secondOf(event), ttlSeconds: null, reason, row: event };
}
