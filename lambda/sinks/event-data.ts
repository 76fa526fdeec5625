import { hash } from 'node:crypto';
import { cutJsonText, cutText, jsonBytes } from '../cut-text.ts';
import {
  type Activity,
  type Detail,
  type RequestPart,
  type SensitiveText,
  timeOf,
  type WholePayload,
} from '../pipeline/activity.ts';
import { beginningOf, type Redacted, type Redactor } from '../redact/redactor.ts';
import { EVENT_LIMITS, fitMembers, type Members } from './fit.ts';

/** What an event says that is not in its activity. */
export interface EventContext {
  /** The account that owns the destination. */
  readonly accountId: string;
  readonly eventSource: string;
  readonly redactor: Redactor;
}

/** With no more characters than this, no limit of the event can be exceeded: a character takes at most six bytes as JSON. */
const SURELY_FITS = Math.floor(EVENT_LIMITS.additionalEventData / 6) - 1000;

/**
 * The event in CloudTrail's integration schema, which every sink stores. Pure: the same activity gives the same event, but for what
 * the source itself changes (Kong's `ttl`). Secrets are replaced; what is too large is cut and says so.
 *
 * Every event has the same members; those without a value are undefined, which JSON leaves out. That is faster than spreading.
 *
 * @param more members of `additionalEventData` that the sink adds
 * @param whole describes the payload when the activity carries only its beginning
 */
export function toEventData(activity: Activity, context: EventContext, whole?: WholePayload, more?: Members) {
  const { actor, error } = activity;
  const found = new Set<string>();
  const redact = redactOnce(context.redactor, found);
  const request = requestParameters(activity.request, redact, whole);
  const details = redactDetails(activity.details, redact);
  const redacted = found.size === 0 ? undefined : [...found].join(',').toWellFormed();
  return {
    version: cutText(activity.version, EVENT_LIMITS.version),
    userIdentity: {
      type: cutText(actor.type, EVENT_LIMITS.type),
      principalId: cutText(actor.id, EVENT_LIMITS.principalId),
      details: cutDetails(actor.details),
    },
    userAgent: activity.userAgent === null ? undefined : cutText(activity.userAgent, EVENT_LIMITS.name),
    eventSource: cutText(context.eventSource, EVENT_LIMITS.name),
    eventName: cutText(activity.action, EVENT_LIMITS.name),
    eventTime: toTimestamp(timeOf(activity)),
    UID: activity.id,
    errorCode: error ? cutText(error.code, EVENT_LIMITS.error) : undefined,
    errorMessage: error ? cutText(error.message, EVENT_LIMITS.error) : undefined,
    requestParameters: request,
    sourceIPAddress: activity.sourceIp ?? undefined,
    recipientAccountId: context.accountId,
    additionalEventData: fit(Object.assign(details, { redacted }, more)),
  };
}

export type EventData = ReturnType<typeof toEventData>;

const DAY_SECONDS = 86_400;
let day = NaN;
let date = '';

/** RFC 3339 in UTC, whole seconds. The date is kept from one event to the next, which most often is of the same day. */
function toTimestamp(second: number): string {
  const found = Math.floor(second / DAY_SECONDS);
  if (found !== day) {
    date = new Date(found * DAY_SECONDS * 1000).toISOString().slice(0, 11);
    day = found;
  }
  const left = second - found * DAY_SECONDS;
  return `${date}${twoDigits(left / 3600)}:${twoDigits((left % 3600) / 60)}:${twoDigits(left % 60)}Z`;
}

const twoDigits = (value: number): string => (value < 10 ? `0${Math.floor(value)}` : `${Math.floor(value)}`);

type Redact = (text: string, as: SensitiveText['as']) => string;

/** Adds the names of what it replaces to `found`. The query of a path is the one that was redacted before, most often. */
function redactOnce(redactor: Redactor, found: Set<string>): Redact {
  let query = '';
  let withoutSecrets: Redacted = { text: '', keys: [] };
  const redactQuery = (text: string): Redacted => {
    if (text === query) return withoutSecrets;
    query = text;
    withoutSecrets = redactor.query(beginningOf(text));
    return withoutSecrets;
  };
  return (text, as) => {
    if (text === '') return text;
    const mark = as === 'path' ? text.indexOf('?') : -1;
    if (as === 'path' && mark < 0) return text;
    const redacted = as === 'payload' ? redactor.payload(beginningOf(text)) : redactQuery(text.slice(mark + 1));
    for (const key of redacted.keys) found.add(key);
    if (as !== 'path') return redacted.text;
    return redacted.keys.length === 0 ? text : `${text.slice(0, mark)}?${redacted.text}`;
  };
}

function cutDetails(details: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const limit = EVENT_LIMITS.principalId;
  const isFit = Object.values(details).every((value) => cutText(value, limit) === value);
  if (isFit) return details;
  return Object.fromEntries(Object.entries(details).map(([name, value]) => [name, cutText(value, limit)]));
}

/** Copied as a whole and then corrected: member by member takes four times as long. */
function redactDetails(details: Readonly<Record<string, Detail>>, redact: Redact): Members {
  const members: Record<string, Detail | undefined> = { ...details };
  for (const name in details) {
    const detail = details[name];
    if (detail === null) members[name] = undefined;
    else if (typeof detail === 'object') members[name] = redact(detail.text, detail.as);
  }
  return members as Members;
}

/**
 * `payloadBytes` and `payloadSha256` describe the payload as the source gave it, before redaction, so that it can be compared with
 * what was sent. Queries and paths get at most half of the room; payloads share what is left.
 */
function requestParameters(parts: readonly RequestPart[], redact: Redact, whole?: WholePayload): Members | undefined {
  const parameters: Members = {};
  let characters = 0;
  let isCut = false;
  for (const { name, text, as } of parts) {
    if (text !== '') {
      const redacted = redact(text, as);
      parameters[name] = redacted || undefined;
      characters += redacted.length;
      isCut ||= beginningOf(text) !== text;
    }
    if (as === 'payload' && whole) {
      parameters[`${name}Truncated`] = true;
      parameters[`${name}Bytes`] = whole.payloadBytes;
      parameters[`${name}Sha256`] = whole.payloadSha256;
    }
  }
  if (characters === 0 && !whole && !isCut) return undefined;
  const limit = EVENT_LIMITS.requestParameters;
  if (!isCut && (characters <= SURELY_FITS || jsonBytes(parameters) <= limit)) return parameters;
  for (const part of parts.filter(({ as }) => as !== 'payload')) cutQuery(part, parameters, limit / 2);
  for (const part of parts.filter(({ as }) => as === 'payload')) cutPayload(part, parameters, limit, whole);
  return parameters;
}

function cutQuery({ name, text }: RequestPart, parameters: Members, limit: number): void {
  const query = parameters[name];
  if (typeof query !== 'string') return;
  parameters[name] = cutJsonText(query, limit);
  if (beginningOf(text) !== text || parameters[name] !== query) parameters[`${name}Truncated`] = true;
}

function cutPayload({ name, text }: RequestPart, parameters: Members, limit: number, whole?: WholePayload): void {
  const payload = parameters[name];
  if (typeof payload !== 'string' || (beginningOf(text) === text && jsonBytes(parameters) <= limit)) return;
  parameters[name] = '';
  parameters[`${name}Truncated`] = true;
  parameters[`${name}Bytes`] = whole?.payloadBytes ?? Buffer.byteLength(text);
  parameters[`${name}Sha256`] = whole?.payloadSha256 ?? hash('sha256', text);
  parameters[name] = cutJsonText(payload, limit - jsonBytes(parameters));
}

function fit(members: Members): Members {
  let characters = 0;
  for (const name in members) {
    const value = members[name];
    if (typeof value === 'string') characters += value.length;
  }
  return characters <= SURELY_FITS ? members : fitMembers(members, EVENT_LIMITS.additionalEventData);
}
