import { indexOf, isBlank, isLineBreak, skipBlank } from './scan.ts';

/** Where the line ends in which `from` stands, its line break not included. */
export const lineEnd = (text: string, from: number): number => indexOf(text, LINE_BREAK, from);

const LINE_BREAK = /[\r\n]/g;

/** How far from the beginning of its line the word at `at` stands; -1 when something other than quotes and dashes is before it. */
export function columnOf(text: string, at: number): number {
  let start = at;
  while (start > 0 && isBeforeWord(text.charCodeAt(start - 1))) start -= 1;
  return start === 0 || isLineBreak(text.charCodeAt(start - 1)) ? at - start : -1;
}

/** A blank, a quote, or the `-` of a list in YAML. */
const isBeforeWord = (code: number): boolean => isBlank(code) || code === 0x22 || code === 0x27 || code === 0x2d;

/**
 * Where what belongs to a key of YAML ends, if its line ends at `from`: with the last line below it that stands further to the right
 * than `column`, or is an entry of a list.
 */
export function blockEnd(text: string, from: number, column: number, withList: boolean): number {
  let end = from;
  for (let start = afterLineBreak(text, from); start < text.length;) {
    const word = skipBlank(text, start);
    const eol = lineEnd(text, word);
    const isDeeper = word - start > column || (withList && word - start === column && text[word] === '-');
    if (word !== eol) {
      if (!isDeeper) break;
      end = eol;
    }
    start = afterLineBreak(text, eol);
  }
  return end;
}

const afterLineBreak = (text: string, at: number): number => at + (text.startsWith('\r\n', at) ? 2 : 1);
