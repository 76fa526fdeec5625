import { hash } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import { isIP } from 'node:net';
import type { AuditEntry } from '../kong/entry.ts';
import { cutJsonText, cutText, EVENT_LIMITS, fitMembers, jsonBytes, type Members } from './fit.ts';
import { beginningOf, type Redacted, type Redactor } from '../redact/redactor.ts';

/** One element of `auditEvents` in PutAuditEvents. */
export interface AuditEvent {
  readonly id: string;
  /** The event as JSON text. */
  readonly eventData: string;
  /** Base64 SHA-256 of `eventData`. */
  readonly eventDataChecksum: string;
}

/** What an event says that is not in the entry. */
export interface EventContext {
  readonly kongVersion: string;
  readonly hostname: string;
  /** The account that owns the channel. */
  readonly accountId: string;
  readonly eventSource: string;
  readonly deriveErrorCode: boolean;
  readonly redactor: Redactor;
}

/** The whole payload, when what the entry carries is only its beginning (a replayed entry). */
export interface WholePayload {
  readonly payloadBytes: number;
  readonly payloadSha256: string;
}

const ANONYMOUS = 'Anonymous User on Kong Gateway: Please Enable RBAC on Kong Gateway';
/** The pattern PutAuditEvents demands of an audit event's id (API reference, AuditEvent). */
const EVENT_ID = /^[-_A-Za-z0-9]{1,128}$/;
/** With no more characters than this, no limit of the event can be exceeded: a character takes at most six bytes as JSON. */
const SURELY_FITS = Math.floor(EVENT_LIMITS.additionalEventData / 6) - 1000;

/** Maps an entry to its event. Pure: the same entry gives the same event, but for `ttl`. What is too large is cut and says so. */
export function toAuditEvent(entry: AuditEntry, context: EventContext, whole?: WholePayload): AuditEvent {
  const eventData = JSON.stringify(toEventData(entry, context, whole));
  return {
    id: EVENT_ID.test(entry.id) ? entry.id : hash('sha256', entry.id),
    eventData,
    eventDataChecksum: hash('sha256', eventData, 'base64'),
  };
}

/** Every event has the same members; those without a value are undefined, which JSON leaves out. That is faster than spreading. */
function toEventData(entry: AuditEntry, context: EventContext, whole: WholePayload | undefined) {
  const { route, query } = splitPath(entry.path);
  const redactedQuery = context.redactor.query(beginningOf(query));
  const redactedPayload = context.redactor.payload(beginningOf(entry.payload ?? ''));
  const removed = context.redactor.payload(beginningOf(entry.removedFromPayload ?? ''));
  const failed = context.deriveErrorCode && entry.status !== null && entry.status >= 400;

  return {
    version: cutText(context.kongVersion, EVENT_LIMITS.version),
    userIdentity: {
      type: entry.rbacUserId === null ? 'Anonymous' : 'KongRbacUser',
      principalId: cutText(entry.rbacUserId ?? 'anonymous', EVENT_LIMITS.principalId),
      details: userDetails(entry),
    },
    eventSource: cutText(context.eventSource, EVENT_LIMITS.name),
    eventName: cutText(entry.method + (route.replace(TRAILING_SLASHES, '') || '/'), EVENT_LIMITS.name),
    eventTime: `${new Date(entry.timestamp * 1000).toISOString().slice(0, 19)}Z`,
    UID: entry.id,
    errorCode: failed ? String(entry.status) : undefined,
    errorMessage: failed ? (STATUS_CODES[entry.status] ?? `HTTP status ${entry.status}`) : undefined,
    requestParameters: requestParameters(entry.payload ?? '', redactedPayload.text, query, redactedQuery.text, whole),
    sourceIPAddress: entry.clientIp !== null && isBareIp(entry.clientIp) ? entry.clientIp : undefined,
    recipientAccountId: context.accountId,
    additionalEventData: additionalEventData(entry, context, route, redactedQuery, redactedPayload, removed),
  };
}

/** Anchored on a slash that follows another character, so that long runs of slashes take linear time. */
const TRAILING_SLASHES = /(?<!\/)\/+$/;

function splitPath(path: string): { route: string; query: string } {
  const mark = path.indexOf('?');
  return mark < 0 ? { route: path, query: '' } : { route: path.slice(0, mark), query: path.slice(mark + 1) };
}

function userDetails({ rbacUserId, rbacUserName }: AuditEntry): Record<string, string> {
  if (rbacUserId === null) return { RBAC: ANONYMOUS };
  return rbacUserName === null ? {} : { userName: cutText(rbacUserName, EVENT_LIMITS.principalId) };
}

function isBareIp(address: string): boolean {
  return isIP(address) !== 0 && !address.includes('%');
}

/**
 * `payloadBytes` and `payloadSha256` describe the payload as Kong gave it, before redaction, so that it can be compared with
 * what the administrator sent.
 */
function requestParameters(
  original: string,
  payload: string,
  originalQuery: string,
  query: string,
  whole: WholePayload | undefined,
): Members | undefined {
  const limit = EVENT_LIMITS.requestParameters;
  if (query === '' && payload === '' && !whole) return undefined;
  const parameters: Members = {
    queryParameters: query || undefined,
    payload: payload || undefined,
    ...(whole && { payloadTruncated: true, ...whole }),
  };
  const isBeginning = beginningOf(original) !== original;
  const isQueryBeginning = beginningOf(originalQuery) !== originalQuery;
  if (
    !isBeginning &&
    !isQueryBeginning &&
    (query.length + payload.length <= SURELY_FITS || jsonBytes(parameters) <= limit)
  )
    return parameters;

  if (query !== '') {
    parameters['queryParameters'] = cutJsonText(query, limit / 2);
    if (isQueryBeginning || parameters['queryParameters'] !== query) parameters['queryParametersTruncated'] = true;
  }
  if (payload !== '' && (isBeginning || jsonBytes(parameters) > limit)) {
    parameters['payload'] = '';
    parameters['payloadTruncated'] = true;
    parameters['payloadBytes'] = whole?.payloadBytes ?? Buffer.byteLength(original);
    parameters['payloadSha256'] = whole?.payloadSha256 ?? hash('sha256', original);
    parameters['payload'] = cutJsonText(payload, limit - jsonBytes(parameters));
  }
  return parameters;
}

/** Members without a value are left undefined, which JSON leaves out. */
function additionalEventData(
  entry: AuditEntry,
  context: EventContext,
  route: string,
  query: Redacted,
  payload: Redacted,
  removed: Redacted,
): Members {
  const members: Members = {
    workspace: entry.workspace ?? undefined,
    hostname: context.hostname,
    method: entry.method,
    path: query.keys.length === 0 ? entry.path : `${route}?${query.text}`,
    status: entry.status ?? undefined,
    signature: entry.signature ?? undefined,
    ttl: entry.ttlSeconds ?? undefined,
    rbacUserName: entry.rbacUserName ?? undefined,
    requestSource: entry.requestSource ?? undefined,
    removedFromPayload: entry.removedFromPayload === null ? undefined : removed.text,
    requestTimestamp: entry.timestamp,
    redacted: [...new Set([...query.keys, ...payload.keys, ...removed.keys])].join(',').toWellFormed() || undefined,
  };
  let characters = 0;
  for (const value of Object.values(members)) if (typeof value === 'string') characters += value.length;
  return characters <= SURELY_FITS ? members : fitMembers(members, EVENT_LIMITS.additionalEventData);
}
