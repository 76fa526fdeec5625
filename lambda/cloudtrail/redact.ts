import { inForm, inMultipart, inText } from './secrets-in-form.ts';
import {
  type Find,
  firstAfterSpace,
  inJson,
  isJson,
  type Redacted,
  type Replacement,
  type Secrets,
} from './secrets-in-json.ts';

export type { Redacted };

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

export interface Redactor {
  /** A request body of whatever kind: JSON (also when cut off or broken), a multipart form, a URL-encoded form, plain text. */
  payload(text: string): Redacted;
  /** What stands after the `?` of a path. */
  query(text: string): Redacted;
}

/** Replaces the values of `keys`. Nothing else changes: not a byte of what stays, and in linear time whatever the depth. */
export function createRedactor(keys: readonly string[]): Redactor {
  const names = new Set(keys.map(normalize));
  if (names.size === 0) return { payload: unchanged, query: unchanged };
  const suspicious = suspicion([...names]);
  const isName = (part: string): boolean => names.has(normalize(part));
  const isSecret = (key: string): boolean => suspicious.test(key) && (isName(key) || key.split(IN_PARTS).some(isName));
  const redact = (text: string, finders: (text: string) => readonly Find[]): Redacted =>
    suspicious.test(text) ? replaceFound(text, finders(text), { isSecret, redactJson }) : unchanged(text);
  const redactJson = (text: string): Redacted => redact(text, () => [inJson]);
  return { payload: (text) => redact(text, findersFor), query: (text) => redact(text, () => [inForm]) };
}

const normalize = (key: string): string => key.trim().toLowerCase().replaceAll('-', '_');

/** Kong's forms name nested fields `config.password`, `config[password]` or `credentials[1].password`. */
const IN_PARTS = /[.[\]]/;

const unchanged = (text: string): Redacted => ({ text, keys: [] });

/** Most texts hold neither a secret's name nor an escape that could hide one; they need no parsing. */
function suspicion(names: readonly string[]): RegExp {
  const shortest = names.filter((name) => !names.some((other) => other !== name && name.includes(other)));
  const pattern = shortest.map((name) => RegExp.escape(name).replaceAll('_', '[_-]').replaceAll('\\x20', '[ +]'));
  return new RegExp(`${pattern.join('|')}|[\\\\%]`, 'i');
}

function findersFor(text: string): readonly Find[] {
  if (['{', '[', '"'].includes(firstAfterSpace(text))) return isJson(text) ? [inJson] : [inJson, inText];
  if (/^content-disposition:/im.test(text)) return [inMultipart];
  return [text.includes('=') ? inForm : inText];
}

/** Applies the finders one after the other. */
function replaceFound(text: string, finders: readonly Find[], secrets: Secrets): Redacted {
  const keys = new Map<string, string>();
  let redacted = text;
  for (const find of finders) {
    const replacements = find(redacted, secrets);
    for (const key of replacements.flatMap((replacement) => replacement.keys))
      if (!keys.has(normalize(key))) keys.set(normalize(key), key);
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
