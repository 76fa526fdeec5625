import { awsProblem, injected, isProblem, type ErrorFault } from './aws-problem.ts';
import { callBudget } from './call-budget.ts';
import { describeLogGroups, describeLogStreams } from './cloudwatch-logs-describe.ts';
import { filterLogEvents, type FilterLogEventsResult } from './cloudwatch-logs-filter.ts';
import { CREATE_LOG_STREAM, invalidParameter, PUT_LOG_EVENTS, readInput } from './cloudwatch-logs-input.ts';
import { missingGroup, missingStream } from './cloudwatch-logs-missing.ts';
import { judgeBatch, type RejectedLogEventsInfo } from './cloudwatch-logs-put.ts';
import {
  LOGS_DEFAULTS,
  type CloudWatchLogsSettings,
  type LogGroupSetup,
  type LogsOperation,
} from './cloudwatch-logs-settings.ts';
import { logGroup, type LogEvent, type LogGroup } from './cloudwatch-logs-store.ts';
import { pageTokens } from './page-token.ts';
import { seeded } from './random.ts';
import type { AwsProblem } from './sigv4.ts';

/** The group every simulator has unless told otherwise. */
export const EXAMPLE_LOG_GROUP = 'kong-audit';

export interface PutLogEventsResult {
  /** Returned still, and means nothing. */
  readonly nextSequenceToken: string;
  readonly rejectedLogEventsInfo?: RejectedLogEventsInfo;
}

/** An event that some other service writes into a group. */
export interface DeliveredLogEvent {
  readonly logGroupName: string;
  /** Made where it does not exist. */
  readonly logStreamName: string;
  /** Epoch milliseconds. */
  readonly timestamp: number;
  readonly message: string;
  /** Epoch milliseconds; later than now, the event shows only then. Default now. */
  readonly ingestionTime?: number;
}

/** One call with the input as the service model has it: the result, or the error of the call; then nothing happened. */
export type Operation<Result extends object> = (input: unknown, fault?: ErrorFault) => Result | AwsProblem;

/** CloudWatch Logs without sockets, signatures or real time. */
export interface CloudWatchLogsModel {
  readonly createLogStream: Operation<object>;
  readonly putLogEvents: Operation<PutLogEventsResult>;
  readonly filterLogEvents: Operation<FilterLogEventsResult>;
  readonly describeLogGroups: Operation<object>;
  readonly describeLogStreams: Operation<object>;
  /** Puts events there past all limits, as EKS and other services do. @throws where the group does not exist */
  deliver(events: Iterable<DeliveredLogEvent>): void;
  /** A group that exists stays as it is. */
  addGroup(group: LogGroupSetup): void;
  /** With all its streams and events. */
  deleteGroup(name: string): void;
  /** A stream's events are found no more. */
  deleteStream(groupName: string, streamName: string): void;
  setRetention(groupName: string, days: number | undefined): void;
  groupArn(name: string): string;
  /** What PutLogEvents and `deliver` brought, in the order of arrival. */
  readonly accepted: readonly LogEvent[];
  /** Counts on when `keep` is off. */
  readonly acceptedCount: () => number;
  readonly settings: CloudWatchLogsSettings;
}

export interface CloudWatchLogsModelOptions extends Partial<CloudWatchLogsSettings> {
  /** Epoch seconds; fractions allowed. */
  readonly now: () => number;
  /** Default 1. */
  readonly seed?: number | undefined;
  /** Default: `EXAMPLE_LOG_GROUP`, without a stream. */
  readonly groups?: readonly LogGroupSetup[] | undefined;
  /** Default `eu-central-1`. */
  readonly region?: string | undefined;
  /** Default `111122223333`. */
  readonly accountId?: string | undefined;
}

/** A CloudWatch Logs with one group, `EXAMPLE_LOG_GROUP`, unless `options` says otherwise. The same seed repeats itself. */
export function cloudWatchLogsModel(options: CloudWatchLogsModelOptions): CloudWatchLogsModel {
  const { now, seed = 1, groups: setups, region = 'eu-central-1', accountId = '111122223333', ...changes } = options;
  const settings: CloudWatchLogsSettings = { ...LOGS_DEFAULTS, ...changes };
  const random = seeded(seed);
  const tokens = pageTokens(`cloudwatch-logs ${seed}`);
  const groups = new Map<string, LogGroup>();
  const accepted: LogEvent[] = [];
  let acceptedCount = 0;
  let puts = 0;
  const nowMs = (): number => Math.floor(now() * 1000);
  const groupArn = (name: string): string => `arn:aws:logs:${region}:${accountId}:log-group:${name}`;

  /** An operation as every caller meets it: throttled, denied or failing before it begins. */
  function operation<Result extends object>(
    name: LogsOperation,
    run: (input: unknown, at: number) => Result | AwsProblem,
  ): Operation<Result> {
    const takeCall = callBudget(now, () => settings.callsPerSecond[name] ?? Infinity);
    return (input, fault) => {
      if (!takeCall()) return awsProblem('ThrottlingException', 'Rate exceeded');
      if (settings.denied.includes(name)) {
        const message = `User: arn:aws:iam::${accountId}:user/example is not authorized to perform: logs:${name}`;
        return awsProblem('AccessDeniedException', message);
      }
      return fault === undefined ? run(input, nowMs()) : injected(fault);
    };
  }

  function findGroup({ logGroupName, logGroupIdentifier }: GroupReference): LogGroup | AwsProblem {
    if ((logGroupName === undefined) === (logGroupIdentifier === undefined)) {
      return invalidParameter('Exactly one of logGroupName and logGroupIdentifier must be given.');
    }
    const given = logGroupName ?? logGroupIdentifier ?? '';
    // Another account's or Region's group is not here.
    const name = given.startsWith('arn:') ? [...groups.keys()].find((known) => groupArn(known) === given) : given;
    return groups.get(name ?? '') ?? missingGroup();
  }

  function keep(group: LogGroup, event: Omit<LogEvent, 'order' | 'logGroupName'>): void {
    const stored = { logGroupName: group.name, ...event, order: acceptedCount };
    acceptedCount += 1;
    if (!settings.keep) return;
    accepted.push(stored);
    group.add(stored);
  }

  function addGroup({ name, retentionDays, streams = [] }: LogGroupSetup): void {
    if (groups.has(name)) return;
    const group = logGroup(name, nowMs(), retentionDays);
    groups.set(name, group);
    for (const stream of streams) group.streams.set(stream, { name: stream, creationTime: nowMs() });
  }

  /** @throws where a test names a group that does not exist */
  function group(name: string): LogGroup {
    const found = groups.get(name);
    if (found === undefined) throw new Error(`No log group ${name} is here, only: ${[...groups.keys()].join(', ')}`);
    return found;
  }

  for (const setup of setups ?? [{ name: EXAMPLE_LOG_GROUP }]) addGroup(setup);
  const describe = (at: number) => ({ now: at, tokens, groups: () => [...groups.values()], groupArn, findGroup });
  return {
    createLogStream: operation('CreateLogStream', (given, at) => {
      const input = readInput(CREATE_LOG_STREAM, given);
      if (isProblem(input)) return input;
      const streams = groups.get(input.logGroupName)?.streams;
      const { logStreamName: name } = input;
      if (streams === undefined) return missingGroup();
      if (streams.has(name)) {
        return awsProblem('ResourceAlreadyExistsException', 'The specified log stream already exists');
      }
      streams.set(name, { name, creationTime: at });
      return {};
    }),
    putLogEvents: operation<PutLogEventsResult>('PutLogEvents', (given, at) => {
      const input = readInput(PUT_LOG_EVENTS, given);
      if (isProblem(input)) return input;
      const target = groups.get(input.logGroupName);
      if (target === undefined) return missingGroup();
      const { logStreamName } = input;
      if (!target.streams.has(logStreamName)) return missingStream();
      const judged = judgeBatch(input.logEvents, at, target.retentionDays);
      if (isProblem(judged)) return judged;
      const call = puts++;
      for (const { timestamp, message } of judged.accepted) {
        keep(target, { logStreamName, timestamp, ingestionTime: at, message, call });
      }
      const nextSequenceToken = String(acceptedCount).padStart(56, '4');
      const { rejected } = judged;
      return { nextSequenceToken, ...(rejected !== undefined && { rejectedLogEventsInfo: rejected }) };
    }),
    filterLogEvents: operation<FilterLogEventsResult>('FilterLogEvents', (given, at) =>
      filterLogEvents(given, { settings, now: at, random, tokens, findGroup }),
    ),
    describeLogGroups: operation('DescribeLogGroups', (given, at) => describeLogGroups(given, describe(at))),
    describeLogStreams: operation('DescribeLogStreams', (given, at) => describeLogStreams(given, describe(at))),
    deliver: (events) => {
      for (const { logGroupName, logStreamName, timestamp, message, ingestionTime = nowMs() } of events) {
        const target = group(logGroupName);
        if (!target.streams.has(logStreamName)) {
          target.streams.set(logStreamName, { name: logStreamName, creationTime: nowMs() });
        }
        keep(target, { logStreamName, timestamp, ingestionTime, message, call: null });
      }
    },
    addGroup,
    deleteGroup: (name) => void groups.delete(name),
    deleteStream: (groupName, streamName) => {
      group(groupName).removeStream(streamName);
    },
    setRetention: (groupName, days) => {
      group(groupName).retentionDays = days;
    },
    groupArn,
    accepted,
    acceptedCount: () => acceptedCount,
    settings,
  };
}

interface GroupReference {
  readonly logGroupName?: string | undefined;
  readonly logGroupIdentifier?: string | undefined;
}
