import { isProblem } from './aws-problem.ts';
import { DESCRIBE_LOG_GROUPS, DESCRIBE_LOG_STREAMS, invalidParameter, readInput } from './cloudwatch-logs-input.ts';
import type { LogGroup, LogStream } from './cloudwatch-logs-store.ts';
import type { PageTokens } from './page-token.ts';
import type { AwsProblem } from './sigv4.ts';

/** What both operations need to know. `now` is in epoch milliseconds. */
export interface Describe {
  readonly now: number;
  readonly tokens: PageTokens;
  readonly groups: () => readonly LogGroup[];
  readonly groupArn: (name: string) => string;
  readonly findGroup: (input: {
    readonly logGroupName?: string | undefined;
    readonly logGroupIdentifier?: string | undefined;
  }) => LogGroup | AwsProblem;
}

const MOST = 50;
const TOKEN_LIFE = 86_400_000;

/** DescribeLogGroups: sorted by name. Source: API reference. */
export function describeLogGroups(given: unknown, describe: Describe): object {
  const input = readInput(DESCRIBE_LOG_GROUPS, given);
  if (isProblem(input)) return input;
  const { logGroupNamePrefix: prefix, logGroupNamePattern: part, limit = MOST, nextToken } = input;
  if (prefix !== undefined && part !== undefined) {
    return invalidParameter('LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.');
  }
  const found = describe
    .groups()
    .filter(({ name }) => name.startsWith(prefix ?? '') && name.includes(part ?? ''))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, creationTime, retentionDays }) => ({
      logGroupName: name,
      creationTime,
      ...(retentionDays !== undefined && { retentionInDays: retentionDays }),
      metricFilterCount: 0,
      arn: `${describe.groupArn(name)}:*`,
      logGroupArn: describe.groupArn(name),
      storedBytes: 0,
      logGroupClass: 'STANDARD',
    }));
  const page = cut(found, limit, nextToken, JSON.stringify(['groups', prefix, part]), describe);
  return isProblem(page) ? page : { logGroups: page.items, ...page.next };
}

/** DescribeLogStreams: sorted by name or by last event. Source: API reference. */
export function describeLogStreams(given: unknown, describe: Describe): object {
  const input = readInput(DESCRIBE_LOG_STREAMS, given);
  if (isProblem(input)) return input;
  const { logStreamNamePrefix: prefix, orderBy = 'LogStreamName', descending = false, limit = MOST } = input;
  if (orderBy === 'LastEventTime' && prefix !== undefined) {
    return invalidParameter('Cannot order by LastEventTime with a logStreamNamePrefix.');
  }
  const group = describe.findGroup(input);
  if (isProblem(group)) return group;
  const byName = (a: LogStream, b: LogStream): number => (a.name < b.name ? -1 : 1);
  const byTime = (a: LogStream, b: LogStream): number => (a.lastEvent ?? 0) - (b.lastEvent ?? 0);
  const found = [...group.streams.values()]
    .filter(({ name }) => name.startsWith(prefix ?? ''))
    .sort(orderBy === 'LogStreamName' ? byName : byTime)
    .map(({ name, creationTime, firstEvent, lastEvent, lastIngestion }) => ({
      logStreamName: name,
      creationTime,
      firstEventTimestamp: firstEvent,
      lastEventTimestamp: lastEvent,
      lastIngestionTime: lastIngestion,
      arn: `${describe.groupArn(group.name)}:log-stream:${name}`,
      storedBytes: 0,
    }));
  const query = JSON.stringify(['streams', group.name, prefix, orderBy, descending]);
  const page = cut(descending ? found.reverse() : found, limit, input.nextToken, query, describe);
  return isProblem(page) ? page : { logStreams: page.items, ...page.next };
}

interface Bookmark {
  readonly query: string;
  readonly at: number;
  readonly offset: number;
}

function cut<Item>(
  items: readonly Item[],
  limit: number,
  token: string | undefined,
  query: string,
  { tokens, now }: Describe,
): { readonly items: readonly Item[]; readonly next: { readonly nextToken?: string } } | AwsProblem {
  const bookmark = token === undefined ? { query, at: now, offset: 0 } : (tokens.open(token) as Bookmark | undefined);
  if (bookmark?.query !== query || now - bookmark.at > TOKEN_LIFE) {
    return invalidParameter('The specified nextToken is invalid.');
  }
  const end = bookmark.offset + limit;
  const next: Bookmark = { query, at: now, offset: end };
  return {
    items: items.slice(bookmark.offset, end),
    next: end < items.length ? { nextToken: tokens.seal(next) } : {},
  };
}
