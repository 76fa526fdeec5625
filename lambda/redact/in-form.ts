import { isPlainKey } from './known.ts';
import {
  type Found,
  isHarmless,
  MASK,
  type Reading,
  type Replacement,
  replaceValue,
  type Span,
} from './replacement.ts';
import { decode } from './url-encoding.ts';

/** A URL-encoded form. A value that holds a secret in its turn is encoded anew. */
export const inForm = (text: string, reading: Reading): readonly Replacement[] => inPairs(text, reading, false);

/** What stands after the `?` of a URL: a form in which some more names mean secrets. */
export const inQuery = (text: string, reading: Reading): readonly Replacement[] => inPairs(text, reading, true);

function inPairs(text: string, reading: Reading, isQuery: boolean): Replacement[] {
  const replacements: Replacement[] = [];
  let inUrl = isQuery;
  for (let start = 0; start <= text.length;) {
    const ampersand = text.indexOf('&', start);
    const end = ampersand < 0 ? text.length : ampersand;
    // Looked for inside the pair: in the whole text it would take quadratic time where there is none.
    const pair = text.slice(start, end);
    const from = NAME_BEGIN.exec(pair)?.index ?? pair.length;
    const equals = pair.indexOf('=', from);
    if (equals >= 0 && equals + 1 < pair.length) {
      const key = decode(pair.slice(from, equals));
      inUrl ||= key.includes('?');
      inPair(replacements, { from: start + equals + 1, to: end }, key, pair.slice(equals + 1), inUrl, reading);
    }
    start = end + 1;
  }
  return replacements;
}

function inPair(
  replacements: Replacement[],
  span: Span,
  key: string,
  value: string,
  inUrl: boolean,
  reading: Reading,
): void {
  const name = reading.names.match(key, null, inUrl);
  if (name !== null) {
    if (!isHarmless(value) && value !== MASK) replacements.push({ ...span, by: MASK, keys: [name] });
    return;
  }
  const isPair = reading.names.isPairsOfNames({ key, parent: null });
  for (const plain of readingsOf(value)) {
    const inner = isPair ? reading.shape(plain) : readIn(reading, plain, value);
    // Half a surrogate pair, which an escape in JSON may leave, cannot be encoded.
    const encode = (text: string) => (plain === value ? text : encodeURIComponent(text.toWellFormed()));
    // What a text holds before its first equals sign is not a name in all of them.
    if (replaceValue(replacements, span, inner, encode, isPlainKey(key) ? key : null)) return;
  }
}

/** Encoded, a value has no white space; one that has is first taken as it is, so that nothing is encoded that was not. */
function readingsOf(value: string): readonly string[] {
  const plain = decode(value);
  return plain === value || !SPACE.test(value) ? [plain] : [value, plain];
}

/** A value that is not encoded is no form: in `a=b=c` it has no end of its own. */
const readIn = (reading: Reading, plain: string, value: string): Found =>
  plain === value && !JSON_BEGIN.test(value) ? reading.text(plain) : reading.value(plain);

const NAME_BEGIN = /[^=]/;
const JSON_BEGIN = /^\s*["{[]/;
const SPACE = /\s/;
