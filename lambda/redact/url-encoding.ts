/** Decodes a part of a form. Like Kong, it decodes what it can and leaves the rest. */
export function decode(text: string): string {
  if (!ENCODED.test(text)) return text;
  const spaced = text.replaceAll('+', ' ');
  return spaced.includes('%') ? spaced.replace(ESCAPES, fromEscapes) : spaced;
}

const ENCODED = /[+%]/;
const ESCAPES = /(?:%[0-9a-fA-F]{2})+/g;

/** Most escapes are single and ASCII; the others are UTF-8. */
function fromEscapes(escapes: string): string {
  if (escapes.length === 3) {
    const code = Number.parseInt(escapes.slice(1), 16);
    if (code < 0x80) return String.fromCharCode(code);
  }
  return Buffer.from(escapes.replaceAll('%', ''), 'hex').toString();
}
