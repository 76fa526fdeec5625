import { describe, expect, test } from 'vitest';
import type { ErrorFault } from '../../simulators/aws-problem.ts';
import type { WireFault } from '../../simulators/wire-fault.ts';
import { htmlPage } from '../../simulators/wire-fault.ts';
import { activities } from '../../support/activity.ts';
import { kinds, putAll, type SinkHarness, type SinkSubject } from '../harness.ts';

const THROTTLED: ErrorFault = { fault: 'error', code: 'ThrottlingException' };
const TRANSIENT: readonly (readonly [string, WireFault | ErrorFault])[] = [
  ['throttling', THROTTLED],
  ['a service that is unavailable', { fault: 'error', code: 'ServiceUnavailableException' }],
  ['a proxy that is', htmlPage(503)],
];

/** No checksum or signature has such a text in it. */
const POISON = 'poison-1';

/** Requests that hold the event of `id` fail. */
function refuseRequestsWith({ faults }: SinkHarness, id: string, code: string): void {
  faults.always(({ body }) => (body.includes(id) ? { fault: 'error', code, message: 'in its words' } : undefined));
}

export function describeFailures({ name, poison, open }: SinkSubject): void {
  describe(`${name}: a request that fails`, () => {
    test.each(TRANSIENT)('is sent again: %s', async (_, fault) => {
      await using harness = await open();
      harness.faults.next(fault, { times: 2 });
      expect(kinds(await putAll(harness, activities(3)))).toEqual(['accepted', 'accepted', 'accepted']);
      expect(harness.stored()).toEqual(['e0', 'e1', 'e2']);
      expect(harness.requests()).toBe(3);
    });

    test.each(TRANSIENT)('again and again leaves its events for later: %s', async (_, fault) => {
      await using harness = await open();
      harness.faults.always(() => fault);
      const { outcomes, stop } = await putAll(harness, activities(2));
      expect(stop).toBeNull();
      expect(outcomes).toMatchObject([{ kind: 'not-taken' }, { kind: 'not-taken' }]);
      expect(harness.stored()).toEqual([]);
      expect(harness.requests()).toBe(5);
    });

    test('because of throttling is counted', async () => {
      let throttled = 0;
      await using harness = await open({ onThrottled: () => (throttled += 1) });
      harness.faults.next(THROTTLED, { times: 3 });
      await putAll(harness, activities(2));
      expect(throttled).toBe(3);
    });

    test('because nobody listens leaves its events for later', async () => {
      await using harness = await open();
      await harness.shutDown();
      expect(await putAll(harness, activities(2))).toMatchObject({
        outcomes: [{ kind: 'not-taken' }, { kind: 'not-taken' }],
        stop: null,
      });
    });

    test('because of one event is halved until that one is found', async () => {
      await using harness = await open();
      refuseRequestsWith(harness, POISON, poison.code);
      const batch = activities(15).map((item, index) => (index === 6 ? { ...item, id: POISON } : item));
      const { outcomes, stop } = await putAll(harness, batch);
      expect(stop).toBeNull();
      expect(outcomes.map(({ kind }) => kind)).toEqual(
        batch.map(({ id }) => (id === POISON ? poison.becomes : 'accepted')),
      );
      expect(outcomes[6]).toMatchObject({ errorCode: poison.code, errorMessage: 'in its words' });
      expect(harness.stored().toSorted()).toEqual(
        batch
          .map(({ id }) => id)
          .filter((id) => id !== POISON)
          .toSorted(),
      );
      // Two halves at each of four levels, and the whole.
      expect(harness.requests()).toBeLessThanOrEqual(9);
    });

    test('for a reason no document names is halved, too; what fails alone is in doubt', async () => {
      await using harness = await open();
      refuseRequestsWith(harness, POISON, 'SomethingNewException');
      const batch = activities(5).map((item, index) => (index === 2 ? { ...item, id: POISON } : item));
      const { outcomes, stop } = await putAll(harness, batch);
      expect(stop).toBeNull();
      expect(outcomes).toMatchObject([
        { kind: 'accepted' },
        { kind: 'accepted' },
        { kind: 'doubtful', errorCode: 'SomethingNewException', errorMessage: 'in its words' },
        { kind: 'accepted' },
        { kind: 'accepted' },
      ]);
    });

    test('for such a reason with every event leaves all in doubt, and refuses none', async () => {
      await using harness = await open();
      harness.faults.always(() => ({ fault: 'error', code: 'SomethingNewException' }));
      expect(kinds(await putAll(harness, activities(4)))).toEqual(['doubtful', 'doubtful', 'doubtful', 'doubtful']);
      expect(harness.stored()).toEqual([]);
    });

    test('is not quoted at any length', async () => {
      await using harness = await open();
      harness.faults.always(() => ({ fault: 'error', code: 'SomethingNewException', message: 'x'.repeat(100_000) }));
      const [outcome] = (await putAll(harness, activities(1))).outcomes;
      expect(JSON.stringify(outcome).length).toBeLessThan(1000);
    });
  });
}
