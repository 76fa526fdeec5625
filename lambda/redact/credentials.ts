import { MASK, type Replacement, type Span } from './replacement.ts';

/**
 * What is a secret whatever it is called: private keys in PEM, JSON Web Tokens, AWS access keys, and the credentials that
 * follow `Bearer` and `Basic`. Each is named by its kind.
 */
export function credentials(text: string): Replacement[] {
  const replacements: Replacement[] = [];
  START.lastIndex = 0;
  for (let match = START.exec(text); match !== null; match = START.exec(text)) {
    const { index: start, 0: found, groups = {} } = match;
    const after = start + found.length;
    if (groups['pem'] !== undefined) add('private_key', start, pemEnd(text, after));
    else if (groups['jwt'] !== undefined) add('jwt', start, after);
    else if (groups['aws'] !== undefined) add('aws_access_key_id', start, after + secretKeyLength(text, after));
    else {
      const length = credentialLength(text, { from: start, to: after });
      if (length > 0) add(found.trim().toLowerCase(), after, after + length);
    }
  }
  return replacements;

  function add(kind: string, from: number, to: number): void {
    replacements.push({ from, to, by: MASK, keys: [], kinds: [kind] });
    START.lastIndex = to;
  }
}

/** False for most texts: those that hold nothing of the kind. */
export const mayHoldCredentials = (text: string): boolean => HINT.test(text) || SCHEME.test(text);

const HINT = /-----BEGIN|eyJ|A[KS]IA/;
const SCHEME = /(?:bearer|basic)\s/i;

/**
 * A JWT's header is a JSON object, so it begins `{"` or, encoded, `eyJ` (RFC 7515, section 3.1). What is left of one that is cut
 * off counts, too. The ids of AWS are those of users and of temporary credentials (IAM user guide, "Unique identifiers").
 */
const START =
  /(?<pem>-----BEGIN (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----)|(?<![\w-])(?<jwt>eyJ[\w-]{8,}\.[\w-]+(?:\.[\w-]*)*)|(?<![A-Za-z0-9])(?<aws>A(?:KIA|SIA)[A-Z0-9]{16})(?![A-Za-z0-9])|(?<![\w-])(?:[Bb][Ee][Aa][Rr][Ee][Rr]|[Bb][Aa][Ss][Ii][Cc])\s{1,9}/g;

const PEM_END = '-----END';
const PEM_END_LINE = /-----END[A-Z0-9 ]{0,60}-----/y;

/** Where what began with `-----BEGIN` before `from` ends: the text's end when its last line is missing. */
export function pemEnd(text: string, from: number): number {
  const end = text.indexOf(PEM_END, from);
  if (end < 0) return text.length;
  PEM_END_LINE.lastIndex = end;
  return end + (PEM_END_LINE.exec(text)?.[0].length ?? PEM_END.length);
}

/** How long the secret key is that stands directly behind an access key's id, what separates them included. */
function secretKeyLength(text: string, from: number): number {
  SECRET_KEY.lastIndex = from;
  return SECRET_KEY.exec(text)?.[0].length ?? 0;
}

const SECRET_KEY = /[\s"',:;|/]{1,8}[A-Za-z0-9+/]{40}(?![A-Za-z0-9+/=])/y;

/** How long the credential behind `scheme` is; 0 when what follows is ordinary English, such as "basic authentication". */
function credentialLength(text: string, scheme: Span): number {
  TOKEN.lastIndex = scheme.to;
  const token = TOKEN.exec(text)?.[0] ?? '';
  if (/^ba/i.test(text.slice(scheme.from, scheme.to)))
    return isUserAndPassword(token) || (BASE64.test(token) && isRandom(token)) ? token.length : 0;
  const to = scheme.to + token.length;
  const isAlone = isEdge(text.charAt(scheme.from - 1)) && isEdge(text.charAt(to));
  return isRandom(token) || (isAlone && !AFTER_BEARER.test(token)) ? token.length : 0;
}

/** Where a value begins or ends. */
const isEdge = (character: string): boolean => ['', '\r', '\n', '"', "'"].includes(character);

/** `b64token` of RFC 6750, section 2.1; that of RFC 7617 is one, too. */
const TOKEN = /[\w.~+/-]+=*/y;
const BASE64 = /^[A-Za-z0-9+/]+=*$/;
/** What follows "bearer" in names and descriptions. */
const AFTER_BEARER =
  /^(?:|tokens?|auth|authentication|authorization|credentials?|scheme|only|jwt|header|access|required|optional|realm=|scope=|error=)$/i;
/** Words as people write them, joined by signs or not. No word is empty: else signs in a row could be cut in ever more ways. */
const WORDS = /^[._~+/=-]*(?:(?:[A-Z]?[a-z]+|[A-Z]+)(?:[._~+/=-]+|$))*$/;

const isRandom = (token: string): boolean => token.length >= 6 && !WORDS.test(token);

/** RFC 7617, section 2: what is encoded is the user, a colon and the password. */
function isUserAndPassword(token: string): boolean {
  if (!/[A-Z0-9+/=]/.test(token)) return false;
  return /^\P{Cc}*:\P{Cc}*$/u.test(Buffer.from(token.slice(0, 1000), 'base64').toString('latin1'));
}
