import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cutJsonText, cutText, jsonBytes } from '../lambda/cut-text.ts';
import { anyUtf16 } from './support/any-text.ts';

const limit = fc.nat({ max: 200 });

/** The characters of `whole` after `beginning`, one of which would not have fit. */
const nextCharacter = (whole: string, beginning: string) =>
  String.fromCodePoint(whole.codePointAt(beginning.length) ?? 0);

describe.each([
  ['cutText', cutText, (value: string) => Buffer.byteLength(value)],
  ['cutJsonText', cutJsonText, (value: string) => jsonBytes(value) - 2],
])('%s', (_, cut, bytes) => {
  test('gives the longest beginning that fits, and never half a character', () => {
    fc.assert(
      fc.property(anyUtf16, limit, (whole, maxBytes) => {
        const beginning = cut(whole, maxBytes);
        expect(whole.startsWith(beginning)).toBe(true);
        expect(bytes(beginning)).toBeLessThanOrEqual(maxBytes);
        expect(whole.isWellFormed() && !beginning.isWellFormed()).toBe(false);
        if (beginning !== whole) expect(bytes(beginning + nextCharacter(whole, beginning))).toBeGreaterThan(maxBytes);
      }),
    );
  });

  test('leaves alone what fits', () => {
    fc.assert(
      fc.property(anyUtf16, (whole) => {
        expect(cut(whole, bytes(whole))).toBe(whole);
      }),
    );
  });
});

test.each([
  ['€€', 5, '€'],
  ['a😀', 4, 'a'],
  ['a😀', 5, 'a😀'],
  ['', 0, ''],
  ['a', 0, ''],
])('cutText of %j to %i bytes is %j', (whole, maxBytes, expected) => {
  expect(cutText(whole, maxBytes)).toBe(expected);
});

test.each([
  ['""', 3, '"'],
  ['\\n\n', 5, '\\n\n'],
  ['\u0001\u0001', 11, '\u0001'],
  ['\u007f\u2028', 4, '\u007f\u2028'],
])('cutJsonText of %j to %i bytes is %j', (whole, maxBytes, expected) => {
  expect(cutJsonText(whole, maxBytes)).toBe(expected);
});
