import { describe, expect, test } from 'vitest';
import type { SinkReader } from '../../../lambda/pipeline/sink.ts';
import { activities, activity, AN_HOUR } from '../../support/activity.ts';
import { NEVER, putAll, type SinkHarness, type SinkSubject } from '../harness.ts';

function readerOf({ sink: { reader } }: SinkHarness): SinkReader {
  if ('missing' in reader) throw new Error(`There is no reader: ${reader.missing}`);
  return reader;
}

const read = async (harness: SinkHarness, after: number, before: number, signal = NEVER) =>
  (await Array.fromAsync(readerOf(harness).uids({ after, before }, signal)))
    .flat()
    .toSorted((a, b) => a.uid.localeCompare(b.uid));

export function describeReader({ name, hasReader, open }: SinkSubject): void {
  describe(`${name}: what the sink holds`, () => {
    if (!hasReader) {
      test('cannot be read as it is set up, and it says what is missing', async () => {
        await using harness = await open();
        expect(harness.sink.reader).toEqual({ missing: expect.stringMatching(/^\S.+\.$/) as string });
      });
      return;
    }

    test('is found with the reference that the put gave', async () => {
      await using harness = await open();
      const { outcomes } = await putAll(harness, activities(5));
      expect(await read(harness, AN_HOUR - 60, AN_HOUR + 60)).toEqual(
        outcomes.map((outcome, index) => ({
          uid: `e${index}`,
          reference: outcome.kind === 'accepted' ? outcome.reference : '',
        })),
      );
    });

    test('is bounded by the time of the event: after is in, before is not', async () => {
      await using harness = await open();
      await putAll(harness, activities(5));
      expect((await read(harness, AN_HOUR + 1, AN_HOUR + 3)).map(({ uid }) => uid)).toEqual(['e1', 'e2']);
      expect(await read(harness, AN_HOUR + 5, AN_HOUR + 60)).toEqual([]);
    });

    test('has each copy once', async () => {
      await using harness = await open();
      await putAll(harness, [activity('a'), activity('b')]);
      await putAll(harness, [activity('a')]);
      expect((await read(harness, AN_HOUR, AN_HOUR + 1)).map(({ uid }) => uid)).toEqual(['a', 'a', 'b']);
    });

    test('is nothing before the first event', async () => {
      await using harness = await open();
      expect(await read(harness, 0, AN_HOUR)).toEqual([]);
    });

    test('is not asked for any more when the signal aborts', async () => {
      await using harness = await open();
      await putAll(harness, activities(3));
      const signal = AbortSignal.abort(new Error('time is up'));
      await expect(read(harness, AN_HOUR, AN_HOUR + 60, signal)).rejects.toThrow('time is up');
    });
  });
}
