import { statSync } from 'node:fs';
import type { Summary } from '../../lambda/pipeline/report.ts';
import type { BaselineSummary } from './baseline.ts';
import { ledgerBreakdown } from './ledger-size.ts';
import { type Bundles, type Distance, importOnly, NO_DISTANCE, type Run, startWorld } from './world.ts';

/** What a benchmark is asked for on the command line. */
export interface Settings {
  readonly distance: Distance;
  /** A tenth of the entries: to see that it works, not for figures. */
  readonly quick: boolean;
  /** Runs the baseline to its end instead of over a share of its pages. */
  readonly full: boolean;
  /** Adds a line to what the user sees while it runs. */
  readonly say: (line: string) => void;
}

/** One line of the table. */
export interface Row {
  readonly scenario: string;
  readonly measure: string;
  readonly target: string;
  readonly forwarder: string;
  readonly baseline: string;
  readonly met: boolean;
  /** Two numbers of one unit, for the chart. */
  readonly bars?: {
    readonly title: string;
    readonly unit: string;
    readonly forwarder: number;
    readonly baseline: number;
  };
}

export interface Result {
  readonly rows: readonly Row[];
  /** Remarks under the table. */
  readonly notes: readonly string[];
}

export type Scenario = (bundles: Bundles, settings: Settings) => Promise<Result>;

const PER_PAGE = 100;
/** Pages of the baseline that are measured where the rest is calculated. */
const BASELINE_SHARE_PAGES = 300;

/** A scheduled run an hour after the last one, on a Kong that retains 300 hours of 1,000 entries. */
const hourly: Scenario = async (bundles, { distance, quick, full, say }) => {
  const hours = quick ? 30 : 300;
  const newEntries = 1000;
  const retained = hours * newEntries;
  await using world = await startWorld(bundles);
  await world.fill({ count: retained + newEntries, hoursBefore: hours, hoursAfter: 1, ttlHours: hours + 2 });
  say(`hourly: forwarding what ${hours} hours left, so that only the last hour is new`);
  const first = await world.forwarder(NO_DISTANCE, { strict: true });
  await copyLedgerForBaseline(world.redis);
  await world.advance(1);

  say('hourly: the run an hour later');
  const run = await world.forwarder(distance);
  const summary = summaryOf(run);
  expectForwarded(retained + newEntries, summaryOf(first).forwarded + summary.forwarded, first, run);

  say('hourly: baseline');
  const baseline = await runBaseline(world, distance, retained + newEntries, full);
  const times = baseline.wallMs / run.wallMs;
  return {
    rows: [
      {
        scenario: `hourly run: ${thousands(retained)} retained, ${thousands(summary.forwarded)} new`,
        measure: 'requests to Kong',
        target: '≤ 5',
        forwarder: thousands(run.kongRequests),
        baseline: baseline.mark + thousands(baseline.kongRequests),
        met: run.kongRequests <= 5,
      },
      {
        scenario: '',
        measure: 'wall time',
        target: '≥ 100 times less',
        forwarder: `${seconds(run.wallMs)} (${Math.round(times)} times less)`,
        baseline: baseline.mark + seconds(baseline.wallMs),
        met: times >= 100,
        bars: { title: 'Hourly run', unit: 's', forwarder: run.wallMs / 1000, baseline: baseline.wallMs / 1000 },
      },
    ],
    notes: [...baseline.notes.map((note) => `Hourly run: ${note}`)],
  };
};

/** One more than the default: shows how far the default is from the ceiling. */
const MORE_PUTS = 6;

/** Everything is new: the first run, or the first after a long outage. */
const catchUp: Scenario = async (bundles, { distance, quick, full, say }) => {
  const entries = quick ? 20_000 : 200_000;
  await using world = await startWorld(bundles);
  await world.fill({ count: entries, hoursBefore: 24 * 7, hoursAfter: 0, ttlHours: 24 * 30 });
  say(`catch-up: ${thousands(entries)} entries`);
  const run = await world.forwarder(distance);
  expectForwarded(entries, summaryOf(run).forwarded, run);
  const rate = entries / (run.wallMs / 1000);

  say(`catch-up: with ${MORE_PUTS} puts at once`);
  await world.forget();
  const more = await world.forwarder(distance, { putConcurrency: MORE_PUTS });
  expectForwarded(entries + run.kongRequests, summaryOf(more).forwarded, more);
  const moreRate = summaryOf(more).forwarded / (more.wallMs / 1000);

  say('catch-up: baseline');
  const baseline = await runBaseline(world, distance, entries, full);
  const baselineRate = entries / (baseline.wallMs / 1000);
  const times = rate / baselineRate;
  return {
    rows: [
      {
        scenario: `catch-up: ${thousands(entries)} new entries`,
        measure: 'events/s',
        target: '≥ 9,000',
        forwarder: thousands(rate),
        baseline: baseline.mark + thousands(baselineRate),
        met: rate >= 9000,
        bars: { title: 'Catch-up', unit: 'events/s', forwarder: rate, baseline: baselineRate },
      },
      {
        scenario: '',
        measure: 'wall time',
        target: '≥ 5 times less',
        forwarder: `${seconds(run.wallMs)} (${times.toFixed(1)} times less)`,
        baseline: baseline.mark + seconds(baseline.wallMs),
        met: times >= 5,
      },
    ],
    notes: [
      `Catch-up: with PUT_CONCURRENCY=${MORE_PUTS} instead of the default 5, ${thousands(moreRate)} events/s.`,
      ...baseline.notes.map((note) => `Catch-up: ${note}`),
    ],
  };
};

const COST_REPEATS = 3;

/** What remains when the world is near and without limits. */
const cost: Scenario = async (bundles, { quick, say }) => {
  const entries = quick ? 20_000 : 200_000;
  const perEvent: number[] = [];
  for (let repeat = 1; repeat <= COST_REPEATS; repeat += 1) {
    await using world = await startWorld(bundles);
    await world.fill({ count: entries, hoursBefore: 24 * 7, hoursAfter: 0, ttlHours: 24 * 30 });
    say(`cost: ${thousands(entries)} entries without latency, ${repeat} of ${COST_REPEATS}`);
    const run = await world.forwarder(NO_DISTANCE);
    expectForwarded(entries, summaryOf(run).forwarded, run);
    perEvent.push((run.cpuMs * 1000) / entries);
  }
  await using world = await startWorld(bundles);
  const fewer = entries / 10;
  await world.fill({ count: fewer, hoursBefore: 24 * 7, hoursAfter: 0, ttlHours: 24 * 30 });
  say(`cost: baseline, ${thousands(fewer)} entries`);
  const baseline = await world.baseline(NO_DISTANCE, { maxPages: null });
  const micros = median(perEvent);
  const baselineMicros = (baseline.cpuMs * 1000) / fewer;
  return {
    rows: [
      {
        scenario: 'no added latency, no call limit',
        measure: 'CPU per event, whole process',
        target: '≤ 30 µs',
        forwarder: `${micros.toFixed(1)} µs`,
        baseline: `${baselineMicros.toFixed(1)} µs`,
        met: micros <= 30,
        bars: { title: 'CPU per event', unit: 'µs', forwarder: micros, baseline: baselineMicros },
      },
    ],
    notes: [
      `CPU per event: median of ${perEvent.map((value) => value.toFixed(1)).join(', ')} µs; start of Node and import included.`,
    ],
  };
};

/** The same work on a small log and on a large one, with the heap that the function's memory allows. */
const memory: Scenario = async (bundles, { quick, say }) => {
  const sizes = quick ? [5000, 50_000] : [50_000, 1_000_000];
  const peaks: number[] = [];
  for (const entries of sizes) {
    await using world = await startWorld(bundles);
    say(`memory: ${thousands(entries)} entries`);
    await world.fill({ count: entries, hoursBefore: 24 * 7, hoursAfter: 0, ttlHours: 24 * 30 });
    const run = await world.forwarder(NO_DISTANCE);
    expectForwarded(entries, summaryOf(run).forwarded, run);
    peaks.push(run.peakRssBytes / 1e6);
  }
  const [small = 0, large = 0] = peaks;
  const growth = large / small - 1;
  return {
    rows: [
      {
        scenario: `memory: ${sizes.map(thousands).join(' and ')} entries`,
        measure: 'peak RSS',
        target: 'within 15 %, < 200 MB',
        forwarder: `${small.toFixed(0)} and ${large.toFixed(0)} MB (${(growth * 100).toFixed(0)} %)`,
        baseline: '',
        met: Math.abs(growth) <= 0.15 && Math.max(small, large) < 200,
      },
    ],
    notes: [],
  };
};

/** What Redis takes for each entry that was forwarded. */
const ledger: Scenario = async (bundles, { quick, say }) => {
  const entries = quick ? 20_000 : 200_000;
  await using world = await startWorld(bundles);
  await world.fill({ count: entries, hoursBefore: 24 * 7, hoursAfter: 0, ttlHours: 24 * 30 });
  say(`ledger: ${thousands(entries)} entries`);
  const before = await usedMemory(world.redis);
  const run = await world.forwarder(NO_DISTANCE);
  expectForwarded(entries, summaryOf(run).forwarded, run);
  const bytes = ((await usedMemory(world.redis)) - before) / entries;
  return {
    rows: [
      {
        scenario: 'ledger',
        measure: 'Redis memory per entry',
        target: '≤ 120 bytes',
        forwarder: `${bytes.toFixed(0)} bytes`,
        baseline: '',
        met: bytes <= 120,
      },
    ],
    notes: [await ledgerBreakdown(world.redis, bytes)],
  };
};

const COLD_STARTS = 15;

/** What a new execution environment does before the handler is called. */
const coldStart: Scenario = async (bundles, { say }) => {
  say(`cold start: ${COLD_STARTS} imports`);
  const imports: number[] = [];
  for (let start = 0; start < COLD_STARTS; start += 1) imports.push((await importOnly(bundles)).importMs);
  const importMs = median(imports);
  const megabytes = statSync(bundles.forwarder).size / 1e6;
  return {
    rows: [
      {
        scenario: 'cold start',
        measure: 'import of the bundle',
        target: '≤ 250 ms',
        forwarder: `${importMs.toFixed(0)} ms`,
        baseline: '',
        met: importMs <= 250,
      },
      {
        scenario: '',
        measure: 'bundle',
        target: '≤ 1.5 MB',
        forwarder: `${megabytes.toFixed(2)} MB`,
        baseline: '',
        met: megabytes <= 1.5,
      },
    ],
    notes: [
      `Import: median of ${COLD_STARTS} fresh processes, ${Math.min(...imports).toFixed(0)} to ${Math.max(...imports).toFixed(0)} ms.`,
    ],
  };
};

/** By the name that `--scenario` takes. */
export const SCENARIOS = {
  hourly,
  'catch-up': catchUp,
  cost,
  memory,
  ledger,
  'cold-start': coldStart,
} as const satisfies Readonly<Record<string, Scenario>>;

interface BaselineRun {
  readonly wallMs: number;
  readonly kongRequests: number;
  /** `≈ ` where the figures are partly calculated. */
  readonly mark: string;
  readonly notes: readonly string[];
}

/**
 * The baseline over `entries` entries. Unless `full`, the first pages are measured, and each page that is left counts as much as
 * one of the last half of those: the new entries come first, so these are the cheaper ones.
 */
async function runBaseline(
  world: Awaited<ReturnType<typeof startWorld>>,
  distance: Distance,
  entries: number,
  full: boolean,
): Promise<BaselineRun> {
  const run = await world.baseline(distance, { maxPages: full ? null : BASELINE_SHARE_PAGES });
  const { finished, pageMs } = run.answer as BaselineSummary;
  if (finished) return { ...run, mark: '', notes: [] };
  const left = Math.ceil(entries / PER_PAGE) - pageMs.length;
  const lastHalf = pageMs.slice(Math.floor(pageMs.length / 2));
  const perPageMs = lastHalf.reduce((sum, ms) => sum + ms, 0) / lastHalf.length;
  return {
    wallMs: run.wallMs + left * perPageMs,
    kongRequests: run.kongRequests + 2 * left,
    mark: '≈ ',
    notes: [
      `the baseline's first ${pageMs.length} pages were measured (${seconds(run.wallMs)}); the other ${thousands(left)} are ` +
        `calculated at ${perPageMs.toFixed(1)} ms each. \`--full\` measures them all.`,
    ],
  };
}

type Redis = Awaited<ReturnType<typeof startWorld>>['redis'];

/** Database 1 then knows the same ids under the keys of the baseline. */
async function copyLedgerForBaseline(redis: Redis): Promise<void> {
  const copy = `
    local found = redis.call('KEYS', '*:seen:*')
    for i = 1, #found do found[i] = string.match(found[i], ':seen:(.*)$') end
    redis.call('SELECT', 1)
    for i = 1, #found do redis.call('SET', found[i], 'true', 'EX', 2592000) end`;
  await redis.cli('EVAL', copy, 0);
}

async function usedMemory(redis: Redis): Promise<number> {
  const info = String(await redis.cli('INFO', 'memory'));
  return Number(/^used_memory:(\d+)/m.exec(info)?.[1]);
}

const summaryOf = (run: Run): Summary => run.answer as Summary;

/** A fast run that loses something is no result. */
function expectForwarded(expected: number, forwarded: number, ...runs: readonly Run[]): void {
  const accepted = runs.reduce((sum, { cloudTrail }) => sum + cloudTrail.accepted, 0);
  if (forwarded !== expected || accepted !== expected)
    throw new Error(`Expected ${expected} events; ${forwarded} were forwarded and ${accepted} accepted.`);
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
}

const thousands = (value: number): string => Math.round(value).toLocaleString('en-US');
const seconds = (ms: number): string => `${(ms / 1000).toFixed(ms < 10_000 ? 2 : 1)} s`;
