import { hash } from 'node:crypto';

/** The least that CloudTrail's schema for events from outside AWS asks for. */
export const EVENT_DATA = {
  version: '3.9.1.0',
  userIdentity: { type: 'Anonymous', principalId: 'anonymous' },
  eventSource: 'kong-gateway',
  eventName: 'GET/services',
  eventTime: '2022-09-12T20:15:00Z',
  UID: 'u',
  recipientAccountId: '111122223333',
} as const;

/** Members of a PutAuditEvents entry that belong together. */
export const withChecksum = (eventData: string) => ({
  eventData,
  eventDataChecksum: hash('sha256', eventData, 'base64'),
});

/** An entry of PutAuditEvents. @param changes members of `eventData` */
export const auditEvent = (id: string, changes: object = {}) => ({
  id,
  ...withChecksum(JSON.stringify({ ...EVENT_DATA, ...changes })),
});
