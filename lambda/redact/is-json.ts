/**
 * Whether `text` is one JSON value (RFC 8259). Unlike `JSON.parse` it builds nothing and throws nothing: thousands of strings that
 * only look like JSON take no more time than as many that are.
 */
export function isJson(text: string): boolean {
  /** Of each container that is open, what closes it. */
  const closers: number[] = [];
  let at = skipBlank(text, 0);
  for (;;) {
    // A value begins here.
    const code = text.charCodeAt(at);
    if (code === OPEN_OBJECT || code === OPEN_LIST) {
      const closer = code + 2;
      at = skipBlank(text, at + 1);
      if (text.charCodeAt(at) !== closer) {
        closers.push(closer);
        if (code === OPEN_OBJECT) at = skip(text, KEY, at);
        if (at < 0) return false;
        continue;
      }
      at += 1;
    } else {
      at = skip(text, code === QUOTE ? STRING : SCALAR, at);
      if (at < 0) return false;
    }
    // A value ended here.
    at = skipBlank(text, at);
    while (closers.length > 0 && text.charCodeAt(at) === closers.at(-1)) {
      closers.pop();
      at = skipBlank(text, at + 1);
    }
    if (closers.length === 0) return at === text.length;
    if (text.charCodeAt(at) !== COMMA) return false;
    at = skipBlank(text, at + 1);
    if (closers.at(-1) === CLOSE_OBJECT) at = skip(text, KEY, at);
    if (at < 0) return false;
  }
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const OPEN_LIST = 0x5b;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

const SCALAR = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;
const TEXT = String.raw`"[^"\\\x00-\x1f]*(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\x00-\x1f]*)*"`;
const STRING = new RegExp(TEXT, 'y');
const KEY = new RegExp(`${TEXT}[ \\t\\r\\n]*:[ \\t\\r\\n]*`, 'y');

/** Where the next character stands that is not white space of JSON. */
function skipBlank(text: string, from: number): number {
  let at = from;
  while (isBlank(text.charCodeAt(at))) at += 1;
  return at;
}

const isBlank = (code: number): boolean => code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;

/** Where the match of the sticky `pattern` at `at` ends; -1 when there is none. */
function skip(text: string, pattern: RegExp, at: number): number {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : -1;
}
