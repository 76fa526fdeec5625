import { Token, Tokenization } from 'aws-cdk-lib';
import { loadConfig } from '../lambda/compose.ts';
import { ConfigError } from '../lambda/errors.ts';

/** "The total size of all environment variables doesn't exceed 4 KB" (Lambda quotas). Lambda measures them as JSON. */
export const MAX_ENVIRONMENT_BYTES = 4096;

/**
 * A run peaks below 200 MB, whatever the size of the log (docs/benchmarks.md), and pages of 32 MB take more. Lambda gives CPU
 * by memory, 1769 MB being one vCPU, and a run is TLS, JSON and SHA-256: with 1024 MB it has the CPU to catch up within the
 * timeout, and an hourly run still costs cents a month.
 */
export const MEMORY_MB = 1024;

/**
 * How Node shares out that memory. V8's own choice depends on the machine it finds itself on: a quarter of the memory would stay
 * unused where large pages need it, and what the benchmark measures would not be what is deployed.
 */
const HEAP_OPTIONS = `--max-old-space-size=${MEMORY_MB * 0.75} --max-semi-space-size=32`;

/** In place of what only the deployment knows, to measure and check the rest: as long as such values get. */
export const STAND_INS = {
  redisHost: `${'x'.repeat(60)}.${'x'.repeat(40)}.cache.amazonaws.com:6380`,
  channelArn: `arn:aws-us-gov:cloudtrail:us-gov-west-1:123456789012:channel/${'0'.repeat(36)}`,
  secretArn: `arn:aws-us-gov:secretsmanager:us-gov-west-1:123456789012:secret:${'x'.repeat(64)}-abcdef`,
  word: 'x'.repeat(60),
} as const;

/** What the function is told, by its name in camel case: `kongAdminApi` becomes `KONG_ADMIN_API`. */
export type FunctionVariables = Readonly<Record<string, string | number | boolean | undefined>>;

/** The function's environment: one variable for each of `variables` that is given. */
export function toEnvironment(variables: FunctionVariables): Record<string, string> {
  const given = Object.entries(variables).filter(([, value]) => value !== undefined);
  return {
    ...Object.fromEntries(given.map(([key, value]) => [toVariableName(key), String(value)])),
    // With the source map, stack traces name the TypeScript sources.
    NODE_OPTIONS: `--enable-source-maps ${HEAP_OPTIONS}`,
  };
}

/**
 * What is wrong with the function's environment, as the function itself would find out at its first run: one line per
 * variable, each beginning with the variable's name.
 */
export function environmentProblems(environment: Readonly<Record<string, string>>): readonly string[] {
  const known = Object.fromEntries(Object.entries(environment).map(([name, value]) => [name, knownValue(name, value)]));
  return [...sizeProblems(known), ...functionProblems(known)];
}

/** `kongPageSize` → `KONG_PAGE_SIZE`. */
export function toVariableName(key: string): string {
  return key.replaceAll(/[A-Z]/g, (capital) => `_${capital}`).toUpperCase();
}

function knownValue(name: string, value: string): string {
  if (!Token.isUnresolved(value)) return value;
  if (name.endsWith('_SECRET_ARN')) return STAND_INS.secretArn;
  if (name === 'CHANNEL_ARN') return STAND_INS.channelArn;
  return name === 'REDIS_HOST' ? STAND_INS.redisHost : withoutTokens(value);
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
    loadConfig(environment);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}
