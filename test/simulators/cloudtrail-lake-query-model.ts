import { awsProblem, injected, isProblem } from './aws-problem.ts';
import { callBudget } from './call-budget.ts';
import type { LakeEvent } from './cloudtrail-lake-query-columns.ts';
import { DESCRIBE_QUERY, GET_QUERY_RESULTS, readQueryInput, START_QUERY } from './cloudtrail-lake-query-input.ts';
import { isUnderWay, rowsOf, statusOf, type StartedQuery } from './cloudtrail-lake-query-life.ts';
import { runLakeQuery, type ResultRow } from './cloudtrail-lake-query-run.ts';
import { readLakeSql, type LakeQuery } from './cloudtrail-lake-query-sql.ts';
import { LakeSqlError } from './cloudtrail-lake-query-tokens.ts';
import {
  LAKE_DEFAULTS,
  type LakeFault,
  type LakeOperation,
  type LakeSettings,
  type QueryStatus,
} from './cloudtrail-lake-query-settings.ts';
import { EXAMPLE_CHANNEL_ARN, type AcceptedEvent } from './cloudtrail-model.ts';
import { pageTokens } from './page-token.ts';
import { seeded, uuid } from './random.ts';
import type { AwsProblem } from './sigv4.ts';

/** The event data store behind `EXAMPLE_CHANNEL_ARN`. */
export const EXAMPLE_EVENT_DATA_STORE_ARN =
  'arn:aws:cloudtrail:eu-central-1:111122223333:eventdatastore/5c2f7a3e-8f0b-4f0e-9a55-0d7b1c2e3f40';

export interface QueryResults {
  readonly QueryStatus: QueryStatus;
  readonly QueryStatistics: {
    readonly ResultsCount: number;
    readonly TotalResultsCount: number;
    readonly BytesScanned: number;
  };
  /** While a query runs, the part that was found; complete with FINISHED only. */
  readonly QueryResultRows: readonly ResultRow[];
  readonly NextToken?: string;
  readonly ErrorMessage?: string;
}

/** One call with the input as the service model has it: the result, or the error of the call. */
type Operation<Result extends object> = (input: unknown, fault?: LakeFault) => Result | AwsProblem;

/** CloudTrail Lake's query API without sockets, signatures or real time. */
export interface LakeQueryModel {
  readonly startQuery: Operation<{ readonly QueryId: string }>;
  readonly describeQuery: Operation<object>;
  readonly getQueryResults: Operation<QueryResults>;
  readonly cancelQuery: Operation<{ readonly QueryId: string; readonly QueryStatus: QueryStatus }>;
  /** Every statement that was started, in order. */
  readonly statements: readonly string[];
  readonly eventDataStoreArn: string;
  readonly settings: LakeSettings;
}

export interface LakeQueryModelOptions extends Partial<LakeSettings> {
  /** Epoch seconds; the clock of the CloudTrail that accepted the events. */
  readonly now: () => number;
  /** The events in the store: `accepted` of the simulated CloudTrail, read anew for each query. */
  readonly accepted: readonly AcceptedEvent[];
  /** Default: `EXAMPLE_EVENT_DATA_STORE_ARN`. */
  readonly eventDataStoreArn?: string | undefined;
  /** Default: `EXAMPLE_CHANNEL_ARN`. */
  readonly channelArn?: string | undefined;
  /** Default 1. */
  readonly seed?: number | undefined;
}

const DAY = 86_400;
/** "View results of queries for up to seven days" (user guide, "Working with CloudTrail Lake"). */
const RESULTS_LIFE = 7 * DAY;

/** A Lake with one event data store. Events are read when a query starts; the same seed repeats itself. */
export function lakeQueryModel(options: LakeQueryModelOptions): LakeQueryModel {
  const { now, accepted, seed = 1, ...others } = options;
  const { eventDataStoreArn = EXAMPLE_EVENT_DATA_STORE_ARN, channelArn = EXAMPLE_CHANNEL_ARN, ...changes } = others;
  const settings: LakeSettings = { ...LAKE_DEFAULTS, ...changes };
  const storeId = eventDataStoreArn.split('/').at(-1) ?? '';
  const region = eventDataStoreArn.split(':')[3] ?? '';
  const random = seeded(seed);
  const tokens = pageTokens(`cloudtrail-lake ${seed}`);
  const queries = new Map<string, StartedQuery>();
  const statements: string[] = [];
  const parsed = new WeakMap<AcceptedEvent, LakeEvent>();

  function operation<Result extends object>(name: LakeOperation, run: Operation<Result>): Operation<Result> {
    const takeCall = callBudget(now, () => settings.callsPerSecond[name] ?? Infinity);
    return (input, fault) => {
      if (!takeCall()) return awsProblem('ThrottlingException', 'Rate exceeded');
      if (settings.denied.includes(name)) {
        return awsProblem('AccessDeniedException', `User is not authorized to perform: cloudtrail:${name}`);
      }
      return fault?.fault === 'error' ? injected(fault) : run(input, fault);
    };
  }

  function visibleEvents(): LakeEvent[] {
    const oldest = new Date((now() - settings.retentionDays * DAY) * 1000).toISOString();
    return accepted
      .filter(({ at }) => at + settings.visibleAfterSeconds <= now())
      .map((event) => {
        const known = parsed.get(event);
        if (known !== undefined) return known;
        const data = JSON.parse(event.eventData) as LakeEvent['data'];
        const made: LakeEvent = { accepted: event, data, region, channelArn };
        parsed.set(event, made);
        return made;
      })
      .filter(({ data }) => typeof data['eventTime'] === 'string' && data['eventTime'] >= oldest);
  }

  /** The store a statement or an old-fashioned parameter names. */
  function storeProblem(store: string | undefined): AwsProblem | undefined {
    if (store !== undefined && store !== storeId && store !== eventDataStoreArn) {
      return awsProblem('EventDataStoreNotFoundException', `The event data store ${store} was not found.`);
    }
    return settings.inactive
      ? awsProblem('InactiveEventDataStoreException', 'The event data store is inactive.')
      : undefined;
  }

  function findQuery(input: { readonly QueryId: string; readonly EventDataStore?: string | undefined }) {
    const query = queries.get(input.QueryId);
    if (query === undefined || now() - query.startedAt > RESULTS_LIFE) {
      return awsProblem('QueryIdNotFoundException', `The query ${input.QueryId} does not exist.`);
    }
    return storeProblem(input.EventDataStore) ?? query;
  }

  return {
    startQuery: operation('StartQuery', (given, fault) => {
      const input = readQueryInput(START_QUERY, given);
      if (isProblem(input)) return input;
      const { QueryStatement: statement } = input;
      const query = readStatement(statement);
      if (isProblem(query)) return query;
      const refusal = storeProblem(query.from);
      if (refusal !== undefined) return refusal;
      const running = [...queries.values()].filter((other) => isUnderWay(other, now(), settings)).length;
      if (running >= settings.maxConcurrentQueries) {
        const message = `You are already running the maximum number of concurrent queries: ${running}.`;
        return awsProblem('MaxConcurrentQueriesException', message);
      }
      const id = uuid(random);
      const { status: end = 'FINISHED', message = 'injected', share = 0 } = fault?.fault === 'query' ? fault : {};
      const outcome = runLakeQuery(query, visibleEvents(), random);
      const begun = { id, statement, startedAt: now(), looks: 0, isCancelled: false };
      queries.set(id, { ...begun, end, outcome, share, message });
      statements.push(statement);
      return { QueryId: id };
    }),
    describeQuery: operation('DescribeQuery', (given) => {
      const input = readQueryInput(DESCRIBE_QUERY, given);
      if (isProblem(input)) return input;
      const query = findQuery(input);
      if (isProblem(query)) return query;
      query.looks += 1;
      const { id, statement, startedAt, outcome, message } = query;
      const status = statusOf(query, now(), settings);
      return {
        QueryId: id,
        QueryString: statement,
        QueryStatus: status,
        QueryStatistics: {
          EventsMatched: outcome.eventsMatched,
          EventsScanned: outcome.eventsScanned,
          BytesScanned: outcome.bytesScanned,
          ExecutionTimeInMillis: Math.round(settings.runningSeconds * 1000),
          CreationTime: startedAt,
        },
        ...(status === 'FAILED' && { ErrorMessage: message }),
      };
    }),
    getQueryResults: operation<QueryResults>('GetQueryResults', (given) => {
      const input = readQueryInput(GET_QUERY_RESULTS, given);
      if (isProblem(input)) return input;
      const query = findQuery(input);
      if (isProblem(query)) return query;
      const most = input.MaxQueryResults ?? settings.pageSize;
      const from = input.NextToken === undefined ? { id: query.id, most, offset: 0 } : tokens.open(input.NextToken);
      if (!isBookmark(from) || from.id !== query.id || from.most !== most) {
        return awsProblem('InvalidNextTokenException', 'The token is not one of this query with these parameters.');
      }
      query.looks += 1;
      const status = statusOf(query, now(), settings);
      const rows = rowsOf(query, status);
      const page = rows.slice(from.offset, from.offset + most);
      const next: Bookmark = { ...from, offset: from.offset + most };
      return {
        QueryStatus: status,
        QueryStatistics: {
          ResultsCount: page.length,
          TotalResultsCount: rows.length,
          BytesScanned: query.outcome.bytesScanned,
        },
        QueryResultRows: page,
        ...(next.offset < rows.length && { NextToken: tokens.seal(next) }),
        ...(status === 'FAILED' && { ErrorMessage: query.message }),
      };
    }),
    cancelQuery: operation('CancelQuery', (given) => {
      const input = readQueryInput(DESCRIBE_QUERY, given);
      if (isProblem(input)) return input;
      const query = findQuery(input);
      if (isProblem(query)) return query;
      const status = statusOf(query, now(), settings);
      if (status !== 'QUEUED' && status !== 'RUNNING') {
        return awsProblem('InactiveQueryException', `The query cannot be canceled because it is ${status}.`);
      }
      query.isCancelled = true;
      return { QueryId: query.id, QueryStatus: 'CANCELLED' };
    }),
    statements,
    eventDataStoreArn,
    settings,
  };
}

interface Bookmark {
  readonly id: string;
  readonly most: number;
  readonly offset: number;
}

function isBookmark(content: unknown): content is Bookmark {
  return typeof content === 'object' && content !== null && 'most' in content;
}

function readStatement(statement: string): LakeQuery | AwsProblem {
  try {
    return readLakeSql(statement);
  } catch (error) {
    if (error instanceof LakeSqlError) return awsProblem('InvalidQueryStatementException', error.message);
    throw error;
  }
}
