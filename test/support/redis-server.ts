import { type ChildProcess, spawn } from 'node:child_process';
import { createHash, randomInt } from 'node:crypto';
import { once } from 'node:events';
import { accessSync, constants } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';
import { Redis } from 'ioredis';
import { type Certificates, makeCertificates } from './certificates.ts';
import { startWarden, type Warden } from './end-with-us.ts';

export interface RedisServerOptions {
  /** Take only TLS connections, with a certificate of an authority made for this server. Default false. */
  readonly tls?: boolean;
  /** Password of `username`, or of the default user. */
  readonly password?: string;
  /** A user besides the default one; needs `password`. */
  readonly username?: string;
  /** ACL rules of `username`. Default: everything. */
  readonly rules?: string;
  /** Default: a free one. */
  readonly port?: number;
  /** As in redis.conf, e.g. `3mb`; the eviction policy is `noeviction`. Default: no limit. */
  readonly maxmemory?: string;
  /** The server to follow. */
  readonly replicaOf?: { readonly port: number };
  /** Keep the data over `restart()`. Default false. */
  readonly persistent?: boolean;
  /** More lines for redis.conf. */
  readonly config?: readonly string[];
}

export interface RedisServer extends AsyncDisposable {
  readonly host: string;
  readonly port: number;
  readonly url: string;
  /** PEM of the authority to trust; undefined without TLS. */
  readonly ca: string | undefined;
  /** Runs one command as a user who may do everything and returns its reply. */
  cli(command: string, ...args: readonly (string | number)[]): Promise<unknown>;
  /** Sends a signal; returns when the process has ended, at once for SIGSTOP and SIGCONT. */
  kill(signal?: NodeJS.Signals): Promise<void>;
  /** Starts the server again on its port; ends it first if it still runs. */
  restart(): Promise<void>;
}

/** Says what is missing and how to install it. */
export const NO_REDIS =
  'redis-server is not on the PATH. ' +
  'Install it: apt-get install -y redis-server (Debian, Ubuntu), brew install redis (macOS).';

/** Path of a Redis or Valkey server on the PATH, or null. */
export function findRedisServer(): string | null {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  const paths = ['redis-server', 'valkey-server'].flatMap((name) => folders.map((folder) => join(folder, name)));
  return paths.find(isExecutable) ?? null;
}

/**
 * Starts a Redis server of its own on 127.0.0.1 and returns when it accepts connections. Its data lies in a temporary folder
 * that goes with it. Neither outlives this process, however that ends.
 *
 * @throws when there is no `redis-server` on the PATH, saying how to install it
 */
export async function startRedis(options: RedisServerOptions = {}): Promise<RedisServer> {
  const program = findRedisServer();
  if (program === null) throw new Error(`This needs a Redis that it can start and stop. ${NO_REDIS}`);
  return startProcess(program, options);
}

async function startProcess(program: string, options: RedisServerOptions): Promise<RedisServer> {
  const host = '127.0.0.1';
  const port = options.port ?? (await freePort());
  const folder = await mkdtemp(join(tmpdir(), 'redis-'));
  const certificates = options.tls ? await makeCertificates() : undefined;
  const admin = adminOf(options);
  await writeConfig(folder, port, options, admin, certificates);

  const warden = startWarden(folder);
  let server = await run(program, folder, warden);

  const kill = async (signal: NodeJS.Signals = 'SIGKILL'): Promise<void> => {
    const ended = server.exitCode !== null || server.signalCode !== null;
    if (ended) return;
    const exit = once(server, 'exit');
    server.kill(signal);
    if (signal !== 'SIGSTOP' && signal !== 'SIGCONT') await exit;
  };
  return {
    host,
    port,
    url: toUrl(host, port, options),
    ca: certificates?.ca,
    cli: (command, ...args) =>
      call({ host, port, ...admin, ...(certificates ? { tls: { ca: certificates.ca } } : {}) }, command, args),
    kill,
    async restart() {
      await kill();
      server = await run(program, folder, warden);
    },
    async [Symbol.asyncDispose]() {
      await kill();
      warden.dismiss();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Who may do everything: the default user, unless the test wants a password on that one. */
function adminOf({ username, password }: RedisServerOptions): { readonly password?: string } {
  if (username !== undefined) return { password: 'the-admin-of-the-tests' };
  return password === undefined ? {} : { password };
}

async function writeConfig(
  folder: string,
  port: number,
  options: RedisServerOptions,
  admin: { readonly password?: string },
  certificates: Certificates | undefined,
): Promise<void> {
  const lines = [
    'bind 127.0.0.1',
    `dir ${folder}`,
    'save ""',
    'maxmemory-policy noeviction',
    'enable-debug-command yes',
  ];
  lines.push(`appendonly ${options.persistent ? 'yes' : 'no'}`, 'appendfsync always', 'repl-diskless-sync-delay 0');
  if (options.maxmemory !== undefined) lines.push(`maxmemory ${options.maxmemory}`);
  if (options.replicaOf !== undefined) lines.push(`replicaof 127.0.0.1 ${options.replicaOf.port}`);
  if (admin.password !== undefined) lines.push(`requirepass ${JSON.stringify(admin.password)}`);
  if (options.username !== undefined) {
    const hash = createHash('sha256')
      .update(options.password ?? '')
      .digest('hex');
    lines.push(`user ${options.username} on #${hash} ${options.rules ?? '~* &* +@all'}`);
  }
  if (certificates) {
    const files = {
      'tls-cert-file': certificates.cert,
      'tls-key-file': certificates.key,
      'tls-ca-cert-file': certificates.ca,
    };
    for (const [name, pem] of Object.entries(files)) {
      await writeFile(join(folder, name), pem, { mode: 0o600 });
      lines.push(`${name} ${join(folder, name)}`);
    }
    lines.push('port 0', `tls-port ${port}`, 'tls-auth-clients no');
  } else {
    lines.push(`port ${port}`);
  }
  await writeFile(join(folder, 'redis.conf'), [...lines, ...(options.config ?? [])].join('\n'), { mode: 0o600 });
}

/** Starts the process and waits for the line that says it accepts connections. */
async function run(program: string, folder: string, warden: Warden): Promise<ChildProcess> {
  const server = spawn(program, [join(folder, 'redis.conf')], { stdio: ['ignore', 'pipe', 'pipe'] });
  warden.watch(server);

  const log: string[] = [];
  server.stderr.on('data', (text: Buffer) => log.push(text.toString()));
  for await (const line of createInterface(server.stdout)) {
    log.push(line);
    if (!line.includes('Ready to accept connections')) continue;
    // Read on, so that the pipe never fills.
    server.stdout.resume();
    return server;
  }
  throw new Error(`${program} ended before it accepted connections:\n${log.slice(-10).join('\n')}`);
}

/** A server that somebody else started, and will stop. */
export function existingServer(url: string): RedisServer {
  const { hostname, port } = new URL(url);
  const refuse = () => Promise.reject(new Error('This server is shared: it is not this test’s to stop.'));
  return {
    host: hostname,
    port: Number(port || 6379),
    url,
    ca: undefined,
    cli: (command, ...args) => call(url, command, args),
    kill: refuse,
    restart: refuse,
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

async function call(
  server: string | { readonly host: string; readonly port: number },
  command: string,
  args: readonly (string | number)[],
): Promise<unknown> {
  const settings = { lazyConnect: true, retryStrategy: null, enableReadyCheck: false };
  const redis = typeof server === 'string' ? new Redis(server, settings) : new Redis({ ...server, ...settings });
  // Its failure is the command's.
  redis.on('error', () => undefined);
  try {
    return await redis.call(command, [...args]);
  } finally {
    redis.disconnect();
  }
}

function toUrl(host: string, port: number, { tls, username, password }: RedisServerOptions): string {
  const url = new URL(`${tls ? 'rediss' : 'redis'}://${host}:${port}`);
  url.username = username ?? '';
  url.password = password ?? '';
  return url.href;
}

/**
 * A port nobody listens on, and nobody gets by chance while that is so: it lies below those that systems give to outgoing connections
 * and to servers that take any (Linux from 32,768, macOS from 49,152).
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(20_000, 32_768);
    if (await isFree(port)) return port;
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
  } catch {
    return false;
  }
  server.close();
  await once(server, 'close');
  return true;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
