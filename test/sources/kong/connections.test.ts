import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { text } from 'node:stream/consumers';
import { expect, onTestFinished, test } from 'vitest';
import { type ConnectionLimits, openConnections } from '../../../lambda/sources/kong/connections.ts';

const NEVER = new AbortController().signal;

function open(limits: Partial<ConnectionLimits> = {}) {
  const connections = openConnections({ connectTimeoutMs: 30_000, timeoutMs: 30_000, ...limits });
  onTestFinished(() => connections.destroy());
  return {
    destroy: () => connections.destroy(),
    get: (origin: string, signal = NEVER) =>
      connections.request({ method: 'GET', origin, path: '/a?b=c', headers: { accept: 'text/plain' }, signal }),
  };
}

async function listening(server: Server): Promise<string> {
  await once(server.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(() => void server.close());
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Takes connections and says nothing. */
const silent = () => listening(createServer((socket) => socket.on('error', () => undefined)));

test('a request has its path and headers, and a connection is kept for the next one', async () => {
  const ports: unknown[] = [];
  const server = createHttpServer(({ url, headers, socket }, response) => {
    ports.push(socket.remotePort);
    response.writeHead(201, { 'x-what': headers.accept }).end(url);
  });
  const origin = `http://${await listening(server)}`;
  const { get } = open();
  for (let time = 0; time < 2; time += 1) {
    const { statusCode, headers, body } = await get(origin);
    expect([statusCode, headers['x-what'], await text(body)]).toEqual([201, 'text/plain', '/a?b=c']);
  }
  expect(new Set(ports).size).toBe(1);
});

test('a redirect is an answer', async () => {
  const server = createHttpServer((_, response) => response.writeHead(302, { location: '/' }).end());
  expect(await open().get(`http://${await listening(server)}`)).toMatchObject({ statusCode: 302 });
});

test('a connection that never stands, TLS included, is given up, and that says nothing of the answer', async () => {
  const failure = open({ connectTimeoutMs: 20 }).get(`https://${await silent()}`);
  await expect(failure).rejects.toMatchObject({ name: 'Error', code: 'ETIMEDOUT', message: /Connect Timeout/ });
});

test('a server that stands and is silent is given up as a matter of time', async () => {
  const failure = open({ timeoutMs: 20 }).get(`http://${await silent()}`);
  await expect(failure).rejects.toMatchObject({ name: 'TimeoutError', message: /Headers Timeout/ });
});

test('a body that stops is given up as a matter of time', async () => {
  const server = createHttpServer((_, response) => response.writeHead(200).write('half'));
  const { body } = await open({ timeoutMs: 20 }).get(`http://${await listening(server)}`);
  await expect(text(body)).rejects.toMatchObject({ name: 'TimeoutError', message: /Body Timeout/ });
});

test('the signal ends a request and the reading of its answer', async () => {
  const server = createHttpServer((_, response) => response.writeHead(200).write('half'));
  const origin = `http://${await listening(server)}`;
  const { get } = open();
  await expect(get(origin, AbortSignal.abort())).rejects.toThrow();
  const run = new AbortController();
  const { body } = await get(origin, run.signal);
  run.abort();
  await expect(text(body)).rejects.toThrow();
});

test('when all is closed, what is under way ends, and nothing begins', async () => {
  const origin = `http://${await silent()}`;
  const { get, destroy } = open();
  const ended = expect(get(origin)).rejects.toThrow();
  await destroy();
  await ended;
  await expect(get(origin)).rejects.toThrow(/closed/);
});
