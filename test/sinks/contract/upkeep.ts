import { describe, expect, test } from 'vitest';
import { activities } from '../../support/activity.ts';
import { kinds, putAll, type SinkSubject } from '../harness.ts';

export function describeUpkeep({ name, open }: SinkSubject): void {
  describe(`${name}: upkeep`, () => {
    test('a diagnosis looks at credentials and connection, and sends no event', async () => {
      await using harness = await open();
      const checks = await harness.sink.diagnose();
      expect(checks.map(({ ok }) => ok)).toEqual(checks.map(() => true));
      expect(checks.map(({ name: check }) => check)).toContain('aws-credentials');
      expect(checks.length).toBeGreaterThanOrEqual(2);
      expect(harness.requests()).toBe(0);
      expect(harness.stored()).toEqual([]);
    });

    test('a diagnosis names what is missing, and what to do', async () => {
      await using harness = await open({ withoutCredentials: true });
      await harness.shutDown();
      const checks = await harness.sink.diagnose();
      expect(checks.map(({ ok }) => ok)).toEqual(checks.map(() => false));
      for (const { detail, fix } of checks) {
        expect(detail).toMatch(/./);
        expect(fix).toMatch(/\.$/);
      }
    });

    test('it can be closed more than once, before and after use', async () => {
      await using harness = await open();
      expect(kinds(await putAll(harness, activities(1)))).toEqual(['accepted']);
      harness.sink.close();
      harness.sink.close();
      await using unused = await open();
      unused.sink.close();
    });
  });
}
