import { describe, expect, test } from 'vitest';
import { offsetOf, toCursor } from '../../../lambda/sources/kong/cursor.ts';

const CURSOR = toCursor('key', '3.4.3.7', 'WyJhIl0');

describe('a cursor', () => {
  test('gives its offset back to a scan of the same order and version', () => {
    expect(offsetOf(CURSOR, 'key', '3.4.3.7')).toBe('WyJhIl0');
  });

  test('is none to a scan of another order, another version, or of a Kong whose version is not known', () => {
    expect(offsetOf(CURSOR, 'time', '3.4.3.7')).toBeNull();
    expect(offsetOf(CURSOR, 'key', '3.4.3.8')).toBeNull();
    expect(offsetOf(toCursor('key', 'unknown', 'a'), 'key', 'unknown')).toBeNull();
  });

  test.each([
    undefined,
    '',
    'garbage',
    'null',
    '{}',
    '{"order":"key","version":"3.4.3.7","offset":""}',
    '{"order":"key","version":"3.4.3.7","offset":5}',
    '{"order":"size","version":"3.4.3.7","offset":"a"}',
    '{"order":"key","version":"3.4.3.7","offset":"a","more":1}',
  ])('is none when it is %j', (cursor) => {
    expect(offsetOf(cursor, 'key', '3.4.3.7')).toBeNull();
  });
});
