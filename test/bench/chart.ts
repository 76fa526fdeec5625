import { type Contender, TITLES } from './contender.ts';
import type { Row } from './scenario.ts';

const WIDTH = 720;
const LABEL_WIDTH = 150;
const VALUE_WIDTH = 160;
const BAR_HEIGHT = 16;
const BAR_GAP = 4;
const TITLE_HEIGHT = 22;
const COLOURS: Readonly<Record<Contender, string>> = {
  forwarder: '#2a9d5c',
  baseline: '#9aa0a6',
  predecessor: '#5f6368',
};

/** The rows that have a chart, a bar for everyone who was measured; each row has a scale of its own. */
export function chart(rows: readonly Row[], contenders: readonly Contender[]): string {
  const drawn = rows.filter(({ chart: title }) => title !== undefined);
  const groupHeight = TITLE_HEIGHT + contenders.length * (BAR_HEIGHT + BAR_GAP);
  const height = drawn.length * groupHeight + 20;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="system-ui, sans-serif" font-size="13">`,
    `<rect width="${WIDTH}" height="${height}" fill="#ffffff"/>`,
    ...drawn.map((row, index) => group(row, contenders, 20 + index * groupHeight)),
    '</svg>',
    '',
  ].join('\n');
}

function group({ chart: title = '', values }: Row, contenders: readonly Contender[], top: number): string {
  const bars = contenders.flatMap((contender) => {
    const value = values[contender];
    return value === undefined ? [] : [{ contender, value }];
  });
  const longest = Math.max(...bars.map(({ value }) => value));
  return [
    `<text x="10" y="${top + 12}" font-weight="600" fill="#202124">${title}</text>`,
    ...bars.map(({ contender, value }, index) =>
      bar(contender, value, value / longest, top + index * (BAR_HEIGHT + BAR_GAP)),
    ),
  ].join('\n');
}

function bar(contender: Contender, value: number, share: number, top: number): string {
  const width = Math.max(1, share * (WIDTH - LABEL_WIDTH - VALUE_WIDTH));
  const text = `${value.toLocaleString('en-US', { maximumSignificantDigits: 3 })}, ${TITLES[contender]}`;
  return (
    `<rect x="${LABEL_WIDTH}" y="${top}" width="${width.toFixed(1)}" height="${BAR_HEIGHT}" fill="${COLOURS[contender]}"/>` +
    `<text x="${(LABEL_WIDTH + width + 6).toFixed(1)}" y="${top + 13}" fill="#202124">${text}</text>`
  );
}
