/** The word in the list of keys that stands for the password in `scheme://user:password@host`. */
export const USERINFO = 'userinfo';

/**
 * Keys under which Kong's entities and bundled plugins take secrets. Compared without case, `-` and `clientSecret` read as `_`
 * and `client_secret`. `*password` stands for every key that ends so, `auth.value` for the `value` of an `auth`,
 * `request.headers.*` for everything directly in such a map, and `?code` for a parameter in the query of a URL. Kong itself strips
 * only what `audit_log_payload_exclude` names (default: token, secret, password). What is meant is told in docs/redaction.md.
 */
export const DEFAULT_REDACT_KEYS: readonly string[] = [
  '*password', '*passwd', 'pwd', '*_pwd', '*passphrase', '*secret', 'secrets', 'secret_id', '*_secret_id', 'secret_v1', '*token',
  'api_key', '*_api_key', '*apikey', 'key', 'key_alt', 'private_key', '*_private_key', 'secret_key', '*_secret_key',
  'access_key', '*_access_key', 'aws_key', 'aws_access_key_id', 'auth_key', '*_auth_key', 'client_key', '*_client_key', '*_cert_key',
  'encryption_key', '*_encryption_key', 'signing_key', '*_signing_key', 'hmac_key', '*_hmac_key', 'master_key', '*_master_key',
  'shared_key', '*_shared_key', 'subscription_key', '*_subscription_key', 'function_key', '*_function_key', 'functions_key', '*_functions_key',
  'license_key', '*_license_key', 'provision_key', 'ssl_key', 'tls_key', 'content_safety_key', 'client_jwk', 'jwk', 'pem',
  'service_account_json', '*_service_account_json', '*authorization', 'authorization_value', 'x_auth', 'cookie', 'set_cookie',
  'credential', 'credentials', 'aws_auth_nonce', 'connection_string', 'dsn', 'header_value', 'param_value', 'auth.value', '*_headers_values', '*_args_values',
  'token_headers', 'token_post_args', 'custom', 'request.headers.*', 'request.queries.*', 'request.body.*', 'config.params.*',
  'session.properties.*', 'flow.properties.*', 'resources.vault.*',
  'keys.d', 'keys.p', 'keys.q', 'keys.dp', 'keys.dq', 'keys.qi', 'keys.k', 'keys.oth', '?code', '?sig', '?signature', '?*_signature', USERINFO,
]; // prettier-ignore
