import { AwsJson1_1Protocol } from '@aws-sdk/core/protocols';
import type { LogLine } from './event.ts';

/** What PutLogEvents is given. */
interface PutInput {
  readonly logGroupName?: string | undefined;
  readonly logStreamName?: string | undefined;
  readonly logEvents?: readonly LogLine[] | undefined;
}

/**
 * AWS JSON 1.1, except that plain `JSON.stringify` writes the body of PutLogEvents, the only one that a client with this protocol sends.
 * A batch is half a megabyte of JSON in JSON strings; the SDK's own codec escapes it character by character in JavaScript, which takes
 * five times as long.
 */
export class PutLogEventsProtocol extends AwsJson1_1Protocol {
  constructor(settings: ConstructorParameters<typeof AwsJson1_1Protocol>[0]) {
    super(settings);
    let body = new Uint8Array();
    this.serializer = {
      setSerdeContext: () => undefined,
      write: (_schema, input) => {
        body = toBody(input as PutInput);
      },
      flush: () => body,
    };
  }
}

/** Each line by itself: one that is not Latin-1 would make a text of all of them twice as wide and slow to turn into bytes. */
function toBody({ logEvents = [], ...stream }: PutInput): Uint8Array<ArrayBuffer> {
  const head = `${JSON.stringify(stream).slice(0, -1)},"logEvents":[`;
  const texts = logEvents.map(({ timestamp, message }) => JSON.stringify({ timestamp, message }));
  const bytes = texts.reduce((sum, text) => sum + Buffer.byteLength(text) + 1, Buffer.byteLength(head) + 2);
  const body = Buffer.allocUnsafe(bytes);
  let end = body.write(head);
  for (const [index, text] of texts.entries()) {
    if (index > 0) end += body.write(',', end, 'latin1');
    end += body.write(text, end);
  }
  end += body.write(']}', end, 'latin1');
  return body.subarray(0, end);
}
