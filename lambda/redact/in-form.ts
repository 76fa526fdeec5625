import { indexOf, MASK, type Replacement, type Secrets, skipSpace, valueEnd } from './in-json.ts';

/** A URL-encoded form, or a query string. A value that holds a secret in its turn is encoded anew. */
export function inForm(text: string, { isSecret, redactValue }: Secrets): Replacement[] {
  const replacements: Replacement[] = [];
  for (let start = 0; start <= text.length;) {
    const ampersand = text.indexOf('&', start);
    const end = ampersand < 0 ? text.length : ampersand;
    // Looked for inside the pair: in the whole text it would take quadratic time where there is none.
    const pair = text.slice(start, end);
    const equals = pair.indexOf('=');
    if (equals >= 0 && equals + 1 < pair.length) {
      const key = decode(pair.slice(0, equals));
      const from = start + equals + 1;
      if (isSecret(key)) {
        replacements.push({ from, to: end, by: MASK, keys: [key] });
      } else {
        const value = pair.slice(equals + 1);
        const plain = decode(value);
        const inner = redactValue(plain);
        // Half a surrogate pair, which an escape in JSON may leave, cannot be encoded.
        const by = plain === value ? inner.text : encodeURIComponent(inner.text.toWellFormed());
        if (inner.keys.length > 0) replacements.push({ from, to: end, by, keys: inner.keys });
      }
    }
    start = end + 1;
  }
  return replacements;
}

/** Like Kong, which decodes what it can and leaves the rest. */
function decode(text: string): string {
  return text
    .replaceAll('+', ' ')
    .replace(/(?:%[0-9a-f]{2})+/gi, (escapes) => Buffer.from(escapes.replaceAll('%', ''), 'hex').toString());
}

/**
 * Line by line; a part's value runs from the empty line after its headers to the line break before the next boundary
 * (RFC 7578, section 4). The boundary is compared whole: a PEM key begins with hyphens, too.
 */
export function inMultipart(text: string, { isSecret, redactValue }: Secrets): Replacement[] {
  const replacements: Replacement[] = [];
  let hyphens: string | null = null;
  let boundary: string | null = null;
  let key: string | null = null;
  let from = -1;
  const close = (to: number) => {
    if (from >= 0 && to > from) {
      const inner = key === null ? redactValue(text.slice(from, to)) : { text: MASK, keys: [key] };
      if (inner.keys.length > 0) replacements.push({ from, to, by: inner.text, keys: inner.keys });
    }
    key = null;
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
        key = isSecret(name) ? name : null;
      } else if (header.trim() === '' && (key ?? boundary) !== null) from = end;
    }
    start = end;
  }
  close(text.length);
  return replacements;
}

/** The parameter `name`, quoted in whatever way, and not what another parameter holds in quotes. */
const DISPOSITION = /^content-disposition:(?:[^"\r\n]|"[^"\r\n]*")*?;[ \t]*name[ \t]*=[ \t]*["']?([^;"'\r\n]*)/i;

/**
 * Anything else: JSON that does not parse (single quotes, no quotes, one quote too many), or plain text. A word followed by a
 * colon or an equals sign is taken for a key; better a harmless value too many than a secret left.
 */
export function inText(text: string, { isSecret }: Secrets): Replacement[] {
  const replacements: Replacement[] = [];
  for (let sign = indexOf(text, SIGN, 0); sign < text.length;) {
    const key = KEY_BEFORE.exec(text.slice(Math.max(0, sign - KEY_MAX_CHARACTERS), sign))?.[1] ?? '';
    let next = sign + 1;
    if (isSecret(key)) {
      const from = skipSpace(text, next);
      next = looseValueEnd(text, from);
      const quote = ['"', "'"].find((mark) => mark === text[from]) ?? '';
      if (next > from) replacements.push({ from, to: next, by: quote + MASK + quote, keys: [key] });
    }
    sign = indexOf(text, SIGN, next);
  }
  return replacements;
}

/** The password in `scheme://user:password@host` (RFC 3986, section 3.2.1), named by what it is part of. */
export function inUrls(text: string, { isSecret }: Secrets): Replacement[] {
  if (!isSecret(USERINFO)) return [];
  return Array.from(text.matchAll(PASSWORD_IN_URL), ({ index, 0: url, 1: password = '' }) => {
    const to = index + url.length - '@'.length;
    return { from: to - password.length, to, by: MASK, keys: [USERINFO] };
  });
}

export const USERINFO = 'userinfo';
const PASSWORD_IN_URL = /:\/\/[^\s/?#"'\\<>@:]*:([^\s/?#"'\\<>@]+)@/g;

const SIGN = /[:=]/g;
/** Longer names are found in well-formed bodies only; a bound keeps the time linear. */
const KEY_MAX_CHARACTERS = 100;
/** The host in `http://secrets:8200` is no key. */
const KEY_BEFORE = /(?<![\w.[\]-]|\/\/)([\w.[\]-]+)[\\"']{0,9}\s{0,9}$/;
const LOOSE_END = /[,;&}\]\r\n]/g;

function looseValueEnd(text: string, from: number): number {
  if (['"', '{', '['].includes(text.charAt(from))) return valueEnd(text, from);
  if (text[from] !== "'") return indexOf(text, LOOSE_END, from);
  const quote = text.indexOf("'", from + 1);
  return quote < 0 ? text.length : quote + 1;
}
