import { describe, expect, test } from 'vitest';
import { activities, activity } from '../../support/activity.ts';
import { kinds, putAll, type SinkSubject } from '../harness.ts';

export function describeOutcomes({ name, open }: SinkSubject): void {
  describe(`${name}: what became of each event`, () => {
    test('is a reference for each that was accepted', async () => {
      await using harness = await open();
      const { outcomes, stop } = await putAll(harness, activities(20));
      expect(stop).toBeNull();
      expect(harness.stored()).toEqual(activities(20).map(({ id }) => id));
      expect(harness.requests()).toBe(1);
      for (const outcome of outcomes)
        expect(outcome).toEqual({ kind: 'accepted', reference: expect.stringMatching(/./) as string });
    });

    test('is said in the order of the batch, whatever the order of time', async () => {
      await using harness = await open();
      const newestFirst = activities(6).reverse();
      const result = await putAll(harness, newestFirst.toSpliced(2, 0, harness.refused('refused')));
      expect(kinds(result)).toEqual([
        'accepted',
        'accepted',
        'refused',
        'accepted',
        'accepted',
        'accepted',
        'accepted',
      ]);
      expect(harness.stored().toSorted()).toEqual(newestFirst.map(({ id }) => id).toSorted());
    });

    test('is a code and words for one that will never be taken; it is not sent again', async () => {
      await using harness = await open();
      const { outcomes, stop } = await putAll(harness, [activity('a'), harness.refused('b'), activity('c')]);
      expect(stop).toBeNull();
      expect(outcomes[1]).toEqual({
        kind: 'refused',
        errorCode: expect.stringMatching(/^[A-Za-z]+$/) as string,
        errorMessage: expect.stringMatching(/./) as string,
      });
      expect(harness.stored()).toEqual(['a', 'c']);
      expect(harness.requests()).toBe(1);
    });

    test('is "not taken" for one that is not taken for now', async () => {
      await using harness = await open();
      const { outcomes, stop } = await putAll(harness, [activity('a'), harness.postponed('b'), activity('c')]);
      expect(stop).toBeNull();
      expect(outcomes).toMatchObject([{ kind: 'accepted' }, { kind: 'not-taken' }, { kind: 'accepted' }]);
      expect(harness.stored()).toEqual(['a', 'c']);
    });

    test('is nothing for a batch of none', async () => {
      await using harness = await open();
      expect(await putAll(harness, [])).toEqual({ outcomes: [], stop: null });
    });
  });
}
