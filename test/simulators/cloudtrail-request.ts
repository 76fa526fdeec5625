import type { Channel, PutInput } from './cloudtrail-model.ts';

/** Why CloudTrail refuses a whole request. */
export interface RequestProblem {
  readonly code: string;
  readonly message: string;
}

/**
 * Why `PutAuditEvents` refuses this request as a whole, or null; then `input.body` has the documented shape.
 * Source: PutAuditEvents API reference. Unknown members of the body are refused too, where AWS would ignore them.
 */
export function requestProblem(input: PutInput, channels: readonly Channel[]): RequestProblem | null {
  return channelProblem(input, channels) ?? bodyProblem(input.body);
}

function channelProblem({ channelArn, externalId }: PutInput, channels: readonly Channel[]): RequestProblem | null {
  if (channelArn === undefined || !/^arn:.*$/.test(channelArn)) return invalid('channelArn');
  if (externalId !== undefined && !/^[\w+=,.@:/-]{2,1224}$/.test(externalId)) return invalid('externalId');
  if (!/^arn:aws[a-z-]*:cloudtrail:[a-z0-9-]+:\d{12}:channel\/[^/]+$/.test(channelArn)) {
    return { code: 'InvalidChannelARN', message: `The specified channel ARN is not valid: ${channelArn}` };
  }
  const channel = channels.find(({ arn }) => arn === channelArn);
  if (channel === undefined) return { code: 'ChannelNotFound', message: 'The channel could not be found.' };
  if (channel.broken !== undefined) return { code: channel.broken, message: 'The channel cannot take these events.' };
  if (channel.externalId !== undefined && channel.externalId !== externalId) {
    return { code: 'ChannelInsufficientPermission', message: 'The channel policy does not allow this caller.' };
  }
  return null;
}

function bodyProblem(body: unknown): RequestProblem | null {
  if (!isObject(body)) return { code: 'SerializationException', message: 'The body is not a JSON object.' };
  const { auditEvents, ...unknown } = body;
  if (Object.keys(unknown).length > 0) return invalid(Object.keys(unknown).join(', '));
  if (!Array.isArray(auditEvents) || auditEvents.length < 1 || auditEvents.length > 100) return invalid('auditEvents');
  const ids = new Set<string>();
  for (const [index, event] of (auditEvents as unknown[]).entries()) {
    const member = `auditEvents.${index + 1}.member`;
    if (!isObject(event)) return invalid(member);
    const { id, eventData, eventDataChecksum, ...others } = event;
    if (typeof id !== 'string' || !/^[-_A-Za-z0-9]{1,128}$/.test(id)) return invalid(`${member}.id`);
    if (typeof eventData !== 'string') return invalid(`${member}.eventData`);
    if (eventDataChecksum !== undefined && typeof eventDataChecksum !== 'string') {
      return invalid(`${member}.eventDataChecksum`);
    }
    if (Object.keys(others).length > 0) return invalid(`${member}.${Object.keys(others).join(', ')}`);
    if (ids.has(id)) return { code: 'DuplicatedAuditEventId', message: `Two events have the id ${id}.` };
    ids.add(id);
  }
  return null;
}

function invalid(name: string): RequestProblem {
  return {
    code: 'ValidationException',
    message: `1 validation error detected: Value at '${name}' failed to satisfy constraint`,
  };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
