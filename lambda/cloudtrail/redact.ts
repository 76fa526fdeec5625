/**
 * Keys under which Kong's entities and bundled plugins take secrets. Compared without case, `-` read as `_`. Kong itself strips
 * only what `audit_log_payload_exclude` names (default: token, secret, password).
 */
export const DEFAULT_REDACT_KEYS: readonly string[] = [
  'password', 'passwd', 'passphrase', 'secret', 'secrets', 'token', 'user_token', 'admin_token', 'kong_admin_token',
  'access_token', 'refresh_token', 'id_token', 'bearer_token', 'security_token', 'session_token', 'api_token', 'auth_token',
  'api_key', 'apikey', 'key', 'private_key', 'secret_key', 'secret_id', 'secret_access_key', 'access_key', 'encryption_key',
  'signing_key', 'master_key', 'license_key', 'client_secret', 'session_secret', 'app_secret', 'shared_secret', 'aws_key',
  'aws_secret', 'aws_secret_key', 'aws_secret_access_key', 'aws_access_key_id', 'azure_client_secret', 'azure_api_key',
  'gcp_service_account_json', 'service_account_json', 'redis_password', 'sentinel_password', 'ldap_password', 'smtp_password',
  'db_password', 'proxy_password', 'basic_auth_password', 'session_redis_password', 'cluster_cert_key', 'ssl_cert_key',
  'client_jwk', 'jwk', 'pem', 'authorization', 'proxy_authorization', 'cookie', 'set_cookie', 'x_api_key', 'credential',
  'credentials', 'header_value', 'param_value', 'connection_string', 'dsn', 'webhook_secret', 'hmac_secret', 'jwt_secret',
]; // prettier-ignore

export const MASK = '***';

/** A text without its secrets, and the names of the keys whose values were replaced, in order of appearance. */
export interface Redacted {
  readonly text: string;
  readonly keys: readonly string[];
}

export interface Redactor {
  /** A request body of whatever kind: JSON (also when cut off), a multipart form, or a URL-encoded form. */
  payload(text: string): Redacted;
  /** What stands after the `?` of a path. */
  query(text: string): Redacted;
}

/** Finds the values whose keys `isSecret` names, in order. */
type Find = (text: string, isSecret: (key: string) => boolean) => Replacement[];

interface Replacement {
  readonly from: number;
  readonly to: number;
  readonly by: string;
}

/** Replaces the values of `keys`. Nothing else changes: not a byte of what stays, and in linear time whatever the depth. */
export function createRedactor(keys: readonly string[]): Redactor {
  const names = new Set(keys.map(normalize));
  if (names.size === 0) return { payload: (text) => ({ text, keys: [] }), query: (text) => ({ text, keys: [] }) };
  // Most texts hold no secret and no escape that could hide a key; they need no parsing.
  const pattern = [...names].map((name) => RegExp.escape(name).replaceAll('_', '[_-]')).join('|');
  const suspicious = new RegExp(`${pattern}|\\\\u|%`, 'i');
  const isSecret = (key: string) => key.split(/[.[\]]/).some((part) => names.has(normalize(part)));

  const redact = (text: string, find: Find): Redacted => {
    if (!suspicious.test(text)) return { text, keys: [] };
    const found = new Map<string, string>();
    const replacements = find(text, (key) => {
      if (!isSecret(key)) return false;
      if (!found.has(normalize(key))) found.set(normalize(key), key);
      return true;
    });
    return { text: replace(text, replacements), keys: [...found.values()] };
  };
  return { payload: (text) => redact(text, finderFor(text)), query: (text) => redact(text, inForm) };
}

const normalize = (key: string): string => key.trim().toLowerCase().replaceAll('-', '_');

function finderFor(text: string): Find {
  if (/content-disposition:/i.test(text)) return inMultipart;
  return /^\s*[[{"]/.test(text) ? inJson : inForm;
}

/** Reads strings and brackets, not a tree: works on JSON that is cut off, nested without end, or holds a key twice. */
function inJson(text: string, isSecret: (key: string) => boolean): Replacement[] {
  const replacements: Replacement[] = [];
  for (let start = text.indexOf('"'); start >= 0;) {
    const end = stringEnd(text, start);
    const colon = skipSpace(text, end);
    let next = end;
    if (text[colon] === ':') {
      next = colon + 1;
      if (isSecret(unescape(text.slice(start, end)))) {
        const from = skipSpace(text, next);
        next = valueEnd(text, from);
        if (!HARMLESS.test(text.slice(from, Math.min(next, from + 6))))
          replacements.push({ from, to: next, by: `"${MASK}"` });
      }
    }
    start = text.indexOf('"', next);
  }
  return replacements;
}

/** `null` and booleans hold no secret, and an auditor may want them. */
const HARMLESS = /^(?:null|true|false|)$/;

/** Where the string that opens at `start` ends, its closing quote included; the text's end when it is cut off. */
function stringEnd(text: string, start: number): number {
  for (let quote = text.indexOf('"', start + 1); quote >= 0; quote = text.indexOf('"', quote + 1)) {
    let backslashes = 0;
    while (text[quote - 1 - backslashes] === '\\') backslashes += 1;
    if (backslashes % 2 === 0) return quote + 1;
  }
  return text.length;
}

function valueEnd(text: string, from: number): number {
  if (text[from] === '"') return stringEnd(text, from);
  if (text[from] !== '{' && text[from] !== '[') return indexOf(text, /[,}\]\s]/g, from);
  let depth = 0;
  for (let at = from; at < text.length; at = indexOf(text, /["{}[\]]/g, at)) {
    if (text[at] === '"') {
      at = stringEnd(text, at);
      continue;
    }
    depth += text[at] === '{' || text[at] === '[' ? 1 : -1;
    at += 1;
    if (depth === 0) return at;
  }
  return text.length;
}

function indexOf(text: string, pattern: RegExp, from: number): number {
  pattern.lastIndex = from;
  return pattern.exec(text)?.index ?? text.length;
}

function skipSpace(text: string, from: number): number {
  return indexOf(text, /\S/g, from);
}

function unescape(quoted: string): string {
  if (!quoted.includes('\\')) return quoted.slice(1, -1);
  try {
    return JSON.parse(quoted) as string;
  } catch {
    return quoted;
  }
}

function inForm(text: string, isSecret: (key: string) => boolean): Replacement[] {
  const replacements: Replacement[] = [];
  for (let start = 0; start <= text.length;) {
    const ampersand = text.indexOf('&', start);
    const end = ampersand < 0 ? text.length : ampersand;
    const equals = text.indexOf('=', start);
    if (equals >= 0 && equals + 1 < end && isSecret(decode(text.slice(start, equals))))
      replacements.push({ from: equals + 1, to: end, by: MASK });
    start = end + 1;
  }
  return replacements;
}

/** Line by line; a part's value runs from the empty line after its headers to the next boundary (RFC 7578, section 4). */
function inMultipart(text: string, isSecret: (key: string) => boolean): Replacement[] {
  const replacements: Replacement[] = [];
  let secretPart = false;
  let from = -1;
  for (let start = 0; start < text.length;) {
    const newline = text.indexOf('\n', start);
    const end = newline < 0 ? text.length : newline + 1;
    if (from >= 0) {
      if (text.startsWith('--', start)) {
        replacements.push({ from, to: start, by: `${MASK}\r\n` });
        from = -1;
      }
    } else if (secretPart && text.slice(start, end).trim() === '') {
      from = end;
      secretPart = false;
    } else if (text.slice(start, start + 20).toLowerCase() === 'content-disposition:') {
      secretPart = isSecret(/\bname="?([^";\r\n]*)/i.exec(text.slice(start, end))?.[1] ?? '');
    }
    start = end;
  }
  if (from >= 0) replacements.push({ from, to: text.length, by: MASK });
  return replacements;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return text;
  }
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
