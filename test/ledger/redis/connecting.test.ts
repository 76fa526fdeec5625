import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { freePort, startRedis } from '../../support/redis-server.ts';
import { until } from '../../support/until.ts';
import { seen } from '../harness.ts';
import { startEndpoint } from './endpoint.ts';
import { connectionCount, connectionsOf, failure, ledgerOn, prefix } from './support.ts';

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
    const module = new URL('../../../lambda/ledger/redis/ledger.ts', import.meta.url).href;
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
    const connections = connectionCount(server);
    const before = await connections();
    const error = await failure(ledger.mark([seen('a')]));
    expect(await connections()).toBe(before + 1);
    expect(error.message).toContain(`Redis at 127.0.0.1:${server.port} ${problem} while marking 1 id(s)`);
    expect(inspect(error, { depth: Infinity, showHidden: true })).not.toMatch(/the-pass/);
    expect(await server.cli('DBSIZE')).toBe(0);
  });

  test.for([
    ['nobody listens', '127.0.0.1', 'refused the connection'],
    ['the host is unknown', 'redis.invalid', 'has a host name that cannot be resolved'],
  ] as const)('fails when %s', async ([, host, problem]) => {
    const port = await freePort();
    await using ledger = ledgerOn({ port }, { host, connectTimeoutMs: 300 });
    expect((await failure(ledger.lock('run-1', 60))).message).toContain(`Redis at ${host}:${port} ${problem}`);
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

  test('logs in with AUTH, which every server and proxy knows, never with HELLO', async () => {
    await using server = await startRedis({ username: 'forwarder', password: 'the-pass' });
    await using endpoint = await startEndpoint(server);
    await using ledger = ledgerOn(endpoint, { username: 'forwarder', password: 'the-pass' });
    await ledger.mark([seen('a')]);
    const words = endpoint.sent.split('\r\n').map((word) => word.toUpperCase());
    expect(words).toContain('AUTH');
    expect(words).not.toContain('HELLO');
  });
});
