import { type Config, readConfig, type Rooms } from './config.ts';
import type { Env } from './environment.ts';
import { type Ledger, OWN } from './ledger/ledger.ts';
import { createRedisLedger } from './ledger/redis/ledger.ts';
import type { Log } from './log.ts';
import { compilePatterns } from './path-patterns.ts';
import type { Deadline } from './pipeline/deadline.ts';
import { createFilter } from './pipeline/filter.ts';
import type { RunSettings } from './pipeline/settings.ts';
import type { Sink } from './pipeline/sink.ts';
import type { Source } from './pipeline/source.ts';
import type { Tally } from './pipeline/tally.ts';
import { createRedactor } from './redact/redactor.ts';
import { toSecret } from './secrets.ts';
import { cloudTrailLake } from './sinks/cloudtrail-lake/config.ts';
import { cloudWatchLogs } from './sinks/cloudwatch-logs/config.ts';
import { kong } from './sources/kong/config.ts';
import { logGroup } from './sources/log-group/config.ts';

/** A new kind of source or sink is a folder and a word here. */
const ROOMS: Rooms = { sources: [kong, logGroup], sinks: [cloudTrailLake, cloudWatchLogs] };

/** See `readConfig`. */
export const loadConfig = (env: Env): Config => readConfig(env, ROOMS);

/** What one invocation gives its parts. */
export interface Occasion {
  readonly deadline: Deadline;
  readonly log: Log;
  readonly tally: Tally;
  /** Milliseconds until Lambda ends the invocation. */
  readonly remainingMs: () => number;
  /** Requests the source makes are not marked as the program's own: nothing is written. */
  readonly isReadOnly?: boolean;
  /** One try at each thing. */
  readonly isCheck?: boolean;
  /** Stands in for Redis. */
  readonly ledger?: Ledger;
  /** Milliseconds since the epoch. @default Date.now */
  readonly now?: () => number;
}

/** The connected ends of one deployment, for one invocation. */
export interface Ends {
  readonly source: Source;
  readonly sink: Sink;
}

/** What a warm function keeps: the configuration, and the secrets once they have been read. */
export interface Deployment {
  readonly config: Config;
  /** @throws {ConfigError} `IGNORE_PATHS` is not what it should be */
  settings(): Promise<RunSettings>;
  /** Redis alone, for what needs no more. @throws {SecretError} its password cannot be read */
  connectLedger(occasion: Pick<Occasion, 'deadline' | 'remainingMs' | 'ledger'>): Promise<Ledger>;
  /** Connections are made for one invocation: an hour of frozen sockets gains nothing. */
  connect(occasion: Occasion, ledger: Pick<Ledger, 'mark' | 'bind'> | null): Promise<Ends>;
}

/**
 * Puts the parts of one deployment together.
 *
 * @throws {ConfigError} the environment is not a usable configuration
 */
export function compose(env: Env): Deployment {
  const config = loadConfig(env);
  const password = config.redis.password && toSecret(config.redis.password, 'password');
  const redactor = createRedactor(config.redactKeys);
  let isIgnored: Promise<RunSettings['isIgnored']> | undefined;

  return {
    config,
    async settings() {
      isIgnored ??= compilePatterns('IGNORE_PATHS', config.ignorePaths).then((paths) =>
        createFilter({ methods: config.ignoreMethods, paths }),
      );
      return { ...config, redactor, isIgnored: await isIgnored };
    },
    async connectLedger({ deadline, remainingMs, ledger }) {
      if (ledger) return ledger;
      const read = await password?.read({ signal: deadline.stopping });
      return createRedisLedger({ ...config.redis, password: read, source: config.sourceName, remainingMs });
    },
    async connect(occasion, ledger) {
      const { deadline, log, tally, isReadOnly = false, isCheck = false, now = Date.now } = occasion;
      const marksOwn = ledger && !config.forwardOwnRequests && !isReadOnly;
      const source = await config.source.connect({
        signals: deadline,
        log,
        ...(marksOwn && { markOwn: markOwn(ledger, config) }),
        ...(ledger && !isReadOnly && { bind: bindIds(ledger, config) }),
        deriveErrorCode: config.deriveErrorCode,
        lookbackSeconds: config.auditTtlSeconds,
        overlapSeconds: config.overlapSeconds,
        isCheck,
      });
      const sink = await config.sink.connect({
        sourceName: config.sourceName,
        eventSource: config.eventSource,
        redactor,
        callsPerSecond: config.putCallsPerSecond,
        signals: deadline,
        log,
        onRequest: () => (tally.puts += 1),
        onThrottled: () => (tally.putThrottled += 1),
        now,
      });
      return { source, sink };
    },
  };
}

/** Marks the ids of this program's own requests, so that reading the audit log does not fill it with events about reading it. */
export function markOwn(ledger: Pick<Ledger, 'mark'>, config: Pick<Config, 'auditTtlSeconds' | 'ttlGraceSeconds'>) {
  const ttlSeconds = config.auditTtlSeconds + config.ttlGraceSeconds;
  return (id: string): Promise<void> => ledger.mark([{ id, value: OWN, ttlSeconds }]);
}

/** A mark of an id is written after the id was bound, by as much as an invocation may last at most; a day is more than that. */
const BOUND_LONGER_SECONDS = 86_400;

/** Remembers whose each id is, for longer than any mark of it lasts. */
export function bindIds(ledger: Pick<Ledger, 'bind'>, config: Pick<Config, 'auditTtlSeconds' | 'ttlGraceSeconds'>) {
  const ttlSeconds = config.auditTtlSeconds + config.ttlGraceSeconds + BOUND_LONGER_SECONDS;
  return (ids: readonly { readonly id: string; readonly value: string }[]): Promise<readonly boolean[]> =>
    ledger.bind(ids.map((one) => ({ ...one, ttlSeconds })));
}
