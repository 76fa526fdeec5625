import { CloudWatchLogsClient, PutLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { expect, test } from 'vitest';
import { PutLogEventsProtocol } from '../../../lambda/sinks/cloudwatch-logs/protocol.ts';

const MESSAGES = [
  '{"a":"b"}',
  '',
  'ä€😀',
  'a\ud83d',
  '\ude00',
  'tab\t"quote" \\ \u0000 \u001f \u007f \u2028',
  '{"é":1}',
];
const COMMAND = {
  logGroupName: '/audit/kong',
  logStreamName: 'küche 😀',
  logEvents: MESSAGES.map((message, index) => ({ timestamp: 1_794_657_600_000 + index, message })),
};

/** What would be sent: the request is caught on its way out. */
async function requestOf(
  input: ConstructorParameters<typeof PutLogEventsCommand>[0],
  protocol?: typeof PutLogEventsProtocol,
) {
  const client = new CloudWatchLogsClient({
    region: 'eu-central-1',
    credentials: { accessKeyId: 'none', secretAccessKey: 'none' },
    ...(protocol && { protocol }),
  });
  const sent: { headers: Record<string, string>; body: Uint8Array; path: string }[] = [];
  client.middlewareStack.add(
    () =>
      ({ request }) => {
        sent.push(request as (typeof sent)[number]);
        return Promise.reject(new Error('caught'));
      },
    { step: 'finalizeRequest', priority: 'low' },
  );
  await client.send(new PutLogEventsCommand(input)).catch(() => undefined);
  const [request] = sent;
  const { 'content-type': type, 'x-amz-target': target, 'content-length': length } = request?.headers ?? {};
  return { type, target, length, path: request?.path, text: new TextDecoder().decode(request?.body) };
}

test("a put is what the SDK's own protocol would send, with its length", async () => {
  const { text, length, ...rest } = await requestOf(COMMAND, PutLogEventsProtocol);
  const { text: expected, ...others } = await requestOf(COMMAND);
  expect({ ...rest, length: others.length }).toEqual(others);
  expect(JSON.parse(text)).toEqual(JSON.parse(expected));
  expect(JSON.parse(text)).toEqual(COMMAND);
  expect(length).toBe(String(Buffer.byteLength(text)));
});

test('no byte of one put is seen in the next', async () => {
  const [first, second] = await Promise.all([
    requestOf(COMMAND, PutLogEventsProtocol),
    requestOf({ ...COMMAND, logEvents: [] }, PutLogEventsProtocol),
  ]);
  expect(JSON.parse(first.text)).toEqual(COMMAND);
  expect(JSON.parse(second.text)).toEqual({ ...COMMAND, logEvents: [] });
});
