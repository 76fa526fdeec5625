import { isIP } from 'node:net';
import { Redis } from 'ioredis';
import pRetry from 'p-retry';
import pTimeout from 'p-timeout';
import { explain, toLedgerError } from './error.ts';

export interface RedisConnectionOptions {
  readonly host: string;
  readonly port: number;
  readonly db: number;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  /** Certificates are always verified, against Node's CAs and those of NODE_EXTRA_CA_CERTS. */
  readonly tls: boolean;
  /** How long a connection may take to stand. The first one must succeed within this time, retries included. Default 3000. */
  readonly connectTimeoutMs?: number | undefined;
  /** How long a command may wait for its reply before it is tried on a new connection. Default 4000. */
  readonly commandTimeoutMs?: number | undefined;
  /** Once connected, how long a failing command is tried again, e.g. through a failover; once, then as at first. Default 10000. */
  readonly retryForMs?: number | undefined;
  /** What is left of the run. No command takes more than a third of it, so that a Redis that hangs leaves time to say so. */
  readonly remainingMs?: (() => number) | undefined;
}

export interface RedisConnection {
  /**
   * Runs `command` on a live connection; opens one when there is none. When the connection fails, or the server says that
   * it is not ready or a replica, runs `command` again on a new connection, so it must be safe to repeat.
   * Settles within `retryForMs` (`connectTimeoutMs` before the first connection), or a third of what is left of the run.
   *
   * @param doing completes "while …" in the message of an error
   * @throws {LedgerError}
   */
  run<T>(doing: string, command: (redis: Redis) => Promise<T>): Promise<T>;
  /** Ends the socket; what is under way fails. A later `run` connects again. Never throws. */
  close(): void;
}

/** The rest of a time budget that is worth another attempt. */
const SHORTEST_ATTEMPT_MS = 100;
/** A server in good health answers within this, however little time is left. */
const SHORTEST_BUDGET_MS = 500;

/**
 * One connection to one Redis, made when first needed and again when it breaks.
 *
 * The retries here replace ioredis's own: those give up by count rather than by time, forget the reason (`Connection is
 * closed`), queue without limit while there is no connection, resend half of a pipeline, and stay silent when SELECT fails,
 * which would write to database 0.
 */
export function createRedisConnection(options: RedisConnectionOptions): RedisConnection {
  const { connectTimeoutMs = 3000, commandTimeoutMs = 4000, retryForMs = 10_000 } = options;
  const target = { host: options.host, port: options.port, secret: options.password };
  let opening: Promise<Redis> | undefined;
  let current: Redis | undefined;
  let wasConnected = false;
  let closing = new AbortController();

  async function open(): Promise<Redis> {
    const redis = new Redis(toRedisOptions(options, connectTimeoutMs, commandTimeoutMs));
    current = redis;
    const failures: Error[] = [];
    // Without a listener ioredis prints errors. Those of an open connection also reject its commands.
    redis.on('error', (error: Error) => failures.push(error));
    redis.once('end', () => {
      forget(redis);
    });
    try {
      await redis.connect();
      // A SELECT that failed is only an event to ioredis.
      if (failures[0] !== undefined) throw failures[0];
    } catch (error) {
      drop(redis);
      // ioredis says only that the connection is closed; the event said why.
      throw failures[0] ?? error;
    }
    wasConnected = true;
    return redis;
  }

  /** Gives a connection up, once, however many commands fail with it. */
  function drop(redis: Redis): void {
    if (current !== redis) return;
    forget(redis);
    redis.disconnect();
  }

  function forget(redis: Redis): void {
    if (current !== redis) return;
    current = undefined;
    opening = undefined;
  }

  async function attempt<T>(command: (redis: Redis) => Promise<T>): Promise<T> {
    opening ??= open();
    const redis = await opening;
    try {
      return await command(redis);
    } catch (error) {
      // The name may lead to another server now.
      if (explain(error).transient) drop(redis);
      throw error;
    }
  }

  return {
    async run(doing, command) {
      const start = performance.now();
      const closed = closing.signal;
      const shareMs = Math.max((options.remainingMs?.() ?? Infinity) / 3, SHORTEST_BUDGET_MS);
      const budgetMs = () => Math.min(wasConnected ? retryForMs : connectTimeoutMs, shareMs);
      const remainingMs = () => start + budgetMs() - performance.now();
      try {
        return await pRetry(
          () =>
            pTimeout(attempt(command), {
              milliseconds: Math.max(remainingMs(), 1),
              fallback: timedOut,
              signal: closed,
            }),
          {
            retries: Infinity,
            minTimeout: 50,
            maxTimeout: 1000,
            randomize: true,
            signal: closed,
            shouldRetry: ({ error, retryDelay }) =>
              explain(error).transient && remainingMs() - retryDelay > SHORTEST_ATTEMPT_MS,
          },
        );
      } catch (error) {
        // A server that stayed away this long is not waited for as long again: the caller has its own time limit.
        wasConnected = false;
        throw toLedgerError(error, doing, target);
      }
    },

    close() {
      closing.abort(new Error('the ledger was closed'));
      closing = new AbortController();
      if (current !== undefined) drop(current);
    },
  };
}

/** Made only when it is needed: the stack of an error costs more than the command. */
function timedOut(): never {
  throw new Error('Command timed out');
}

function toRedisOptions(options: RedisConnectionOptions, connectTimeout: number, commandTimeout: number) {
  const { host, port, db, username, password, tls } = options;
  return {
    host,
    port,
    db,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    // A `ca` here would replace Node's own CAs and NODE_EXTRA_CA_CERTS. An IP address must not be sent as a server name.
    ...(tls ? { tls: { rejectUnauthorized: true, ...(isIP(host) ? {} : { servername: host }) } } : {}),
    connectionName: 'kong-audit-forwarder',
    connectTimeout,
    commandTimeout,
    // Nothing is pending when a connection is given up, so a peer that does not close its side is not waited for.
    disconnectTimeout: 50,
    lazyConnect: true,
    retryStrategy: null,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    // The first command says LOADING itself, and needs no permission to call INFO.
    enableReadyCheck: false,
    disableClientInfo: true,
    // AUTH rather than HELLO: understood by every proxy and version; nothing here needs RESP3.
    protocol: 2,
  } as const;
}
