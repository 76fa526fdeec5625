import { MASK, type Reading, type Replacement, replaceValue } from './replacement.ts';

/**
 * Line by line; a part's value runs from the empty line after its headers to the line break before the next boundary
 * (RFC 7578, section 4). The boundary is compared whole: a PEM key begins with hyphens, too.
 */
export function inMultipart(text: string, reading: Reading): Replacement[] {
  const replacements: Replacement[] = [];
  let hyphens: string | null = null;
  let boundary: string | null = null;
  let key: string | null = null;
  let secret: string | null = null;
  let from = -1;
  const close = (to: number) => {
    if (from >= 0 && to > from) {
      const by = { text: MASK, keys: secret === null ? [] : [secret], kinds: [] };
      const inner = secret === null ? reading.value(text.slice(from, to)) : by;
      replaceValue(replacements, { from, to }, inner, (value) => value, key);
    }
    key = null;
    secret = null;
    from = -1;
  };
  for (let start = 0; start < text.length;) {
    const newline = text.indexOf('\n', start);
    const end = newline < 0 ? text.length : newline + 1;
    if (boundary === null && text.startsWith('--', start)) hyphens = text.slice(start, end).trimEnd();
    if (boundary !== null && text.startsWith(boundary, start)) {
      close(start - (text[start - 2] === '\r' ? 2 : 1));
    } else if (from < 0) {
      const header = text.slice(start, end);
      const name = DISPOSITION.exec(header)?.[1];
      if (name !== undefined) {
        boundary ??= hyphens;
        key = name;
        secret = reading.names.match(name);
      } else if (header.trim() === '' && (secret ?? boundary) !== null) from = end;
    }
    start = end;
  }
  close(text.length);
  return replacements;
}

/** The parameter `name`, quoted in whatever way, and not what another parameter holds in quotes. */
const DISPOSITION = /^content-disposition:(?:[^"\r\n]|"[^"\r\n]*")*?;[ \t]*name[ \t]*=[ \t]*["']?([^;"'\r\n]*)/i;
