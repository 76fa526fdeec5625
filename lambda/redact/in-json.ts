import { isJson } from './is-json.ts';
import { createJwks } from './jwk.ts';
import type { Path } from './names.ts';
import { isHarmless, MASK, type Reading, type Replacement, replaceValue } from './replacement.ts';
import { skipSpace, stringEnd, valueEnd } from './scan.ts';

/**
 * Reads strings and brackets, not a tree: works on JSON that is cut off, nested without end, or holds a key twice. A string
 * that holds a secret in its turn is written anew.
 */
export function inJson(text: string, reading: Reading): readonly Replacement[] {
  const replacements: Replacement[] = [];
  const jwks = createJwks();
  /** Where each container stands that is open. */
  const outer: (Path | null)[] = [];
  /** The key of the value that comes next is null in a list. */
  const place: { key: string | null; within: Path | null } = { key: null, within: null };

  for (let at = 0; at < text.length; at += 1) {
    switch (text.charCodeAt(at)) {
      case QUOTE: {
        const end = stringEnd(text, at);
        const colon = skipSpace(text, end);
        if (text.charCodeAt(colon) === COLON) at = key(at, end, colon) - 1;
        else {
          value(at, end);
          at = end - 1;
        }
        break;
      }
      case OPEN_OBJECT:
      case OPEN_LIST:
        outer.push(place.within);
        if (place.key !== null) place.within = { key: place.key, parent: place.within };
        place.key = null;
        jwks.open();
        break;
      case CLOSE_OBJECT:
      case CLOSE_LIST:
        place.within = outer.pop() ?? null;
        place.key = null;
        jwks.close();
        break;
      case COMMA:
        place.key = null;
    }
  }
  return jwks.addTo(replacements, text);

  /** A string that is a value. */
  function value(from: number, to: number): void {
    const quoted = text.slice(from, to);
    const inner = toText(quoted);
    if (inner === null) return;
    const path = place.key === null ? place.within : { key: place.key, parent: place.within };
    const found = reading.names.isPairsOfNames(path) ? reading.shape(inner) : reading.value(inner);
    replaceValue(replacements, { from, to }, found, encoderOf(quoted), path?.key ?? null);
    if (place.key !== null) jwks.member(place.key, { from, to });
  }

  /** A string that is a key, and what stands under it if that is a secret; returns where to go on. */
  function key(from: number, to: number, colon: number): number {
    const quoted = text.slice(from, to);
    const own = toText(quoted);
    place.key = own;
    if (own === null) return colon + 1;
    // In a map whose names are free, a key may be what should have been a value.
    replaceValue(replacements, { from, to }, reading.shape(own), encoderOf(quoted), null);
    const name = reading.names.match(own, place.within);
    if (name === null) return colon + 1;
    const start = skipSpace(text, colon + 1);
    const end = valueEnd(text, start);
    if (!isHarmless(text.slice(start, Math.min(end, start + 6))))
      replacements.push({ from: start, to: end, by: `"${MASK}"`, keys: [name] });
    place.key = null;
    return end;
  }
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/** What the quoted string says, also without its closing quote; null when it is none. */
function toText(quoted: string): string | null {
  if (!quoted.includes('\\')) return quoted.slice(1, isClosed(quoted) ? -1 : undefined);
  return isJson(quoted) ? (JSON.parse(quoted) as string) : null;
}

/** How to quote what takes the place of `quoted`: without escapes, nothing needs any. */
function encoderOf(quoted: string): (text: string) => string {
  if (quoted.includes('\\')) return JSON.stringify;
  return (text) => `"${text}${isClosed(quoted) ? '"' : ''}`;
}

const isClosed = (quoted: string): boolean => quoted.length > 1 && quoted.endsWith('"');
