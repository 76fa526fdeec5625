import type { Sink, SinkReader } from '../../pipeline/sink.ts';
import { diagnoseAws } from '../diagnose.ts';
import type { EventContext } from '../event-data.ts';
import { createBatcher, PUT_AUDIT_EVENTS_LIMITS } from './batch.ts';
import type { Channel } from './client.ts';
import { type AuditEvent, toAuditEvent } from './event.ts';
import { put } from './put.ts';

export interface CloudTrailLakeOptions {
  readonly channel: Channel;
  readonly context: EventContext;
  /** Called for each event and request that was throttled. */
  readonly onThrottled: () => void;
  readonly reader: SinkReader | { readonly missing: string };
  /** See `RetryOptions`. */
  readonly retryDelayMs?: number;
  /** Time limit of `check` for the connection. @default 5000 */
  readonly connectTimeoutMs?: number;
}

/** CloudTrail Lake, by PutAuditEvents on a channel. */
export function createCloudTrailLake(options: CloudTrailLakeOptions): Sink<AuditEvent> {
  const { channel, context, reader } = options;
  return {
    encode: (activity, whole) => toAuditEvent(activity, context, whole),
    batcher: (maxEvents = Infinity) =>
      createBatcher({
        ...PUT_AUDIT_EVENTS_LIMITS,
        maxEvents: Math.min(maxEvents, PUT_AUDIT_EVENTS_LIMITS.maxEvents),
      }),
    put: (batch, signals) => put(batch, { ...options, ...signals }),
    reader,
    diagnose: () =>
      diagnoseAws({
        name: 'cloudtrail',
        endpoint: () => channel.endpoint(),
        credentials: () => channel.credentials(),
        grant: 'Give the function a role with cloudtrail-data:PutAuditEvents on the channel.',
        wayOut:
          'There is no PrivateLink endpoint for cloudtrail-data: the subnets need a NAT or another way out on 443, and the security group must allow it.',
        connectTimeoutMs: options.connectTimeoutMs,
      }),
    close: () => {
      channel.close();
    },
  };
}
