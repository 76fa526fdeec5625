import { normalize, type Words } from './words.ts';

/** What is known of a key without looking at where it stands. */
export interface Known {
  /** `config[redis].password` has three; places in a list are none. Never empty. */
  readonly parts: readonly string[];
  /** What to call the secret under it; null when its name does not say that it is one. */
  readonly secret: string | null;
  /** The same for a parameter in the query of a URL. */
  readonly secretInUrl: string | null;
}

/** Takes keys apart, and remembers those that payloads use again and again. */
export const createKnowledge = (anywhere: Words, inUrls: Words): ((key: string) => Known) =>
  cached((key) => knowledgeOf(key, anywhere, inUrls));

/** Keys of more parts are no names; what stands under them is a secret, so that reading them takes bounded time. */
const MAX_PARTS = 64;

function knowledgeOf(key: string, anywhere: Words, inUrls: Words): Known {
  if (ONE_PART.test(key)) {
    const nameIn = (words: Words) => (words.include(key) ? key : null);
    return { parts: [key], secret: nameIn(anywhere), secretInUrl: nameIn(inUrls) };
  }
  const whole = key.trim();
  const name = whole.replace(DOMAIN, '');
  const parts = name.split(IN_PARTS, MAX_PARTS + 1).filter((part) => part !== '' && !INDEX.test(part));
  if (parts.length > MAX_PARTS) return { parts: ['key'], secret: 'key', secretInUrl: null };
  const parameter = whole.slice(whole.lastIndexOf('?') + 1);
  const secretBy = (isSecret: (part: string) => boolean): string | null => {
    if (isSecret(name)) return whole;
    const part = parts.find(isSecret);
    return part !== undefined && isPlainKey(whole) ? whole : (part ?? null);
  };
  return {
    parts: parts.length > 0 ? parts.map(normalize) : [whole],
    secret: secretBy((part) => anywhere.include(part)),
    secretInUrl: inUrls.include(parameter) ? parameter : null,
  };
}

/** Most keys are already as they are compared. */
const ONE_PART = /^[a-z0-9_]+$/;
const INDEX = /^\d+$/;
/** Kong's forms name nested fields `config.password`, `config[password]` or `credentials[1].password`; a URL has its query. */
const IN_PARTS = /[.[\]?#;]+/;

/** Annotations of Kubernetes may have one in front: `example.com/webhook-token` (Kubernetes, "Annotations", syntax and character set). */
const DOMAIN = /^(?:[a-z0-9-]{1,63}\.){1,20}[a-z0-9-]{1,63}\/(?=[\w.-]+$)/;

/** Whether `key` is written as Kong writes the names of fields. */
export const isPlainKey = (key: string): boolean => PLAIN_KEY.test(key);

const PLAIN_KEY = /^[\w.[\]-]{1,100}$/;

const CACHED_KEYS = 2000;
const CACHED_KEY_CHARACTERS = 64;

function cached<T>(compute: (key: string) => T): (key: string) => T {
  const cache = new Map<string, T>();
  return (key) => {
    const before = cache.get(key);
    if (before !== undefined) return before;
    const found = compute(key);
    if (cache.size >= CACHED_KEYS) cache.clear();
    if (key.length <= CACHED_KEY_CHARACTERS) cache.set(key, found);
    return found;
  };
}
