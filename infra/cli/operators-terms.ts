/** The function's variables that the CDK app sets from a context key of the same name in camel case. */
const SAME_NAME = [
  'KONG_ADMIN_API', 'KONG_SUPERADMIN', 'KONG_ADMIN_TOKEN_SECRET_ARN', 'KONG_ROOT_CA', 'KONG_PAGE_SIZE', 'KONG_SCAN',
  'REDIS_PASSWORD_SECRET_ARN', 'REDIS_USERNAME', 'REDIS_DB', 'REDIS_TLS',
  'CHANNEL_ARN', 'EXTERNAL_ID', 'LOG_GROUP_ARN', 'EVENT_DATA_STORE_ARN', 'SOURCE_NAME', 'EVENT_SOURCE',
  'SOURCE_LOG_GROUP_ARN', 'SOURCE_FORMAT', 'SOURCE_STREAM_PREFIX', 'AUDIT_RESOURCES', 'AUDIT_VERBS',
  'OVERLAP_SECONDS', 'AUDIT_TTL_SECONDS', 'TTL_GRACE_SECONDS', 'PUT_CONCURRENCY', 'PUT_CALLS_PER_SECOND', 'DEADLINE_RESERVE_MS',
  'FORWARD_OWN_REQUESTS', 'DERIVE_ERROR_CODE', 'REDACT_KEYS', 'IGNORE_METHODS', 'IGNORE_PATHS', 'LOG_LEVEL',
] as const; // prettier-ignore

const KEY_OF = new Map<string, string>([
  ...SAME_NAME.map((variable) => [variable, toKey(variable)] as const),
  ['REDIS_HOST', 'redis'],
  ['REDIS_PASSWORD', 'redisPasswordSecretArn'],
  ['KONG_ADMIN_TOKEN', 'kongAdminTokenSecretArn'],
  ['NODE_EXTRA_CA_CERTS', 'nodeExtraCaCerts'],
  ['AWS_USE_FIPS_ENDPOINT', 'useFipsEndpoint'],
]);

/** Every variable with its context key. */
export const CONTEXT_KEY_OF: ReadonlyMap<string, string> = KEY_OF;

/**
 * `text` with the function's variables called by their context keys, which are what an operator of the CDK app can set; and those
 * keys, each once. Variables without a key stay as they are.
 */
export function inOperatorsTerms(text: string): { readonly text: string; readonly keys: readonly string[] } {
  const keys = new Set<string>();
  const translated = text.replace(/\b[A-Z]+(?:_[A-Z]+)+\b/g, (variable) => {
    const key = KEY_OF.get(variable);
    if (key === undefined) return variable;
    keys.add(key);
    return key;
  });
  return { text: translated, keys: [...keys] };
}

/** Where context keys are set. */
export function howToSet(keys: readonly string[]): string {
  const [first = ''] = keys;
  const what = keys.length === 1 ? `${first} is a context key` : `${keys.join(', ')} are context keys`;
  return `${what} of the CDK app: set in cdk.json under "context", or npx cdk deploy -c ${first}=…`;
}

function toKey(variable: string): string {
  return variable.toLowerCase().replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
