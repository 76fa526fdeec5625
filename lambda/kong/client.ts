import { setTimeout as sleep } from 'node:timers/promises';
import { getCACertificates } from 'node:tls';
import pRetry from 'p-retry';
import { Agent, request, type Dispatcher } from 'undici';
import { KongAuthError, KongPageTooLargeError, KongResponseError, KongUnreachableError } from '../errors.ts';
import type { Secret } from '../secrets.ts';

/** Reading access to one Kong Admin API. */
export interface Kong {
  /** The Admin API's URL without a trailing slash. */
  readonly adminApi: string;
  /**
   * The JSON body of a 2xx answer.
   *
   * @throws {KongUnreachableError} no connection, after retries
   * @throws {KongAuthError} 401 (after the token was read again once), 403
   * @throws {KongResponseError} any other status after retries, or a body that is not JSON
   * @throws {KongPageTooLargeError} a body over the size limit
   * @throws the signal's reason when the run's time is up
   */
  get(path: string, query?: Readonly<Record<string, string | number | undefined>>): Promise<unknown>;
  /** Kong's clock: the `Date` of its latest answer, epoch seconds; null before the first answer or when it has none. */
  now(): number | null;
  /** Requests sent so far, retries included. */
  requests(): number;
  close(): Promise<void>;
}

export interface KongOptions {
  readonly adminApi: string;
  /** Null when requests carry no token. */
  readonly token: Secret | null;
  /** PEM certificates trusted in addition to the system's. */
  readonly rootCa?: string | undefined;
  /** Ends requests in flight and waiting retries. */
  readonly signal: AbortSignal;
  /** Called with the id Kong gave a request, as soon as the answer's headers are here, whatever its status. */
  readonly onRequestId?: (requestId: string) => Promise<void>;
  /** Longer than Kong's 32 s until it reports that its database is down. @default 60000 */
  readonly timeoutMs?: number;
  /** @default 32 MiB */
  readonly maxBodyBytes?: number;
  /** Wait before the first retry; doubles, with jitter. @default 500 */
  readonly retryDelayMs?: number;
  /** @default 3 */
  readonly retries?: number;
}

const RETRYABLE_STATUS = new Set([408, 429, 500, 502, 503, 504]);
/** Waiting longer than this is the next scheduled run's job. */
const RETRY_AFTER_MAX_MS = 30_000;

interface Answer {
  readonly status: number;
  readonly contentType: string;
  readonly retryAfterMs: number;
  readonly body: string;
}

/** A client for one run. TLS certificates are always verified. */
export function connectKong(options: KongOptions): Kong {
  const { adminApi, token, signal, timeoutMs = 60_000, maxBodyBytes = 32 * 2 ** 20 } = options;
  const agent = new Agent({
    connect: { timeout: 10_000, ...(options.rootCa && { ca: [...getCACertificates('default'), options.rootCa] }) },
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
    allowH2: false,
  });
  let kongNow: number | null = null;
  let requests = 0;
  let tokenIsFresh = false;

  async function send(url: URL): Promise<Answer> {
    requests += 1;
    const headers = { accept: 'application/json', ...(token && { 'kong-admin-token': await token.read() }) };
    let response: Dispatcher.ResponseData;
    try {
      response = await request(url, { dispatcher: agent, headers, signal });
    } catch (error) {
      throw signal.aborted ? error : unreachable(url, error);
    }
    const requestId = first(response.headers['x-kong-admin-request-id']);
    const [body] = await Promise.allSettled([
      readBody(response),
      requestId ? options.onRequestId?.(requestId) : undefined,
    ]).then((results) => results.map(valueOf));
    const date = Date.parse(first(response.headers['date']) ?? '');
    if (!Number.isNaN(date)) kongNow = Math.floor(date / 1000);
    return {
      status: response.statusCode,
      contentType: first(response.headers['content-type']) ?? 'no content type',
      retryAfterMs: retryAfterMs(first(response.headers['retry-after'])),
      body: body as string,
    };

    async function readBody({ body }: Dispatcher.ResponseData): Promise<string> {
      const chunks: Buffer[] = [];
      let bytes = 0;
      try {
        for await (const chunk of body as AsyncIterable<Buffer>) {
          bytes += chunk.length;
          if (bytes > maxBodyBytes) break;
          chunks.push(chunk);
        }
      } catch (error) {
        throw signal.aborted ? error : unreachable(url, error);
      }
      if (bytes <= maxBodyBytes) return Buffer.concat(chunks).toString();
      throw new KongPageTooLargeError(
        `Expected at most ${maxBodyBytes} bytes from ${describe(url)}, got more. Lower KONG_PAGE_SIZE.`,
      );
    }
  }

  async function sendWithFreshToken(url: URL): Promise<Answer> {
    const answer = await send(url);
    if (answer.status !== 401 || !token?.rotates || tokenIsFresh) return answer;
    tokenIsFresh = true;
    await token.read({ fresh: true });
    return await send(url);
  }

  return {
    adminApi,
    async get(path, query = {}) {
      const url = new URL(adminApi + path);
      for (const [name, value] of Object.entries(query))
        if (value !== undefined) url.searchParams.set(name, String(value));
      let hold = 0;
      return await pRetry(
        async () => {
          if (hold > 0) await sleep(hold, undefined, { signal });
          const answer = await sendWithFreshToken(url);
          hold = answer.retryAfterMs;
          return toJson(url, answer, token !== null);
        },
        {
          retries: options.retries ?? 3,
          minTimeout: options.retryDelayMs ?? 500,
          randomize: true,
          signal,
          shouldRetry: ({ error }) =>
            error instanceof KongUnreachableError ||
            (error instanceof KongResponseError && RETRYABLE_STATUS.has(error.status)),
        },
      );
    },
    now: () => kongNow,
    requests: () => requests,
    close: () => agent.destroy(),
  };
}

function toJson(url: URL, answer: Answer, withToken: boolean): unknown {
  const { status, body, contentType } = answer;
  if (status === 401 || status === 403) throw new KongAuthError(refusal(url, answer, withToken), status);
  if (status < 200 || status > 299) {
    const hint =
      status === 404 && url.pathname.endsWith('/audit/requests')
        ? ' Is audit_log on in kong.conf, and is this Kong Gateway Enterprise?'
        : '';
    throw new KongResponseError(`Expected 200 from ${describe(url)}, got ${status} ${said(answer)}.${hint}`, status);
  }
  try {
    return JSON.parse(body);
  } catch (cause) {
    throw new KongResponseError(
      `Expected JSON from ${describe(url)}, got ${body.length} characters of ${contentType} that do not parse (${said(answer)}). ` +
        'Check that KONG_ADMIN_API points at the Admin API and that no proxy answers in its place.',
      status,
      { cause },
    );
  }
}

function refusal(url: URL, answer: Answer, withToken: boolean): string {
  const message = `Kong refused ${describe(url)} with ${answer.status} ${said(answer)}.`;
  if (/license/i.test(answer.body))
    return `${message} Renew the Kong Enterprise licence: without it the audit log cannot be read.`;
  if (answer.status === 403) return `${message} Give the token's RBAC role the permission to read ${url.pathname}.`;
  return withToken
    ? `${message} Check the RBAC token in KONG_ADMIN_TOKEN or its secret.`
    : `${message} RBAC is on: set KONG_SUPERADMIN=true and give a token.`;
}

/** Kong's own words, short. */
function said({ body }: Answer): string {
  const message = /"message"\s*:\s*"([^"]{1,200})/.exec(body)?.[1];
  return JSON.stringify(message ?? body.slice(0, 100));
}

function unreachable(url: URL, cause: unknown): KongUnreachableError {
  const { code = '', message } = cause as NodeJS.ErrnoException;
  const hint = /CERT|SELF_SIGNED|ISSUER|VERIFY|ALTNAME/.test(code)
    ? 'Put the CA that signed Kong’s certificate into KONG_ROOT_CA, and use a host name the certificate covers.'
    : 'Check KONG_ADMIN_API, security groups, routes and that Kong is up.';
  return new KongUnreachableError(
    `Expected an answer from ${describe(url)}, got ${[code, message].filter(Boolean).join(': ')}. ${hint}`,
    { cause },
  );
}

const describe = (url: URL): string => `GET ${url.origin}${url.pathname}`;

const first = (header: string | string[] | undefined): string | undefined =>
  Array.isArray(header) ? header[0] : header;

/** `Retry-After` in seconds or as a date (RFC 9110, section 10.2.3). */
function retryAfterMs(header: string | undefined): number {
  if (header === undefined) return 0;
  const ms = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - Date.now();
  return Number.isFinite(ms) ? Math.min(Math.max(ms, 0), RETRY_AFTER_MAX_MS) : 0;
}

function valueOf(result: PromiseSettledResult<unknown>): unknown {
  if (result.status === 'rejected') throw result.reason;
  return result.value;
}
