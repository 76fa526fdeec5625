import * as z from 'zod';
import { type Env, flag, got, integer, names, oneOf, readVariables, secretArn } from './environment.ts';
import { ConfigError } from './errors.ts';
import { DEFAULT_REDACT_KEYS } from './redact/redactor.ts';
import { LOG_LEVELS } from './log.ts';
import type { Loaded, SinkRoom, SourceRoom } from './room.ts';
import { secretSource } from './secrets.ts';

export type Config = ReturnType<typeof readConfig>;

/** The kinds of source and sink there are to choose from. */
export interface Rooms {
  readonly sources: readonly SourceRoom[];
  readonly sinks: readonly SinkRoom[];
}

const HOST_AND_PORT = /^(?:\[(?<ipv6>[0-9a-fA-F:.]+)\]|(?<host>[A-Za-z0-9._-]+))(?::(?<port>\d{1,5}))?$/;

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

/** Separated by commas, but not by those within braces, brackets or parentheses, or behind a backslash. */
const patterns = z
  .string()
  .transform((text) => text.match(/(?:\\.|\{[^}]*\}|\[(?:\\.|[^\]\\])*\]|\((?:\\.|[^)\\])*\)|[^,\\]|\\$)+/gs) ?? [])
  .transform((found): readonly string[] => found.map((pattern) => pattern.trim()).filter(Boolean));

/** What every deployment has, whatever its source and sink. */
const variables = z.object({
  REDIS_HOST: redisHost.optional(),
  REDIS_DB: integer(0, 65_535).default(0),
  REDIS_USERNAME: z.string().optional(),
  REDIS_PASSWORD: z.string().optional(),
  REDIS_PASSWORD_SECRET_ARN: secretArn.optional(),
  REDIS_TLS: flag.default(false),
  SOURCE_NAME: z
    .string()
    .regex(/^[A-Za-z0-9._-]{1,64}$/, {
      error: (issue) => `must be 1 to 64 characters of A-Z a-z 0-9 . _ -, got ${got(issue.input)}`,
    })
    .default('kong'),
  OVERLAP_SECONDS: integer(1, 30 * 86_400).default(3600),
  AUDIT_TTL_SECONDS: integer(1, 3_155_760_000).optional(),
  TTL_GRACE_SECONDS: integer(0, 365 * 86_400).default(3600),
  PUT_CONCURRENCY: integer(1, 100).default(20),
  PUT_CALLS_PER_SECOND: integer(1, 100_000).default(100),
  DEADLINE_RESERVE_MS: integer(0, 600_000).default(15_000),
  FORWARD_OWN_REQUESTS: flag.default(false),
  DERIVE_ERROR_CODE: flag.default(false),
  EVENT_SOURCE: z.string().max(1024, { error: 'must be at most 1024 characters' }).optional(),
  IGNORE_METHODS: names.transform((methods) => methods.map((method) => method.toUpperCase())).default([]),
  IGNORE_PATHS: patterns.default([]),
  REDACT_KEYS: redactKeys.default(DEFAULT_REDACT_KEYS),
  LOG_LEVEL: z.string().toUpperCase().pipe(oneOf(LOG_LEVELS)).default('INFO'),
});

/**
 * The configuration as `env` gives it. White space around a value is dropped, and what is empty then counts as unset. The
 * variables, their meaning and defaults are the table in README.md.
 *
 * @throws {ConfigError} names every variable that is wrong or missing, at once; values that may hold a secret are not repeated
 */
export function readConfig(env: Env, { sources, sinks }: Rooms) {
  const given: Env = Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) => (value?.trim() ? [[name, value.trim()]] : [])),
  );
  const { values, problems } = readVariables(variables, given);
  const source = choose<SourceRoom>(sources, given, 'source');
  const sink = choose<SinkRoom>(sinks, given, 'sink');
  const wrong = [
    ...problems,
    ...source.problems,
    ...sink.problems,
    ...(given['REDIS_HOST'] ? [] : ['REDIS_HOST is required: host or host:port of the Redis that keeps the ledger']),
    ...bothPasswords(given),
  ];
  if (
    'settings' in source &&
    'settings' in sink &&
    source.settings.logGroup !== undefined &&
    source.settings.logGroup === sink.settings.logGroup
  )
    wrong.push('LOG_GROUP_ARN names the log group that is read: a log group must not be its own destination');
  if (!values?.REDIS_HOST || wrong.length > 0 || !('settings' in source) || !('settings' in sink))
    throw new ConfigError(wrong);
  return {
    source: source.settings,
    sink: sink.settings,
    redis: {
      ...values.REDIS_HOST,
      db: values.REDIS_DB,
      username: values.REDIS_USERNAME,
      password: secretSource(values.REDIS_PASSWORD, values.REDIS_PASSWORD_SECRET_ARN),
      tls: values.REDIS_TLS,
    },
    sourceName: values.SOURCE_NAME,
    overlapSeconds: values.OVERLAP_SECONDS,
    auditTtlSeconds: values.AUDIT_TTL_SECONDS ?? source.settings.auditTtlSeconds,
    ttlGraceSeconds: values.TTL_GRACE_SECONDS,
    putConcurrency: values.PUT_CONCURRENCY,
    putCallsPerSecond: values.PUT_CALLS_PER_SECOND,
    deadlineReserveMs: values.DEADLINE_RESERVE_MS,
    forwardOwnRequests: values.FORWARD_OWN_REQUESTS,
    deriveErrorCode: values.DERIVE_ERROR_CODE,
    eventSource: values.EVENT_SOURCE ?? source.settings.eventSource,
    ignoreMethods: values.IGNORE_METHODS,
    ignorePaths: values.IGNORE_PATHS,
    redactKeys: values.REDACT_KEYS,
    logLevel: values.LOG_LEVEL,
  } as const;
}

/** The one room whose variable is set, loaded; or what is wrong with the choice. */
function choose<Room extends SourceRoom | SinkRoom>(
  rooms: readonly Room[],
  given: Env,
  what: string,
): Loaded<ReturnType<Room['load']> extends Loaded<infer Settings> ? Settings : never> {
  const chosen = rooms.filter(({ chosenBy }) => given[chosenBy] !== undefined);
  const [room, second] = chosen;
  if (!room)
    return {
      problems: [`${rooms.map(({ chosenBy, hint }) => `${chosenBy} (${hint})`).join(' or ')} is required: the ${what}`],
    };
  if (second)
    return {
      problems: [
        `${chosen.map(({ chosenBy }) => chosenBy).join(' and ')} are both set; a deployment has one ${what}, keep one of them`,
      ],
    };
  const loaded = room.load(given) as Loaded<ReturnType<Room['load']> extends Loaded<infer Settings> ? Settings : never>;
  const foreign = rooms
    .filter((other) => other !== room)
    .flatMap(({ onlyHere, chosenBy }) =>
      onlyHere
        .filter((name) => given[name] !== undefined)
        .map((name) => `${name} goes with ${chosenBy}, but ${room.chosenBy} is set; remove it`),
    );
  return foreign.length > 0 ? { problems: [...loaded.problems, ...foreign] } : loaded;
}

function bothPasswords(given: Env): string[] {
  return given['REDIS_PASSWORD'] !== undefined && given['REDIS_PASSWORD_SECRET_ARN'] !== undefined
    ? ['REDIS_PASSWORD and REDIS_PASSWORD_SECRET_ARN are both set; keep one of them']
    : [];
}
