import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { jsonBytes } from '../../lambda/cut-text.ts';
import { fitMembers } from '../../lambda/sinks/fit.ts';
import { anyUtf16 } from '../support/any-text.ts';

describe('fitMembers', () => {
  test('changes nothing that fits', () => {
    const members = { a: 'x'.repeat(100), b: 5, c: true, d: undefined };
    expect(fitMembers(members, jsonBytes(members))).toEqual(members);
  });

  test('cuts the longest member as little as it must, and names it', () => {
    const { long, ...others } = fitMembers({ short: 'abc', long: 'x'.repeat(1000), count: 7 }, 500);
    expect(long).toMatch(/^x{350,}$/);
    expect(others).toEqual({ short: 'abc', count: 7, truncated: 'long' });
  });

  test('fits any members into any limit that holds their names', () => {
    const value = fc.oneof(
      anyUtf16.map((part) => part.repeat(40)),
      fc.double({ noNaN: true }),
      fc.boolean(),
    );
    fc.assert(
      fc.property(
        fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd'), value),
        fc.integer({ min: 250, max: 2000 }),
        (members, max) => {
          const { truncated = '', ...fitted } = fitMembers(members, max);
          expect(jsonBytes({ ...fitted, ...(truncated !== '' && { truncated }) })).toBeLessThanOrEqual(max);
          const cut = Object.keys(members).filter((name) => fitted[name] !== members[name]);
          expect(String(truncated).split(',').filter(Boolean).toSorted()).toEqual(cut.toSorted());
          for (const name of cut) expect(String(members[name]).startsWith(String(fitted[name]))).toBe(true);
        },
      ),
    );
  });

  test('ends where even the names do not fit', () => {
    expect(fitMembers({ a: 'x'.repeat(100), b: 1 }, 1)).toEqual({ a: '', b: 1, truncated: 'a' });
  });
});
