import Table from 'cli-table3';
import { bold } from './screen.ts';

const NO_LINES = {
  ...{ top: '', 'top-mid': '', 'top-left': '', 'top-right': '', bottom: '', 'bottom-mid': '', 'bottom-left': '' },
  ...{ 'bottom-right': '', left: '', 'left-mid': '', mid: '', 'mid-mid': '', right: '', 'right-mid': '', middle: '' },
};

/** Labels on the left, what they say on the right, wrapped at `columns`. */
export function labelled(rows: readonly (readonly [label: string, value: string])[], columns: number): string {
  const labels = Math.max(...rows.map(([label]) => label.length)) + 4;
  return borderless(
    [labels, Math.max(20, columns - labels)],
    rows.map(([label, value]) => [`  ${label}`, value]),
  );
}

/** A head and rows. The last column takes what is left of the line and is wrapped. */
export function table(head: readonly string[], rows: readonly (readonly string[])[], columns: number): string {
  const widths = head.slice(0, -1).map((title, index) => {
    const texts = rows.map((row) => row[index] ?? '');
    return Math.max(title.length, ...texts.map((text) => text.length)) + 4;
  });
  const last = Math.max(20, columns - widths.reduce((sum, width) => sum + width, 0));
  return borderless(
    [...widths, last],
    [head.map(bold), ...rows].map(([first = '', ...rest]) => [`  ${first}`, ...rest]),
  );
}

function borderless(colWidths: number[], rows: readonly (readonly string[])[]): string {
  const lines = new Table({
    chars: NO_LINES,
    style: { 'padding-left': 0, 'padding-right': 2, head: [], border: [] },
    colWidths,
    wordWrap: true,
    wrapOnWordBoundary: false,
  });
  lines.push(...rows.map((row) => [...row]));
  return lines.toString().replace(/ +$/gm, '');
}

/** `1,234`. */
export const formatCount = (count: number): string => count.toLocaleString('en-US');

/** `1 entry`, `1,234 entries`. */
export function counted(count: number, singular: string, plural = `${singular}s`): string {
  return `${formatCount(count)} ${count === 1 ? singular : plural}`;
}
