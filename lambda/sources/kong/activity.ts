import { STATUS_CODES } from 'node:http';
import { isIP } from 'node:net';
import type { Activity, InvalidItem, Item } from '../../pipeline/activity.ts';
import type { AuditEntry, InvalidEntry } from './entry.ts';

/** What an activity says that is not in its row. */
export interface EntryContext {
  /** As Kong gives it; `unknown` when `GET /` could not be read. */
  readonly kongVersion: string;
  /** Kong's own host name, or the Admin API's URL. */
  readonly hostname: string;
  readonly deriveErrorCode: boolean;
}

const ANONYMOUS = { RBAC: 'Anonymous User on Kong Gateway: Please Enable RBAC on Kong Gateway' };
const READS = new Set(['GET', 'HEAD', 'OPTIONS']);

/** Kong's entry in the shape all sources share. The event's names follow the predecessor's published table. */
export function toActivity(entry: AuditEntry | InvalidEntry, context: EntryContext): Item {
  return entry.valid ? toValid(entry, context) : toInvalid(entry);
}

function toInvalid({ id, timestamp, ttlSeconds, reason, row }: InvalidEntry): InvalidItem {
  return { valid: false, id, second: timestamp, ttlSeconds, reason, row };
}

function toValid(entry: AuditEntry, { kongVersion, hostname, deriveErrorCode }: EntryContext): Activity {
  const { path, status, rbacUserId, clientIp } = entry;
  const mark = path.indexOf('?');
  const route = mark < 0 ? path : path.slice(0, mark);
  const isFailed = deriveErrorCode && status !== null && status >= 400;
  return {
    valid: true,
    id: entry.id,
    second: entry.timestamp,
    ttlSeconds: entry.ttlSeconds,
    version: kongVersion,
    actor: {
      type: rbacUserId === null ? 'Anonymous' : 'KongRbacUser',
      id: rbacUserId ?? 'anonymous',
      details: userDetails(entry),
      isAnonymous: rbacUserId === null,
    },
    action: entry.method + (route.replace(TRAILING_SLASHES, '') || '/'),
    method: entry.method,
    path,
    isWrite: !READS.has(entry.method.toUpperCase()),
    status,
    error: isFailed ? { code: String(status), message: STATUS_CODES[status] ?? `HTTP status ${status}` } : null,
    sourceIp: clientIp !== null && isBareIp(clientIp) ? clientIp : null,
    userAgent: null,
    request: [
      { name: 'queryParameters', as: 'query', text: mark < 0 ? '' : path.slice(mark + 1) },
      { name: 'payload', as: 'payload', text: entry.payload ?? '' },
    ],
    details: {
      workspace: entry.workspace,
      hostname,
      method: entry.method,
      path: mark < 0 ? path : { as: 'path', text: path },
      status,
      signature: entry.signature,
      ttl: entry.ttlSeconds,
      rbacUserName: entry.rbacUserName,
      requestSource: entry.requestSource,
      removedFromPayload: entry.removedFromPayload === null ? null : { as: 'payload', text: entry.removedFromPayload },
      requestTimestamp: entry.timestamp,
    },
    row: entry.row,
  };
}

/** Anchored on a slash that follows another character, so that long runs of slashes take linear time. */
const TRAILING_SLASHES = /(?<!\/)\/+$/;

function userDetails({ rbacUserId, rbacUserName }: AuditEntry): Readonly<Record<string, string>> {
  if (rbacUserId === null) return ANONYMOUS;
  return rbacUserName === null ? {} : { userName: rbacUserName };
}

function isBareIp(address: string): boolean {
  return isIP(address) !== 0 && !address.includes('%');
}
