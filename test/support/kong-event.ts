import { createHash } from 'node:crypto';
import type { WholePayload } from '../../lambda/pipeline/activity.ts';
import { createRedactor, DEFAULT_REDACT_KEYS } from '../../lambda/redact/redactor.ts';
import { toAuditEvent } from '../../lambda/sinks/cloudtrail-lake/event.ts';
import type { EventContext } from '../../lambda/sinks/event-data.ts';
import { type EntryContext, toActivity } from '../../lambda/sources/kong/activity.ts';
import { toEntry } from '../../lambda/sources/kong/entry.ts';

/** What an event says that is in no row of Kong. */
export type Context = EventContext & EntryContext;

export const ACCOUNT = '111122223333';

const CONTEXT: Context = {
  kongVersion: '3.9.1.0',
  hostname: 'kong-cp-1',
  accountId: ACCOUNT,
  eventSource: 'kong-gateway',
  deriveErrorCode: false,
  redactor: createRedactor(DEFAULT_REDACT_KEYS),
};

/** Kong Gateway 2.8, as in the documentation of Kong's own integration. */
export const SAMPLE = {
  client_ip: '172.31.76.246',
  signature: null,
  removed_from_payload: null,
  status: 200,
  ttl: 2591940,
  rbac_user_id: null,
  path: '/event-hooks/?size=100',
  payload: null,
  request_timestamp: 1663013700,
  workspace: 'cca82c73-2365-441b-8860-9e074d93b205',
  method: 'GET',
  request_id: '8XsOaNYwXgn0VmgA8qYYpVteu14p9GIK',
};

/** `eventData` as a reader of the sink finds it. */
export interface EventData {
  readonly version: string;
  readonly userIdentity: unknown;
  readonly eventSource: string;
  readonly eventName: string;
  readonly eventTime: string;
  readonly UID: string;
  readonly sourceIPAddress?: string;
  readonly errorCode?: string;
  readonly errorMessage?: string;
  readonly requestParameters?: Readonly<Record<string, string | number | boolean>>;
  readonly additionalEventData: Readonly<Record<string, string | number>>;
}

/** The audit event of one row of Kong. @throws when the row is no audit entry */
export function eventOf(row: object, changes: Partial<Context> = {}, whole?: WholePayload) {
  const context = { ...CONTEXT, ...changes };
  const item = toActivity(toEntry(row), context);
  if (!item.valid) throw new Error(item.reason);
  return toAuditEvent(item, context, whole);
}

/** Its `eventData`, for the sample row with `changes`. */
export const dataOf = (changes: object, context: Partial<Context> = {}): EventData =>
  JSON.parse(eventOf({ ...SAMPLE, ...changes }, context).eventData) as EventData;

export const sha256 = (text: string, encoding: 'hex' | 'base64') => createHash('sha256').update(text).digest(encoding);
