/** The package's entry: the public names of `@aws-sdk/client-cloudtrail-data`. */
export { Client as __Client, Command as $Command } from '@smithy/core/client';
export { CloudTrailData } from './cloudtrail-data.ts';
export {
  CloudTrailDataClient,
  type CloudTrailDataClientConfig,
  type CloudTrailDataClientResolvedConfig,
} from './client.ts';
export {
  PutAuditEventsCommand,
  type PutAuditEventsCommandInput,
  type PutAuditEventsCommandOutput,
  type ServiceInputTypes,
  type ServiceOutputTypes,
} from './put-audit-events.ts';
export type {
  AuditEvent,
  AuditEventResultEntry,
  PutAuditEventsRequest,
  PutAuditEventsResponse,
  ResultErrorEntry,
} from './models.ts';
export {
  ChannelInsufficientPermission,
  ChannelNotFound,
  ChannelUnsupportedSchema,
  CloudTrailDataServiceException,
  DuplicatedAuditEventId,
  InvalidChannelARN,
  UnsupportedOperationException,
} from './errors.ts';
