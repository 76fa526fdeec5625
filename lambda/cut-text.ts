/** UTF-8 length of `value` as JSON. */
export const jsonBytes = (value: unknown): number => Buffer.byteLength(JSON.stringify(value));

/** The longest beginning of `text` that takes at most `maxBytes` in UTF-8; never half a character. */
export function cutText(text: string, maxBytes: number): string {
  // No UTF-16 unit takes more than three bytes.
  if (text.length * 3 <= maxBytes) return text;
  return cut(text, maxBytes, utf8Bytes);
}

/** Like {@link cutText}, but what counts is the text inside a JSON string, escapes included and quotes not. */
export const cutJsonText = (text: string, maxBytes: number): string => cut(text, maxBytes, jsonTextBytes);

function cut(text: string, maxBytes: number, bytesOf: (codePoint: number) => number): string {
  let bytes = 0;
  for (let index = 0; index < text.length;) {
    const codePoint = text.codePointAt(index) ?? 0;
    bytes += bytesOf(codePoint);
    if (bytes > maxBytes) return text.slice(0, index);
    index += codePoint > 0xffff ? 2 : 1;
  }
  return text;
}

function utf8Bytes(codePoint: number): number {
  if (codePoint < 0x80) return 1;
  if (codePoint < 0x800) return 2;
  return codePoint < 0x10000 ? 3 : 4;
}

/** Quote, backslash, and \b \t \n \f \r, which JSON writes in two characters. */
const SHORT_ESCAPES = new Set([0x22, 0x5c, 0x08, 0x09, 0x0a, 0x0c, 0x0d]);

/** Other control characters, and surrogates without their other half, are written as a backslash, a u and four digits. */
function jsonTextBytes(codePoint: number): number {
  if (SHORT_ESCAPES.has(codePoint)) return 2;
  return codePoint < 0x20 || (codePoint >= 0xd800 && codePoint <= 0xdfff) ? 6 : utf8Bytes(codePoint);
}
