import fc from 'fast-check';

const SURROGATES = 0x800;
const FIRST_SURROGATE = 0xd800;

/**
 * Any Unicode character, as `unit: 'binary'` of `fc.string` gives it, drawn from the same numbers in the same order. fast-check's own
 * looks characters up in a table of all 1.1 million, which every process would make for itself: a second of CPU.
 */
export const anyCharacter: fc.Arbitrary<string> = fc.nat(0x10ffff - SURROGATES).map(
  (index) => String.fromCodePoint(index < FIRST_SURROGATE ? index : index + SURROGATES),
  (text) => {
    const code = typeof text === 'string' ? text.codePointAt(0) : undefined;
    if (code === undefined || text !== String.fromCodePoint(code) || !text.isWellFormed())
      throw new TypeError('not one character');
    return code < FIRST_SURROGATE ? code : code - SURROGATES;
  },
);

/** Any text of whole characters. */
export const anyText: fc.Arbitrary<string> = fc.string({ unit: anyCharacter });

/** Any UTF-16 at all, half characters included, beside texts of whole ones. */
export const anyUtf16: fc.Arbitrary<string> = fc.oneof(
  anyText,
  fc.string({ unit: 'grapheme' }),
  fc.array(fc.integer({ min: 0, max: 0xffff })).map((codes) => String.fromCharCode(...codes)),
);
