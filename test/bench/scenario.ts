import type { Summary } from '../../lambda/pipeline/report.ts';
import type { Contender } from './contender.ts';
import type { Bundles, Distance, Run } from './world.ts';

/** What a benchmark is asked for on the command line. */
export interface Settings {
  readonly distance: Distance;
  /** Who is measured, the forwarder first. Each gets the same number of entries. */
  readonly contenders: readonly Contender[];
  /** A tenth of the entries: to see that it works, not for figures. */
  readonly quick: boolean;
  /** Adds a line to what the user sees while it runs. */
  readonly say: (line: string) => void;
}

/** One line of the table: one measure of everyone who was measured. */
export interface Row {
  readonly scenario: string;
  readonly measure: string;
  readonly target: string;
  readonly values: Values;
  /** A value as it is shown. */
  readonly show: (value: number) => string;
  readonly met: boolean;
  /** Title of the row in the chart. Default: it is not drawn. */
  readonly chart?: string;
}

/** The forwarder's figure, and those of the others that were measured. */
export type Values = { readonly forwarder: number } & Partial<Readonly<Record<Contender, number>>>;

export interface Result {
  readonly rows: readonly Row[];
  /** Remarks under the table. */
  readonly notes: readonly string[];
}

export type Scenario = (bundles: Bundles, settings: Settings) => Promise<Result>;

/** A week of administration, all of it retained. */
export const WEEK = { hoursBefore: 24 * 7, hoursAfter: 0, ttlHours: 24 * 30 } as const;

export const summaryOf = (run: Run): Summary => run.answer as Summary;

/**
 * A fast run that loses something is no result.
 *
 * @throws when the forwarder did not forward exactly `expected` events, or another one fewer
 */
export function expectDelivered(contender: Contender, expected: number, ...runs: readonly Run[]): void {
  const accepted = runs.reduce((sum, { cloudTrail }) => sum + cloudTrail.accepted, 0);
  // The others also forward their own requests.
  const isRight = contender === 'forwarder' ? accepted === expected : accepted >= expected;
  if (!isRight)
    throw new Error(
      `Expected ${expected} events of the ${contender}, CloudTrail accepted ${accepted}. ` +
        `It answered ${runs.map(({ answer }) => JSON.stringify(answer).slice(0, 500)).join(' and ')}`,
    );
}

/** One figure of everyone who was measured. */
export function valuesOf(runs: ReadonlyMap<Contender, Run>, figure: (run: Run) => number): Values {
  const values = [...runs].map(([contender, run]) => [contender, figure(run)] as const);
  return { forwarder: NaN, ...Object.fromEntries(values) };
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
}

export const thousands = (value: number): string => Math.round(value).toLocaleString('en-US');
export const seconds = (value: number): string => `${value.toFixed(value < 10 ? 2 : 1)} s`;
export const micros = (value: number): string => `${value.toFixed(1)} µs`;
export const megabytes = (value: number): string => `${value.toFixed(0)} MB`;
