import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createSecureServer } from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { TLSSocket } from 'node:tls';
import type { Certificates } from '../support/certificates.ts';
import type { Faults, WireFault } from './wire-fault.ts';

/** One request as it came, and the line a test reads in the log. */
export interface WireRequest {
  readonly method: string;
  /** Path and query as sent. */
  readonly path: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Buffer;
  readonly clientIp: string;
  /** `2.0` or `1.1`. */
  readonly httpVersion: string;
}

/** What the log keeps of a request: everything but the bytes of its body. */
export interface LoggedRequest extends Omit<WireRequest, 'body'> {
  readonly bodyBytes: number;
  /** When its body was complete, epoch milliseconds. */
  readonly atMs: number;
}

export interface WireAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Sent as JSON; undefined sends no body. */
  readonly body: unknown;
}

export interface WireServer extends AsyncDisposable {
  /** `http://127.0.0.1:41234`, without a path. */
  readonly url: string;
  readonly requests: LoggedRequest[];
  /** Resets what is open, hanging requests too. */
  close(): Promise<void>;
}

export interface WireServerOptions {
  readonly handle: (request: WireRequest) => WireAnswer | Promise<WireAnswer>;
  readonly faults: Faults<WireRequest, WireFault>;
  /** Added to every answer, milliseconds. */
  readonly latencyMs?: (answer: WireAnswer) => number;
  /** With it the server speaks TLS, HTTP/2 and HTTP/1.1; without it plain HTTP/1.1. */
  readonly certificate?: Certificates;
  /** Requests are not logged; for long benchmarks. */
  readonly quiet?: boolean;
}

/** Listens on a free port of 127.0.0.1 and nowhere else. */
export async function wireServer(options: WireServerOptions): Promise<WireServer> {
  const requests: LoggedRequest[] = [];
  const sockets = new Set<Socket>();
  const listener = (incoming: IncomingMessage, outgoing: ServerResponse): void => {
    // A client that gives up, or a server that closes, is no failure of the simulator.
    serve(incoming, outgoing, options, requests).catch(() => outgoing.destroy());
  };
  const server =
    options.certificate === undefined
      ? createHttpServer({ keepAliveTimeout: 60_000 }, listener)
      : createSecureServer({ ...options.certificate, allowHTTP1: true }, (incoming, outgoing) => {
          // The compatibility API of http2 has what is used of http's here.
          listener(incoming as unknown as IncomingMessage, outgoing as unknown as ServerResponse);
        });
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket)).on('error', () => undefined);
  });
  server.on('sessionError', () => undefined);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  const close = async (): Promise<void> => {
    const closed = new Promise<void>((resolve) =>
      server.close(() => {
        resolve();
      }),
    );
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  return {
    url: `${options.certificate === undefined ? 'http' : 'https'}://127.0.0.1:${port}`,
    requests,
    close,
    [Symbol.asyncDispose]: close,
  };
}

async function serve(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  { handle, faults, latencyMs = () => 0, quiet = false }: WireServerOptions,
  log: LoggedRequest[],
): Promise<void> {
  const request = await read(incoming);
  if (!quiet) {
    const { body, ...line } = request;
    log.push({ ...line, bodyBytes: body.length, atMs: Date.now() });
  }
  const fault = faults.take(request);
  const at = fault?.fault === 'reset' || fault?.fault === 'hang' ? fault.at : undefined;
  const stop = (): void => {
    if (fault?.fault === 'reset') reset(incoming);
  };
  if (at === 'before-handling') {
    stop();
    return;
  }
  if (fault?.fault === 'answer') {
    await pause(fault.afterMs ?? 0);
    const { status, headers = { 'content-type': 'application/json' }, body = '' } = fault;
    outgoing.writeHead(status, headers).end(typeof body === 'string' ? body : JSON.stringify(body));
    return;
  }
  const answer = await handle(request);
  if (at === 'before-headers') {
    stop();
    return;
  }
  await pause(latencyMs(answer) + (fault?.fault === 'delay' ? fault.ms : 0));
  const body = fault?.fault === 'rewrite' ? fault.body(answer.body) : answer.body;
  const bytes = Buffer.from(body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body));
  if (fault === undefined || fault.fault === 'delay' || fault.fault === 'rewrite') {
    outgoing.writeHead(answer.status, { ...answer.headers, 'content-length': String(bytes.length) }).end(bytes);
    return;
  }
  // Without a length (chunked), a body that ends early looks complete.
  outgoing.writeHead(answer.status, answer.headers);
  const half = bytes.subarray(0, Math.floor(bytes.length / 2));
  if (fault.fault === 'truncate') {
    outgoing.end(half);
  } else if (fault.fault === 'slow') {
    await trickle(outgoing, bytes, fault.bodyMs);
  } else {
    outgoing.write(half, stop);
  }
}

async function read(incoming: IncomingMessage): Promise<WireRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  const headers = Object.fromEntries(
    Object.entries(incoming.headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(',') : value]),
  );
  return {
    method: incoming.method ?? 'GET',
    path: incoming.url ?? '/',
    headers,
    body: Buffer.concat(chunks),
    clientIp: incoming.socket.remoteAddress ?? '127.0.0.1',
    httpVersion: incoming.httpVersion,
  };
}

async function trickle(outgoing: ServerResponse, bytes: Buffer, milliseconds: number): Promise<void> {
  const parts = 10;
  for (let part = 0; part < parts; part += 1) {
    outgoing.write(
      bytes.subarray(Math.floor((bytes.length * part) / parts), Math.floor((bytes.length * (part + 1)) / parts)),
    );
    await delay(milliseconds / parts);
  }
  outgoing.end();
}

function reset(incoming: IncomingMessage): void {
  const { stream } = incoming as { readonly stream?: { readonly session?: { destroy(): void } } };
  if (stream?.session !== undefined) stream.session.destroy();
  // A TLS socket has no raw reset; its closing without a close_notify is what a reset looks like above TLS.
  else if (incoming.socket instanceof TLSSocket) incoming.socket.destroy();
  else incoming.socket.resetAndDestroy();
}

async function pause(milliseconds: number): Promise<void> {
  if (milliseconds > 0) await delay(milliseconds);
}
