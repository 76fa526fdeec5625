/**
 * The text that NGINX wrote as `value`: it writes quotes, backslashes and every byte outside printable ASCII as `\xHH` (ngx_http_log_module,
 * `log_format`, `escape=default`). Bytes that are no UTF-8 become U+FFFD.
 */
export const decode = (value: string): string =>
  value
    .replace(/(?:\\x[0-9A-Fa-f]{2})+/g, (escapes) => Buffer.from(escapes.replaceAll('\\x', ''), 'hex').toString('utf8'))
    .toWellFormed();

/** `text` as NGINX would write it, as much of it as fits into `maxCharacters`; never half a character. */
export function encode(text: string, maxCharacters: number): string {
  let encoded = '';
  for (const character of text) {
    const piece =
      /^[\x20-\x7e]$/.test(character) && character !== '"' && character !== '\\' ? character : escape(character);
    if (encoded.length + piece.length > maxCharacters) break;
    encoded += piece;
  }
  return encoded;
}

const escape = (character: string): string =>
  [...Buffer.from(character)].map((byte) => `\\x${byte.toString(16).toUpperCase().padStart(2, '0')}`).join('');
