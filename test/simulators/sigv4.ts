import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

/** Whoever may sign. */
export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Temporary credentials carry one, and requests must bring it. */
  readonly sessionToken?: string;
  /** Epoch seconds. */
  readonly expiresAt?: number;
}

/** The key pair of AWS's own documentation; it opens nothing. */
export const EXAMPLE_CREDENTIALS: Credentials = {
  accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
};

export interface SignedRequest {
  readonly method: string;
  /** As sent: path and query. */
  readonly path: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Uint8Array;
}

export interface Verifier {
  readonly credentials: readonly Credentials[];
  readonly region: string;
  readonly service: string;
  /** Epoch seconds; a signature counts for five minutes either way. */
  readonly now: number;
}

/** An error as AWS names it. */
export interface AwsProblem {
  readonly status: number;
  readonly code: string;
  readonly message: string;
}

const MAX_AGE_SECONDS = 300;

/**
 * Recomputes a request's Signature Version 4 and says why AWS would refuse it, or null.
 *
 * Written on `node:crypto` alone, so that it shares no mistake with the signer under test.
 * Source: IAM user guide, "Create a signed AWS API request".
 */
export function signatureProblem(request: SignedRequest, verifier: Verifier): AwsProblem | null {
  const { headers } = request;
  const authorization = headers['authorization'];
  if (authorization === undefined)
    return problem('MissingAuthenticationTokenException', 'Missing Authentication Token');
  const match =
    /^AWS4-HMAC-SHA256 Credential=([^/,\s]+)\/([^,\s]+), ?SignedHeaders=([^,\s]+), ?Signature=([0-9a-f]{64})$/.exec(
      authorization,
    );
  const [, accessKeyId = '', scope = '', signedHeaders = '', signature = ''] = match ?? [];
  const date = headers['x-amz-date'] ?? '';
  const signedAt = readDate(date);
  if (match === null || signedAt === null) {
    return problem('IncompleteSignatureException', 'Authorization header or X-Amz-Date is incomplete or malformed');
  }
  const known = verifier.credentials.find((candidate) => candidate.accessKeyId === accessKeyId);
  if (known === undefined || headers['x-amz-security-token'] !== known.sessionToken) {
    return problem('UnrecognizedClientException', 'The security token included in the request is invalid.');
  }
  if (known.expiresAt !== undefined && known.expiresAt <= verifier.now) {
    return problem('ExpiredTokenException', 'The security token included in the request is expired');
  }
  const expectedScope = `${date.slice(0, 8)}/${verifier.region}/${verifier.service}/aws4_request`;
  if (scope !== expectedScope) {
    return problem('InvalidSignatureException', `Credential should be scoped to '${expectedScope}', got '${scope}'`);
  }
  if (Math.abs(signedAt - verifier.now) > MAX_AGE_SECONDS) {
    return problem('InvalidSignatureException', `Signature expired or not yet current: ${date}`);
  }
  const names = signedHeaders.split(';');
  const required = ['host', ...Object.keys(headers).filter((name) => name.startsWith('x-amz-'))];
  const unsigned = required.filter((name) => !names.includes(name));
  if (unsigned.length > 0) {
    return problem('InvalidSignatureException', `These headers must be signed: ${unsigned.join(', ')}`);
  }
  const canonical = canonicalRequest(request, names);
  const toSign = ['AWS4-HMAC-SHA256', date, scope, sha256(canonical)].join('\n');
  const key = scope
    .split('/')
    .reduce<string | Buffer>((secret, part) => hmac(secret, part), `AWS4${known.secretAccessKey}`);
  if (timingSafeEqual(hmac(key, toSign), Buffer.from(signature, 'hex'))) return null;
  return problem(
    'InvalidSignatureException',
    `The request signature we calculated does not match the signature you provided. Canonical request:\n${canonical}`,
  );
}

function canonicalRequest({ method, path, headers, body }: SignedRequest, names: readonly string[]): string {
  const question = path.indexOf('?');
  const pathname = question < 0 ? path : path.slice(0, question);
  const query = question < 0 ? '' : path.slice(question + 1);
  return [
    method,
    // Every service but S3 encodes the path as sent once more.
    pathname.split('/').map(encode).join('/'),
    canonicalQuery(query),
    ...names.map((name) => `${name}:${(headers[name] ?? '').trim().replace(/ +/g, ' ')}`),
    '',
    names.join(';'),
    sha256(body),
  ].join('\n');
}

function canonicalQuery(query: string): string {
  const pairs = query
    .split('&')
    .filter((pair) => pair !== '')
    .map((pair) => {
      const [name = '', ...rest] = pair.split('=');
      return [encode(decode(name)), encode(decode(rest.join('=')))] as const;
    });
  const sorted = pairs.sort(([a, x], [b, y]) => (a === b ? (x < y ? -1 : 1) : a < b ? -1 : 1));
  return sorted.map((pair) => pair.join('=')).join('&');
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** RFC 3986: everything but letters, digits and `-._~`. */
function encode(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}

function readDate(text: string): number | null {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text);
  if (match === null) return null;
  const [, year, month, day, hour, minute, second] = match.map(Number);
  return Date.UTC(year ?? 0, (month ?? 1) - 1, day, hour, minute, second) / 1000;
}

function sha256(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}

function hmac(key: string | Buffer, data: string): Buffer {
  return createHmac('sha256', key).update(data).digest();
}

function problem(code: string, message: string): AwsProblem {
  return { status: 403, code, message };
}
