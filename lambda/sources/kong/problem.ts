import { isCertificateProblem } from '../../certificate-problem.ts';
import { KongAuthError, KongResponseError, KongUnreachableError } from '../../errors.ts';

/** One request to the Admin API, as far as an error may speak of it. */
export interface KongRequest {
  readonly url: URL;
  /** Kong's own path, without the prefix of a proxy in front. */
  readonly path: string;
  /** See `Kong.get`. */
  readonly largest: boolean;
  /** Null when the request carried none. Wherever an answer echoes it, errors show `***`. */
  readonly token: string | null;
}

export interface KongAnswer {
  readonly status: number;
  readonly contentType: string;
  /** What `Retry-After` asks for, 0 where there is none. */
  readonly retryAfterMs: number;
  readonly body: string;
}

/** The request without its query, which holds nothing that helps. */
export const describe = ({ url }: Pick<KongRequest, 'url'>): string => `GET ${url.origin}${url.pathname}`;

/** The error for an answer whose status is not 2xx. */
export function refused(request: KongRequest, answer: KongAnswer): KongAuthError | KongResponseError {
  const { status } = answer;
  const words = said(request, answer);
  if (status === 401 || status === 403)
    return new KongAuthError(`Kong refused ${describe(request)} with ${status} ${words}.`, status, {
      fix: permissionHint(request, status, words),
    });
  return new KongResponseError(`Expected 200 from ${describe(request)}, got ${status} ${words}.`, status, {
    fix: hint(request, answer),
  });
}

/** The error for an answer that should be JSON and is not. */
export function notJson(request: KongRequest, answer: KongAnswer, cause: unknown): KongResponseError {
  return new KongResponseError(
    `Expected JSON from ${describe(request)}, got ${said(request, answer)}, which does not parse.`,
    answer.status,
    { fix: 'Check that KONG_ADMIN_API points at the Admin API and that no proxy answers in its place.', cause },
  );
}

/** The error for a request that got no answer, or not all of one. */
export function unreachable(request: Pick<KongRequest, 'url'>, cause: unknown): KongUnreachableError {
  const { message } = cause as Error;
  // A DOMException, as a time limit raises it, has a number there.
  const code =
    typeof (cause as { code?: unknown }).code === 'string' ? ((cause as NodeJS.ErrnoException).code ?? '') : '';
  const fix = isCertificateProblem(cause)
    ? 'Put the CA that signed Kong’s certificate into KONG_ROOT_CA, and use a host name the certificate covers.'
    : 'Check KONG_ADMIN_API, security groups, routes and that Kong is up.';
  const isTimeout = /^UND_ERR_(HEADERS|BODY)_TIMEOUT$/.test(code) || (cause as Error).name === 'TimeoutError';
  return new KongUnreachableError(
    `Expected an answer from ${describe(request)}, got ${[code, message].filter(Boolean).join(': ')}.`,
    { fix, isTimeout, cause },
  );
}

function permissionHint({ path, token }: KongRequest, status: number, words: string): string {
  if (/licen[cs]e/i.test(words)) return 'Renew the Kong Enterprise licence: without it the audit log cannot be read.';
  if (status === 403) return `Give the token's RBAC role the permission to read the endpoint ${path}.`;
  return token === null
    ? 'RBAC is on: set KONG_SUPERADMIN=true and put a valid RBAC token into KONG_ADMIN_TOKEN or its secret.'
    : 'Put a valid RBAC token into KONG_ADMIN_TOKEN or its secret.';
}

function hint({ path }: KongRequest, { status, retryAfterMs }: KongAnswer): string {
  if (status === 404 && path === '/audit/requests')
    return 'Set audit_log=on in kong.conf on every control plane node and restart Kong; the Admin API must be Kong Gateway Enterprise.';
  if (status < 400) return 'Redirects are not followed: KONG_ADMIN_API must be the Admin API itself.';
  if (status === 429 || (status === 503 && retryAfterMs > 0))
    return `Something limits requests to Kong and asks to wait ${Math.ceil(retryAfterMs / 1000)} s. The next run goes on.`;
  if (status >= 500)
    return 'Look into Kong’s error log; is its database up? If only large pages fail, lower KONG_PAGE_SIZE. The next run goes on.';
  return 'Check that KONG_ADMIN_API points at the Admin API, path prefix included.';
}

/** Kong's own words, or the beginning of a page that is not Kong's; of other JSON only its size, for it may hold audit entries. */
function said({ token }: KongRequest, { body, contentType }: KongAnswer): string {
  const size = `${body.length} characters of ${contentType}`;
  const words = messageIn(body) ?? (/^\s*[[{"]/.test(body) ? '' : body);
  const harmless = token ? words.replaceAll(token, '***') : words;
  const excerpt = harmless.replace(/\s+/g, ' ').trim().slice(0, 120);
  return excerpt === '' ? `(${size})` : `${JSON.stringify(excerpt)} (${size})`;
}

function messageIn(body: string): string | undefined {
  try {
    const message = (JSON.parse(body) as { readonly message?: unknown } | null)?.message;
    return typeof message === 'string' ? message : undefined;
  } catch {
    return undefined;
  }
}
