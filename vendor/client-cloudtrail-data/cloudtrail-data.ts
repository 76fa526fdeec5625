import { createAggregatedClient } from '@smithy/core/client';
import type { HttpHandlerOptions } from '@smithy/types';
import { CloudTrailDataClient } from './client.ts';
import {
  PutAuditEventsCommand,
  type PutAuditEventsCommandInput,
  type PutAuditEventsCommandOutput,
} from './put-audit-events.ts';

type Callback = (error: unknown, output?: PutAuditEventsCommandOutput) => void;

interface PutAuditEvents {
  (input: PutAuditEventsCommandInput, options?: HttpHandlerOptions): Promise<PutAuditEventsCommandOutput>;
  (input: PutAuditEventsCommandInput, callback: Callback): void;
  (input: PutAuditEventsCommandInput, options: HttpHandlerOptions, callback: Callback): void;
}

/** The client with a method for each command, for those who prefer `client.putAuditEvents({ … })`. */
export class CloudTrailData extends CloudTrailDataClient {
  declare putAuditEvents: PutAuditEvents;
}

createAggregatedClient({ PutAuditEventsCommand }, CloudTrailData);
