import { hash } from 'node:crypto';
import type { Activity, WholePayload } from '../../pipeline/activity.ts';
import { type EventContext, toEventData } from '../event-data.ts';

/** One element of `auditEvents` in PutAuditEvents. */
export interface AuditEvent {
  readonly id: string;
  /** The event as JSON text. */
  readonly eventData: string;
  /** Base64 SHA-256 of `eventData`. */
  readonly eventDataChecksum: string;
}

/** The pattern PutAuditEvents demands of an audit event's id (API reference, AuditEvent). */
const EVENT_ID = /^[-_A-Za-z0-9]{1,128}$/;

/** Maps an activity to its event. See `toEventData`. */
export function toAuditEvent(activity: Activity, context: EventContext, whole?: WholePayload): AuditEvent {
  const eventData = JSON.stringify(toEventData(activity, context, whole));
  return {
    id: EVENT_ID.test(activity.id) ? activity.id : hash('sha256', activity.id),
    eventData,
    eventDataChecksum: hash('sha256', eventData, 'base64'),
  };
}
