/**
 * CloudTrail's limits for one event, in UTF-8 bytes; kB read as 1000, the smaller reading.
 * Source: CloudTrail user guide, "CloudTrail Lake integrations event schema".
 */
export const EVENT_LIMITS = {
  name: 1024,
  principalId: 1024,
  error: 256,
  version: 256,
  requestParameters: 100_000,
  additionalEventData: 28_000,
} as const;

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

/** A flat object as Lake's SQL holds it; what is undefined is left out. */
export type Members = Record<string, string | number | boolean | undefined>;

/**
 * Cuts the longest members of a flat object until it takes at most `maxBytes` as JSON, the longest first, so that short
 * members, which identify the request, stay whole. `truncated` then names the members that were cut.
 */
export function fitMembers(members: Readonly<Members>, maxBytes: number): Members {
  const fitted = { ...members };
  const cutNames: string[] = [];
  for (;;) {
    const candidate = cutNames.length > 0 ? { ...fitted, truncated: cutNames.join(',') } : fitted;
    const excess = jsonBytes(candidate) - maxBytes;
    const [name, text] = longest(fitted);
    if (excess <= 0 || text === '') return candidate;
    if (!cutNames.includes(name)) cutNames.push(name);
    // Leave room for the list of names itself, and never less than half: several members may share the load.
    const bytes = jsonBytes(text) - 2;
    fitted[name] = cutJsonText(text, Math.max(bytes - excess - 64, Math.floor(bytes / 2)));
  }
}

function longest(members: Readonly<Members>): [name: string, text: string] {
  let found: [string, string] = ['', ''];
  for (const [name, value] of Object.entries(members)) {
    if (typeof value === 'string' && value.length > found[1].length) found = [name, value];
  }
  return found;
}

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
