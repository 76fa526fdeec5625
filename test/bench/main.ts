import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, styleText } from 'node:util';
import { format, resolveConfig } from 'prettier';
import { findRedisServer, NO_REDIS } from '../support/redis-server.ts';
import { chart } from './chart.ts';
import type { Contender } from './contender.ts';
import { markdown, replaceBlock, table } from './report.ts';
import type { Result, Settings } from './scenario.ts';
import { SCENARIOS } from './scenarios.ts';
import { makeBundles } from './world.ts';

/*
 * `npm run bench`: how fast and how cheap the forwarder is, beside the predecessor and its way of working. See docs/benchmarks.md.
 */

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const NAMES = Object.keys(SCENARIOS) as (keyof typeof SCENARIOS)[];

const USAGE = `npm run bench -- [options]

  --scenario <name>      one of ${NAMES.join(', ')}; may be given more than once (default: all)
  --quick                a tenth of the entries: shows that it works, the figures mean little
  --alone                measure the forwarder only
  --kong-ms <ms>         what Kong takes for an answer (default 30)
  --kong-per-100-ms <ms> and for each 100 entries in it (default 1)
  --cloudtrail-ms <ms>   what CloudTrail takes for an answer (default 50)
  --calls-per-second <n> calls that CloudTrail allows (default 100)
  --docs                 write the table and the chart into docs/
  --help

PREDECESSOR=<command> adds a column: the command starts a program that speaks Lambda's Runtime API (Linux only). It is given
AWS_LAMBDA_RUNTIME_API, KONG_ADMIN_API, REDIS_HOST, REDIS_DB, CHANNEL_ARN, REGION and AWS_REGION, credentials, and
AWS_ENDPOINT_URL_CLOUDTRAIL_DATA, and must send its events there.`;

const { values } = parseArgs({
  options: {
    scenario: { type: 'string', multiple: true },
    quick: { type: 'boolean', default: false },
    alone: { type: 'boolean', default: false },
    'kong-ms': { type: 'string', default: '30' },
    'kong-per-100-ms': { type: 'string', default: '1' },
    'cloudtrail-ms': { type: 'string', default: '50' },
    'calls-per-second': { type: 'string', default: '100' },
    docs: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) {
  console.log(USAGE);
} else if (findRedisServer() === null) {
  console.error(NO_REDIS);
  process.exitCode = 1;
} else {
  await bench();
}

async function bench(): Promise<void> {
  const chosen = NAMES.filter((name) => values.scenario?.includes(name) ?? true);
  const unknown = values.scenario?.filter((name) => !Object.hasOwn(SCENARIOS, name)) ?? [];
  if (unknown.length > 0) throw new Error(`--scenario must be one of ${NAMES.join(', ')}, got ${unknown.join(', ')}`);
  using bundles = makeBundles();
  const others: Contender[] = bundles.predecessor === undefined ? ['baseline'] : ['baseline', 'predecessor'];
  const contenders: Contender[] = ['forwarder', ...(values.alone ? [] : others)];
  const settings: Settings = {
    contenders,
    distance: {
      kong: { perAnswerMs: number('kong-ms'), per100EntriesMs: number('kong-per-100-ms') },
      cloudTrail: { latencyMs: number('cloudtrail-ms'), callsPerSecond: number('calls-per-second') },
    },
    quick: values.quick,
    say: (line: string) => {
      console.error(styleText('dim', line));
    },
  };

  const [load = NaN] = loadavg();
  const results: Result[] = [];
  for (const name of chosen) results.push(await SCENARIOS[name](bundles, settings));
  const rows = results.flatMap((result) => result.rows);
  const notes = results.flatMap((result) => result.notes);
  if (contenders.length > 1) notes.unshift("÷: the forwarder's figure divided by theirs, of the same run.");

  console.log(table(rows, contenders));
  for (const note of notes) console.log(note);
  const folder = values.docs ? join(ROOT, 'docs') : join(ROOT, 'dist', 'bench');
  mkdirSync(folder, { recursive: true });
  const page = join(folder, 'benchmarks.md');
  const command = ['npm run bench', ...(process.argv.length > 2 ? ['--', ...process.argv.slice(2)] : [])].join(' ');
  writeFileSync(join(folder, 'benchmarks.svg'), chart(rows, contenders));
  const text = replaceBlock(read(page), markdown({ rows, contenders, notes, command, load }));
  writeFileSync(page, await format(text, { ...(await resolveConfig(page)), filepath: page }));
  console.log(`\nWritten: ${page}`);
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function number(name: 'kong-ms' | 'kong-per-100-ms' | 'cloudtrail-ms' | 'calls-per-second'): number {
  const value = Number(values[name]);
  if (values[name].trim() !== '' && value >= 0) return value;
  throw new Error(`--${name} must be a number that is not negative, got '${values[name]}'`);
}
