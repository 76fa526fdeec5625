import { Command } from '@smithy/core/client';
import { getEndpointPlugin } from '@smithy/core/endpoints';
import type { MetadataBearer } from '@smithy/types';
import type { CloudTrailDataClientResolvedConfig } from './client.ts';
import { endpointParameterInstructions } from './endpoint.ts';
import type { PutAuditEventsRequest, PutAuditEventsResponse } from './models.ts';
import { putAuditEvents } from './schema.ts';

export type PutAuditEventsCommandInput = PutAuditEventsRequest;

export type PutAuditEventsCommandOutput = PutAuditEventsResponse & MetadataBearer;

export type ServiceInputTypes = PutAuditEventsCommandInput;
export type ServiceOutputTypes = PutAuditEventsCommandOutput;

const PutAuditEvents = Command.classBuilder<
  PutAuditEventsCommandInput,
  PutAuditEventsCommandOutput,
  CloudTrailDataClientResolvedConfig,
  ServiceInputTypes,
  ServiceOutputTypes
>()
  .ep(endpointParameterInstructions)
  .m((_command, _stack, config: CloudTrailDataClientResolvedConfig) => [
    getEndpointPlugin(config, endpointParameterInstructions),
  ])
  .s('CloudTrailDataService', 'PutAuditEvents')
  .n('CloudTrailDataClient', 'PutAuditEventsCommand')
  // The logger gets input and output as they are. Filtering them, the default, copies each event, and the model marks nothing as sensitive.
  .f()
  .sc(putAuditEvents)
  .build();

/**
 * Stores audit events in CloudTrail Lake: `POST /PutAuditEvents`.
 *
 * Sending it resolves also when the service refused some of the events: they are in `failed`.
 *
 * @throws one of the exceptions of `errors.ts` when the service refuses the request as a whole.
 */
export class PutAuditEventsCommand extends PutAuditEvents {}
