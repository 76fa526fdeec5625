import { describe, expect, test } from 'vitest';
import { readFilterPattern } from './cloudwatch-logs-pattern.ts';

const matches = (pattern: string, message: string, matching: 'anywhere' | 'whole words' = 'anywhere'): boolean => {
  const matcher = readFilterPattern(pattern, matching);
  if (typeof matcher === 'string') throw new Error(matcher);
  return matcher(message);
};

const LINE = '{"verb":"patch","resource":"ingresses","apiGroup":"networking.k8s.io","note":"say \\"hi\\""}';

describe('a filter pattern', () => {
  test.each([
    ['', true],
    ['   ', true],
    ['" "', true],
    ['ingresses', true],
    ['Ingresses', false],
    ['ingress', true],
    ['ingresses patch', true],
    ['ingresses delete', false],
    ['ingresses -delete', true],
    ['ingresses -patch', false],
    ['-delete', true],
    ['?delete ?ingresses', true],
    ['?delete ?create', false],
    ['?delete ?"networking.k8s.io"', true],
    ['"networking.k8s.io"', true],
    ['"networking k8s io"', false],
    ['"say \\\\\\"hi"', true],
    ['  patch\t ingresses ', true],
  ])('%j decides: %s', (pattern, expected) => {
    expect(matches(pattern, LINE)).toBe(expected);
  });

  test('can be read as whole words', () => {
    expect(matches('ingresses', LINE, 'whole words')).toBe(true);
    expect(matches('ingress', LINE, 'whole words')).toBe(false);
    expect(matches('?ingress ?"networking.k8s.io"', LINE, 'whole words')).toBe(true);
    expect(matches('?"networking.k8s"', 'networking.k8s_x', 'whole words')).toBe(false);
  });

  test.each([
    ['networking.k8s.io', "Invalid character(s) in term 'networking.k8s.io'"],
    ['a "b', 'Invalid character(s) in term'],
    ['"a"b', 'Invalid character(s) in term'],
    ['""', 'Invalid character(s) in term'],
    ['? a', 'Invalid character(s)'],
    ['?a b', 'only where all terms'],
    ['?a -b', 'only where all terms'],
    ['{ $.verb = "patch" }', 'plain terms only'],
    ['[ip, user]', 'plain terms only'],
    ['%[0-9]+%', 'plain terms only'],
  ])('%j is refused', (pattern, reason) => {
    expect(readFilterPattern(pattern, 'anywhere')).toContain(reason);
  });
});
