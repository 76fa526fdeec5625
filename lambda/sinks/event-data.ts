import { hash } from 'node:crypto';
import { cutJsonText, cutText, jsonBytes } from '../cut-text.ts';
import { type Activity, type Detail, type RequestPart, timeOf, type WholePayload } from '../pipeline/activity.ts';
import { beginningOf, type Redactor } from '../redact/redactor.ts';
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
  const found: string[] = [];
  const redact = (text: string, as: Exclude<Detail, string | number | boolean | null>['as']): string => {
    if (text === '') return text;
    const redacted = as === 'path' ? redactPath(text, context.redactor) : context.redactor[as](beginningOf(text));
    found.push(...redacted.keys);
    return redacted.text;
  };
  const request = requestParameters(activity.request, redact, whole);
  const details = redactDetails(activity.details, redact);
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
    eventTime: `${new Date(timeOf(activity) * 1000).toISOString().slice(0, 19)}Z`,
    UID: activity.id,
    errorCode: error ? cutText(error.code, EVENT_LIMITS.error) : undefined,
    errorMessage: error ? cutText(error.message, EVENT_LIMITS.error) : undefined,
    requestParameters: request,
    sourceIPAddress: activity.sourceIp ?? undefined,
    recipientAccountId: context.accountId,
    additionalEventData: fit({
      ...details,
      redacted: found.length === 0 ? undefined : [...new Set(found)].join(',').toWellFormed(),
      ...more,
    }),
  };
}

export type EventData = ReturnType<typeof toEventData>;

function redactPath(path: string, redactor: Redactor): { text: string; keys: readonly string[] } {
  const mark = path.indexOf('?');
  if (mark < 0) return { text: path, keys: [] };
  const { text, keys } = redactor.query(beginningOf(path.slice(mark + 1)));
  return { text: keys.length === 0 ? path : `${path.slice(0, mark)}?${text}`, keys };
}

function cutDetails(details: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(details).map(([name, value]) => [name, cutText(value, EVENT_LIMITS.principalId)]),
  );
}

type Redact = (text: string, as: 'payload' | 'query' | 'path') => string;

function redactDetails(details: Readonly<Record<string, Detail>>, redact: Redact): Members {
  const members: Members = {};
  for (const [name, detail] of Object.entries(details))
    members[name] = detail === null ? undefined : typeof detail === 'object' ? redact(detail.text, detail.as) : detail;
  return members;
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
    const redacted = redact(text, as);
    parameters[name] = redacted || undefined;
    characters += redacted.length;
    isCut ||= beginningOf(text) !== text;
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
  for (const value of Object.values(members)) if (typeof value === 'string') characters += value.length;
  return characters <= SURELY_FITS ? members : fitMembers(members, EVENT_LIMITS.additionalEventData);
}
