import { type Activity, timeOf, type WholePayload } from '../../pipeline/activity.ts';
import { type EventContext, toEventData } from '../event-data.ts';

/** One event of a log stream. */
export interface LogLine {
  /** Epoch milliseconds, within what PutLogEvents takes. */
  readonly timestamp: number;
  /** The event as JSON text. */
  readonly message: string;
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/**
 * How far from now a line's timestamp may lie, milliseconds. PutLogEvents takes what is at most 14 days old and at most 2 hours ahead
 * (API reference, PutLogEvents); what is left of both is for the time until it arrives, and for clocks that differ.
 */
export const LINE_AGE = { most: 14 * 24 * HOUR - HOUR, ahead: 110 * MINUTE } as const;

/**
 * Maps an activity to its line. The message is what `toEventData` gives, byte for byte, unless the event's time is not one that
 * PutLogEvents takes: then the line gets the nearest that is, and the event says so in `additionalEventData.loggedAt`. `eventTime`
 * stays true. So the line depends on the clock, and must be put within the hour.
 *
 * @param now epoch milliseconds
 */
export function toLogLine(activity: Activity, context: EventContext, now: number, whole?: WholePayload): LogLine {
  const time = timeOf(activity) * 1000;
  const timestamp = Math.min(Math.max(time, now - LINE_AGE.most), now + LINE_AGE.ahead);
  const moved = timestamp === time ? undefined : { loggedAt: new Date(timestamp).toISOString() };
  return { timestamp, message: JSON.stringify(toEventData(activity, context, whole, moved)) };
}
