import { compareEvents, type EventKey, type LogEvent } from './cloudwatch-logs-store.ts';
import { integer, type Random } from './random.ts';

/** How pages come out; may be changed while the simulator runs. */
export interface PageSettings {
  /** Share of pages that are empty and go on, below 1. As often, the page with the last event says that there is more. Default 0. */
  emptyPages: number;
  /** Share of pages that end early. Default 0. */
  shortPages: number;
  /** A page ends after looking at this many events, matching or not. Default `Infinity`. */
  scanPerPage: number;
}

/** What a page is read from. Times are epoch milliseconds. */
export interface PageRequest {
  /** Both inclusive. */
  readonly from: number;
  readonly to: number;
  /** Oldest first. */
  readonly fromHead: boolean;
  /** The last event looked at; null before the first. */
  readonly after: EventKey | null;
  readonly limit: number;
  readonly isVisible: (event: LogEvent) => boolean;
  readonly matches: (event: LogEvent) => boolean;
}

export interface Page {
  readonly events: readonly LogEvent[];
  /** Where the next page goes on. */
  readonly after: EventKey | null;
  /** The service does not know whether an event follows that matches, only whether it has looked at all. */
  readonly more: boolean;
}

/** "Up to 1 MB of log events" a page; what counts is not documented, so it is measured as PutLogEvents measures. */
const MAX_PAGE_BYTES = 1_048_576;
const BYTES_PER_EVENT = 26;

/** One page of `sorted`. @throws {RangeError} with `emptyPages` at 1, no pagination would end */
export function readPage(
  sorted: readonly LogEvent[],
  request: PageRequest,
  settings: PageSettings,
  random: Random,
): Page {
  const { emptyPages, shortPages, scanPerPage } = settings;
  if (emptyPages >= 1) throw new RangeError('emptyPages must be below 1');
  if (random() < emptyPages) return { events: [], after: request.after, more: true };

  const events: LogEvent[] = [];
  let { after } = request;
  let more = random() < emptyPages;
  let bytes = 0;
  let looked = 0;
  for (const event of walk(sorted, request)) {
    const size = request.matches(event) ? Buffer.byteLength(event.message) + BYTES_PER_EVENT : 0;
    if (events.length === request.limit || looked === scanPerPage || bytes + size > MAX_PAGE_BYTES) {
      more = true;
      break;
    }
    looked += 1;
    after = event;
    bytes += size;
    if (size > 0) events.push(event);
  }
  if (events.length < 2 || random() >= shortPages) return { events, after, more };
  const cut = events.slice(0, 1 + integer(random, events.length - 1));
  return { events: cut, after: cut.at(-1) ?? after, more: true };
}

/** What there is to look at, in the request's direction. */
function* walk(sorted: readonly LogEvent[], request: PageRequest): Generator<LogEvent> {
  const { from, to, fromHead, after, isVisible } = request;
  const isPassed = (event: LogEvent): boolean => {
    if (after === null) return fromHead ? event.timestamp < from : event.timestamp > to;
    return fromHead ? compareEvents(event, after) <= 0 : compareEvents(event, after) >= 0;
  };
  const start = fromHead
    ? countUntil(sorted, (event) => !isPassed(event))
    : countUntil(sorted, (event) => isPassed(event)) - 1;
  for (let index = start; ; index += fromHead ? 1 : -1) {
    const event = sorted[index];
    if (event === undefined || event.timestamp < from || event.timestamp > to) return;
    if (isVisible(event)) yield event;
  }
}

/** How many of `sorted` come before the first for which `isThere`; it stays true from there on. */
function countUntil(sorted: readonly LogEvent[], isThere: (event: LogEvent) => boolean): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const event = sorted[middle];
    if (event !== undefined && isThere(event)) high = middle;
    else low = middle + 1;
  }
  return low;
}
