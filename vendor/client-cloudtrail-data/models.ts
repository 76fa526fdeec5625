/**
 * The shapes of the service model `com.amazonaws.cloudtraildata`, version 2021-08-11.
 *
 * Required members are typed `| undefined` as in every AWS SDK client: the service checks them, not the compiler.
 */

/** An event from outside AWS, to be stored in CloudTrail Lake. */
export interface AuditEvent {
  /** The event's id at its source: 1–128 characters of `[-_A-Za-z0-9]`, unique within one request. */
  id: string | undefined;
  /** The event itself, as a string of JSON. */
  eventData: string | undefined;
  /** Base64 of the SHA-256 of `eventData`. */
  eventDataChecksum?: string | undefined;
}

/** What PutAuditEvents takes. */
export interface PutAuditEventsRequest {
  /** 1–100 events. */
  auditEvents: AuditEvent[] | undefined;
  /** The ARN of the channel, or its last part. */
  channelArn: string | undefined;
  /** Needed when the channel's resource policy asks for an external id. */
  externalId?: string | undefined;
}

/** An event that CloudTrail has taken. */
export interface AuditEventResultEntry {
  /** The event's id at its source. */
  id: string | undefined;
  /** The id that CloudTrail gave it. */
  eventID: string | undefined;
}

/** An event that CloudTrail has refused. */
export interface ResultErrorEntry {
  /** The event's id at its source. */
  id: string | undefined;
  /** `FieldTooLong`, `FieldNotFound`, `InvalidChecksum`, `InvalidData`, `Throttling`, `InternalFailure` … */
  errorCode: string | undefined;
  errorMessage: string | undefined;
}

/** What PutAuditEvents answers. Some events being refused is a normal answer, not an exception. */
export interface PutAuditEventsResponse {
  successful: AuditEventResultEntry[] | undefined;
  failed: ResultErrorEntry[] | undefined;
}
