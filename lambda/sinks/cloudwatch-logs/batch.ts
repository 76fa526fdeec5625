import type { Batcher } from '../../pipeline/sink.ts';
import type { LogLine } from './event.ts';

export interface BatchLimits {
  readonly maxEvents: number;
  /** As the service counts: UTF-8 bytes of the messages, and 26 for each. */
  readonly maxBytes: number;
  /** Milliseconds between the earliest and the latest timestamp. */
  readonly maxSpanMs: number;
}

/**
 * PutLogEvents takes 1,048,576 bytes and a span of 24 hours (API reference, PutLogEvents); an hour of them is kept in hand. It would
 * take 10,000 events. With 500, the loss of one answer leaves fewer events in doubt, and puts run side by side.
 */
export const PUT_LOG_EVENTS_LIMITS: BatchLimits = { maxEvents: 500, maxBytes: 1_048_576, maxSpanMs: 23 * 3_600_000 };

const BYTES_PER_EVENT = 26;

/**
 * Groups lines, in the order in which they come, so that each group fits `limits`. Holds no more than one group. A line too large on
 * its own forms a group alone: refusing it is the service's decision, and alone it cannot take its neighbours down.
 */
export function createBatcher({
  maxEvents,
  maxBytes,
  maxSpanMs,
}: BatchLimits = PUT_LOG_EVENTS_LIMITS): Batcher<LogLine> {
  let group: LogLine[] = [];
  let bytes = 0;
  let earliest = Infinity;
  let latest = -Infinity;

  function rest(): readonly LogLine[] {
    const full = group;
    group = [];
    bytes = 0;
    earliest = Infinity;
    latest = -Infinity;
    return full;
  }

  return {
    add(line) {
      const added = Buffer.byteLength(line.message) + BYTES_PER_EVENT;
      const span = Math.max(latest, line.timestamp) - Math.min(earliest, line.timestamp);
      const isFull = group.length === maxEvents || bytes + added > maxBytes || span > maxSpanMs;
      const full = group.length > 0 && isFull ? rest() : null;
      group.push(line);
      bytes += added;
      earliest = Math.min(earliest, line.timestamp);
      latest = Math.max(latest, line.timestamp);
      return full;
    },
    rest,
  };
}
