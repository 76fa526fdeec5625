import { AwsRestJsonProtocol } from '@aws-sdk/core/protocols';
import { HttpInterceptingShapeDeserializer, HttpInterceptingShapeSerializer } from '@smithy/core/protocols';
import type { TypeRegistry } from '@smithy/core/schema';
import type { $Schema, $ShapeDeserializer, $ShapeSerializer, CodecSettings } from '@smithy/types';
import type { PutAuditEventsRequest } from './models.ts';

/**
 * REST-JSON as every AWS client speaks it, except that plain `JSON.stringify` writes the body of a request and plain `JSON.parse` reads
 * that of an answer.
 *
 * A batch is 100 kB of JSON in JSON strings. The SDK's own codec escapes them character by character in JavaScript, which takes
 * about four times as long. It copies what it has parsed, member by member, for numbers and times; this service has none.
 */
export class CloudTrailDataProtocol extends AwsRestJsonProtocol {
  constructor(settings: { defaultNamespace: string; errorTypeRegistries?: TypeRegistry[] }) {
    super(settings);
    this.serializer = new HttpInterceptingShapeSerializer(new RequestBody(), CODEC_SETTINGS);
    this.deserializer = new HttpInterceptingShapeDeserializer(new AnswerBody(), CODEC_SETTINGS);
  }
}

/** The protocol's, for what it puts into the query string; they concern timestamps, of which this service has none. */
const CODEC_SETTINGS: CodecSettings = { timestampFormat: { useTrait: true, default: 7 }, httpBindings: true };

const EMPTY: Uint8Array = new Uint8Array();
const EMPTY_OBJECT = Buffer.from('{}');
const OPEN = '{"auditEvents":[';
const CLOSE = ']}';

/**
 * Writes the body of PutAuditEvents, the only one that this service takes. What its model does not know is left out.
 *
 * As bytes, because signing, the length and the socket each would turn a text into bytes for themselves.
 */
class RequestBody implements $ShapeSerializer {
  private body = EMPTY;

  setSerdeContext(): void {
    // Plain JSON takes nothing from the client's configuration.
  }

  write(_schema: $Schema, request: unknown): void {
    const { auditEvents } = request as PutAuditEventsRequest;
    this.body = auditEvents ? toBody(auditEvents) : EMPTY_OBJECT;
  }

  flush(): Uint8Array {
    const { body } = this;
    this.body = EMPTY;
    return body;
  }
}

/** Reads the body of any answer. All that this service says is text in lists and objects. */
class AnswerBody implements $ShapeDeserializer {
  setSerdeContext(): void {
    // See `RequestBody`.
  }

  read(_schema: $Schema, body: Uint8Array): unknown {
    return JSON.parse(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString());
  }
}

/** Each event by itself: one that is not Latin-1 would make a text of all of them twice as wide and slow to turn into bytes. */
function toBody(events: NonNullable<PutAuditEventsRequest['auditEvents']>): Uint8Array {
  const texts: string[] = [];
  let bytes = OPEN.length + CLOSE.length + Math.max(0, events.length - 1);
  for (const { id, eventData, eventDataChecksum } of events) {
    const text = JSON.stringify({ id, eventData, eventDataChecksum });
    texts.push(text);
    bytes += Buffer.byteLength(text);
  }
  const body = Buffer.allocUnsafe(bytes);
  let end = body.write(OPEN, 'latin1');
  for (const [index, text] of texts.entries()) {
    if (index > 0) end += body.write(',', end, 'latin1');
    end += body.write(text, end);
  }
  body.write(CLOSE, end, 'latin1');
  return body;
}
