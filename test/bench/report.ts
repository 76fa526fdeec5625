import { availableParallelism, cpus, platform, release, totalmem } from 'node:os';
import { styleText } from 'node:util';
import Table from 'cli-table3';
import { type Contender, TITLES } from './contender.ts';
import type { Row } from './scenario.ts';

/** For a terminal. */
export function table(rows: readonly Row[], contenders: readonly Contender[]): string {
  const head = headOf(contenders).map((title) => styleText('bold', title));
  const printed = new Table({ head, style: { head: [], border: [] }, wordWrap: true });
  for (const row of rows)
    printed.push([...cellsOf(row, contenders), row.met ? styleText('green', 'yes') : styleText('red', 'no')]);
  return printed.toString();
}

export interface Report {
  readonly rows: readonly Row[];
  readonly contenders: readonly Contender[];
  readonly notes: readonly string[];
  /** What was typed. */
  readonly command: string;
  /** Load average when the benchmark began: near 0 on a machine that does nothing else. */
  readonly load: number;
}

/** The measured part of docs/benchmarks.md. */
export function markdown({ rows, contenders, notes, command, load }: Report): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const head = headOf(contenders);
  return [
    `\`${command}\`, ${new Date().toISOString().slice(0, 10)}, ${machine()}, ` +
      `load average ${load.toFixed(1)} when it began`,
    '',
    line(head),
    line(head.map(() => '---')),
    ...rows.map((row) => line([...cellsOf(row, contenders), row.met ? 'yes' : '**no**'])),
    '',
    ...(rows.some(({ chart }) => chart) ? ['![All who were measured, side by side](benchmarks.svg)', ''] : []),
    ...notes.map((note) => `- ${note}`),
  ].join('\n');
}

const BEGIN = '<!-- Written by `npm run bench -- --docs`; changes here are lost. -->';
const END = '<!-- End of what is written. -->';

/** `page` with what stands between the marks replaced; a new page where there are none. */
export function replaceBlock(page: string, block: string): string {
  const begin = page.indexOf(BEGIN);
  const end = page.indexOf(END);
  const written = `${BEGIN}\n\n${block}\n\n${END}`;
  if (begin < 0 || end < begin) return `# Benchmarks\n\n${written}\n`;
  return page.slice(0, begin) + written + page.slice(end + END.length);
}

function headOf(contenders: readonly Contender[]): string[] {
  const titles = contenders.map((contender) => TITLES[contender]);
  return ['scenario', 'measure', 'target', ...titles, ...titles.slice(1).map((title) => `÷ ${title}`), 'met'];
}

/** All cells but the last: everyone's figure, then the forwarder's as a share of each other one's. */
function cellsOf({ scenario, measure, target, values, show }: Row, contenders: readonly Contender[]): string[] {
  const figures = contenders.map((contender) => values[contender]);
  return [
    ...[scenario, measure, target],
    ...figures.map((figure) => (figure === undefined ? '' : show(figure))),
    ...figures.slice(1).map((figure) => (figure === undefined ? '' : ratio(values.forwarder / figure))),
  ];
}

function ratio(value: number): string {
  return value.toLocaleString('en-US', { maximumSignificantDigits: value < 1 ? 2 : 3 });
}

function machine(): string {
  const model = cpus()[0]?.model.trim() ?? 'unknown CPU';
  const gigabytes = Math.round(totalmem() / 2 ** 30);
  return `${availableParallelism()} cores (${model}), ${gigabytes} GB, ${platform()} ${release()}, Node ${process.versions.node}`;
}
