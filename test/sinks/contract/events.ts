import { describe, expect, test } from 'vitest';
import { activity } from '../../support/activity.ts';
import { putAll, type SinkSubject } from '../harness.ts';

export function describeEvents({ name, open }: SinkSubject): void {
  describe(`${name}: an event`, () => {
    test('is the same for the same activity', async () => {
      await using harness = await open();
      expect(harness.sink.encode(activity('a'))).toEqual(harness.sink.encode(activity('a')));
    });

    test('says who did what, and not with which password', async () => {
      await using harness = await open();
      const text = JSON.stringify(harness.sink.encode(activity('a')));
      for (const word of ['alice', 'POST/services', '10.20.0.17', 'payments']) expect(text).toContain(word);
      expect(text).not.toContain('hunter2');
    });

    test.each([
      ['a payload', 'payload', 'x'.repeat(1_000_000)],
      ['a payload of quotes and line breaks', 'payload', '"\n'.repeat(200_000)],
      ['a query in Chinese', 'query', '\u4e2d'.repeat(300_000)],
    ] as const)('is taken however large its activity is: %s', async (_, as, text) => {
      await using harness = await open();
      const large = activity('large', { request: [{ name: 'it', as, text }], userAgent: text, action: text });
      expect(await putAll(harness, [large, activity('small')])).toMatchObject({
        outcomes: [{ kind: 'accepted' }, { kind: 'accepted' }],
      });
    });

    test('of a payload that was cut before describes the whole one', async () => {
      await using harness = await open();
      const whole = { payloadBytes: 5_000_000, payloadSha256: 'abc123' };
      const text = JSON.stringify(harness.sink.encode(activity('a'), whole));
      expect(text).toContain('5000000');
      expect(text).toContain('abc123');
    });
  });
}
