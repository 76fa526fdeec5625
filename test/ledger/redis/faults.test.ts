import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm, writeFile } from 'node:fs/promises';
import { createServer, connect, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { CheckpointError, LedgerError, LockLostError } from '../../../lambda/errors.ts';
import { createRedisLedger, type RedisLedgerOptions } from '../../../lambda/ledger/redis/ledger.ts';
import { freePort, type RedisServer, startRedis } from '../../support/redis-server.ts';
import { until } from '../../support/until.ts';
import { checkpoint, quarantinedIn, record, seen, stored } from '../contract.ts';

const prefix = 'kong-audit:{kong}:';

function ledgerOn(
  server: { readonly host?: string; readonly port: number },
  options: Partial<RedisLedgerOptions> = {},
) {
  const ledger = createRedisLedger({
    host: '127.0.0.1',
    port: server.port,
    db: 0,
    tls: false,
    source: 'kong',
    ...options,
  });
  return Object.assign(ledger, { [Symbol.asyncDispose]: () => ledger.close() });
}

/** The error `promise` rejects with, a LedgerError. */
async function failure(promise: Promise<unknown>): Promise<LedgerError> {
  const error = await promise.then(
    () => new Error('It did not fail.'),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(LedgerError);
  return error as LedgerError;
}

/** How often the server gave this error, e.g. LOADING. */
async function refusals(server: RedisServer, code: string): Promise<number> {
  const stats = String(await server.cli('INFO', 'errorstats'));
  return Number(new RegExp(`errorstat_${code}:count=(\\d+)`).exec(stats)?.[1] ?? 0);
}

async function connectionsOf(server: RedisServer): Promise<number> {
  return String(await server.cli('CLIENT', 'LIST')).split('name=kong-audit-forwarder ').length - 1;
}

describe('redis: connecting', () => {
  test('works with TLS, a user, a password and a database', async () => {
    await using server = await startRedis({ tls: true, username: 'forwarder', password: 's3cret "word"' });
    setDefaultCACertificates([...getCACertificates('default'), server.ca ?? '']);
    const login = { tls: true, username: 'forwarder', password: 's3cret "word"', db: 5 };
    for (const host of ['127.0.0.1', 'localhost']) {
      await using ledger = ledgerOn(server, { ...login, host });
      await ledger.mark([seen('a', host)]);
      expect(await ledger.lookup(['a'])).toEqual([host]);
    }
  });

  test('trusts the authorities of NODE_EXTRA_CA_CERTS', async () => {
    await using server = await startRedis({ tls: true });
    const file = join(tmpdir(), `ca-${process.pid}-${server.port}.pem`);
    await writeFile(file, server.ca ?? '');
    const module = new URL('../../lambda/ledger/redis.ts', import.meta.url).href;
    const program = `
      import { createRedisLedger } from '${module}';
      const ledger = createRedisLedger({ host: 'localhost', port: ${server.port}, db: 0, tls: true, source: 'kong' });
      await ledger.mark([{ id: 'a', value: 'from a child', ttlSeconds: 60 }]);
      await ledger.close();`;
    const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
      env: { ...process.env, NODE_EXTRA_CA_CERTS: file, NODE_OPTIONS: '' },
      stdio: 'inherit',
      timeout: 10_000,
    });
    expect(await once(child, 'exit')).toEqual([0, null]);
    expect(await server.cli('GET', `${prefix}seen:a`)).toBe('from a child');
    await rm(file);
  });

  test('fails when the authority is unknown', async () => {
    await using server = await startRedis({ tls: true });
    await using ledger = ledgerOn(server, { tls: true });
    const error = await failure(ledger.lookup(['a']));
    expect(error.message).toContain(`Redis at 127.0.0.1:${server.port} has a TLS certificate that cannot be trusted`);
    expect(error.message).toContain('NODE_EXTRA_CA_CERTS');
  });

  test('fails when the server takes no plain connections', async () => {
    await using server = await startRedis({ tls: true });
    await using ledger = ledgerOn(server, { connectTimeoutMs: 300 });
    expect((await failure(ledger.lookup(['a']))).message).toMatch(/closed the connection .*REDIS_TLS/);
  });

  test('fails when the server takes only plain connections', async () => {
    await using server = await startRedis();
    await using ledger = ledgerOn(server, { tls: true, connectTimeoutMs: 300 });
    expect((await failure(ledger.lookup(['a']))).message).toMatch(/did not answer in time .*REDIS_TLS/);
  });

  test.for([
    ['a wrong password', { username: 'forwarder', password: 'not-the-pass' }, 'refused the user name or the password'],
    ['an unknown user', { username: 'nobody', password: 'not-the-pass' }, 'refused the user name or the password'],
    ['a wrong password of the default user', { password: 'not-the-pass' }, 'refused the user name or the password'],
    ['no password', {}, 'wants a password and got none'],
    [
      'a database that is not there',
      { username: 'forwarder', password: 'the-pass', db: 99 },
      'has no database of that number',
    ],
  ] as const)('fails at once with %s, and never tells the password', async ([, login, problem]) => {
    await using server = await startRedis({ username: 'forwarder', password: 'the-pass' });
    await using ledger = ledgerOn(server, login);
    const start = performance.now();
    const error = await failure(ledger.mark([seen('a')]));
    expect(performance.now() - start).toBeLessThan(1000);
    expect(error.message).toContain(`Redis at 127.0.0.1:${server.port} ${problem} while marking 1 id(s)`);
    expect(inspect(error, { depth: Infinity, showHidden: true })).not.toMatch(/the-pass/);
    expect(await server.cli('DBSIZE')).toBe(0);
  });

  test.for([
    ['nobody listens', '127.0.0.1', 'refused the connection'],
    ['the host is unknown', 'redis.invalid', 'has a host name that cannot be resolved'],
  ] as const)('fails within seconds when %s', async ([, host, problem]) => {
    const port = await freePort();
    await using ledger = ledgerOn({ port }, { host });
    const start = performance.now();
    expect((await failure(ledger.lock('run-1', 60))).message).toContain(`Redis at ${host}:${port} ${problem}`);
    expect(performance.now() - start).toBeLessThan(4000);
  });

  test('fails in a diagnosis by saying so', async () => {
    const port = await freePort();
    await using ledger = ledgerOn({ port }, { connectTimeoutMs: 200 });
    const { ok, detail, fix } = await ledger.diagnose();
    expect(ok).toBe(false);
    expect(detail).toContain(`Redis at 127.0.0.1:${port} refused the connection`);
    expect(fix).toContain('REDIS_HOST');
  });

  test('succeeds when the server comes up just in time', async () => {
    const port = await freePort();
    await using ledger = ledgerOn({ port });
    const locking = ledger.lock('run-1', 60);
    await using server = await startRedis({ port });
    expect(await locking).toBe(true);
    expect(await server.cli('GET', `${prefix}lock`)).toBe('run-1');
  });

  test('is one connection, however many calls there are, and none after close', async () => {
    await using server = await startRedis();
    await using ledger = ledgerOn(server);
    expect(await connectionsOf(server)).toBe(0);
    await Promise.all(Array.from({ length: 50 }, (_, at) => ledger.mark([seen(`id-${at}`)])));
    expect(await connectionsOf(server)).toBe(1);
    await ledger.close();
    await until('the server sees no connection', async () => (await connectionsOf(server)) === 0);
  });
});

describe('redis: a connection that breaks', () => {
  test('is made again, and what was under way is done', async () => {
    await using server = await startRedis({ persistent: true });
    await using ledger = ledgerOn(server);
    await ledger.lock('run-1', 60);
    await ledger.mark([seen('before')]);
    await server.kill('SIGSTOP');
    const underWay = [
      ledger.lock('run-1', 60),
      ledger.saveCheckpoint(checkpoint, 'run-1'),
      ledger.quarantine([record('bad')]),
      ...Array.from({ length: 10 }, (_, at) => ledger.mark([seen(`id-${at}`)])),
    ];
    await server.restart();
    await Promise.all(underWay);
    expect(await ledger.lookup(['before', 'id-0', 'id-9'])).toEqual(['event-1', 'event-1', 'event-1']);
    expect(await ledger.loadCheckpoint()).toEqual(checkpoint);
    expect(await connectionsOf(server)).toBe(1);
  });

  test('is made again when it broke between two calls', async () => {
    await using server = await startRedis();
    await using ledger = ledgerOn(server);
    await ledger.mark([seen('a')]);
    await server.cli('CLIENT', 'KILL', 'TYPE', 'normal');
    expect(await ledger.lookup(['a'])).toEqual(['event-1']);
  });

  test('does not lose the lock to itself: a lock whose reply was lost is the same run’s', async () => {
    await using server = await startRedis();
    await using lossy = await startEndpoint(server);
    await using ledger = ledgerOn(lossy);
    await ledger.lookup(['a']);
    lossy.dropReplies = true;
    const locking = ledger.lock('run-1', 60);
    await until('the lock is taken', async () => (await server.cli('EXISTS', `${prefix}lock`)) === 1);
    lossy.dropReplies = false;
    lossy.disconnect();
    expect(await locking).toBe(true);
  });

  test('is left for a new one when no reply comes', async () => {
    await using server = await startRedis();
    await using lossy = await startEndpoint(server);
    await using ledger = ledgerOn(lossy, { commandTimeoutMs: 100 });
    await ledger.lookup(['a']);
    lossy.dropReplies = true;
    const marking = ledger.mark([seen('a')]);
    await until('the mark is made', async () => (await server.cli('EXISTS', `${prefix}seen:a`)) === 1);
    lossy.dropReplies = false;
    await marking;
  });

  test('is given up in time when the server is gone for good', async () => {
    await using server = await startRedis();
    await using ledger = ledgerOn(server, { retryForMs: 500 });
    await ledger.mark([seen('a')]);
    await server.kill();
    const start = performance.now();
    expect((await failure(ledger.mark([seen('b')]))).message).toContain('refused the connection');
    expect(performance.now() - start).toBeLessThan(1500);
    await server.restart();
    await ledger.mark([seen('b')]);
  });

  test('is given up in time when the server hangs, and works again when it goes on', async () => {
    await using server = await startRedis();
    await using ledger = ledgerOn(server, { commandTimeoutMs: 200, retryForMs: 700 });
    await ledger.mark([seen('a')]);
    await server.kill('SIGSTOP');
    const start = performance.now();
    expect((await failure(ledger.lookup(['a']))).message).toContain('did not answer in time while looking up 1 id(s)');
    expect(performance.now() - start).toBeLessThan(1500);
    await server.kill('SIGCONT');
    expect(await ledger.lookup(['a'])).toEqual(['event-1']);
  });

  test('starts the reading of the quarantine again, so that no record is missed', async () => {
    await using server = await startRedis({ persistent: true });
    await using ledger = ledgerOn(server);
    const ids = Array.from({ length: 500 }, (_, at) => `id-${at}`);
    await ledger.quarantine(ids.map((id) => record(id)));
    const given = new Set<string>();
    let batches = 0;
    for await (const batch of ledger.quarantined()) {
      for (const { id } of batch) given.add(id);
      // Another process orders its hashes differently, so the cursor of this one means nothing to it.
      if (++batches === 2) await server.restart();
    }
    expect(given.size).toBe(500);
  });

  test('fails what is under way when the ledger is closed, and close itself succeeds', async () => {
    await using server = await startRedis();
    await using ledger = ledgerOn(server);
    await ledger.mark([seen('a')]);
    await server.kill('SIGSTOP');
    const underWay = failure(ledger.lookup(['a']));
    await ledger.close();
    expect((await underWay).message).toContain('the ledger was closed');
    await server.kill();
    await ledger.close();
  });
});

describe('redis: a server in trouble', () => {
  test('that restarts empty has lost the lock, so no checkpoint is saved', async () => {
    await using server = await startRedis();
    await using ledger = ledgerOn(server);
    await ledger.lock('run-1', 60);
    await ledger.saveCheckpoint(checkpoint, 'run-1');
    await server.restart();
    await expect(ledger.saveCheckpoint(checkpoint, 'run-1')).rejects.toThrow(LockLostError);
    expect(await ledger.loadCheckpoint()).toBeNull();
  });

  test('that is still loading its data is waited for', async () => {
    await using server = await startRedis({
      config: ['key-load-delay 1000', 'loading-process-events-interval-bytes 1024'],
    });
    await using ledger = ledgerOn(server);
    await ledger.mark(Array.from({ length: 400 }, (_, at) => seen(`id-${at}`)));
    await server.cli('SAVE');
    await server.kill();
    const restarting = server.restart();
    expect(await ledger.lookup(['id-0', 'id-399'])).toEqual(['event-1', 'event-1']);
    await restarting;
    expect(await refusals(server, 'LOADING')).toBeGreaterThan(0);
  });

  test('that fails over is waited for, and the connection leads to the new primary', async () => {
    await using primary = await startRedis();
    await using replica = await startRedis({ replicaOf: primary });
    await using endpoint = await startEndpoint(primary);
    await using ledger = ledgerOn(endpoint);
    await ledger.lock('run-1', 60);
    await ledger.mark([seen('a')]);
    await until('the replica has it', async () => (await replica.cli('EXISTS', `${prefix}seen:a`)) === 1);

    endpoint.target = replica;
    await primary.kill();
    const marking = ledger.mark([seen('b')]);
    const saving = ledger.saveCheckpoint(checkpoint, 'run-1');
    await until('the replica refuses the writes', async () => (await refusals(replica, 'READONLY')) >= 2);
    await replica.cli('REPLICAOF', 'NO', 'ONE');
    await Promise.all([marking, saving]);
    expect(await ledger.lookup(['a', 'b'])).toEqual(['event-1', 'event-1']);
  });

  test('that is demoted while its name moves on is left for the new primary', async () => {
    await using first = await startRedis();
    await using second = await startRedis();
    await using endpoint = await startEndpoint(first);
    await using ledger = ledgerOn(endpoint);
    await ledger.mark([seen('a')]);
    endpoint.target = second;
    await first.cli('REPLICAOF', second.host, second.port);
    await ledger.mark([seen('b')]);
    expect(await second.cli('GET', `${prefix}seen:b`)).toBe('event-1');
  });

  test('that stays a replica is named as one', async () => {
    await using primary = await startRedis();
    await using replica = await startRedis({ replicaOf: primary });
    await using ledger = ledgerOn(replica, { retryForMs: 300 });
    await ledger.lookup(['a']);
    expect((await failure(ledger.mark([seen('a')]))).message).toMatch(
      /is a replica and takes no writes .*primary endpoint/,
    );
    const { ok, detail, fix } = await ledger.diagnose();
    expect({ ok, fix }).toEqual({ ok: false, fix: 'REDIS_HOST must name the primary endpoint.' });
    expect(detail).toContain(`is a replica (its primary is 127.0.0.1:${primary.port})`);
  });

  test('that is out of memory refuses a batch as a whole, and reading goes on', async () => {
    await using server = await startRedis({ maxmemory: '4mb' });
    await using ledger = ledgerOn(server);
    await ledger.lock('run-1', 600);
    await ledger.quarantine([record('early')]);
    const batches = Array.from({ length: 1000 }, (_, batch) =>
      Array.from({ length: 100 }, (_, at) => seen(`${batch}-${at}-0123456789abcdef0123456789abcdef`)),
    );
    let full = -1;
    for (const [at, batch] of batches.entries()) {
      full = at;
      const error = await ledger.mark(batch).then(
        () => undefined,
        (reason: unknown) => reason as LedgerError,
      );
      if (error === undefined) continue;
      expect(error).toBeInstanceOf(LedgerError);
      expect(error.message).toMatch(/is out of memory and refused the write while marking 100 id\(s\) .*maxmemory/);
      break;
    }
    expect(full).toBeGreaterThan(0);
    expect(full).toBeLessThan(batches.length - 1);
    const outcomes = async (batch: number) => new Set(await ledger.lookup((batches[batch] ?? []).map(({ id }) => id)));
    expect(await outcomes(full - 1)).toEqual(new Set(['event-1']));
    expect(await outcomes(full)).toEqual(new Set([null]));

    expect((await failure(ledger.quarantine([record('a'), record('b')]))).message).toContain('out of memory');
    expect((await failure(ledger.saveCheckpoint(checkpoint, 'run-1'))).message).toContain('out of memory');
    expect(await ledger.lookup(['a', 'b'])).toEqual([null, null]);
    expect(await quarantinedIn(ledger)).toEqual([stored('early')]);
    expect(await ledger.diagnose()).toMatchObject({
      ok: false,
      detail: expect.stringContaining('out of memory') as string,
    });

    await server.cli('CONFIG', 'SET', 'maxmemory', '100mb');
    await ledger.mark(batches[full] ?? []);
    expect(await outcomes(full)).toEqual(new Set(['event-1']));
  });

  test('that holds something else under the checkpoint’s key gets an error that says how to reset it', async () => {
    await using server = await startRedis({ password: 'the-pass' });
    await using ledger = ledgerOn(server, { password: 'the-pass', db: 2 });
    await ledger.lookup(['a']);
    await server.cli('EVAL', "redis.call('SELECT', 2) redis.call('RPUSH', KEYS[1], 'x')", 1, `${prefix}checkpoint`);
    const error = await ledger.loadCheckpoint().catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(CheckpointError);
    expect((error as CheckpointError).message).toContain(
      `redis-cli -h 127.0.0.1 -p ${server.port} -n 2 --askpass DEL '${prefix}checkpoint'`,
    );
  });
});

describe('redis: diagnosis', () => {
  test.for([
    ['noeviction', true, ''],
    ['allkeys-lru', true, 'Set maxmemory-policy to noeviction'],
    ['volatile-ttl', true, 'Set maxmemory-policy to noeviction'],
  ] as const)('with maxmemory-policy %s advises what to do', async ([policy, ok, fix]) => {
    await using server = await startRedis({ maxmemory: '100mb' });
    await server.cli('CONFIG', 'SET', 'maxmemory-policy', policy);
    await using ledger = ledgerOn(server);
    const found = await ledger.diagnose();
    expect(found.ok).toBe(ok);
    expect(found.detail).toMatch(new RegExp(`uses .* of 100\\.00M, maxmemory-policy is ${policy}`));
    expect(found.fix).toContain(fix);
    expect(found.fix === '').toBe(fix === '');
  });

  test('needs no more than the permissions it names, which are enough for everything', async () => {
    const rules = '~kong-audit:* +@read +@write +@scripting +@connection +info';
    await using server = await startRedis({ username: 'forwarder', password: 'the-pass', rules });
    await using ledger = ledgerOn(server, { username: 'forwarder', password: 'the-pass' });
    expect(await ledger.diagnose()).toMatchObject({ ok: true, fix: '' });
    await ledger.lock('run-1', 60);
    await ledger.mark([seen('a')]);
    await ledger.saveCheckpoint(checkpoint, 'run-1');
    await ledger.quarantine([record('b')]);
    await ledger.release([seen('b')]);
    expect(await ledger.lookup(['a', 'b'])).toEqual(['event-1', 'event-1']);
    await ledger.unlock('run-1');
  });

  test.for([
    ['reads only', '~kong-audit:* +@read +@connection +info'],
    ['may not run scripts', '~kong-audit:* +@read +@write +@connection +info'],
    ['may use other keys only', '~other:* +@all'],
  ] as const)('of a user who %s says what to grant', async ([, rules]) => {
    await using server = await startRedis({ username: 'forwarder', password: 'the-pass', rules });
    await using ledger = ledgerOn(server, { username: 'forwarder', password: 'the-pass' });
    const { ok, detail, fix } = await ledger.diagnose();
    expect(ok).toBe(false);
    expect(detail).toContain('does not permit this user what the ledger needs (NOPERM');
    expect(fix).toContain('ACL SETUSER <user> ~kong-audit:* +@read +@write +@scripting +@connection +info');
    expect((await failure(ledger.mark([seen('a')]))).message).toContain('ACL SETUSER');
  });

  test('does without INFO where it is forbidden', async () => {
    const rules = '~kong-audit:* +@read +@write +@scripting +@connection';
    await using server = await startRedis({ username: 'forwarder', password: 'the-pass', rules });
    await using ledger = ledgerOn(server, { username: 'forwarder', password: 'the-pass' });
    const { ok, detail } = await ledger.diagnose();
    expect(ok).toBe(true);
    expect(detail).toContain('may not call INFO');
  });
});

interface Endpoint extends AsyncDisposable {
  readonly port: number;
  /** Where new connections lead. */
  target: { readonly port: number };
  /** Replies of the target go nowhere. */
  dropReplies: boolean;
  /** Ends every connection. */
  disconnect(): void;
}

/** A name that leads to a server, as a load balancer or DNS name does: TCP, forwarded as it comes. */
async function startEndpoint(target: { readonly port: number }): Promise<Endpoint> {
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(endpoint.target.port, '127.0.0.1');
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(socket);
      socket.on('error', () => other.destroy());
      socket.on('close', () => {
        sockets.delete(socket);
        other.destroy();
      });
    }
    client.on('data', (data) => upstream.write(data));
    upstream.on('data', (data) => {
      if (!endpoint.dropReplies) client.write(data);
    });
  });
  const disconnect = () => {
    for (const socket of sockets) socket.destroy();
  };
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const endpoint: Endpoint = {
    port: (server.address() as AddressInfo).port,
    target,
    dropReplies: false,
    disconnect,
    async [Symbol.asyncDispose]() {
      disconnect();
      server.close();
      await once(server, 'close');
    },
  };
  return endpoint;
}
