/** One event in a log group. Times are epoch milliseconds. */
export interface LogEvent {
  readonly logGroupName: string;
  readonly logStreamName: string;
  readonly timestamp: number;
  /** When the service took it; before that, nobody finds it. */
  readonly ingestionTime: number;
  readonly message: string;
  /** Counted over all groups, in the order in which events came. */
  readonly order: number;
  /** Which call of PutLogEvents brought it, counted from 0; null for events that the test put there. */
  readonly call: number | null;
}

export interface LogStream {
  readonly name: string;
  readonly creationTime: number;
  firstEvent?: number;
  lastEvent?: number;
  lastIngestion?: number;
}

export interface LogGroup {
  readonly name: string;
  readonly creationTime: number;
  /** Undefined keeps events for ever. */
  retentionDays: number | undefined;
  readonly streams: Map<string, LogStream>;
  add(event: LogEvent): void;
  /** With its events. */
  removeStream(name: string): void;
  /** By timestamp, then ingestion, then order: what the API reference promises of FilterLogEvents. */
  sorted(): readonly LogEvent[];
}

export function logGroup(name: string, creationTime: number, retentionDays?: number): LogGroup {
  let events: LogEvent[] = [];
  const streams = new Map<string, LogStream>();
  let inOrder = true;
  return {
    name,
    creationTime,
    retentionDays,
    streams,
    add: (event) => {
      const last = events.at(-1);
      inOrder &&= last === undefined || compareEvents(last, event) < 0;
      events.push(event);
      const stream = streams.get(event.logStreamName);
      if (stream === undefined) throw new Error(`add() needs the stream ${event.logStreamName} to exist`);
      stream.firstEvent = Math.min(stream.firstEvent ?? Infinity, event.timestamp);
      stream.lastEvent = Math.max(stream.lastEvent ?? 0, event.timestamp);
      stream.lastIngestion = Math.max(stream.lastIngestion ?? 0, event.ingestionTime);
    },
    removeStream: (streamName) => {
      streams.delete(streamName);
      events = events.filter(({ logStreamName }) => logStreamName !== streamName);
    },
    sorted: () => {
      if (!inOrder) events.sort(compareEvents);
      inOrder = true;
      return events;
    },
  };
}

/** An event's place in its group. */
export type EventKey = Pick<LogEvent, 'timestamp' | 'ingestionTime' | 'order'>;

export function compareEvents(a: EventKey, b: EventKey): number {
  return a.timestamp - b.timestamp || a.ingestionTime - b.ingestionTime || a.order - b.order;
}

/** 56 digits as the service's: unique, the same each time, growing with time. */
export function eventId({ timestamp, order }: EventKey): string {
  return `3${String(timestamp).padStart(15, '0')}${String(order).padStart(40, '0')}`;
}
