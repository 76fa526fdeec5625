import { createHash } from 'node:crypto';
import { isIP } from 'node:net';

/** Why CloudTrail lists an event in `failed`. */
export interface EventProblem {
  readonly errorCode: string;
  readonly errorMessage: string;
}

/** One element of `auditEvents` whose shape has been checked. */
export interface PutEvent {
  readonly id: string;
  readonly eventData: string;
  readonly eventDataChecksum?: string;
}

type JsonObject = Readonly<Record<string, unknown>>;

interface Rule {
  readonly required: boolean;
  /** UTF-8 bytes: of the text, or of the object as JSON. */
  readonly maxBytes?: number;
  readonly type: 'string' | 'flat map' | 'user identity';
}

/** CloudTrail user guide, "CloudTrail Lake integrations event schema"; kB read as 1000 bytes. */
const RULES: Readonly<Record<string, Rule>> = {
  version: { required: true, type: 'string', maxBytes: 256 },
  userIdentity: { required: true, type: 'user identity' },
  userAgent: { required: false, type: 'string', maxBytes: 1024 },
  eventSource: { required: true, type: 'string', maxBytes: 1024 },
  eventName: { required: true, type: 'string', maxBytes: 1024 },
  eventTime: { required: true, type: 'string' },
  UID: { required: true, type: 'string', maxBytes: 1024 },
  requestParameters: { required: false, type: 'flat map', maxBytes: 100_000 },
  responseElements: { required: false, type: 'flat map', maxBytes: 100_000 },
  errorCode: { required: false, type: 'string', maxBytes: 256 },
  errorMessage: { required: false, type: 'string', maxBytes: 256 },
  sourceIPAddress: { required: false, type: 'string' },
  recipientAccountId: { required: true, type: 'string' },
  additionalEventData: { required: false, type: 'flat map', maxBytes: 28_000 },
};

const IDENTITY_RULES: Readonly<Record<string, Rule>> = {
  type: { required: true, type: 'string', maxBytes: 128 },
  principalId: { required: true, type: 'string', maxBytes: 1024 },
  details: { required: false, type: 'flat map' },
};

/** The general limit of one CloudTrail event. */
const MAX_EVENT_BYTES = 256_000;

/**
 * Why CloudTrail refuses this one event, or null. `accountId` is the account of the channel.
 *
 * Where AWS documents a limit but not how it is measured, this takes the smaller reading; keys that are not in the schema
 * and values that are not flat are refused, because Lake's SQL could not hold them.
 */
export function eventProblem(event: PutEvent, accountId: string): EventProblem | null {
  if (Buffer.byteLength(event.eventData) > MAX_EVENT_BYTES) {
    return problem('FieldTooLong', `eventData: more than ${MAX_EVENT_BYTES} bytes`);
  }
  const { eventDataChecksum: checksum } = event;
  if (checksum !== undefined && checksum !== createHash('sha256').update(event.eventData).digest('base64')) {
    return problem('InvalidChecksum', 'eventDataChecksum is not the base64 SHA-256 of eventData');
  }
  const data = parse(event.eventData);
  if (!isObject(data)) return problem('InvalidData', 'eventData is not a JSON object');
  return objectProblem(data, RULES, '') ?? valueProblem(data, accountId);
}

function objectProblem(object: JsonObject, rules: Readonly<Record<string, Rule>>, parent: string): EventProblem | null {
  for (const key of Object.keys(object)) {
    if (!Object.hasOwn(rules, key)) return problem('InvalidData', `${parent}${key}: not in the schema`);
  }
  for (const [key, rule] of Object.entries(rules)) {
    const value = object[key];
    if (value === undefined) {
      if (rule.required) return problem('FieldNotFound', `${parent}${key}: required`);
      continue;
    }
    const found = fieldProblem(value, rule, `${parent}${key}`);
    if (found !== null) return found;
  }
  return null;
}

function fieldProblem(
  value: unknown,
  { type, maxBytes = Infinity, required }: Rule,
  name: string,
): EventProblem | null {
  if (type === 'string') {
    if (typeof value !== 'string') return problem('InvalidData', `${name}: not a string`);
    if (required && value === '') return problem('InvalidData', `${name}: empty`);
    return Buffer.byteLength(value) > maxBytes ? problem('FieldTooLong', `${name}: more than ${maxBytes} bytes`) : null;
  }
  if (!isObject(value)) return problem('InvalidData', `${name}: not an object`);
  if (type === 'user identity') return objectProblem(value, IDENTITY_RULES, `${name}.`);
  const nested = Object.keys(value).find((key) => !['string', 'number', 'boolean'].includes(typeof value[key]));
  if (nested !== undefined) return problem('InvalidData', `${name}.${nested}: not a flat value`);
  const bytes = maxBytes === Infinity ? 0 : Buffer.byteLength(JSON.stringify(value));
  return bytes > maxBytes ? problem('FieldTooLong', `${name}: ${bytes} bytes, more than ${maxBytes}`) : null;
}

/** What the value of a well-typed field must be. */
function valueProblem(data: JsonObject, accountId: string): EventProblem | null {
  const { eventTime, sourceIPAddress, recipientAccountId, eventSource } = data as Readonly<Record<string, string>>;
  if (!isEventTime(eventTime ?? '')) return problem('InvalidData', 'eventTime: not yyyy-MM-ddTHH:mm:ssZ in UTC');
  if (sourceIPAddress !== undefined && (isIP(sourceIPAddress) === 0 || sourceIPAddress.includes('%'))) {
    return problem('InvalidData', 'sourceIPAddress: not an IPv4 or IPv6 address');
  }
  if (recipientAccountId !== accountId) {
    return problem('InvalidRecipient', `recipientAccountId: the channel belongs to another account`);
  }
  if (/(^|\.)amazonaws\.com$/.test(eventSource ?? '')) {
    return problem('InvalidEventSource', 'eventSource: reserved for AWS services');
  }
  return null;
}

function isEventTime(text: string): boolean {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(text)) return false;
  const time = Date.parse(text);
  return !Number.isNaN(time) && new Date(time).toISOString() === text.replace('Z', '.000Z');
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function problem(errorCode: string, errorMessage: string): EventProblem {
  return { errorCode, errorMessage };
}
