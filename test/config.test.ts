import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { loadConfig } from '../lambda/compose.ts';
import { type Config, readConfig, type Rooms } from '../lambda/config.ts';
import { ConfigError } from '../lambda/errors.ts';
import { DEFAULT_REDACT_KEYS } from '../lambda/redact/redactor.ts';
import type { SinkRoom, SourceRoom } from '../lambda/room.ts';

type Environment = Readonly<Record<string, string | undefined>>;

const REQUIRED = {
  KONG_ADMIN_API: 'https://kong.internal:8444',
  REDIS_HOST: 'redis.internal',
  CHANNEL_ARN: 'arn:aws:cloudtrail:eu-central-1:111122223333:channel/EXAMPLE8-0558-4f7e-a06a-43969EXAMPLE',
};
const SECRET_ARN = 'arn:aws:secretsmanager:eu-central-1:111122223333:secret:kong/token-AbCdEf';

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

/** The configuration without the functions in it, which are new each time. */
const plain = (config: Config): unknown => JSON.parse(JSON.stringify(config));

test('the required variables alone give every default', () => {
  const { source, sink, ...common } = load();
  expect(common).toEqual({
    redis: { host: 'redis.internal', port: 6379, db: 0, username: undefined, password: null, tls: false },
    sourceName: 'kong',
    overlapSeconds: 3600,
    auditTtlSeconds: 2_592_000,
    ttlGraceSeconds: 3600,
    putConcurrency: 20,
    putCallsPerSecond: 100,
    deadlineReserveMs: 15_000,
    forwardOwnRequests: false,
    deriveErrorCode: false,
    eventSource: 'kong-gateway',
    ignoreMethods: [],
    ignorePaths: [],
    redactKeys: DEFAULT_REDACT_KEYS,
    logLevel: 'INFO',
  });
  expect(source).toMatchObject({ eventSource: 'kong-gateway', auditTtlSeconds: 2_592_000 });
  expect(sink).toMatchObject({ name: 'cloudtrail-lake' });
});

/** Variable, given value, where it stands in the configuration, what it becomes. */
const ACCEPTED: readonly (readonly [string, string, string, unknown])[] = [
  ['REDIS_HOST', 'redis.internal:6380', 'redis', { host: 'redis.internal', port: 6380 }],
  ['REDIS_HOST', '10.0.0.1', 'redis', { host: '10.0.0.1', port: 6379 }],
  ['REDIS_HOST', '[2001:db8::1]:6380', 'redis', { host: '2001:db8::1', port: 6380 }],
  ['REDIS_DB', '3', 'redis.db', 3],
  ['REDIS_USERNAME', 'forwarder', 'redis.username', 'forwarder'],
  ['REDIS_PASSWORD', 'p w', 'redis.password', { value: 'p w' }],
  ['REDIS_PASSWORD_SECRET_ARN', SECRET_ARN, 'redis.password', { secretArn: SECRET_ARN }],
  ['SOURCE_NAME', 'kong-eu.prod_1', 'sourceName', 'kong-eu.prod_1'],
  ['OVERLAP_SECONDS', '1', 'overlapSeconds', 1],
  ['AUDIT_TTL_SECONDS', '86400', 'auditTtlSeconds', 86_400],
  ['TTL_GRACE_SECONDS', '0', 'ttlGraceSeconds', 0],
  ['PUT_CONCURRENCY', '1', 'putConcurrency', 1],
  ['PUT_CALLS_PER_SECOND', '10', 'putCallsPerSecond', 10],
  ['DEADLINE_RESERVE_MS', '5000', 'deadlineReserveMs', 5000],
  ['EVENT_SOURCE', 'kong-eu', 'eventSource', 'kong-eu'],
  ['IGNORE_METHODS', 'get, Head,', 'ignoreMethods', ['GET', 'HEAD']],
  ['IGNORE_PATHS', '^/status$, ^/clustering', 'ignorePaths', ['^/status$', '^/clustering']],
  ['IGNORE_PATHS', 'a{2,3},[,x]b,(c,d),e\\,f', 'ignorePaths', ['a{2,3}', '[,x]b', '(c,d)', 'e\\,f']],
  ['IGNORE_PATHS', 'a\\', 'ignorePaths', ['a\\']],
  ['IGNORE_PATHS', ' , ', 'ignorePaths', []],
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

test('a value that is empty or white space counts as unset, and white space around one is dropped', () => {
  const blank = Object.fromEntries(ACCEPTED.map(([name]) => [name, ' \n']));
  const given = { ...blank, ...REQUIRED, KONG_ADMIN_TOKEN: '', UNRELATED: 'x', REDIS_HOST: ' redis.internal\n' };
  expect(plain(load(given))).toEqual(plain(load()));
});

describe('a wrong value', () => {
  test.each([
    ['REDIS_HOST', 'redis://redis.internal'],
    ['REDIS_HOST', 'redis.internal:0'],
    ['REDIS_HOST', 'redis.internal:65536'],
    ['REDIS_HOST', 'redis.internal:'],
    ['REDIS_HOST', '2001:db8::1'],
    ['REDIS_DB', '-1'],
    ['REDIS_PASSWORD_SECRET_ARN', 'arn:aws:s3:::bucket'],
    ['REDIS_TLS', 'maybe'],
    ['SOURCE_NAME', 'a}b'],
    ['SOURCE_NAME', 'x'.repeat(65)],
    ['OVERLAP_SECONDS', '1h'],
    ['OVERLAP_SECONDS', '0'],
    ['AUDIT_TTL_SECONDS', '0'],
    ['TTL_GRACE_SECONDS', '9'.repeat(40)],
    ['PUT_CONCURRENCY', '0'],
    ['PUT_CALLS_PER_SECOND', '0'],
    ['DEADLINE_RESERVE_MS', '-1'],
    ['FORWARD_OWN_REQUESTS', 'y'],
    ['DERIVE_ERROR_CODE', '2'],
    ['IGNORE_METHODS', ','],
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
    ['REDIS_DB', '70000', 'REDIS_DB must be an integer from 0 to 65535, got "70000"'],
    ['LOG_LEVEL', 'loud', 'LOG_LEVEL must be one of TRACE, DEBUG, INFO, WARN, ERROR, CRITICAL, SILENT, got "LOUD"'],
  ])('of %s is told with what was expected and what was got', (name, value, problem) => {
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

test('the password of Redis and its secret together are an error', () => {
  expect(problemsOf({ REDIS_PASSWORD: 'x', REDIS_PASSWORD_SECRET_ARN: SECRET_ARN })).toEqual([
    'REDIS_PASSWORD and REDIS_PASSWORD_SECRET_ARN are both set; keep one of them',
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

describe('of several kinds of source and sink', () => {
  interface Kind {
    readonly onlyHere?: readonly string[];
    readonly logGroup?: string;
    readonly problems?: readonly string[];
  }
  const never = () => {
    throw new Error('nothing is connected here');
  };
  const source = (chosenBy: string, { onlyHere = [], logGroup, problems = [] }: Kind = {}): SourceRoom => ({
    chosenBy,
    hint: `where ${chosenBy} is`,
    onlyHere,
    load: () =>
      problems.length > 0
        ? { problems }
        : {
            problems: [],
            settings: { eventSource: chosenBy, auditTtlSeconds: 5, ...(logGroup && { logGroup }), connect: never },
          },
  });
  const sink = (chosenBy: string, { onlyHere = [], logGroup, problems = [] }: Kind = {}): SinkRoom => ({
    chosenBy,
    hint: `where ${chosenBy} is`,
    onlyHere,
    load: () =>
      problems.length > 0
        ? { problems }
        : { problems: [], settings: { name: chosenBy, ...(logGroup && { logGroup }), connect: never } },
  });
  const ROOMS: Rooms = {
    sources: [source('SOURCE_A', { onlyHere: ['A_SIZE'] }), source('SOURCE_B', { onlyHere: ['B_SIZE'] })],
    sinks: [sink('SINK_A'), sink('SINK_B', { onlyHere: ['B_STREAM'] })],
  };
  const CHOSEN = { REDIS_HOST: 'redis', SOURCE_A: 'x', SINK_A: 'x' };
  const problems = (env: Environment, rooms = ROOMS): readonly string[] => {
    try {
      readConfig(env, rooms);
      return [];
    } catch (error) {
      expect(error).toBeInstanceOf(ConfigError);
      return (error as ConfigError).problems;
    }
  };

  test('the variable that is set chooses, and its kind gives the defaults', () => {
    const config = readConfig({ REDIS_HOST: 'redis', SOURCE_B: 'x', SINK_B: 'x' }, ROOMS);
    expect(config).toMatchObject({ eventSource: 'SOURCE_B', auditTtlSeconds: 5, sink: { name: 'SINK_B' } });
  });

  test('what is set goes before the kind’s defaults', () => {
    const config = readConfig({ ...CHOSEN, EVENT_SOURCE: 'mine', AUDIT_TTL_SECONDS: '7' }, ROOMS);
    expect(config).toMatchObject({ eventSource: 'mine', auditTtlSeconds: 7 });
  });

  test('one of each is required, and the error names all there are', () => {
    expect(problems({ REDIS_HOST: 'redis' })).toEqual([
      'SOURCE_A (where SOURCE_A is) or SOURCE_B (where SOURCE_B is) is required: the source',
      'SINK_A (where SINK_A is) or SINK_B (where SINK_B is) is required: the sink',
    ]);
  });

  test('two of a kind are too many', () => {
    expect(problems({ ...CHOSEN, SOURCE_B: 'x' })).toEqual([
      'SOURCE_A and SOURCE_B are both set; a deployment has one source, keep one of them',
    ]);
    expect(problems({ ...CHOSEN, SINK_B: 'x' })).toEqual([
      'SINK_A and SINK_B are both set; a deployment has one sink, keep one of them',
    ]);
  });

  test('a variable that belongs to another kind is a mistake', () => {
    expect(problems({ ...CHOSEN, A_SIZE: '1', B_SIZE: '1', B_STREAM: 's' })).toEqual([
      'B_SIZE goes with SOURCE_B, but SOURCE_A is set; remove it',
      'B_STREAM goes with SINK_B, but SINK_A is set; remove it',
    ]);
  });

  test('the problems of the chosen ones are told beside all others', () => {
    const rooms: Rooms = {
      sources: [source('SOURCE_A', { problems: ['SOURCE_A is no URL'] })],
      sinks: [sink('SINK_A', { problems: ['SINK_A is no ARN'] })],
    };
    expect(problems({ ...CHOSEN, REDIS_DB: 'x', REDIS_HOST: '' }, rooms)).toEqual([
      'REDIS_DB must be an integer from 0 to 65535, got "x"',
      'SOURCE_A is no URL',
      'SINK_A is no ARN',
      'REDIS_HOST is required: host or host:port of the Redis that keeps the ledger',
    ]);
  });

  test('a log group may not be its own destination', () => {
    const rooms = (read: string, written: string): Rooms => ({
      sources: [source('SOURCE_A', { logGroup: read })],
      sinks: [sink('SINK_A', { logGroup: written })],
    });
    expect(problems(CHOSEN, rooms('group', 'other'))).toEqual([]);
    expect(problems(CHOSEN, rooms('group', 'group'))).toEqual([
      'LOG_GROUP_ARN names the log group that is read: a log group must not be its own destination',
    ]);
  });
});
