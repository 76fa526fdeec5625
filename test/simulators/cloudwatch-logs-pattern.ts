/** Whether a filter pattern takes a message. */
export type Matcher = (message: string) => boolean;

/**
 * Where a term may stand. The user guide of 2019 has `ERROR` match `ERRORCODE`, and the one of today calls a term a word; a
 * reader that must not lose events should work with both.
 */
export type TermMatching = 'anywhere' | 'whole words';

interface Term {
  readonly sign: string;
  readonly matches: Matcher;
}

const TERMS = /([?-]?)(?:"((?:[^"\\]|\\.)*)"|(\S+))(?=\s|$)/g;

/**
 * Reads a pattern of plain terms: `a "b c"` takes messages with all of them, `?a ?b` with any, `-a` without.
 * A string says what is wrong with the pattern.
 *
 * Case counts, and what is not letters, digits and underscores must be quoted. Patterns for JSON, for fields between spaces
 * and with regular expressions exist, but are refused: nothing here uses them. So are `?` terms beside others, of which the
 * service would ignore the question marks.
 * Source: CloudWatch Logs user guide, "Using filter patterns to match terms in unstructured log events".
 */
export function readFilterPattern(pattern: string, matching: TermMatching): Matcher | string {
  const text = pattern.trim();
  // The guide gives both forms as "match everything".
  if (text === '' || text === '" "') return () => true;
  if (/^[{[%]/.test(text)) return 'This simulator understands patterns of plain terms only';
  const terms: Term[] = [];
  for (const [, sign = '', phrase, word] of text.matchAll(TERMS)) {
    if (phrase === '' || (word !== undefined && !/^\w+$/.test(word))) {
      return `Invalid filter pattern: Invalid character(s) in term '${word ?? '""'}'`;
    }
    const wanted = phrase?.replace(/\\(.)/g, '$1') ?? word ?? '';
    terms.push({ sign, matches: matching === 'anywhere' ? (message) => message.includes(wanted) : asWord(wanted) });
  }
  const optional = terms.filter(({ sign }) => sign === '?');
  if (optional.length === terms.length) return (message) => optional.some(({ matches }) => matches(message));
  if (optional.length > 0) return 'Terms with ? count only where all terms have it';
  return (message) => terms.every(({ sign, matches }) => matches(message) === (sign !== '-'));
}

function asWord(text: string): Matcher {
  const word = new RegExp(`(?<!\\w)${RegExp.escape(text)}(?!\\w)`);
  return (message) => word.test(message);
}
