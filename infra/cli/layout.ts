import { stripVTControlCharacters } from 'node:util';
import Table from 'cli-table3';
import wrapAnsi from 'wrap-ansi';
import { bold } from './screen.ts';

const NO_LINES = {
  ...{ top: '', 'top-mid': '', 'top-left': '', 'top-right': '', bottom: '', 'bottom-mid': '', 'bottom-left': '' },
  ...{ 'bottom-right': '', left: '', 'left-mid': '', mid: '', 'mid-mid': '', right: '', 'right-mid': '', middle: '' },
};

/** Spaces before a line and between columns. */
const GAP = 2;

/** Labels on the left, what they say on the right, wrapped at `columns`. */
export function labelled(rows: readonly (readonly [label: string, value: string])[], columns: number): string {
  const labels = Math.max(...rows.map(([label]) => widthOf(label))) + GAP;
  return borderless(
    [labels, Math.max(20, columns - labels - GAP)],
    rows.map(([label, value]) => [label, value]),
  );
}

/** A head and rows. The last column takes what is left of the line and is wrapped. */
export function table(head: readonly string[], rows: readonly (readonly string[])[], columns: number): string {
  const widths = head.slice(0, -1).map((title, index) => {
    const texts = rows.map((row) => row[index] ?? '');
    return Math.max(title.length, ...texts.map(widthOf)) + GAP;
  });
  const last = Math.max(20, columns - GAP - widths.reduce((sum, width) => sum + width, 0));
  return borderless([...widths, last], [head.map(bold), ...rows]);
}

function borderless(colWidths: number[], rows: readonly (readonly string[])[]): string {
  const lines = new Table({
    chars: NO_LINES,
    style: { 'padding-left': 0, 'padding-right': GAP, head: [], border: [] },
    colWidths,
  });
  // The table's own wrapping cuts words that are longer than the column, such as digests and ids.
  const wrapped = (text: string, column: number) => wrapAnsi(text, (colWidths[column] ?? 0) - GAP, { hard: true });
  lines.push(...rows.map((row) => row.map(wrapped)));
  return lines
    .toString()
    .replace(/ +$/gm, '')
    .replace(/^(?=.)/gm, ' '.repeat(GAP));
}

/** `1,234`. */
export const formatCount = (count: number): string => count.toLocaleString('en-US');

/** `1 entry`, `1,234 entries`. */
export function counted(count: number, singular: string, plural = `${singular}s`): string {
  return `${formatCount(count)} ${count === 1 ? singular : plural}`;
}

const widthOf = (text: string): number => stripVTControlCharacters(text).length;
