import { inForm, inMultipart, inText, inUrls, USERINFO } from './in-form.ts';
import {
  type Find,
  firstAfterSpace,
  inJson,
  isJson,
  type Redacted,
  type Replacement,
  type Secrets,
} from './in-json.ts';

export type { Redacted };

/**
 * Keys under which Kong's entities and bundled plugins take secrets. Compared without case, `-` and `clientSecret` read as `_`
 * and `client_secret`; `*_password` stands for every key that ends so. Kong itself strips only what `audit_log_payload_exclude`
 * names (default: token, secret, password).
 */
export const DEFAULT_REDACT_KEYS: readonly string[] = [
  'password', '*_password', 'passwd', '*_passwd', 'pwd', 'passphrase', '*_passphrase', 'secret', '*_secret', 'secrets', 'secret_id', '*_secret_id',
  'token', '*_token', 'api_key', '*_api_key', 'apikey', 'key', 'key_alt', 'private_key', '*_private_key', 'secret_key', '*_secret_key',
  'secret_access_key', '*_secret_access_key', 'access_key', 'encryption_key', '*_encryption_key', 'signing_key', '*_signing_key', 'hmac_key', '*_hmac_key',
  'master_key', 'license_key', 'provision_key', 'aws_key', 'aws_access_key_id', 'ssl_key', 'tls_key', 'client_key', '*_cert_key', 'client_jwk', 'jwk',
  'pem', '*_service_account_json', 'service_account_json', 'authorization', 'authorization_value', 'proxy_authorization', 'cookie', 'set_cookie',
  'credential', 'credentials', 'header_value', 'param_value', 'connection_string', 'dsn', '*_authorization', 'content_safety_key', USERINFO,
]; // prettier-ignore

/**
 * No more of a payload is looked at: four times what an event can hold. Reading all of ten megabytes of brackets would take more
 * memory than the function has.
 */
export const READ_CHARACTERS = 400_000;

/** What of a text is looked at, never half a character. */
export const beginningOf = (text: string): string =>
  text.length > READ_CHARACTERS ? text.slice(0, READ_CHARACTERS).toWellFormed() : text;

export interface Redactor {
  /** A request body of whatever kind: JSON (also when cut off or broken), a multipart form, a URL-encoded form, plain text. */
  payload(text: string): Redacted;
  /** What stands after the `?` of a path. */
  query(text: string): Redacted;
}

/** Replaces the values of `keys`. Nothing else changes: not a byte of what stays, and in linear time whatever the depth. */
export function createRedactor(keys: readonly string[]): Redactor {
  const normalized = keys.map(normalize);
  const names = new Set(normalized.filter((key) => !key.startsWith('*')));
  const endings = normalized.filter((key) => key.startsWith('*')).map((key) => key.slice(1));
  if (normalized.length === 0) return { payload: unchanged, query: unchanged };
  const suspicious = suspicion([...names, ...endings], names.has(USERINFO));
  const isName = (part: string): boolean => {
    const spellings = [normalize(part), normalize(part.toLowerCase())];
    return spellings.some((name) => names.has(name) || endings.some((ending) => name.endsWith(ending)));
  };
  const isSecret = (key: string): boolean => suspicious.test(key) && (isName(key) || key.split(IN_PARTS).some(isName));
  const redact = (text: string, findersOf: (text: string) => readonly Find[], depth = 0): Redacted => {
    if (!suspicious.test(text)) return unchanged(text);
    const redactValue = (value: string) => redact(value, depth < MAX_DEPTH ? findersFor : () => [inText], depth + 1);
    return replaceFound(text, [...findersOf(text), inUrls], { isSecret, redactValue });
  };
  return { payload: (text) => redact(text, findersFor), query: (text) => redact(text, () => [inForm]) };
}

/** Values in values in values. What lies deeper is read as plain text; a bound keeps the time linear. */
const MAX_DEPTH = 5;

const normalize = (key: string): string =>
  key
    .trim()
    .replace(/([a-z0-9])([A-Z])|([A-Z])(?=[A-Z][a-z])/g, '$1$3_$2')
    .toLowerCase()
    .replaceAll('-', '_');

/** Kong's forms name nested fields `config.password`, `config[password]` or `credentials[1].password`; a URL has its query. */
const IN_PARTS = /[.[\]?]+/;

const unchanged = (text: string): Redacted => ({ text, keys: [] });

/** Most texts hold neither a secret's name nor an escape that could hide one; they need no parsing. */
function suspicion(names: readonly string[], urls: boolean): RegExp {
  const shortest = names.filter((name) => !names.some((other) => other !== name && name.includes(other)));
  const pattern = shortest.map((name) => RegExp.escape(name).replaceAll('_', '[_-]?').replaceAll('\\x20', '[ +]'));
  if (urls) pattern.push('://[^/\\s]*@');
  return new RegExp(`${pattern.join('|')}|[\\\\%]`, 'i');
}

function findersFor(text: string): readonly Find[] {
  if (['{', '[', '"'].includes(firstAfterSpace(text))) return isJson(text) ? [inJson] : [inJson, inText];
  if (/^content-disposition:/im.test(text)) return [inMultipart, inText];
  if (!text.includes('=')) return [inText];
  return URL_ENCODED.test(text) ? [inForm] : [inForm, inText];
}

/** Whoever encodes a form as he should leaves none of the others as they are. */
const URL_ENCODED = /^[^\s"'<>{}]*$/;

/** Applies the finders one after the other. */
function replaceFound(text: string, finders: readonly Find[], secrets: Secrets): Redacted {
  const keys = new Map<string, string>();
  let redacted = text;
  for (const find of finders) {
    const replacements = find(redacted, secrets);
    for (const key of replacements.flatMap((replacement) => replacement.keys))
      if (!keys.has(normalize(key))) keys.set(normalize(key), key.trim());
    redacted = replace(redacted, replacements);
  }
  return { text: redacted, keys: [...keys.values()] };
}

function replace(text: string, replacements: readonly Replacement[]): string {
  const kept: string[] = [];
  let position = 0;
  for (const { from, to, by } of replacements) {
    kept.push(text.slice(position, from), by);
    position = to;
  }
  return kept.join('') + text.slice(position);
}
