import { describe, expect, test } from 'vitest';
import { longestInterval } from '../../infra/constructs/interval.ts';

describe('the longest interval', () => {
  test.each([
    ['rate(1 minute)', 60],
    ['rate(5 minutes)', 300],
    ['rate(1 hour)', 3600],
    ['rate(2 days)', 172_800],
    ['cron(0 * * * ? *)', 3600],
    ['cron(0/15 * * * ? *)', 900],
    ['cron(0 6,18 * * ? *)', 43_200],
    ['cron(30 2 ? * SUN *)', 604_800],
  ])('of %s is %i seconds', (expression, seconds) => {
    expect(longestInterval(expression).toSeconds()).toBe(seconds);
  });

  test('of a schedule for working hours is the weekend', () => {
    expect(longestInterval('cron(0 8-18 ? * MON-FRI *)').toHours()).toBe(62);
  });

  test.each([
    '',
    'hourly',
    'rate(0 hours)',
    'rate(1 week)',
    'cron(0 * * * *)',
    'cron(0 * * * * *)',
    'cron(0 25 * * ? *)',
    'at(2026-11-01T00:00:00)',
  ])('of %j is unknown', (expression) => {
    expect(() => longestInterval(expression)).toThrow(/^must be rate\(…\) or cron\(…\)/);
  });

  test.each([
    ['rate(1 hours)', 'rate(1 hour)'],
    ['rate(5 minute)', 'rate(5 minutes)'],
  ])('of %s is unknown, as EventBridge wants %s', (expression, right) => {
    expect(() => longestInterval(expression)).toThrow(`must be ${right}, the singular for 1`);
  });

  test('of a schedule that ends is unknown', () => {
    expect(() => longestInterval('cron(0 0 1 1 ? 2020)')).toThrow('must tick again and again');
  });
});
