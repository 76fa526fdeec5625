import type { Window } from '../../pipeline/window.ts';
import type { Search } from './client.ts';
import { LINE_AGE } from './event.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** FilterLogEvents goes newest first only from here on (API reference); this program is younger. */
const EARLIEST = Date.UTC(2024, 0, 1);
/** The rest of the program plans for sources whose clock is ahead by so much at most. */
const LEAD = DAY;
/** How far ahead the clock of the function that put a line may have been. */
const CLOCK_AHEAD = 2 * HOUR;
/** A filter pattern has at most 1024 characters, and an hour takes 17. */
const MOST_HOURS = 48;

/**
 * Where the lines of events whose time lies in `window` can be: where they belong, and where those were put that the service would not
 * have taken there. The ranges do not overlap, so each line is found once.
 *
 * Lines of events that were too old lie later than these: at what was the earliest possible time when they were put, which is the
 * earliest possible now, or before. Lines of events that were ahead of the function's clock lie earlier. Outside the window only lines
 * that name an hour of it, or were moved at all, are of interest.
 *
 * @param now epoch milliseconds
 */
export function searches(window: Window, now: number): readonly Search[] {
  const first = window.after * 1000;
  const end = window.before * 1000;
  const filterPattern = movedInto(first, end);
  const later = { startTime: end, endTime: now - LINE_AGE.most + CLOCK_AHEAD, filterPattern };
  const own = { startTime: first, endTime: end - 1 };
  const earlier = { startTime: first - LEAD, endTime: first - 1, filterPattern };
  return [later, own, earlier]
    .map((search) => ({ ...search, startTime: Math.max(search.startTime, EARLIEST) }))
    .filter(({ startTime, endTime }) => startTime <= endTime);
}

/** Plain terms, of which one is enough. They are whole words in the message, for a term need not match within a word. */
function movedInto(first: number, end: number): string {
  const hours: string[] = [];
  for (let hour = first - (first % HOUR); hour < end; hour += HOUR) {
    // Too many to be named: all lines that were moved.
    if (hours.length === MOST_HOURS) return 'loggedAt';
    hours.push(`?"${new Date(hour).toISOString().slice(0, 13)}"`);
  }
  return hours.join(' ');
}
