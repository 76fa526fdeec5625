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

/** Where the next character stands that is neither a space nor a tab; the text's end when there is none. */
export function skipBlank(text: string, from: number): number {
  let at = from;
  while (isBlank(text.charCodeAt(at))) at += 1;
  return Math.min(at, text.length);
}

/** A space or a tab. */
export const isBlank = (code: number): boolean => code === 0x20 || code === 0x09;

/** A line feed or a carriage return. */
export const isLineBreak = (code: number): boolean => code === 0x0a || code === 0x0d;

/** Where the string that opens at `start` ends, its closing quote included; the text's end when it is cut off. */
export function stringEnd(text: string, start: number): number {
  for (let quote = text.indexOf('"', start + 1); quote >= 0; quote = text.indexOf('"', quote + 1)) {
    let backslashes = 0;
    while (text[quote - 1 - backslashes] === '\\') backslashes += 1;
    if (backslashes % 2 === 0) return quote + 1;
  }
  return text.length;
}

/** Where the JSON value that begins at `from` ends: the text's end when it is cut off. */
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
