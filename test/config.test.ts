import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DEFAULT_REDACT_KEYS } from '../lambda/redact/redactor.ts';
import { loadConfig } from '../lambda/config.ts';
import { ConfigError } from '../lambda/errors.ts';
import { makeCertificates } from './support/certificates.ts';

type Environment = Readonly<Record<string, string | undefined>>;

const REQUIRED = {
  KONG_ADMIN_API: 'https://kong.internal:8444',
  REDIS_HOST: 'redis.internal',
  CHANNEL_ARN: 'arn:aws:cloudtrail:eu-central-1:111122223333:channel/EXAMPLE8-0558-4f7e-a06a-43969EXAMPLE',
};
const SECRET_ARN = 'arn:aws:secretsmanager:eu-central-1:111122223333:secret:kong/token-AbCdEf';
const certificates = await makeCertificates();

const load = (changes: Environment = {}) => loadConfig({ ...REQUIRED, ...changes });

function refusal(env: Environment): ConfigError {
  try {
    loadConfig(env);
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  throw new Error('the configuration was accepted');
}

const problemsOf = (changes: Environment) => refusal({ ...REQUIRED, ...changes }).problems;

test('the required variables alone give every default', () => {
  expect(load()).toEqual({
    kong: { adminApi: 'https://kong.internal:8444', token: null, rootCa: undefined, pageSize: 1000, scan: 'auto' },
    redis: { host: 'redis.internal', port: 6379, db: 0, username: undefined, password: null, tls: false },
    channel: {
      arn: REQUIRED.CHANNEL_ARN,
      region: 'eu-central-1',
      accountId: '111122223333',
      externalId: undefined,
    },
    sourceName: 'kong',
    overlapSeconds: 3600,
    auditTtlSeconds: 2_592_000,
    ttlGraceSeconds: 3600,
    putConcurrency: 5,
    putCallsPerSecond: 100,
    deadlineReserveMs: 15_000,
    forwardOwnRequests: false,
    deriveErrorCode: false,
    eventSource: 'kong-gateway',
    redactKeys: DEFAULT_REDACT_KEYS,
    logLevel: 'INFO',
  });
});

/** Variable, given value, where it stands in the configuration, what it becomes. */
const ACCEPTED: readonly (readonly [string, string, string, unknown])[] = [
  ['KONG_ADMIN_API', 'http://kong:8001', 'kong.adminApi', 'http://kong:8001'],
  ['KONG_ADMIN_API', 'https://kong.example.com/_api/', 'kong.adminApi', 'https://kong.example.com/_api'],
  ['KONG_ADMIN_API', 'https://[2001:db8::1]:8444/a/b', 'kong.adminApi', 'https://[2001:db8::1]:8444/a/b'],
  ['KONG_ROOT_CA', certificates.ca, 'kong.rootCa', certificates.ca.trim()],
  [
    'KONG_ROOT_CA',
    certificates.ca.replaceAll(/\r?\n/g, '\\n'),
    'kong.rootCa',
    certificates.ca.replaceAll('\r', '').trim(),
  ],
  [
    'KONG_ROOT_CA',
    `${certificates.ca}\n${certificates.cert}`,
    'kong.rootCa',
    `${certificates.ca}\n${certificates.cert}`.trim(),
  ],
  ['KONG_PAGE_SIZE', '1', 'kong.pageSize', 1],
  ['KONG_SCAN', 'filtered', 'kong.scan', 'filtered'],
  ['KONG_SCAN', 'newest-first', 'kong.scan', 'newest-first'],
  ['KONG_SCAN', 'full-scan', 'kong.scan', 'full-scan'],
  ['REDIS_HOST', 'redis.internal:6380', 'redis', { host: 'redis.internal', port: 6380 }],
  ['REDIS_HOST', '10.0.0.1', 'redis', { host: '10.0.0.1', port: 6379 }],
  ['REDIS_HOST', '[2001:db8::1]:6380', 'redis', { host: '2001:db8::1', port: 6380 }],
  ['REDIS_DB', '3', 'redis.db', 3],
  ['REDIS_USERNAME', 'forwarder', 'redis.username', 'forwarder'],
  ['REDIS_PASSWORD', 'p w', 'redis.password', { value: 'p w' }],
  ['REDIS_PASSWORD_SECRET_ARN', SECRET_ARN, 'redis.password', { secretArn: SECRET_ARN }],
  [
    'CHANNEL_ARN',
    'arn:aws-us-gov:cloudtrail:us-gov-west-1:999988887777:channel/x',
    'channel',
    { region: 'us-gov-west-1', accountId: '999988887777' },
  ],
  ['CHANNEL_ARN', 'arn:aws-cn:cloudtrail:cn-north-1:999988887777:channel/x', 'channel.region', 'cn-north-1'],
  ['EXTERNAL_ID', 'a+=,.@:/-b', 'channel.externalId', 'a+=,.@:/-b'],
  ['SOURCE_NAME', 'kong-eu.prod_1', 'sourceName', 'kong-eu.prod_1'],
  ['OVERLAP_SECONDS', '0', 'overlapSeconds', 0],
  ['AUDIT_TTL_SECONDS', '86400', 'auditTtlSeconds', 86_400],
  ['TTL_GRACE_SECONDS', '0', 'ttlGraceSeconds', 0],
  ['PUT_CONCURRENCY', '1', 'putConcurrency', 1],
  ['PUT_CALLS_PER_SECOND', '10', 'putCallsPerSecond', 10],
  ['DEADLINE_RESERVE_MS', '5000', 'deadlineReserveMs', 5000],
  ['EVENT_SOURCE', 'kong-eu', 'eventSource', 'kong-eu'],
  ['REDACT_KEYS', 'pin, Card-Number ,', 'redactKeys', ['pin', 'Card-Number']],
  ['REDACT_KEYS', '+pin,cvc', 'redactKeys', [...DEFAULT_REDACT_KEYS, 'pin', 'cvc']],
  ['REDACT_KEYS', 'None', 'redactKeys', []],
  ['LOG_LEVEL', 'debug', 'logLevel', 'DEBUG'],
  ['LOG_LEVEL', 'SILENT', 'logLevel', 'SILENT'],
];

test.each(ACCEPTED)('%s may be %j: %s is %j', (name, value, path, expected) => {
  const found = path
    .split('.')
    .reduce<unknown>((part, key) => (part as Record<string, unknown>)[key], load({ [name]: value }));
  if (typeof expected === 'object' && !Array.isArray(expected)) expect(found).toMatchObject(expected as object);
  else expect(found).toEqual(expected);
});

const FLAGS = {
  REDIS_TLS: 'redis.tls',
  FORWARD_OWN_REQUESTS: 'forwardOwnRequests',
  DERIVE_ERROR_CODE: 'deriveErrorCode',
};

describe.each(Object.entries(FLAGS))('%s', (name, path) => {
  test.each([
    ['true', true],
    ['TRUE', true],
    ['1', true],
    ['yes', true],
    ['Yes', true],
    ['false', false],
    ['False', false],
    ['0', false],
    ['no', false],
    ['NO', false],
    ['', false],
  ])('may be %j', (value, expected) => {
    expect(load({ [name]: value })).toHaveProperty(path, expected);
  });
});

describe("Kong's token", () => {
  test('is sent only while KONG_SUPERADMIN is true', () => {
    expect(load({ KONG_SUPERADMIN: 'yes', KONG_ADMIN_TOKEN: 't' }).kong.token).toEqual({ value: 't' });
    expect(load({ KONG_ADMIN_TOKEN: 't' }).kong.token).toBeNull();
    expect(load({ KONG_SUPERADMIN: 'no', KONG_ADMIN_TOKEN: 't' }).kong.token).toBeNull();
  });

  test('may be a secret', () => {
    const { kong } = load({ KONG_SUPERADMIN: 'true', KONG_ADMIN_TOKEN_SECRET_ARN: SECRET_ARN });
    expect(kong.token).toEqual({ secretArn: SECRET_ARN });
  });

  test('is required while KONG_SUPERADMIN is true', () => {
    expect(problemsOf({ KONG_SUPERADMIN: 'true' })).toEqual([
      'KONG_ADMIN_TOKEN or KONG_ADMIN_TOKEN_SECRET_ARN is required while KONG_SUPERADMIN is true',
    ]);
  });
});

test('a value that is empty or white space counts as unset, and white space around one is dropped', () => {
  const blank = Object.fromEntries(ACCEPTED.map(([name]) => [name, name in REQUIRED ? undefined : ' \n']));
  expect(
    load({ ...blank, ...REQUIRED, KONG_ADMIN_TOKEN: '', UNRELATED: 'x', REDIS_HOST: ' redis.internal\n' }),
  ).toEqual(load());
});

describe('a wrong value', () => {
  test.each([
    ['KONG_ADMIN_API', 'kong.internal:8444'],
    ['KONG_ADMIN_API', 'ftp://kong.internal'],
    ['KONG_ADMIN_API', 'https://kong.internal?size=1'],
    ['KONG_ADMIN_API', 'https://kong.internal/#a'],
    ['KONG_ADMIN_API', 'https://user@kong.internal'],
    ['KONG_SUPERADMIN', 'on'],
    ['KONG_ADMIN_TOKEN', 'two words'],
    ['KONG_ADMIN_TOKEN', 'töken'],
    ['KONG_ADMIN_TOKEN_SECRET_ARN', 'kong/token'],
    ['KONG_ROOT_CA', '/etc/ssl/ca.pem'],
    ['KONG_ROOT_CA', '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----'],
    ['KONG_ROOT_CA', `${certificates.ca}\n${certificates.cert.slice(0, 100)}`],
    ['KONG_PAGE_SIZE', '0'],
    ['KONG_PAGE_SIZE', '1001'],
    ['KONG_PAGE_SIZE', '10.5'],
    ['KONG_SCAN', 'fast'],
    ['REDIS_HOST', 'redis://redis.internal'],
    ['REDIS_HOST', 'redis.internal:0'],
    ['REDIS_HOST', 'redis.internal:65536'],
    ['REDIS_HOST', 'redis.internal:'],
    ['REDIS_HOST', '2001:db8::1'],
    ['REDIS_DB', '-1'],
    ['REDIS_PASSWORD_SECRET_ARN', 'arn:aws:s3:::bucket'],
    ['REDIS_TLS', 'maybe'],
    ['CHANNEL_ARN', 'arn:aws:cloudtrail:eu-central-1:1111:channel/x'],
    ['CHANNEL_ARN', 'arn:aws:cloudtrail:eu-central-1:111122223333:trail/x'],
    ['EXTERNAL_ID', 'a'],
    ['EXTERNAL_ID', 'a b'],
    ['SOURCE_NAME', 'a}b'],
    ['SOURCE_NAME', 'x'.repeat(65)],
    ['OVERLAP_SECONDS', '1h'],
    ['AUDIT_TTL_SECONDS', '0'],
    ['TTL_GRACE_SECONDS', '9'.repeat(40)],
    ['PUT_CONCURRENCY', '0'],
    ['PUT_CALLS_PER_SECOND', '0'],
    ['DEADLINE_RESERVE_MS', '-1'],
    ['FORWARD_OWN_REQUESTS', 'y'],
    ['DERIVE_ERROR_CODE', '2'],
    ['REDACT_KEYS', ','],
    ['REDACT_KEYS', '+'],
    ['LOG_LEVEL', 'verbose'],
  ])('of %s is refused: %j', (name, value) => {
    const problems = problemsOf({ [name]: value });
    expect(problems).toEqual([expect.stringMatching(new RegExp(`^${name} must `))]);
  });

  test('of EVENT_SOURCE is one of more than 1,024 characters', () => {
    expect(problemsOf({ EVENT_SOURCE: 'x'.repeat(1025) })).toEqual(['EVENT_SOURCE must be at most 1024 characters']);
  });

  test.each([
    ['KONG_PAGE_SIZE', '5000', 'KONG_PAGE_SIZE must be an integer from 1 to 1000, got "5000"'],
    ['KONG_SCAN', 'fast', 'KONG_SCAN must be one of auto, filtered, newest-first, full-scan, got "fast"'],
    [
      'CHANNEL_ARN',
      'arn:aws:s3:::a',
      'CHANNEL_ARN must look like arn:aws:cloudtrail:<region>:<account>:channel/<id>, got "arn:aws:s3:::a"',
    ],
  ])('of %s is told with what was expected', (name, value, problem) => {
    expect(problemsOf({ [name]: value })).toEqual([problem]);
  });
});

test('every problem is told at once, and counted', () => {
  const error = refusal({
    KONG_ADMIN_API: 'kong',
    KONG_SUPERADMIN: 'true',
    KONG_ROOT_CA: 'x',
    KONG_PAGE_SIZE: 'x',
    REDIS_DB: 'x',
    REDIS_PASSWORD: 'a',
    REDIS_PASSWORD_SECRET_ARN: SECRET_ARN,
    LOG_LEVEL: 'x',
  });
  expect(error.problems.map((problem) => /^\w+/.exec(problem)?.[0]).toSorted()).toEqual([
    'CHANNEL_ARN',
    'KONG_ADMIN_API',
    'KONG_ADMIN_TOKEN',
    'KONG_PAGE_SIZE',
    'KONG_ROOT_CA',
    'LOG_LEVEL',
    'REDIS_DB',
    'REDIS_HOST',
    'REDIS_PASSWORD',
  ]);
  expect(error.message).toMatch(/^The configuration has 9 problem\(s\):\n- /);
  expect(error).toMatchObject({ name: 'ConfigError', code: 'CONFIG_INVALID' });
});

test.each(['KONG_ADMIN_TOKEN', 'REDIS_PASSWORD'])('%s and its secret together are an error', (name) => {
  expect(problemsOf({ [name]: 'x', [`${name}_SECRET_ARN`]: SECRET_ARN })).toEqual([
    `${name} and ${name}_SECRET_ARN are both set; keep one of them`,
  ]);
});

describe('a secret is never repeated', () => {
  const secret = fc.oneof(
    fc.uuid(),
    fc.base64String({ minLength: 16 }),
    fc.string({ unit: 'grapheme-ascii', minLength: 14, maxLength: 80 }).filter((text) => text.trim().length > 13),
  );
  /** Where a secret belongs, and where one ends up by mistake. */
  const PLACES: Readonly<Record<string, (secret: string) => string>> = {
    KONG_ADMIN_API: (text) => `https://admin:${encodeURIComponent(text)}@kong.internal:8444/?x`,
    KONG_SUPERADMIN: (text) => text,
    KONG_ADMIN_TOKEN: (text) => `${text} ü`,
    KONG_ADMIN_TOKEN_SECRET_ARN: (text) => text,
    KONG_ROOT_CA: (text) => `-----BEGIN PRIVATE KEY-----\n${text}\n-----END PRIVATE KEY-----`,
    REDIS_HOST: (text) => `rediss://:${text}@redis.internal:6379`,
    REDIS_DB: (text) => `x${text}`,
    REDIS_USERNAME: (text) => text,
    REDIS_PASSWORD: (text) => text,
    REDIS_PASSWORD_SECRET_ARN: (text) => text,
    REDIS_TLS: (text) => text,
    CHANNEL_ARN: (text) => text,
    EXTERNAL_ID: (text) => `${text} ü`,
    SOURCE_NAME: (text) => `{${text}}`,
    KONG_SCAN: (text) => text,
    LOG_LEVEL: (text) => text,
  };

  test.each(Object.entries(PLACES))('from %s', (name, place) => {
    fc.assert(
      fc.property(secret, (text) => {
        // The password and its ARN together, so that a right value does not pass.
        const { message, stack } = refusal({ ...REQUIRED, OVERLAP_SECONDS: 'x', [name]: place(text) });
        for (const spelling of [text, text.trim(), text.toUpperCase(), encodeURIComponent(text)])
          expect(`${message}${stack ?? ''}`).not.toContain(spelling);
      }),
    );
  });

  test('from KONG_SUPERADMIN, however short', () => {
    expect(refusal({ ...REQUIRED, KONG_SUPERADMIN: 'pw' }).message).not.toContain('pw');
  });
});
