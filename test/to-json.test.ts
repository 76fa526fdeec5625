import fc from 'fast-check';
import { expect, test } from 'vitest';
import { toJson } from '../lambda/to-json.ts';

/** JSON.stringify gives up before 5,000. */
const DEEP = '['.repeat(20_000) + ']'.repeat(20_000);

test('toJson writes what JSON.stringify writes', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      expect(toJson(value)).toBe(JSON.stringify(value));
    }),
  );
});

test('toJson writes what is nested too deeply for JSON.stringify, nothing lost', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const text = `[${JSON.stringify(value)},${DEEP},{"é\\"":${JSON.stringify(value)},"b":{}}]`;
      expect(toJson(JSON.parse(text)) === text).toBe(true);
    }),
    { numRuns: 10 },
  );
});

test('toJson writes long lists that hold something deep', () => {
  const text = `[${'1,'.repeat(500_000)}${DEEP}]`;
  expect(toJson(JSON.parse(text)) === text).toBe(true);
});
