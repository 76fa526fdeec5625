import type { AcceptedEvent } from './cloudtrail-model.ts';

/** An accepted event as Lake shows it. */
export interface LakeEvent {
  readonly accepted: AcceptedEvent;
  /** `eventData`, parsed. */
  readonly data: Readonly<Record<string, unknown>>;
  readonly region: string;
  readonly channelArn: string;
}

export interface LakeColumn {
  /**
   * Timestamps are held as text, `2026-11-14 12:00:00.000`, so that both types compare as text. That is how results show
   * them, too (user guide, example queries).
   */
  readonly type: 'string' | 'timestamp';
  /** Null where the event has no such field. */
  readonly read: (event: LakeEvent) => string | null;
}

/**
 * The columns that can be named here, in lower case.
 *
 * Source: CloudTrail user guide, "Supported SQL schemas for event data stores", fields of events from outside AWS. There
 * `eventtime` is a timestamp, while `eventdata.eventtime` is a string as it was sent. No page says outright that the first
 * is the event's own time, but the time of ingestion has a column of its own, and retention goes by `eventTime`.
 * The maps are left out: the queries of this program select no member of them.
 */
export const LAKE_COLUMNS: Readonly<Record<string, LakeColumn>> = {
  eventversion: text(() => '1.0'),
  eventcategory: text(() => 'ActivityAuditLog'),
  eventtype: text(() => 'ActivityLog'),
  eventid: text(({ accepted }) => accepted.eventID),
  eventtime: { type: 'timestamp', read: ({ data }) => toTimestamp(data['eventTime']) },
  awsregion: text(({ region }) => region),
  recipientaccountid: text(({ data }) => toText(data['recipientAccountId'])),
  'metadata.ingestiontime': text(({ accepted }) => new Date(accepted.at * 1000).toISOString().slice(0, 19)),
  'metadata.channelarn': text(({ channelArn }) => channelArn),
  'eventdata.version': field('version'),
  'eventdata.useridentity.type': field('userIdentity', 'type'),
  'eventdata.useridentity.principalid': field('userIdentity', 'principalId'),
  'eventdata.useragent': field('userAgent'),
  'eventdata.eventsource': field('eventSource'),
  'eventdata.eventname': field('eventName'),
  'eventdata.eventtime': field('eventTime'),
  'eventdata.uid': field('UID'),
  'eventdata.errorcode': field('errorCode'),
  'eventdata.errormessage': field('errorMessage'),
  'eventdata.sourceipaddress': field('sourceIPAddress'),
  'eventdata.recipientaccountid': field('recipientAccountId'),
};

/** The form of `eventData.eventTime`: compared as text, any other form would give wrong answers without an error. */
export const EVENT_DATA_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;

/** A timestamp literal as the user guide writes it, in the form of the column; null for any other text. */
export function readTimestampLiteral(literal: string): string | null {
  const [, day, time = '00:00:00', fraction = ''] =
    /^(\d{4}-\d\d-\d\d)(?: (\d\d:\d\d:\d\d)(\.\d{1,3})?)?$/.exec(literal) ?? [];
  if (day === undefined || Number.isNaN(Date.parse(`${day}T${time}Z`))) return null;
  return `${day} ${time}${(fraction || '.').padEnd(4, '0')}`;
}

function text(read: LakeColumn['read']): LakeColumn {
  return { type: 'string', read };
}

function field(...path: readonly string[]): LakeColumn {
  return text(({ data }) =>
    toText(path.reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], data)),
  );
}

function toText(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

function toTimestamp(value: unknown): string | null {
  return typeof value === 'string' && EVENT_DATA_TIME.test(value)
    ? `${value.slice(0, 19).replace('T', ' ')}.000`
    : null;
}
