import { AwsRestJsonProtocol } from '@aws-sdk/core/protocols';
import { HttpInterceptingShapeSerializer } from '@smithy/core/protocols';
import type { TypeRegistry } from '@smithy/core/schema';
import type { $Schema, $ShapeSerializer, CodecSettings } from '@smithy/types';
import type { PutAuditEventsRequest } from './models.ts';

/**
 * REST-JSON as every AWS client speaks it, except that plain `JSON.stringify` writes the body of a request.
 *
 * A batch is 100 kB of JSON in JSON strings. The SDK's own codec escapes them character by character in JavaScript, which takes
 * about four times as long.
 */
export class CloudTrailDataProtocol extends AwsRestJsonProtocol {
  constructor(settings: { defaultNamespace: string; errorTypeRegistries?: TypeRegistry[] }) {
    super(settings);
    this.serializer = new HttpInterceptingShapeSerializer(new RequestBody(), CODEC_SETTINGS);
  }
}

/** The protocol's, for what it puts into the query string; they concern timestamps, of which this service has none. */
const CODEC_SETTINGS: CodecSettings = { timestampFormat: { useTrait: true, default: 7 }, httpBindings: true };

/** Writes the body of PutAuditEvents, the only one that this service takes. What its model does not know is left out. */
class RequestBody implements $ShapeSerializer<string> {
  private body = '';

  setSerdeContext(): void {
    // Plain JSON takes nothing from the client's configuration.
  }

  write(_schema: $Schema, request: unknown): void {
    const { auditEvents } = request as PutAuditEventsRequest;
    this.body = JSON.stringify({
      auditEvents: auditEvents?.map(({ id, eventData, eventDataChecksum }) => ({ id, eventData, eventDataChecksum })),
    });
  }

  flush(): string {
    const { body } = this;
    this.body = '';
    return body;
  }
}
