import { Token, Tokenization } from 'aws-cdk-lib';
import { RE2JS } from 're2js';
import { loadConfig } from '../../lambda/compose.ts';
import { ConfigError } from '../../lambda/errors.ts';
import { MAX_ENVIRONMENT_BYTES, MEMORY_MB } from './function-limits.ts';

/**
 * How Node shares out the function's memory. V8's own choice depends on the machine it finds itself on: a quarter of the memory would stay
 * unused where large pages need it, and what the benchmark measures would not be what is deployed.
 */
const HEAP_OPTIONS = `--max-old-space-size=${MEMORY_MB * 0.75} --max-semi-space-size=32`;

/** What the function is told, by its name in camel case: `kongAdminApi` becomes `KONG_ADMIN_API`. */
export type FunctionVariables = Readonly<Record<string, string | number | boolean | undefined>>;

/** In place of what only the deployment knows, to measure and check the rest: as long as such values get. */
export const STAND_INS = {
  redisHost: `${'x'.repeat(60)}.${'x'.repeat(40)}.cache.amazonaws.com:6380`,
  secretArn: `arn:aws-us-gov:secretsmanager:us-gov-west-1:123456789012:secret:${'x'.repeat(64)}-abcdef`,
  word: 'x'.repeat(60),
} as const;

/** The function's environment: one variable for each of `variables` that is given. */
export function toEnvironment(variables: FunctionVariables): Record<string, string> {
  return { ...named(variables), NODE_OPTIONS: HEAP_OPTIONS };
}

/**
 * What is wrong with the function's environment, as the function itself would find out at its first run: one line per
 * variable, each beginning with the variable's name. `standIns` are for values that only the deployment knows.
 */
export function environmentProblems(
  environment: Readonly<Record<string, string>>,
  standIns: FunctionVariables = {},
): readonly string[] {
  const given = named(standIns);
  // What is the same has the same in its place: the function refuses some pairs.
  const standInOf = new Map<string, string>();
  const known = Object.fromEntries(
    Object.entries(environment).map(([name, value]) => {
      const standIn = standInOf.get(value) ?? knownValue(name, value, given);
      standInOf.set(value, standIn);
      return [name, standIn];
    }),
  );
  return [...sizeProblems(known), ...functionProblems(known)];
}

/** `kongPageSize` → `KONG_PAGE_SIZE`. */
export function toVariableName(key: string): string {
  return key.replaceAll(/[A-Z]/g, (capital) => `_${capital}`).toUpperCase();
}

function named(variables: FunctionVariables): Record<string, string> {
  return Object.fromEntries(
    Object.entries(variables).flatMap(([key, value]) =>
      value === undefined ? [] : [[toVariableName(key), String(value)]],
    ),
  );
}

function knownValue(name: string, value: string, standIns: Readonly<Record<string, string>>): string {
  if (!Token.isUnresolved(value)) return value;
  if (name.endsWith('_SECRET_ARN')) return STAND_INS.secretArn;
  return standIns[name] ?? (name === 'REDIS_HOST' ? STAND_INS.redisHost : withoutTokens(value));
}

/** `text` with a word in place of each part that only the deployment knows. */
export function withoutTokens(text: string): string {
  return Tokenization.reverseString(text)
    .mapTokens({ mapToken: () => STAND_INS.word })
    .join({ join: (left: string, right: string) => left + right }) as string;
}

function sizeProblems(environment: Record<string, string>): string[] {
  const bytes = Buffer.byteLength(JSON.stringify(environment));
  if (bytes <= MAX_ENVIRONMENT_BYTES) return [];
  const [largest] = Object.entries(environment).reduce((a, b) => (a[1].length >= b[1].length ? a : b));
  const fix = largest === 'KONG_ROOT_CA' ? "; give the one root certificate that signs Kong's, not a bundle" : '';
  return [`${largest} makes the function's environment ${bytes} bytes, Lambda takes ${MAX_ENVIRONMENT_BYTES}${fix}`];
}

function functionProblems(environment: Record<string, string>): readonly string[] {
  try {
    return patternProblems(loadConfig(environment).ignorePaths);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems;
  }
}

/** The function compiles them only when a run begins, for it loads the engine only where there are any. */
function patternProblems(patterns: readonly string[]): string[] {
  return patterns.flatMap((pattern) => {
    try {
      RE2JS.compile(pattern);
      return [];
    } catch (error) {
      return [
        `IGNORE_PATHS must hold regular expressions of the RE2 syntax (no look-around, no back-references), got ${JSON.stringify(pattern)}: ${(error as Error).message}`,
      ];
    }
  });
}
