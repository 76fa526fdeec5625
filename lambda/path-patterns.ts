import { ConfigError } from './errors.ts';
import type { Matcher } from './pipeline/filter.ts';

/**
 * Compiles regular expressions of the RE2 syntax: they match in linear time, whatever an attacker puts into a path. What cannot
 * (back-references, look-around) is no RE2 expression.
 *
 * @throws {ConfigError} names the expression that is wrong, and why
 */
export async function compilePatterns(variable: string, patterns: readonly string[]): Promise<readonly Matcher[]> {
  if (patterns.length === 0) return [];
  // 150 kB that few deployments need.
  const { RE2JS } = await import('re2js');
  const problems: string[] = [];
  const matchers = patterns.flatMap((pattern): Matcher[] => {
    try {
      const compiled = RE2JS.compile(pattern);
      return [(text) => compiled.matcher(text).find()];
    } catch (error) {
      problems.push(
        `${variable} must hold regular expressions of the RE2 syntax, separated by commas (no look-around, no back-references), got ${JSON.stringify(pattern)}: ${error instanceof Error ? error.message : String(error)}`,
      );
      return [];
    }
  });
  if (problems.length > 0) throw new ConfigError(problems);
  return matchers;
}
