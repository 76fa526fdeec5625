import { pemEnd } from './credentials.ts';
import { blockEnd, columnOf, lineEnd } from './lines.ts';
import { isHarmless, MASK } from './replacement.ts';
import { indexOf, isLineBreak, skipBlank, skipSpace, stringEnd, valueEnd } from './scan.ts';

/** What may be a key in a text. */
export interface Word {
  readonly key: string;
  readonly from: number;
  /** Whether it stands where parameters stand in a URL. */
  readonly inUrl: boolean;
  /** The quote that opens before it and does not close behind it: what it opens holds the value, too. */
  readonly opening: string;
}

/** A value in a text, with the quotes around it. */
export interface Value {
  readonly from: number;
  readonly to: number;
  /** What it stands in, which stays. */
  readonly quote: string;
}

/** The value behind `word` and its `sign`; null when there is none, or one that is no secret. */
export function valueAfter(text: string, sign: number, word: Word): Value | null {
  let from = skipBlank(text, sign + 1);
  if (isLineBreak(text.charCodeAt(from))) {
    const below = skipSpace(text, from);
    if (!OPENING.test(text.charAt(below))) return valueBelow(text, sign, word.from, from);
    from = below;
  }
  const quote = quoteAt(text, from);
  if (quote !== '') return quoted(text, from, quote);
  if (text[sign] === ',') return null;
  if (text[from] === '{' || text[from] === '[') return { from, to: valueEnd(text, from), quote: '' };
  if (text.startsWith('-----BEGIN', from)) return { from, to: pemEnd(text, from), quote: '' };
  const to = plainEnd(text, from, sign, word);
  const value = text.slice(from, to).trim();
  return isHarmless(value) || value === MASK || SCHEME_ALONE.test(value) ? null : { from, to, quote: '' };
}

const OPENING = /["'{[]/;
/** A comma or a bracket in the middle of a word is part of it, unless a key follows. */
const LOOSE_END = /[,;](?=[\s"'{[]|[\w.-]{0,60}[ \t]?[:=]|$)|[}\]](?=[\s"',;&}\])]|$)|[&\r\n]/g;
/** A quote that closes what it opened, and is no apostrophe in it; or the line's end. */
const QUOTE_END: Readonly<Record<string, RegExp>> = {
  '"': /(?<!\\)"(?![^\s,;:=)\]}])|[\r\n]/g,
  "'": /(?<!\\)'(?![^\s,;:=)\]}])|[\r\n]/g,
};
/** `authorization:bearer` tells jwt-signer where to look, and is its default. */
const SCHEME_ALONE = /^(?:bearer|basic)$/i;

/** The quote that opens at `from`, with the backslashes before it; empty when none does. */
function quoteAt(text: string, from: number): string {
  let at = from;
  while (text[at] === '\\' && at - from < MAX_BACKSLASHES) at += 1;
  return text[at] === '"' || text[at] === "'" ? text.slice(from, at + 1) : '';
}

const MAX_BACKSLASHES = 40;

function quoted(text: string, from: number, quote: string): Value | null {
  const to = quote === '"' ? stringEnd(text, from) : closing(text, from + quote.length, quote);
  const inner = text.slice(from + quote.length, to - quote.length);
  if (inner === '' || inner === MASK) return null;
  return { from, to, quote: quote.length > 1 && to === text.length ? '' : quote };
}

/** Where a string ends that opened with `quote`: two apostrophes are one inside it, and more backslashes mean a quote inside it. */
function closing(text: string, from: number, quote: string): number {
  for (let at = text.indexOf(quote, from); at >= 0; at = text.indexOf(quote, at + quote.length)) {
    const after = at + quote.length;
    if (text[at - 1] === '\\') continue;
    if (quote !== "'" || text[after] !== "'") return after;
    at += 1;
  }
  return text.length;
}

/** The lines below a key of YAML that belong to it. */
function valueBelow(text: string, sign: number, word: number, lineBreak: number): Value | null {
  const column = columnOf(text, word);
  if (text[sign] !== ':' || column < 0) return null;
  const to = blockEnd(text, lineBreak, column, true);
  return to === lineBreak ? null : { from: skipSpace(text, lineBreak), to, quote: '' };
}

/**
 * Without quotes of its own a value ends with the quotes around its key and it, with its line if its key begins the line, and else
 * with the next sign that separates.
 */
function plainEnd(text: string, from: number, sign: number, word: Word): number {
  const quoteEnd = QUOTE_END[word.opening];
  if (quoteEnd) return indexOf(text, quoteEnd, from);
  const column = columnOf(text, word.from);
  // Looked for once in a line only: otherwise it would take quadratic time.
  if (column < 0) return indexOf(text, LOOSE_END, from);
  const end = lineEnd(text, from);
  if (text[sign] === ':') return blockEnd(text, end, column, false);
  return text.slice(from, end).includes('&') ? indexOf(text, LOOSE_END, from) : end;
}
