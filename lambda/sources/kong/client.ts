import { setTimeout as sleep } from 'node:timers/promises';
import { getCACertificates } from 'node:tls';
import pRetry from 'p-retry';
import { Agent, type Dispatcher } from 'undici';
import { KongPageTooLargeError, KongResponseError, KongUnreachableError, SecretError } from '../../errors.ts';
import type { Secret } from '../../secrets.ts';
import { isCertificateProblem } from '../../certificate-problem.ts';
import { describe, type KongAnswer, type KongRequest, notJson, refused, unreachable } from './problem.ts';

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
   * @throws {SecretError} the token cannot be read
   * @throws what `onRequestId` rejects with
   * @throws the signal's reason when the run's time is up
   */
  get(
    path: string,
    query?: Readonly<Record<string, string | number | undefined>>,
    options?: {
      /** The answer cannot be had in smaller parts: `largestBodyBytes` is its limit. */
      readonly largest?: boolean;
      /** No retries: it was tried often enough. */
      readonly isLastTry?: boolean;
    },
  ): Promise<unknown>;
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
  /** When it aborts, no request is begun any more, and waiting retries end. */
  readonly signal: AbortSignal;
  /**
   * Ends requests in flight. Later than `signal`, so that the answer to the last one can still name the id Kong gave it.
   * @default - `signal`
   */
  readonly aborting?: AbortSignal;
  /** Called with the id Kong gave a request, as soon as the answer's headers are here, whatever its status. */
  readonly onRequestId?: (requestId: string) => Promise<void>;
  /** Longer than Kong's 32 s until it reports that its database is down. @default 60000 */
  readonly timeoutMs?: number;
  /** How long a whole answer may take, however steadily it drips. @default 120000 */
  readonly answerTimeoutMs?: number;
  /** @default 32 MiB */
  readonly maxBodyBytes?: number;
  /** Kong takes bodies of 10 MB, of which JSON makes six times as much where it escapes each byte. @default 100 MiB */
  readonly largestBodyBytes?: number;
  /** Wait before the first retry; doubles, with jitter. @default 500 */
  readonly retryDelayMs?: number;
  /** @default 3 */
  readonly retries?: number;
  /** Stands in for the network, in simulations. @default - connections of its own */
  readonly dispatcher?: Dispatcher;
}

const RETRYABLE_STATUS = new Set([408, 429, 500, 502, 503, 504]);
/** When `Retry-After` asks for more, the request fails: waiting that long is the next scheduled run's job. */
const RETRY_AFTER_MAX_MS = 30_000;

/** A client for one run. TLS certificates are always verified. */
export function connectKong(options: KongOptions): Kong {
  const { adminApi, token, signal, aborting = signal, timeoutMs = 60_000, answerTimeoutMs = 120_000 } = options;
  const { maxBodyBytes = 32 * 2 ** 20, largestBodyBytes = 100 * 2 ** 20 } = options;
  const agent =
    options.dispatcher ??
    new Agent({
      connect: { timeout: 10_000, ...(options.rootCa && { ca: [...getCACertificates('default'), options.rootCa] }) },
      headersTimeout: timeoutMs,
      bodyTimeout: timeoutMs,
      allowH2: false,
    });
  let kongNow: number | null = null;
  let requests = 0;
  let tokenIsFresh = false;

  async function send(request: KongRequest): Promise<KongAnswer> {
    signal.throwIfAborted();
    requests += 1;
    const limit = AbortSignal.any([aborting, AbortSignal.timeout(answerTimeoutMs)]);
    const failure = (error: unknown) => (aborting.aborted ? error : unreachable(request, error));
    const headers = { accept: 'application/json', ...(request.token && { 'kong-admin-token': request.token }) };
    let response: Dispatcher.ResponseData;
    try {
      const { origin, pathname, search } = request.url;
      response = await agent.request({ method: 'GET', origin, path: pathname + search, headers, signal: limit });
    } catch (error) {
      throw failure(error);
    }
    const requestId = first(response.headers['x-kong-admin-request-id']);
    const [body, reported] = await Promise.allSettled([
      readBody(request, response.body, failure),
      requestId ? options.onRequestId?.(requestId) : undefined,
    ]);
    const date = Date.parse(first(response.headers['date']) ?? '');
    if (!Number.isNaN(date)) kongNow = Math.floor(date / 1000);
    if (reported.status === 'rejected') throw reported.reason;
    if (body.status === 'rejected') throw body.reason;
    return {
      status: response.statusCode,
      contentType: first(response.headers['content-type']) ?? 'no content type',
      retryAfterMs: retryAfterMs(first(response.headers['retry-after'])),
      body: body.value,
    };
  }

  async function readBody(
    request: KongRequest,
    body: AsyncIterable<Buffer>,
    failure: (error: unknown) => unknown,
  ): Promise<string> {
    const maxBytes = request.largest ? largestBodyBytes : maxBodyBytes;
    const chunks: Buffer[] = [];
    let bytes = 0;
    try {
      for await (const chunk of body) {
        bytes += chunk.length;
        if (bytes > maxBytes) break;
        chunks.push(chunk);
      }
    } catch (error) {
      throw failure(error);
    }
    if (bytes <= maxBytes) return Buffer.concat(chunks).toString();
    throw new KongPageTooLargeError(`Expected at most ${maxBytes} bytes from ${describe(request)}, got more.`, {
      fix: 'Check that KONG_ADMIN_API points at the Admin API and that no proxy answers in its place.',
    });
  }

  /** One answer; a 401 only when there is no newer token to try. */
  async function ask(url: URL, path: string, largest: boolean): Promise<{ request: KongRequest; answer: KongAnswer }> {
    const request = { url, path, largest, token: await readToken() };
    const answer = await send(request);
    if (answer.status !== 401 || !token?.rotates || tokenIsFresh) return { request, answer };
    tokenIsFresh = true;
    const again = { ...request, token: await readToken({ fresh: true }) };
    return { request: again, answer: await send(again) };
  }

  async function readToken(how?: { readonly fresh: boolean }): Promise<string | null> {
    const value = (await token?.read({ ...how, signal })) ?? null;
    if (value === null || /^[\x21-\x7e]+$/.test(value)) return value;
    throw new SecretError(
      'Expected printable ASCII without spaces as the RBAC token of Kong; the secret holds other text.',
      { fix: 'Put the token alone into the secret of KONG_ADMIN_TOKEN_SECRET_ARN, or JSON with "token".' },
    );
  }

  return {
    adminApi,
    async get(path, query = {}, { largest = false, isLastTry = false } = {}) {
      const url = new URL(adminApi + path);
      for (const [name, value] of Object.entries(query))
        if (value !== undefined) url.searchParams.set(name, String(value));
      // Before there is anything to retry, so that a token that cannot be read in time is told as that.
      await readToken();
      let holdMs = 0;
      return await pRetry(
        async () => {
          if (holdMs > 0) await sleep(holdMs, undefined, { signal });
          holdMs = 0;
          const { request, answer } = await ask(url, path, largest);
          holdMs = answer.retryAfterMs;
          return toJson(request, answer);
        },
        {
          retries: isLastTry ? 0 : (options.retries ?? 3),
          minTimeout: options.retryDelayMs ?? 500,
          randomize: true,
          signal,
          shouldRetry: ({ error }) => isPassing(error) && holdMs <= RETRY_AFTER_MAX_MS,
        },
      );
    },
    now: () => kongNow,
    requests: () => requests,
    close: () => agent.destroy(),
  };
}

/** Is asking again, unchanged, worth it? */
function isPassing(error: Error): boolean {
  if (error instanceof KongUnreachableError) return !isCertificateProblem(error.cause);
  return error instanceof KongResponseError && RETRYABLE_STATUS.has(error.status);
}

function toJson(request: KongRequest, answer: KongAnswer): unknown {
  if (answer.status < 200 || answer.status > 299) throw refused(request, answer);
  try {
    return JSON.parse(answer.body);
  } catch (cause) {
    throw notJson(request, answer, cause);
  }
}

const first = (header: string | string[] | undefined): string | undefined =>
  Array.isArray(header) ? header[0] : header;

/** `Retry-After` in seconds or as a date (RFC 9110, section 10.2.3). */
function retryAfterMs(header: string | undefined): number {
  if (header === undefined) return 0;
  const ms = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - Date.now();
  return Number.isFinite(ms) ? Math.max(ms, 0) : 0;
}
