import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isJson } from '../../lambda/redact/is-json.ts';

const parses = (text: string): boolean => {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
};

describe('isJson', () => {
  test.each([
    '', ' ', '{}', '[]', '[1,]', '{"a":1,}', '{,}', '[,]', '{"a"}', '{"a":}', '1', '-', '01', '1.', '.5', '1e5', '1E+5', '-0', '"a', '"a"', '"\\q"', '"\n"', '"\\u00e9"', '"\\u00g9"',
    ' [ ] ', '[[[]]]', '{"a":{}}', '[{}]', '{"a":1}}', '[]]', '[}', '{]', 'nul', 'null ', 'true', 'false', '\ufeff{}', '"\u2028"', '[1 2]', '{"a":1 "b":2}', '{"a" : [1 , {"b":null}]}', '{1:2}', "{'a':1}", '\t{}\r\n', '\v{}',
  ])('says of %j what JSON.parse says', (text) => {
    expect(isJson(text)).toBe(parses(text));
  }); // prettier-ignore

  test('says what JSON.parse says of any text', () => {
    const tokens = fc.array(
      fc.constantFrom('{', '}', '[', ']', '"a"', '"', '\\', ',', ':', '1', ' ', 'null', '-', '\n'),
    );
    fc.assert(
      fc.property(tokens, (words) => {
        const text = words.join('');
        expect(isJson(text)).toBe(parses(text));
      }),
      { numRuns: 5000 },
    );
  });

  test('says what JSON.parse says of JSON with a mistake in it', () => {
    const mistake = fc.tuple(fc.nat(), fc.constantFrom('', '{', '}', '[', ']', '"', ',', ':', '\\', ' ', '1', '\n'));
    fc.assert(
      fc.property(fc.json(), mistake, fc.boolean(), (json, [place, character], isReplaced) => {
        const at = place % (json.length + 1);
        const text = json.slice(0, at) + character + json.slice(at + Number(isReplaced));
        expect(isJson(text)).toBe(parses(text));
      }),
      { numRuns: 2000 },
    );
  });

  test('takes any depth', () => {
    expect(isJson('['.repeat(500_000) + ']'.repeat(500_000))).toBe(true);
    expect(isJson('{"a":'.repeat(200_000))).toBe(false);
  });
});
