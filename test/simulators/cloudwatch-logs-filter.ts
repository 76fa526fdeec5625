import type * as z from 'zod';
import { isProblem } from './aws-problem.ts';
import { FILTER_LOG_EVENTS, invalidParameter, readInput } from './cloudwatch-logs-input.ts';
import { missingStream } from './cloudwatch-logs-missing.ts';
import { readPage, type PageSettings } from './cloudwatch-logs-page.ts';
import { readFilterPattern, type TermMatching } from './cloudwatch-logs-pattern.ts';
import { eventId, type EventKey, type LogEvent, type LogGroup } from './cloudwatch-logs-store.ts';
import type { PageTokens } from './page-token.ts';
import type { Random } from './random.ts';
import type { AwsProblem } from './sigv4.ts';

export interface FilteredLogEvent {
  readonly logStreamName: string;
  readonly timestamp: number;
  readonly message: string;
  readonly ingestionTime: number;
  readonly eventId: string;
}

export interface FilterLogEventsResult {
  readonly events: readonly FilteredLogEvent[];
  /** Always empty since 2020. */
  readonly searchedLogStreams: readonly never[];
  readonly nextToken?: string;
}

/** How search behaves; may be changed while the simulator runs. */
export interface SearchSettings extends PageSettings {
  /** Events are found this long after their ingestion, milliseconds. Default 0. */
  searchDelayMs: number;
  /** Default `anywhere`. */
  terms: TermMatching;
}

export interface Search {
  readonly settings: SearchSettings;
  /** Epoch milliseconds. */
  readonly now: number;
  readonly random: Random;
  readonly tokens: PageTokens;
  readonly findGroup: (input: FilterInput) => LogGroup | AwsProblem;
}

type FilterInput = z.infer<typeof FILTER_LOG_EVENTS>;

/** What a token holds: where to go on, in which query, and since when. */
interface Bookmark {
  readonly query: string;
  readonly at: number;
  readonly fromHead: boolean;
  readonly after: EventKey | null;
}

const DAY = 86_400_000;
const TOKEN_LIFE = DAY;
const NEWEST_FIRST_SINCE = Date.UTC(2024, 0, 1);

/**
 * FilterLogEvents, one page.
 *
 * A token goes on behind the last event looked at: an event that is ingested late, before that place, is not found by this
 * pagination any more. With a token, its direction counts, whatever `startFromHead` says. Sources: API reference,
 * FilterLogEvents; `startFromHead`, which came in June 2026, as the JavaScript SDK documents it.
 */
export function filterLogEvents(given: unknown, search: Search): FilterLogEventsResult | AwsProblem {
  const { settings, now, tokens } = search;
  const input = readInput(FILTER_LOG_EVENTS, given);
  if (isProblem(input)) return input;
  const refusal = combinationProblem(input);
  if (refusal !== undefined) return invalidParameter(refusal);
  const matches = readFilterPattern(input.filterPattern ?? '', settings.terms);
  if (typeof matches === 'string') return invalidParameter(matches);
  const group = search.findGroup(input);
  if (isProblem(group)) return group;
  const { logStreamNames: names, logStreamNamePrefix: prefix = '', limit = 10_000 } = input;
  if (names?.some((name) => !group.streams.has(name))) return missingStream();

  const query = JSON.stringify([group.name, names, prefix, input.startTime, input.endTime, input.filterPattern]);
  const bookmark = findBookmark(input, query, search);
  if (bookmark === undefined) return invalidParameter('The specified nextToken is invalid.');

  const { fromHead } = bookmark;
  const page = readPage(
    group.sorted(),
    {
      from: Math.max(input.startTime ?? 0, now - (group.retentionDays ?? Infinity) * DAY),
      to: input.endTime ?? Infinity,
      fromHead,
      after: bookmark.after,
      limit,
      isVisible: ({ ingestionTime }) => ingestionTime + settings.searchDelayMs <= now,
      matches: ({ logStreamName, message }) =>
        (names?.includes(logStreamName) ?? logStreamName.startsWith(prefix)) && matches(message),
    },
    settings,
    search.random,
  );
  const next: Bookmark = { query, at: now, fromHead, after: page.after && toKey(page.after) };
  return {
    events: page.events.map(toFiltered),
    searchedLogStreams: [],
    ...(page.more && { nextToken: tokens.seal(next) }),
  };
}

function combinationProblem(input: FilterInput): string | undefined {
  if (input.logStreamNames !== undefined && input.logStreamNamePrefix !== undefined) {
    return 'logStreamNames and logStreamNamePrefix cannot both be given';
  }
  // Not documented; a window that ends before it begins is a mistake of the caller.
  if ((input.startTime ?? 0) > (input.endTime ?? Infinity)) return 'startTime is after endTime';
  const newestFirst = input.startFromHead === false && input.nextToken === undefined;
  if (newestFirst && (input.startTime ?? 0) < NEWEST_FIRST_SINCE) {
    return 'startFromHead=false is supported only with a startTime on or after 2024-01-01T00:00:00Z';
  }
  return undefined;
}

/** Where the page begins; undefined for a token that is not of this query, or too old. */
function findBookmark(input: FilterInput, query: string, { tokens, now }: Search): Bookmark | undefined {
  const { nextToken, startFromHead = true } = input;
  if (nextToken === undefined) return { query, at: now, fromHead: startFromHead, after: null };
  const bookmark = tokens.open(nextToken) as Bookmark | undefined;
  return bookmark?.query === query && now - bookmark.at <= TOKEN_LIFE ? bookmark : undefined;
}

function toKey({ timestamp, ingestionTime, order }: EventKey): EventKey {
  return { timestamp, ingestionTime, order };
}

function toFiltered(event: LogEvent): FilteredLogEvent {
  const { logStreamName, timestamp, message, ingestionTime } = event;
  return { logStreamName, timestamp, message, ingestionTime, eventId: eventId(event) };
}
