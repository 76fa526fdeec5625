import * as http from 'node:http';
import * as https from 'node:https';

/** One request without a body. */
export interface HttpRequest {
  readonly method: 'GET';
  /** Scheme, host and port. */
  readonly origin: string;
  /** Path and query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Ends the request and the reading of its answer. */
  readonly signal: AbortSignal;
}

/** The head of an answer, and its body, which must be read or destroyed. */
export interface HttpAnswer {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: AsyncIterable<Buffer>;
}

/** Connections to one server, kept from one request to the next. */
export interface Connections {
  /** @throws what the connection fails with; an error named `TimeoutError` when the server is silent for too long */
  request(request: HttpRequest): Promise<HttpAnswer>;
  /** Ends what is under way; nothing can be asked afterwards. */
  destroy(): Promise<void>;
}

export interface ConnectionLimits {
  /** PEM certificates to trust. @default - Node's own */
  readonly ca?: readonly string[];
  /** Until a connection stands, TLS included. */
  readonly connectTimeoutMs: number;
  /** How long the server may be silent: before the head, and between two parts of the body. */
  readonly timeoutMs: number;
}

/** A firewall or a load balancer may forget a connection that is idle for longer, and tell nobody. */
const IDLE_MS = 4000;

/** Connections by Node's own client. It speaks HTTP/1.1 and follows no redirects. */
export function openConnections({ ca, connectTimeoutMs, timeoutMs }: ConnectionLimits): Connections {
  const kept = { keepAlive: true, timeout: IDLE_MS };
  const agents = {
    http: new http.Agent(kept),
    https: new https.Agent({ ...kept, ...(ca && { ca: [...ca] }) }),
  };
  let isClosed = false;

  function begin({ origin, path, ...options }: HttpRequest, answered: (answer: http.IncomingMessage) => void) {
    const url = `${origin}${path}`;
    return origin.startsWith('https:')
      ? https.request(url, { ...options, agent: agents.https, timeout: timeoutMs }, answered)
      : http.request(url, { ...options, agent: agents.http, timeout: timeoutMs }, answered);
  }

  return {
    request: (request) =>
      new Promise((resolve, reject) => {
        if (isClosed) throw new Error('The connections are closed');
        let body: http.IncomingMessage | undefined;
        const outgoing = begin(request, (answer) => {
          body = answer;
          resolve({ statusCode: answer.statusCode ?? 0, headers: answer.headers, body: answer });
        });
        outgoing.on('error', reject);
        outgoing.on('timeout', () => {
          const what = body ? 'Body' : 'Headers';
          (body ?? outgoing).destroy(timedOut(`${what} Timeout: nothing came for ${timeoutMs} ms`));
        });
        outgoing.on('socket', (socket) => {
          if (outgoing.reusedSocket) return;
          const timer = setTimeout(() => {
            const problem = new Error(`Connect Timeout: no connection within ${connectTimeoutMs} ms`);
            outgoing.destroy(Object.assign(problem, { code: 'ETIMEDOUT' }));
          }, connectTimeoutMs);
          const clear = () => {
            clearTimeout(timer);
          };
          socket.once('encrypted' in socket ? 'secureConnect' : 'connect', clear);
          outgoing.once('close', clear);
        });
        outgoing.end();
      }),
    destroy() {
      isClosed = true;
      agents.http.destroy();
      agents.https.destroy();
      return Promise.resolve();
    },
  };
}

const timedOut = (message: string): Error => Object.assign(new Error(message), { name: 'TimeoutError' });
