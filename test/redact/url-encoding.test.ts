import { expect, test } from 'vitest';
import { decode } from '../../lambda/redact/url-encoding.ts';

test.each([
  ['', ''],
  ['a b', 'a b'],
  ['a+b%20c', 'a b c'],
  ['%41%c3%A9%F0%9F%98%80', 'Aé😀'],
  ['%2B%25', '+%'],
  ['%ff', '\ufffd'],
  ['100%, %zz, %4', '100%, %zz, %4'],
])('%j is decoded to %j', (text, expected) => {
  expect(decode(text)).toBe(expected);
});
