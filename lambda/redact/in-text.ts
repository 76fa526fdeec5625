import { MASK, type Reading, type Replacement } from './replacement.ts';
import { indexOf } from './scan.ts';
import { valueAfter, type Word } from './value-in-text.ts';

/**
 * Anything else: header lines, YAML, Lua, JSON that does not parse (single quotes, no quotes, one quote too many), or plain text.
 * A word followed by a colon or an equals sign is taken for a key, and the first of two quoted arguments; better a harmless
 * value too many than a secret left.
 */
export function inText(text: string, { names }: Reading): Replacement[] {
  const replacements: Replacement[] = [];
  for (let sign = indexOf(text, SIGN, 0); sign < text.length;) {
    const word = wordBefore(text, sign);
    const name = word && names.match(word.key, null, word.inUrl);
    const isRead = name !== null || (word !== null && names.isPairsOfNames({ key: word.key, parent: null }));
    const value = word && isRead ? valueAfter(text, sign, word) : null;
    if (value !== null && name !== null)
      replacements.push({ from: value.from, to: value.to, by: value.quote + MASK + value.quote, keys: [name] });
    sign = indexOf(text, SIGN, value?.to ?? sign + 1);
  }
  return replacements;
}

/** The comma behind a quote: `set_header("Authorization", "…")`. */
const SIGN = /[:=]|(?<=["']),/g;

/** The word before a sign, quoted in whatever way: `key`, `"key"`, `\\"key\\"`, `["key"]`, `config[key]`. */
function wordBefore(text: string, sign: number): Word | null {
  const end = back(text, sign, isSpace, MAX_MARKS);
  const marks = text[end - 1] === ']' && isMark(text.charCodeAt(end - 2)) ? end - 1 : end;
  const to = back(text, marks, isMark, MAX_MARKS);
  // Each character is looked at once for the sign that follows it: linear without a bound.
  const from = back(text, to, isOfName, Infinity);
  if (from === to) return null;
  const before = text[from - 1];
  // The host in `http://secrets:8200` is no key.
  if (before === '/' && text[from - 2] === '/') return null;
  if (text[sign] === ',' && !isFirstArgument(text, from)) return null;
  return {
    key: text.slice(from, to),
    from,
    inUrl: before === '?' || before === '&',
    opening: to === end && (before === '"' || before === "'") ? before : '',
  };
}

const MAX_MARKS = 9;

function isFirstArgument(text: string, from: number): boolean {
  const opening = back(text, from, isMark, MAX_MARKS);
  return text[back(text, opening, isSpace, MAX_MARKS) - 1] === '(';
}

function back(text: string, to: number, isOne: (code: number) => boolean, max: number): number {
  let from = to;
  while (from > 0 && to - from < max && isOne(text.charCodeAt(from - 1))) from -= 1;
  return from;
}

const isSpace = (code: number): boolean => code === 0x20 || (code >= 0x09 && code <= 0x0d);
/** A quote, or a backslash before one. */
const isMark = (code: number): boolean => code === 0x22 || code === 0x27 || code === 0x5c;
/** Letters, digits, and `_ - . [ ]`. */
const isOfName = (code: number): boolean =>
  (code >= 0x61 && code <= 0x7a) ||
  (code >= 0x41 && code <= 0x5b) ||
  (code >= 0x30 && code <= 0x39) ||
  code === 0x5f ||
  code === 0x2d ||
  code === 0x2e ||
  code === 0x5d;
