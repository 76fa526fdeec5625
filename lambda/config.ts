import { X509Certificate } from 'node:crypto';
import * as z from 'zod';
import { DEFAULT_REDACT_KEYS } from './redact/redactor.ts';
import { ConfigError } from './errors.ts';
import { SCAN_STRATEGIES } from './kong/capabilities.ts';
import type { SecretSource } from './secrets.ts';

export type Config = ReturnType<typeof loadConfig>;

const CHANNEL_ARN = /^arn:aws[a-z-]*:cloudtrail:([a-z0-9-]+):(\d{12}):channel\/\S+$/;
const isArn = (input: unknown): boolean => String(input).startsWith('arn:');
const SECRET_ARN = /^arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:\d{12}:secret:\S+$/;
const HOST_AND_PORT = /^(?:\[(?<ipv6>[0-9a-fA-F:.]+)\]|(?<host>[A-Za-z0-9._-]+))(?::(?<port>\d{1,5}))?$/;

/** Names what was got without printing what could be, or could contain, a secret put into the wrong variable. */
const got = (input: unknown, maxCharacters = 12): string => {
  const text = String(input);
  return text.length > maxCharacters ? `a text of ${text.length} characters` : JSON.stringify(text);
};

const flag = z.stringbool({
  truthy: ['true', '1', 'yes'],
  falsy: ['false', '0', 'no'],
  error: (issue) => `must be true, false, 1, 0, yes or no, got ${got(issue.input, 0)}`,
});

const integer = (min: number, max: number) => {
  const error = (issue: { input?: unknown }) => `must be an integer from ${min} to ${max}, got ${got(issue.input)}`;
  return z
    .string()
    .regex(/^\d{1,15}$/, { error })
    .transform(Number)
    .pipe(z.int({ error }).min(min, { error }).max(max, { error }));
};

const oneOf = <const Values extends readonly string[]>(values: Values) =>
  z.enum(values, { error: (issue) => `must be one of ${values.join(', ')}, got ${got(issue.input)}` });

const adminApi = z.string().transform((text, context) => {
  const url = URL.parse(text);
  if (!url || !['http:', 'https:'].includes(url.protocol)) {
    context.addIssue('must be an http or https URL such as https://kong.internal:8444');
    return z.NEVER;
  }
  if (url.username || url.password)
    context.addIssue('must not contain a user or password; the token goes into KONG_ADMIN_TOKEN');
  if (url.search || url.hash) context.addIssue('must end with the path prefix, without query or fragment');
  return `${url.origin}${url.pathname}`.replace(/\/+$/, '');
});

const rootCa = z.string().transform((text, context) => {
  const pem = text.replaceAll('\\n', '\n').trim();
  const certificates = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  const begun = pem.split('-----BEGIN CERTIFICATE-----').length - 1;
  try {
    if (begun === 0 || begun !== certificates.length) throw new Error('none, or one of them is cut off');
    for (const certificate of certificates) new X509Certificate(certificate);
  } catch {
    context.addIssue('must hold PEM certificates, from -----BEGIN CERTIFICATE----- to -----END CERTIFICATE-----');
  }
  return pem;
});

const redisHost = z.string().transform((text, context) => {
  const parts = HOST_AND_PORT.exec(text)?.groups;
  const port = Number(parts?.['port'] ?? 6379);
  if (!parts || port < 1 || port > 65_535) {
    context.addIssue('must be host or host:port, without redis:// and without a password (that is REDIS_PASSWORD)');
    return z.NEVER;
  }
  return { host: parts['ipv6'] ?? parts['host'] ?? '', port };
});

const redactKeys = z.string().transform((text, context): readonly string[] => {
  if (text.toLowerCase() === 'none') return [];
  const names = text
    .replace(/^\+/, '')
    .split(',')
    .map((name) => name.trim())
    .filter(Boolean);
  if (names.length === 0) context.addIssue('must name keys, separated by commas, or be none');
  return text.startsWith('+') ? [...DEFAULT_REDACT_KEYS, ...names] : names;
});

const secretArn = z.string().regex(SECRET_ARN, { error: 'must be the full ARN of a Secrets Manager secret' });
const required = (hint: string) => `is required: ${hint}`;

const environmentSchema = z.object({
  KONG_ADMIN_API: adminApi.optional(),
  KONG_SUPERADMIN: flag.default(false),
  KONG_ADMIN_TOKEN: z
    .string()
    .regex(/^[\x21-\x7e]+$/, { error: 'must be printable ASCII without spaces' })
    .optional(),
  KONG_ADMIN_TOKEN_SECRET_ARN: secretArn.optional(),
  KONG_ROOT_CA: rootCa.optional(),
  KONG_PAGE_SIZE: integer(1, 1000).default(1000),
  KONG_SCAN: oneOf(['auto', ...SCAN_STRATEGIES]).default('auto'),
  REDIS_HOST: redisHost.optional(),
  REDIS_DB: integer(0, 65_535).default(0),
  REDIS_USERNAME: z.string().optional(),
  REDIS_PASSWORD: z.string().optional(),
  REDIS_PASSWORD_SECRET_ARN: secretArn.optional(),
  REDIS_TLS: flag.default(false),
  CHANNEL_ARN: z
    .string()
    .regex(CHANNEL_ARN, {
      error: (issue) =>
        `must look like arn:aws:cloudtrail:<region>:<account>:channel/<id>, got ${got(issue.input, isArn(issue.input) ? 2048 : 0)}`,
    })
    .optional(),
  EXTERNAL_ID: z
    .string()
    .regex(/^[\w+=,.@:/-]{2,1224}$/, { error: 'must be 2 to 1224 characters of A-Z a-z 0-9 _ + = , . @ : / -' })
    .optional(),
  SOURCE_NAME: z
    .string()
    .regex(/^[A-Za-z0-9._-]{1,64}$/, {
      error: (issue) => `must be 1 to 64 characters of A-Z a-z 0-9 . _ -, got ${got(issue.input)}`,
    })
    .default('kong'),
  OVERLAP_SECONDS: integer(0, 30 * 86_400).default(3600),
  AUDIT_TTL_SECONDS: integer(1, 3_155_760_000).default(2_592_000),
  TTL_GRACE_SECONDS: integer(0, 365 * 86_400).default(3600),
  PUT_CONCURRENCY: integer(1, 100).default(5),
  PUT_CALLS_PER_SECOND: integer(1, 100_000).default(100),
  DEADLINE_RESERVE_MS: integer(0, 600_000).default(15_000),
  FORWARD_OWN_REQUESTS: flag.default(false),
  DERIVE_ERROR_CODE: flag.default(false),
  EVENT_SOURCE: z.string().max(1024, { error: 'must be at most 1024 characters' }).default('kong-gateway'),
  REDACT_KEYS: redactKeys.default(DEFAULT_REDACT_KEYS),
  LOG_LEVEL: z
    .string()
    .toUpperCase()
    .pipe(oneOf(['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'CRITICAL', 'SILENT']))
    .default('INFO'),
});

type Environment = z.infer<typeof environmentSchema>;

/**
 * The configuration as `env` gives it. White space around a value is dropped, and what is empty then counts as unset. The
 * variables, their meaning and defaults are the table in README.md.
 *
 * @throws {ConfigError} names every variable that is wrong or missing, at once; values that may hold a secret are not repeated
 */
export function loadConfig(env: Readonly<Record<string, string | undefined>>) {
  const given = Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) => (value?.trim() ? [[name, value.trim()]] : [])),
  );
  const parsed = environmentSchema.safeParse(given);
  const problems = parsed.success ? [] : parsed.error.issues.map((issue) => `${issue.path.join('.')} ${issue.message}`);
  problems.push(...missing(given), ...contradictions(given));
  const values = parsed.data;
  if (!values || problems.length > 0) throw new ConfigError(problems);

  const { KONG_ADMIN_API, REDIS_HOST, CHANNEL_ARN: channelArn } = values;
  const [, channelRegion, channelAccount] = CHANNEL_ARN.exec(channelArn ?? '') ?? [];
  if (!KONG_ADMIN_API || !REDIS_HOST || !channelArn || !channelRegion || !channelAccount)
    throw new ConfigError(missing({}));

  return {
    kong: {
      /** Without a trailing slash; the path prefix is kept as given. */
      adminApi: KONG_ADMIN_API,
      /** Null when requests carry no token. */
      token: values.KONG_SUPERADMIN ? secret(values.KONG_ADMIN_TOKEN, values.KONG_ADMIN_TOKEN_SECRET_ARN) : null,
      rootCa: values.KONG_ROOT_CA,
      pageSize: values.KONG_PAGE_SIZE,
      scan: values.KONG_SCAN,
    },
    redis: {
      ...REDIS_HOST,
      db: values.REDIS_DB,
      username: values.REDIS_USERNAME,
      password: secret(values.REDIS_PASSWORD, values.REDIS_PASSWORD_SECRET_ARN),
      tls: values.REDIS_TLS,
    },
    channel: { arn: channelArn, region: channelRegion, accountId: channelAccount, externalId: values.EXTERNAL_ID },
    sourceName: values.SOURCE_NAME,
    overlapSeconds: values.OVERLAP_SECONDS,
    auditTtlSeconds: values.AUDIT_TTL_SECONDS,
    ttlGraceSeconds: values.TTL_GRACE_SECONDS,
    putConcurrency: values.PUT_CONCURRENCY,
    putCallsPerSecond: values.PUT_CALLS_PER_SECOND,
    deadlineReserveMs: values.DEADLINE_RESERVE_MS,
    forwardOwnRequests: values.FORWARD_OWN_REQUESTS,
    deriveErrorCode: values.DERIVE_ERROR_CODE,
    eventSource: values.EVENT_SOURCE,
    redactKeys: values.REDACT_KEYS,
    logLevel: values.LOG_LEVEL,
  } as const;
}

function secret(value: string | undefined, arn: string | undefined): SecretSource | null {
  if (arn !== undefined) return { secretArn: arn };
  return value === undefined ? null : { value };
}

function missing(given: Partial<Record<keyof Environment, string>>): string[] {
  const hints = {
    KONG_ADMIN_API: required('the URL of the Admin API, such as https://kong.internal:8444'),
    REDIS_HOST: required('host or host:port of the Redis that keeps the ledger'),
    CHANNEL_ARN: required('the ARN of the CloudTrail Lake channel'),
  } as const;
  const problems = Object.entries(hints)
    .filter(([name]) => given[name as keyof typeof hints] === undefined)
    .map(([name, hint]) => `${name} ${hint}`);
  const superadmin = flag.safeParse(given.KONG_SUPERADMIN).data;
  if (superadmin && !given.KONG_ADMIN_TOKEN && !given.KONG_ADMIN_TOKEN_SECRET_ARN)
    problems.push('KONG_ADMIN_TOKEN or KONG_ADMIN_TOKEN_SECRET_ARN is required while KONG_SUPERADMIN is true');
  return problems;
}

function contradictions(given: Partial<Record<keyof Environment, string>>): string[] {
  return (['KONG_ADMIN_TOKEN', 'REDIS_PASSWORD'] as const)
    .filter((name) => given[name] !== undefined && given[`${name}_SECRET_ARN`] !== undefined)
    .map((name) => `${name} and ${name}_SECRET_ARN are both set; keep one of them`);
}
