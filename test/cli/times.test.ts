import { describe, expect, test } from 'vitest';
import { formatDuration, formatTimeWithAge, formatWindow, parseTime, toRfc3339 } from '../../infra/cli/times.ts';
import { NOON } from './support/terminal.ts';

const HOUR = 3600;
const DAY = 24 * HOUR;
const MIDNIGHT = NOON - 12 * HOUR;

describe('parseTime', () => {
  test.each([
    ['now', NOON],
    ['today', MIDNIGHT],
    ['yesterday', MIDNIGHT - DAY],
    ['7d', NOON - 7 * DAY],
    ['36h', NOON - 36 * HOUR],
    ['30m', NOON - 1800],
    ['90s', NOON - 90],
    ['2w', NOON - 14 * DAY],
    ['2026-11-14', MIDNIGHT],
    ['2026-11-14T08:30:00Z', MIDNIGHT + 8.5 * HOUR],
    ['2026-11-14t08:30z', MIDNIGHT + 8.5 * HOUR],
    ['2026-11-14 08:30:00Z', MIDNIGHT + 8.5 * HOUR],
    ['2026-11-14T08:30:00.750Z', MIDNIGHT + 8.5 * HOUR],
    ['2026-11-14T09:30:00+01:00', MIDNIGHT + 8.5 * HOUR],
    ['1794657600', NOON],
    [' 2024-02-29 ', 1_709_164_800],
  ])('%s', (text, seconds) => {
    expect(parseTime(text, NOON)).toBe(seconds);
  });

  test.each(['', 'tomorrow', '7', '7days', '-1d', '14.11.2026', '2026-11', '11/14/2026', '2026-11-14T08', 'Nov 14'])(
    'refuses %j and says what it takes',
    (text) => {
      expect(() => parseTime(text, NOON)).toThrow(`Expected a time: 2026-11-14 (midnight UTC)`);
    },
  );

  test('refuses a time of day without a zone, and says how UTC is written', () => {
    expect(() => parseTime('2026-11-14T08:30', NOON)).toThrow(
      '"2026-11-14T08:30" does not say its time zone. For UTC write 2026-11-14T08:30Z.',
    );
  });

  test.each(['2026-02-30', '2026-13-01', '2026-11-14T25:00:00Z', '2025-02-29'])(
    'refuses %s, which no calendar has',
    (text) => {
      expect(() => parseTime(text, NOON)).toThrow('is not a time that the calendar has');
    },
  );

  test('refuses what lies before 1970', () => {
    expect(() => parseTime('99999d', NOON)).toThrow('lies before 1970');
  });
});

test('what is read is written back as RFC 3339 with the same instant', () => {
  expect(toRfc3339(parseTime('2026-11-14T09:30:00+01:00', NOON))).toBe('2026-11-14T08:30:00Z');
});

test('ages have two units', () => {
  expect(formatTimeWithAge(NOON - 3 * DAY - 4 * HOUR - 5, NOON)).toBe('2026-11-11 07:59:55 UTC (3d 4h ago)');
  expect(formatTimeWithAge(NOON + 90, NOON)).toBe('2026-11-14 12:01:30 UTC (in 1m 30s)');
  expect(formatTimeWithAge(NOON, NOON)).toBe('2026-11-14 12:00:00 UTC (now)');
  expect(formatDuration(0)).toBe('0s');
  expect(formatDuration(400 * DAY)).toBe('400d');
});

test('a window that begins with 1970 is everything retained', () => {
  expect(formatWindow({ after: 0, before: NOON })).toBe('everything retained before 2026-11-14 12:00:00 UTC');
  expect(formatWindow({ after: MIDNIGHT, before: NOON })).toBe('2026-11-14 00:00:00 to 2026-11-14 12:00:00 UTC (12h)');
});
