import { invalidParameter } from './cloudwatch-logs-input.ts';
import type { AwsProblem } from './sigv4.ts';

/** One event as it arrives. */
export interface InputLogEvent {
  /** Epoch milliseconds. */
  readonly timestamp: number;
  readonly message: string;
}

/** Which events of a batch were not taken; the call succeeds all the same. */
export interface RejectedLogEventsInfo {
  /** All before it are older than 14 days. */
  readonly tooOldLogEventEndIndex?: number;
  /** All before it are older than the group's retention. Given where it says more than the other. */
  readonly expiredLogEventEndIndex?: number;
  /** It and all after it are too far ahead. */
  readonly tooNewLogEventStartIndex?: number;
}

export interface JudgedBatch {
  readonly accepted: readonly InputLogEvent[];
  readonly rejected: RejectedLogEventsInfo | undefined;
}

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const MAX_AGE = 14 * DAY;
const MAX_AHEAD = 2 * HOUR;
const MAX_SPAN = DAY;
/** 1 MiB, for the batch and for one event: messages in UTF-8, plus 26 bytes for each. */
const MAX_BYTES = 1_048_576;
const BYTES_PER_EVENT = 26;

/**
 * What PutLogEvents makes of a batch whose shape is good: the error of the whole call, or which events are taken.
 *
 * Source: API reference, PutLogEvents. It says "the last log event that is too old … exclusive" of `tooOldLogEventEndIndex`
 * and nothing of `expiredLogEventEndIndex`: both are read as ends. The 24 hours count "for valid events (within 14 days in
 * the past to 2 hours in future)", which takes those past the group's retention in.
 */
export function judgeBatch(
  events: readonly InputLogEvent[],
  now: number,
  retentionDays: number | undefined,
): JudgedBatch | AwsProblem {
  const sizes = events.map(({ message }) => Buffer.byteLength(message) + BYTES_PER_EVENT);
  const largest = Math.max(...sizes);
  if (largest > MAX_BYTES) {
    return invalidParameter(`Log event too large: ${largest} bytes exceeds limit of ${MAX_BYTES}`);
  }
  const bytes = sizes.reduce((sum, size) => sum + size, 0);
  if (bytes > MAX_BYTES) return invalidParameter(`Upload too large: ${bytes} bytes exceeds limit of ${MAX_BYTES}`);
  if (events.some(({ timestamp }, index) => timestamp < (events[index - 1]?.timestamp ?? 0))) {
    return invalidParameter('Log events in a single PutLogEvents request must be in chronological order.');
  }

  const countBefore = (time: number): number => events.filter(({ timestamp }) => timestamp < time).length;
  const tooOldEnd = countBefore(now - MAX_AGE);
  const tooNewStart = countBefore(now + MAX_AHEAD + 1);
  const valid = events.slice(tooOldEnd, tooNewStart);
  if ((valid.at(-1)?.timestamp ?? 0) - (valid[0]?.timestamp ?? 0) > MAX_SPAN) {
    const message = 'The batch of log events in a single PutLogEvents request cannot span more than 24 hours.';
    return invalidParameter(message);
  }

  const expiredEnd = retentionDays === undefined ? 0 : countBefore(now - retentionDays * DAY);
  const rejected: RejectedLogEventsInfo = {
    ...(tooOldEnd > 0 && { tooOldLogEventEndIndex: tooOldEnd }),
    ...(expiredEnd > tooOldEnd && { expiredLogEventEndIndex: expiredEnd }),
    ...(tooNewStart < events.length && { tooNewLogEventStartIndex: tooNewStart }),
  };
  return {
    accepted: events.slice(Math.max(tooOldEnd, expiredEnd), tooNewStart),
    rejected: Object.keys(rejected).length === 0 ? undefined : rejected,
  };
}
