import { describe, expect, test } from 'vitest';
import { activities } from '../../support/activity.ts';
import { until } from '../../support/until.ts';
import { kinds, putAll, type SinkSubject } from '../harness.ts';

export function describeStops({ name, stops, open }: SinkSubject): void {
  describe(`${name}: a stop`, () => {
    test.each(stops.map(({ fault, error }) => [fault.code, error.name, fault, error] as const))(
      '%s means that no event has a chance: %s',
      async (_code, _name, fault, error) => {
        await using harness = await open();
        harness.faults.always(() => ({ fault: 'error', ...fault }));
        const result = await putAll(harness, activities(5));
        expect(result.stop).toBeInstanceOf(error);
        expect(result.stop?.problem).toContain(fault.code);
        expect(result.stop?.fix).toMatch(/\.$/);
        expect(kinds(result)).toEqual(['unsent', 'unsent', 'unsent', 'unsent', 'unsent']);
        expect(harness.requests()).toBe(1);
      },
    );

    test('without credentials says so, and sends nothing', async () => {
      await using harness = await open({ withoutCredentials: true });
      const { stop, outcomes } = await putAll(harness, activities(2));
      expect(stop).toMatchObject({ name: 'CredentialsError' });
      expect(outcomes).toEqual([{ kind: 'unsent' }, { kind: 'unsent' }]);
      expect(harness.requests()).toBe(0);
    });

    test('of the run before a put sends nothing', async () => {
      await using harness = await open();
      const stopping = AbortSignal.abort(new Error('time is up'));
      expect(kinds(await putAll(harness, activities(2), { stopping }))).toEqual(['unsent', 'unsent']);
      expect(harness.requests()).toBe(0);
    });

    test('of the run while a retry waits sends nothing more', async () => {
      const run = new AbortController();
      await using harness = await open({
        stopping: run.signal,
        onThrottled: () => {
          run.abort(new Error('time is up'));
        },
      });
      harness.faults.always(() => ({ fault: 'error', code: 'ThrottlingException' }));
      const result = await putAll(harness, activities(2), { stopping: run.signal });
      expect(kinds(result)).toEqual(['not-taken', 'not-taken']);
      expect(result.stop).toBeNull();
      expect(harness.requests()).toBe(1);
    });

    test('of the run lets a request in flight come to its end', async () => {
      const run = new AbortController();
      await using harness = await open({ stopping: run.signal });
      harness.faults.next({ fault: 'delay', ms: 50 });
      const put = putAll(harness, activities(2), { stopping: run.signal });
      await until('the service has the events', () => harness.stored().length === 2);
      run.abort(new Error('time is up'));
      expect(kinds(await put)).toEqual(['accepted', 'accepted']);
    });

    test('of the run ends the search for the event that is to blame, and each has an outcome', async () => {
      const run = new AbortController();
      await using harness = await open({ stopping: run.signal });
      harness.faults.always(() => {
        if (harness.requests() === 2) run.abort(new Error('time is up'));
        return { fault: 'error', code: 'SomethingNewException' };
      });
      const result = await putAll(harness, activities(8), { stopping: run.signal });
      expect(result.stop).toBeNull();
      expect(kinds(result)).toEqual(activities(8).map(() => 'unsent'));
      expect(harness.requests()).toBe(2);
    });

    test.each(['before-headers', 'mid-body'] as const)(
      'that ends requests in flight leaves open what became of them: %s',
      async (at) => {
        await using harness = await open();
        harness.faults.always(() => ({ fault: 'hang', at }));
        const run = new AbortController();
        const put = putAll(harness, activities(2), { stopping: run.signal, aborting: run.signal });
        await until('the service has the events', () => harness.stored().length === 2);
        run.abort(new Error('time is up'));
        expect(kinds(await put)).toEqual(['unknown', 'unknown']);
        expect(harness.requests()).toBe(1);
      },
    );
  });
}
