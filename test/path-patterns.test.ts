import { describe, expect, test } from 'vitest';
import { ConfigError } from '../lambda/errors.ts';
import { compilePatterns } from '../lambda/path-patterns.ts';

async function matches(pattern: string, text: string): Promise<boolean> {
  const [matcher] = await compilePatterns('IGNORE_PATHS', [pattern]);
  return matcher?.(text) ?? false;
}

async function problemsOf(...patterns: string[]): Promise<readonly string[]> {
  const error = await compilePatterns('IGNORE_PATHS', patterns).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(ConfigError);
  return (error as ConfigError).problems;
}

describe('a pattern', () => {
  test.each([
    ['status', '/status', true],
    ['^/status$', '/status', true],
    ['^/status$', '/status/', false],
    ['^/(services|routes)(\\?|$)', '/services?size=1', true],
    ['^/(services|routes)(\\?|$)', '/services/1', false],
    ['(?i)^/STATUS', '/status', true],
    ['^/Status', '/status', false],
    ['/consumers/[^/]+/jwt', '/consumers/a/jwt', true],
    ['é+', '/caféé', true],
    ['', '/anything', true],
  ])('%s in %s: %s', async (pattern, text, expected) => {
    expect(await matches(pattern, text)).toBe(expected);
  });

  test('matches the same text again and again', async () => {
    const [matcher] = await compilePatterns('IGNORE_PATHS', ['a']);
    expect([matcher?.('a'), matcher?.('a'), matcher?.('b'), matcher?.('a')]).toEqual([true, true, false, true]);
  });

  test('takes time in proportion to the text, whatever an attacker sends', async () => {
    // A backtracking engine needs more than 2^100 steps for each of these.
    for (const pattern of ['^(a+)+$', '^(a|a)*$', '(a|aa)+$', '(.*a){12}$', '^(([a-z])+.)+[A-Z]([a-z])+$'])
      expect(await matches(pattern, `${'a'.repeat(5000)}!`)).toBe(false);
  });
});

describe('what is no RE2 expression', () => {
  test.each(['(', '[a', 'a{2,1}', '*a', '\\', '(?=a)', '(?<!a)b', '(a)\\1'])('is refused: %s', async (pattern) => {
    expect(await problemsOf(pattern)).toEqual([
      expect.stringMatching(/^IGNORE_PATHS must hold regular expressions of the RE2 syntax.+no look-around/),
    ]);
    expect((await problemsOf(pattern))[0]).toContain(`got ${JSON.stringify(pattern)}: `);
  });

  test('is told for all at once', async () => {
    expect(await problemsOf('(', 'good', '[')).toHaveLength(2);
  });
});

test('no patterns are no matchers', async () => {
  expect(await compilePatterns('IGNORE_PATHS', [])).toEqual([]);
});
