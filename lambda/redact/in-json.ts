/** A text without its secrets, and the names of the keys whose values were replaced, in order of appearance. */
export interface Redacted {
  readonly text: string;
  readonly keys: readonly string[];
}

/** One stretch of a text to be replaced, and the keys it stood under. */
export interface Replacement {
  readonly from: number;
  readonly to: number;
  readonly by: string;
  readonly keys: readonly string[];
}

/** Finds the values of secret keys: in order, none overlapping another, in linear time whatever the text. */
export type Find = (text: string, secrets: Secrets) => readonly Replacement[];

export interface Secrets {
  readonly isSecret: (key: string) => boolean;
  /** Redacts a value that may itself be JSON, a form, or text with `name: value` in it. */
  readonly redactValue: (text: string) => Redacted;
}

/** What stands in place of a secret. */
export const MASK = '***';

/**
 * Reads strings and brackets, not a tree: works on JSON that is cut off, nested without end, or holds a key twice. A string
 * that holds a secret in its turn is written anew.
 */
export function inJson(text: string, { isSecret, redactValue }: Secrets): Replacement[] {
  const replacements: Replacement[] = [];
  for (let start = text.indexOf('"'); start >= 0;) {
    const end = stringEnd(text, start);
    const colon = skipSpace(text, end);
    let next = end;
    if (text[colon] === ':') {
      next = colon + 1;
      const key = toText(text.slice(start, end));
      if (key !== null && isSecret(key)) {
        const from = skipSpace(text, next);
        next = valueEnd(text, from);
        if (!isHarmless(text.slice(from, Math.min(next, from + 6))))
          replacements.push({ from, to: next, by: `"${MASK}"`, keys: [key] });
      }
    } else {
      const inner = redactValue(toText(text.slice(start, end)) ?? '');
      if (inner.keys.length > 0)
        replacements.push({ from: start, to: end, by: JSON.stringify(inner.text), keys: inner.keys });
    }
    start = text.indexOf('"', next);
  }
  return replacements;
}

export function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** The first character that is not white space; empty when there is none. */
export const firstAfterSpace = (text: string): string => text.charAt(skipSpace(text, 0));

/** `null` and booleans hold no secret, and an auditor may want them. */
const isHarmless = (value: string): boolean => ['null', 'true', 'false', ''].includes(value);

/** Where the string that opens at `start` ends, its closing quote included; the text's end when it is cut off. */
function stringEnd(text: string, start: number): number {
  for (let quote = text.indexOf('"', start + 1); quote >= 0; quote = text.indexOf('"', quote + 1)) {
    let backslashes = 0;
    while (text[quote - 1 - backslashes] === '\\') backslashes += 1;
    if (backslashes % 2 === 0) return quote + 1;
  }
  return text.length;
}

/** Where the value that begins at `from` ends: the text's end when it is cut off. */
export function valueEnd(text: string, from: number): number {
  if (text[from] === '"') return stringEnd(text, from);
  if (text[from] !== '{' && text[from] !== '[') return indexOf(text, SCALAR_END, from);
  let depth = 0;
  for (let at = from; at < text.length; at = indexOf(text, STRUCTURE, at)) {
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

const SCALAR_END = /[,}\]\s]/g;
const STRUCTURE = /["{}[\]]/g;

/** Where the global `pattern` next matches; the text's end when it does not. */
export function indexOf(text: string, pattern: RegExp, from: number): number {
  pattern.lastIndex = from;
  return pattern.exec(text)?.index ?? text.length;
}

/** Where the next character stands that is not white space; the text's end when there is none. */
export function skipSpace(text: string, from: number): number {
  const code = text.charCodeAt(from);
  return code > 0x20 && code < 0x7f ? from : indexOf(text, NOT_SPACE, from);
}

const NOT_SPACE = /\S/g;

/** What the quoted string says; null when it is not one. */
function toText(quoted: string): string | null {
  if (!quoted.includes('\\')) return quoted.slice(1, -1);
  try {
    return JSON.parse(quoted) as string;
  } catch {
    return null;
  }
}
