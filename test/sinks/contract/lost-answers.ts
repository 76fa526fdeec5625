import { describe, expect, test } from 'vitest';
import { htmlPage, type WireFault } from '../../simulators/wire-fault.ts';
import { activities } from '../../support/activity.ts';
import { until } from '../../support/until.ts';
import { kinds, putAll, type SinkSubject } from '../harness.ts';

const LOST: readonly (readonly [string, WireFault])[] = [
  ['the connection breaks before the service has it', { fault: 'reset', at: 'before-handling' }],
  ['the connection breaks when the service has it', { fault: 'reset', at: 'before-headers' }],
  ['the connection breaks within the answer', { fault: 'reset', at: 'mid-body' }],
  ['the answer is cut short', { fault: 'truncate' }],
  ['the answer is the page of a proxy', htmlPage(200)],
  ['the answer is a text', { fault: 'rewrite', body: () => '"ok' }],
];

const SILENT: readonly (readonly [string, WireFault])[] = [
  ['before the service has it', { fault: 'hang', at: 'before-handling' }],
  ['instead of an answer', { fault: 'hang', at: 'before-headers' }],
  ['within the answer', { fault: 'hang', at: 'mid-body' }],
];

export function describeLostAnswers({ name, open }: SinkSubject): void {
  describe(`${name}: a request without an answer`, () => {
    test.each(LOST)('may have been delivered, and is not sent again: %s', async (_, fault) => {
      await using harness = await open();
      harness.faults.next(fault);
      const { outcomes, stop } = await putAll(harness, activities(3));
      expect(stop).toBeNull();
      expect(outcomes.map(({ kind }) => kind)).toEqual(['unknown', 'unknown', 'unknown']);
      for (const outcome of outcomes)
        expect(outcome).toMatchObject({ errorMessage: expect.stringMatching(/./) as string });
      expect(harness.requests()).toBe(1);
    });

    test.each(SILENT)('is given up after a time, and not sent again: silence %s', async (_, fault) => {
      await using harness = await open({ attemptTimeoutMs: 300 });
      harness.faults.next(fault);
      expect(kinds(await putAll(harness, activities(2)))).toEqual(['unknown', 'unknown']);
      // On a busy machine the time is up before the request has arrived.
      await until('the request has arrived', () => harness.requests() > 0);
      expect(harness.requests()).toBe(1);
    });

    test('that follows one that failed is not sent again, either', async () => {
      await using harness = await open();
      harness.faults.next({ fault: 'error', code: 'ThrottlingException' });
      harness.faults.next({ fault: 'reset', at: 'before-headers' });
      expect(kinds(await putAll(harness, activities(2)))).toEqual(['unknown', 'unknown']);
      expect(harness.stored()).toEqual(['e0', 'e1']);
      expect(harness.requests()).toBe(2);
    });

    test('does not touch what was accepted beside it', async () => {
      await using harness = await open();
      harness.faults.next({ fault: 'error', code: 'SomethingNewException' });
      harness.faults.next({ fault: 'reset', at: 'before-headers' });
      expect(kinds(await putAll(harness, activities(4)))).toEqual(['unknown', 'unknown', 'accepted', 'accepted']);
      expect(harness.stored()).toEqual(['e0', 'e1', 'e2', 'e3']);
    });
  });
}
