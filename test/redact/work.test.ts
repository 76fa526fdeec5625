import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { credentials } from '../../lambda/redact/credentials.ts';
import { DEFAULT_REDACT_KEYS } from '../../lambda/redact/default-keys.ts';
import { inForm } from '../../lambda/redact/in-form.ts';
import { inJson } from '../../lambda/redact/in-json.ts';
import { inMultipart } from '../../lambda/redact/in-multipart.ts';
import { inText } from '../../lambda/redact/in-text.ts';
import { inUrls } from '../../lambda/redact/in-urls.ts';
import { createNames } from '../../lambda/redact/names.ts';
import type { Find, Found, Reading } from '../../lambda/redact/replacement.ts';

/*
 * Linear by construction: what a finder hands on, to be compared with the names or to be read in its turn, are stretches of the
 * text that do not overlap. So their sum can be counted, where a clock would only show how busy the machine is.
 */

const FINDERS = { inJson, inForm, inText, inMultipart, inUrls, credentials } satisfies Record<string, Find>;
const names = createNames(DEFAULT_REDACT_KEYS);

/** Characters that `find` hands on, and the stretches it replaces. */
function workOf(find: Find, text: string) {
  let characters = 0;
  const count = (value: string): Found => {
    characters += value.length;
    return { text: value, keys: [], kinds: [] };
  };
  const reading: Reading = {
    names: {
      ...names,
      match: (key, within, inUrl) => {
        count(key);
        return names.match(key, within, inUrl);
      },
    },
    value: count,
    shape: count,
  };
  return { replacements: find(text, reading), characters };
}

const atoms = ['key', 'password', 'a', '"', "'", '\\', ':', '=', '&', ',', ';', '{', '}', '[', ']', '(', ' ', '\n', '-', '--x\n', '%41', '://', '@', '?', '/', '.', 'eyJ', '-----BEGIN PRIVATE KEY-----', '-----END', 'Bearer ', 'AKIA', 'kty', '|', 'Content-Disposition: form-data; name="key"\n']; // prettier-ignore
/** A few atoms over and over again, between others: what makes a loop look back, or ahead, too often. */
const hostile = fc
  .array(
    fc.tuple(fc.array(fc.constantFrom(...atoms), { minLength: 1, maxLength: 4 }), fc.integer({ min: 1, max: 200 })),
    {
      minLength: 1,
      maxLength: 5,
    },
  )
  .map((parts) => parts.map(([words, times]) => words.join('').repeat(times)).join(''));

describe.each(Object.entries(FINDERS))('%s', (_, find) => {
  test('hands on no more than the text and its keys', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        // A key of JSON is compared with the names and read for credentials.
        expect(workOf(find, text).characters).toBeLessThanOrEqual(2 * text.length);
      }),
      { numRuns: 500 },
    );
  });

  test('replaces stretches in order, inside the text, none overlapping another', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        let end = 0;
        for (const { from, to } of workOf(find, text).replacements) {
          expect(from).toBeGreaterThanOrEqual(end);
          expect(to).toBeGreaterThanOrEqual(from);
          end = to;
        }
        expect(end).toBeLessThanOrEqual(text.length);
      }),
      { numRuns: 500 },
    );
  });
});
