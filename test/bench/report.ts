import { availableParallelism, cpus, platform, release, totalmem } from 'node:os';
import { styleText } from 'node:util';
import Table from 'cli-table3';
import type { Row } from './scenarios.ts';

const HEAD = ['scenario', 'measure', 'target', 'forwarder', 'baseline', 'met'];

export function table(rows: readonly Row[]): string {
  const printed = new Table({ head: HEAD.map((title) => styleText('bold', title)), style: { head: [], border: [] } });
  for (const row of rows) printed.push([...texts(row), row.met ? styleText('green', 'yes') : styleText('red', 'no')]);
  return printed.toString();
}

export interface Report {
  readonly rows: readonly Row[];
  readonly notes: readonly string[];
  /** What was typed. */
  readonly command: string;
  /** Load average when the benchmark began: near 0 on a machine that does nothing else. */
  readonly load: number;
}

/** The measured part of docs/benchmarks.md. */
export function markdown({ rows, notes, command, load }: Report): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [
    `\`${command}\`, ${new Date().toISOString().slice(0, 10)}, ${machine()}, ` +
      `load average ${load.toFixed(1)} when it began`,
    '',
    line(HEAD),
    line(HEAD.map(() => '---')),
    ...rows.map((row) => line([...texts(row), row.met ? 'yes' : '**no**'])),
    '',
    ...(rows.some(({ bars }) => bars) ? ['![Forwarder and baseline, side by side](benchmarks.svg)', ''] : []),
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

function texts({ scenario, measure, target, forwarder, baseline }: Row): string[] {
  return [scenario, measure, target, forwarder, baseline];
}

function machine(): string {
  const model = cpus()[0]?.model.trim() ?? 'unknown CPU';
  const gigabytes = Math.round(totalmem() / 2 ** 30);
  return `${availableParallelism()} cores (${model}), ${gigabytes} GB, ${platform()} ${release()}, Node ${process.versions.node}`;
}
