import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Sink } from '../../../lambda/pipeline/sink.ts';
import { activities, activity, AN_HOUR } from '../../support/activity.ts';
import { NEVER, type SinkHarness, type SinkSubject } from '../harness.ts';

/** All batches of `events`. */
function batches(sink: Sink, events: readonly unknown[], maxEvents?: number): (readonly unknown[])[] {
  const batcher = sink.batcher(maxEvents);
  const full = events.flatMap((event) => {
    const batch = batcher.add(event);
    return batch ? [batch] : [];
  });
  const rest = batcher.rest();
  return rest.length > 0 ? [...full, rest] : full;
}

async function expectTaken({ sink }: SinkHarness, cut: readonly (readonly unknown[])[]): Promise<void> {
  for (const batch of cut) {
    const { outcomes } = await sink.put(batch, { stopping: NEVER, aborting: NEVER });
    expect(outcomes.filter(({ kind }) => kind !== 'accepted')).toEqual([]);
  }
}

export function describeBatches({ name, maxEvents, open }: SinkSubject): void {
  describe(`${name}: batches`, () => {
    test('are made of consecutive events, in order, and the service takes each as it is', async () => {
      await using harness = await open();
      const { sink } = harness;
      const item = fc.record({
        second: fc.integer({ min: AN_HOUR - 40 * 86_400, max: AN_HOUR }),
        bytes: fc.oneof(fc.constant(10), fc.integer({ min: 1, max: 95_000 })),
        character: fc.constantFrom('x', '"', '\n', '\u00e9', '\u4e2d', '\u{1f600}'),
      });
      let count = 0;
      await fc.assert(
        fc.asyncProperty(fc.array(item, { minLength: 1, maxLength: 60 }), async (items) => {
          const events = items.map(({ second, bytes, character }) => {
            const text = character.repeat(bytes / Buffer.byteLength(character));
            count += 1;
            return sink.encode(activity(`p${count}`, { second, request: [{ name: 'payload', as: 'payload', text }] }));
          });
          const cut = batches(sink, events);
          expect(cut.flat()).toEqual(events);
          expect(cut.filter((batch) => batch.length === 0)).toEqual([]);
          await expectTaken(harness, cut);
        }),
        { numRuns: 15, seed: 11 },
      );
      expect(harness.stored()).toHaveLength(count);
    });

    test('hold no more events than the service takes', async () => {
      await using harness = await open();
      const events = activities(2 * maxEvents + 1).map((item) => harness.sink.encode(item));
      const cut = batches(harness.sink, events);
      expect(cut.map(({ length }) => length)).toEqual([maxEvents, maxEvents, 1]);
      await expectTaken(harness, cut);
    });

    test('hold no more events than asked for', async () => {
      await using harness = await open();
      const { sink } = harness;
      const events = activities(25).map((item) => sink.encode(item));
      expect(batches(sink, events, 10).map(({ length }) => length)).toEqual([10, 10, 5]);
      expect(batches(sink, events, 1).map(({ length }) => length)).toEqual(events.map(() => 1));
      const most = Math.max(...batches(sink, events, 1_000_000).map(({ length }) => length));
      expect(most).toBeLessThanOrEqual(maxEvents);
    });

    test('can hold one id twice', async () => {
      await using harness = await open();
      const twice = [activity('a'), activity('a'), activity('b')].map((item) => harness.sink.encode(item));
      await expectTaken(harness, batches(harness.sink, twice));
      expect(harness.stored()).toEqual(['a', 'a', 'b']);
    });

    test('are empty where nothing was added, and begin anew after the rest', async () => {
      await using harness = await open();
      const batcher = harness.sink.batcher();
      expect(batcher.rest()).toEqual([]);
      const [first, second] = activities(2).map((item) => harness.sink.encode(item));
      expect(batcher.add(first)).toBeNull();
      expect(batcher.rest()).toEqual([first]);
      expect(batcher.add(second)).toBeNull();
      expect(batcher.rest()).toEqual([second]);
      expect(batcher.rest()).toEqual([]);
    });
  });
}
