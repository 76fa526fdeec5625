import { hash } from 'node:crypto';
import * as z from 'zod';
import { toJson } from '../../to-json.ts';

/** One row of Kong's audit log, checked and in one shape for every Kong version. Absent and null are both null. */
export interface AuditEntry {
  readonly valid: true;
  /** The `request_id`, or a SHA-256 where Kong gave none (before 3.4) or one too long for CloudTrail's `UID`. */
  readonly id: string;
  /** Epoch seconds. */
  readonly timestamp: number;
  readonly method: string;
  /** As Kong gave it, query included. */
  readonly path: string;
  readonly status: number | null;
  /** Seconds until Kong purges the row; null when Kong does not say. */
  readonly ttlSeconds: number | null;
  readonly clientIp: string | null;
  readonly payload: string | null;
  readonly rbacUserId: string | null;
  readonly rbacUserName: string | null;
  readonly requestSource: string | null;
  readonly workspace: string | null;
  readonly signature: string | null;
  readonly removedFromPayload: string | null;
  /** The row as Kong gave it. */
  readonly row: Readonly<Record<string, unknown>>;
}

/** A row that is no audit entry. It goes to quarantine, never lost and never in the way. */
export interface InvalidEntry {
  readonly valid: false;
  readonly id: string;
  /** Null when the row has no usable timestamp. */
  readonly timestamp: number | null;
  readonly ttlSeconds: number | null;
  /** What was expected, field by field; the row says what was got. */
  readonly reason: string;
  readonly row: unknown;
}

/** CloudTrail's limit for `UID`, in bytes (integration event schema). */
const UID_MAX_BYTES = 1024;
/** Above this a timestamp is in milliseconds, as very old Kong documentation shows; in seconds it would be the year 5138. */
const MILLISECONDS_FROM = 100_000_000_000;

function toText(value: unknown): string | null {
  if (value === undefined || value === null || value === '') return null;
  return (typeof value === 'string' ? value : toJson(value)).toWellFormed();
}

function toNumber(value: unknown): number | null {
  const parsed = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  return typeof parsed === 'number' && Number.isFinite(parsed) ? parsed : null;
}

function toSeconds(value: unknown): number | null {
  const given = toNumber(value);
  const seconds = given === null ? NaN : Math.floor(given >= MILLISECONDS_FROM ? given / 1000 : given);
  return seconds >= 0 && seconds < MILLISECONDS_FROM ? seconds : null;
}

const text = z.unknown().optional().transform(toText);
const number = z.unknown().optional().transform(toNumber);
const timestamp = required(toSeconds, 'must be epoch seconds');
const filled = required(toText, 'must not be empty');

function required<Value>(read: (value: unknown) => Value | null, expected: string) {
  return z
    .unknown()
    .optional()
    .transform((value, context) => {
      const found = read(value);
      if (found !== null) return found;
      context.addIssue(expected);
      return z.NEVER;
    });
}

const rowSchema = z.object({
  request_id: text,
  request_timestamp: timestamp,
  method: filled,
  path: filled,
  status: number,
  ttl: number,
  client_ip: text,
  payload: text,
  rbac_user_id: text,
  rbac_user_name: text,
  request_source: text,
  workspace: text,
  signature: text,
  removed_from_payload: text,
});

type Fields = z.infer<typeof rowSchema>;

/** Reads one element of `data`. Any key may be absent, unknown keys may appear, and numbers may come as strings. */
export function toEntry(row: unknown): AuditEntry | InvalidEntry {
  const fields = readFields(row);
  return fields ? toAuditEntry(fields, row) : toEntryBySchema(row);
}

/** What `toEntry` gives, for any row, by the schema alone: it also says what is wrong. */
export function toEntryBySchema(row: unknown): AuditEntry | InvalidEntry {
  const parsed = rowSchema.safeParse(row);
  return parsed.success ? toAuditEntry(parsed.data, row) : toInvalidEntry(row, parsed.error.issues);
}

/** What the schema makes of a row that it takes, at a tenth of the memory; null for any other row. */
function readFields(row: unknown): Fields | null {
  if (typeof row !== 'object' || row === null || Array.isArray(row)) return null;
  const given = row as Readonly<Record<keyof Fields, unknown>>;
  const second = toSeconds(given.request_timestamp);
  const method = toText(given.method);
  const path = toText(given.path);
  if (second === null || method === null || path === null) return null;
  return {
    request_id: toText(given.request_id),
    request_timestamp: second,
    method,
    path,
    status: toNumber(given.status),
    ttl: toNumber(given.ttl),
    client_ip: toText(given.client_ip),
    payload: toText(given.payload),
    rbac_user_id: toText(given.rbac_user_id),
    rbac_user_name: toText(given.rbac_user_name),
    request_source: toText(given.request_source),
    workspace: toText(given.workspace),
    signature: toText(given.signature),
    removed_from_payload: toText(given.removed_from_payload),
  };
}

function toAuditEntry(fields: Fields, row: unknown): AuditEntry {
  return {
    valid: true,
    id: idOf(fields.request_id, row),
    timestamp: fields.request_timestamp,
    method: fields.method,
    path: fields.path,
    status: fields.status,
    ttlSeconds: fields.ttl,
    clientIp: fields.client_ip,
    payload: fields.payload,
    rbacUserId: fields.rbac_user_id,
    rbacUserName: fields.rbac_user_name,
    requestSource: fields.request_source,
    workspace: fields.workspace,
    signature: fields.signature,
    removedFromPayload: fields.removed_from_payload,
    row: row as Record<string, unknown>,
  };
}

function toInvalidEntry(row: unknown, issues: readonly z.core.$ZodIssue[]): InvalidEntry {
  const fields = typeof row === 'object' && row !== null ? (row as Record<string, unknown>) : {};
  return {
    valid: false,
    id: idOf(text.parse(fields['request_id']), row),
    timestamp: timestamp.safeParse(fields['request_timestamp']).data ?? null,
    ttlSeconds: number.parse(fields['ttl']),
    reason: issues.map((issue) => `${issue.path.join('.') || 'the row'} ${issue.message}`).join('; '),
    row,
  };
}

/** An id too long for CloudTrail is hashed, not cut: two long ids may share their beginning. */
function idOf(requestId: string | null, row: unknown): string {
  const id = requestId?.trim() ?? '';
  if (id === '') return hash('sha256', stableText(row));
  return Buffer.byteLength(id) > UID_MAX_BYTES ? hash('sha256', id) : id;
}

/**
 * The same text at every reading of the row: keys in order, without `ttl`, which falls from reading to reading, and without
 * nulls, which an upgraded Kong adds to old rows with every new column.
 */
function stableText(row: unknown): string {
  if (typeof row !== 'object' || row === null || Array.isArray(row)) return toJson(row ?? null);
  const fields = Object.entries(row).filter(([key, value]) => key !== 'ttl' && value !== null);
  return toJson(Object.fromEntries(fields.sort(([a], [b]) => (a < b ? -1 : 1))));
}
