import Table from 'cli-table3';
import type { Failure, Sums } from './sums.ts';

const COMPACT = { head: [], border: [], compact: true };
const thousands = new Intl.NumberFormat('en');
const number = (value: number): string => thousands.format(value);

/** The table of `npm run chaos`: what was done to the forwarder, and what became of the entries. */
export function table(title: string, sums: Sums, seconds: number): string {
  const totals = new Table({ head: [title, ''], colAligns: ['left', 'right'], style: COMPACT });
  totals.push(
    ['histories', number(sums.histories)],
    ['runs', number(sums.runs)],
    ['entries', number(sums.entries)],
    ['lost', number(sums.lost)],
    ['starved', number(sums.starved)],
    ['duplicates', number(sums.duplicates)],
    ['duplicates the promise allows', number(sums.bound)],
    ['duplicates over the bound of their history', number(sums.overBound)],
    ['quarantined at the end', number(sums.quarantined)],
    ['purged by Kong before any run could read them', number(sums.purgedUnread)],
    ['histories that broke the promise', number(sums.failures.length)],
    ['histories per minute', number(Math.round((sums.histories / seconds) * 60))],
  );
  const lists = [counts('faults injected', sums.faults), counts('why events were sent twice', sums.causes)];
  return [totals.toString(), ...lists].filter((text) => text !== '').join('\n');
}

function counts(title: string, found: Readonly<Record<string, number>>): string {
  const rows = Object.entries(found).sort(([, a], [, b]) => b - a);
  if (rows.length === 0) return '';
  const sum = rows.reduce((total, [, count]) => total + count, 0);
  const list = new Table({ head: [title, number(sum)], colAligns: ['left', 'right'], style: COMPACT });
  for (const [name, count] of rows) list.push([name, number(count)]);
  return list.toString();
}

/** What is needed to understand a history that broke the promise. @param options of the command that repeats it */
export function describeFailure({ seed, violations, log }: Failure, lines: number, options = ''): string {
  const left = log.length - lines;
  return [
    `Seed ${seed} broke the promise:`,
    ...violations.slice(0, 20).map((violation) => `  ${violation}`),
    ...(log.length > 0 ? ['What happened:', ...log.slice(0, lines).map((line) => `  ${line}`)] : []),
    ...(left > 0 ? [`  … and ${left} more lines`] : []),
    `Again: npm run chaos -- --seed ${seed} --histories 1${options}`,
  ].join('\n');
}
