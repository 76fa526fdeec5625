import type { Row } from './scenarios.ts';

const WIDTH = 720;
const LABEL_WIDTH = 150;
const VALUE_WIDTH = 130;
const BAR_HEIGHT = 16;
const GROUP_HEIGHT = 62;
const COLOURS = { forwarder: '#2a9d5c', baseline: '#9aa0a6' } as const;

type Bars = NonNullable<Row['bars']>;

/** The rows that have two numbers, as pairs of bars; each pair has a scale of its own. */
export function chart(rows: readonly Row[]): string {
  const groups = rows.flatMap(({ bars }) => bars ?? []);
  const height = groups.length * GROUP_HEIGHT + 20;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="system-ui, sans-serif" font-size="13">`,
    `<rect width="${WIDTH}" height="${height}" fill="#ffffff"/>`,
    ...groups.map(group),
    '</svg>',
    '',
  ].join('\n');
}

function group(bars: Bars, index: number): string {
  const top = 20 + index * GROUP_HEIGHT;
  return [
    `<text x="10" y="${top + 12}" font-weight="600" fill="#202124">${bars.title}</text>`,
    bar('forwarder', bars, top),
    bar('baseline', bars, top + BAR_HEIGHT + 4),
  ].join('\n');
}

function bar(name: keyof typeof COLOURS, bars: Bars, top: number): string {
  const longest = Math.max(bars.forwarder, bars.baseline);
  const width = Math.max(1, (bars[name] / longest) * (WIDTH - LABEL_WIDTH - VALUE_WIDTH));
  const value = bars[name].toLocaleString('en-US', { maximumSignificantDigits: 3 });
  return (
    `<rect x="${LABEL_WIDTH}" y="${top}" width="${width.toFixed(1)}" height="${BAR_HEIGHT}" fill="${COLOURS[name]}"/>` +
    `<text x="${(LABEL_WIDTH + width + 6).toFixed(1)}" y="${top + 13}" fill="#202124">${value} ${bars.unit}, ${name}</text>`
  );
}
