/**
 * The service model (`com.amazonaws.cloudtraildata`, 2021-08-11) in the form that `@smithy/core/schema` reads.
 *
 * A structure is `[3, namespace, name, traits, member names, member schemas, how many of them are required]`,
 * a list `[1, …, member schema]`, an error `[-3, …]`, an operation `[9, …, input, output]`; the schema of a string is 0.
 */
import { TypeRegistry } from '@smithy/core/schema';
import type { StaticErrorSchema, StaticListSchema, StaticOperationSchema, StaticStructureSchema } from '@smithy/types';
import {
  ChannelInsufficientPermission,
  ChannelNotFound,
  ChannelUnsupportedSchema,
  CloudTrailDataServiceException,
  DuplicatedAuditEventId,
  InvalidChannelARN,
  UnsupportedOperationException,
} from './errors.ts';

export const NAMESPACE = 'com.amazonaws.cloudtraildata';
/** Where the SDK looks for a service's base exception. */
const BASE_NAMESPACE = `smithy.ts.sdk.synthetic.${NAMESPACE}`;
const STRING = 0;

const auditEvent: StaticStructureSchema = [
  3,
  NAMESPACE,
  'AuditEvent',
  0,
  ['id', 'eventData', 'eventDataChecksum'],
  [STRING, STRING, STRING],
  2,
];
const auditEvents: StaticListSchema = [1, NAMESPACE, 'AuditEvents', 0, () => auditEvent];

const request: StaticStructureSchema = [
  3,
  NAMESPACE,
  'PutAuditEventsRequest',
  0,
  ['auditEvents', 'channelArn', 'externalId'],
  [() => auditEvents, [STRING, { httpQuery: 'channelArn' }], [STRING, { httpQuery: 'externalId' }]],
  2,
];

const accepted: StaticStructureSchema = [
  3,
  NAMESPACE,
  'AuditEventResultEntry',
  0,
  ['id', 'eventID'],
  [STRING, STRING],
  2,
];
const refused: StaticStructureSchema = [
  3,
  NAMESPACE,
  'ResultErrorEntry',
  0,
  ['id', 'errorCode', 'errorMessage'],
  [STRING, STRING, STRING],
  3,
];
const successful: StaticListSchema = [1, NAMESPACE, 'AuditEventResultEntries', 0, () => accepted];
const failed: StaticListSchema = [1, NAMESPACE, 'ResultErrorEntries', 0, () => refused];

const response: StaticStructureSchema = [
  3,
  NAMESPACE,
  'PutAuditEventsResponse',
  0,
  ['successful', 'failed'],
  [() => successful, () => failed],
  2,
];

export const putAuditEvents: StaticOperationSchema = [
  9,
  NAMESPACE,
  'PutAuditEvents',
  { http: ['POST', '/PutAuditEvents', 200] },
  () => request,
  () => response,
];

const baseErrors = TypeRegistry.for(BASE_NAMESPACE);
baseErrors.registerError(
  [-3, BASE_NAMESPACE, 'CloudTrailDataServiceException', 0, [], []],
  CloudTrailDataServiceException,
);

const modelledErrors = TypeRegistry.for(NAMESPACE);
for (const [name, exception] of Object.entries({
  ChannelInsufficientPermission,
  ChannelNotFound,
  ChannelUnsupportedSchema,
  DuplicatedAuditEventId,
  InvalidChannelARN,
  UnsupportedOperationException,
})) {
  const schema: StaticErrorSchema = [-3, NAMESPACE, name, { error: 'client' }, ['message'], [STRING]];
  modelledErrors.registerError(schema, exception);
}

/** Which exception class belongs to which error name. */
export const errorTypeRegistries = [baseErrors, modelledErrors];
