import { mayHoldCredentials } from './credentials.ts';
import { BY_SHAPE, findersFor, QUERY, TEXT } from './finders.ts';
import { mayHoldJwk } from './jwk.ts';
import { createNames } from './names.ts';
import { apply, type Find, type Found, MASK, type Reading } from './replacement.ts';
import { normalize } from './words.ts';

export { DEFAULT_REDACT_KEYS } from './default-keys.ts';

/** A text without its secrets, and what was replaced: the names of its keys, in order of appearance, or its kind. */
export interface Redacted {
  readonly text: string;
  readonly keys: readonly string[];
}

export interface Redactor {
  /** A request body of whatever kind: JSON (also when cut off or broken), a multipart form, a URL-encoded form, plain text. */
  payload(text: string): Redacted;
  /** What stands after the `?` of a path. */
  query(text: string): Redacted;
}

/** No more of a text is looked at: an event holds 100,000 bytes of a request's parameters. */
export const READ_CHARACTERS = 150_000;
/** Half a credential is not recognised as one, so the word that would be cut in two is left out, unless it is longer. */
const WORD_CHARACTERS = 4000;
const WORD_ENDS = new Set(' \t\r\n"\',;&');

/** What of a text is looked at: never half a character, and no half credential. */
export function beginningOf(text: string): string {
  if (text.length <= READ_CHARACTERS) return text;
  let end = READ_CHARACTERS;
  while (end > READ_CHARACTERS - WORD_CHARACTERS && !WORD_ENDS.has(text.charAt(end - 1))) end -= 1;
  return text.slice(0, end).toWellFormed();
}

/**
 * Replaces the values of `keys`, and what is a credential by its shape; with no keys, nothing. Nothing else changes: not a byte of
 * what stays. In linear time whatever the text; docs/redaction.md tells what is found and what is not.
 */
export function createRedactor(keys: readonly string[]): Redactor {
  if (keys.length === 0) return { payload: unchanged, query: unchanged };
  const names = createNames(keys);
  /** Most texts hold neither a secret's name nor an escape that could hide one; they need no parsing. Apart, these are faster. */
  const isSuspicious = (text: string): boolean =>
    ESCAPE.test(text) ||
    names.pattern.test(text) ||
    mayHoldCredentials(text) ||
    mayHoldJwk(text) ||
    (names.userinfo && text.includes('://') && text.includes('@'));

  const read = (text: string, findersOf: (text: string) => readonly Find[], depth: number, work: Work): Found => {
    if (!isSuspicious(text)) return { text, keys: [], kinds: [] };
    if (depth > MAX_DEPTH || text.length > work.left) return UNREAD;
    work.left -= text.length;
    work.readings[depth] ??= readingAt(depth, work);
    return apply(findersOf(text), text, work.readings[depth]);
  };
  const readingAt = (depth: number, work: Work): Reading => ({
    names,
    value: (value) => read(value, findersFor, depth + 1, work),
    text: (value) => read(value, () => TEXT, depth + 1, work),
    shape: (value) => read(value, () => BY_SHAPE, depth + 1, work),
  });
  const redact = (text: string, findersOf: (text: string) => readonly Find[]): Redacted => {
    if (!isSuspicious(text)) return unchanged(text);
    const work: Work = { left: WORK_CHARACTERS + WORK_PER_CHARACTER * text.length, readings: [] };
    const reading = readingAt(0, work);
    const found = apply(findersOf(text), text, reading);
    return { text: found.text, keys: uniqueNames(found, reading) };
  };
  return { payload: (text) => redact(text, findersFor), query: (text) => redact(text, () => QUERY) };
}

const ESCAPE = /[\\%]/;

/** What one redaction keeps in mind. */
interface Work {
  /** Characters that may still be read in values of values. */
  left: number;
  readonly readings: Reading[];
}

/** Values in values in values: what lies deeper, or beyond the work that a text is worth, is replaced unread if it is suspicious. */
const MAX_DEPTH = 5;
const WORK_PER_CHARACTER = 3;
const WORK_CHARACTERS = 10_000;
const UNREAD: Found = { text: MASK, keys: [], kinds: ['unread'] };

const NO_KEYS: readonly string[] = [];
const unchanged = (text: string): Redacted => ({ text, keys: NO_KEYS });

/** Each once, as first spelled. A key is a part of the text, too, and may hold what must not be told. */
function uniqueNames({ keys, kinds }: Found, reading: Reading): readonly string[] {
  if (keys.length === 0 && kinds.length === 0) return NO_KEYS;
  const unique = new Map<string, string>();
  for (const key of [...keys, ...kinds]) {
    const cut = key.slice(0, NAME_CHARACTERS);
    const name = PLAIN_NAME.test(cut) ? cut : apply(BY_SHAPE, cut, reading).text;
    const normalized = normalize(name);
    if (!unique.has(normalized)) unique.set(normalized, name);
  }
  return [...unique.values()];
}

const NAME_CHARACTERS = 200;
/** Too short for a credential. */
const PLAIN_NAME = /^[\w-]{1,19}$/;
