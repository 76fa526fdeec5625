import { LAKE_COLUMNS, type LakeEvent } from './cloudtrail-lake-query-columns.ts';
import type { Comparison, LakeQuery, Value } from './cloudtrail-lake-query-sql.ts';
import { integer, type Random } from './random.ts';

/** A row as GetQueryResults gives it: a list of maps with one key each. */
export type ResultRow = readonly Readonly<Record<string, string>>[];

export interface QueryOutcome {
  readonly rows: readonly ResultRow[];
  readonly eventsScanned: number;
  readonly eventsMatched: number;
  /** What AWS would bill. Only bounds on the column `eventTime` keep events from being read. */
  readonly bytesScanned: number;
}

/** Runs `query` over `events`. Where it does not say how rows are ordered, `random` orders them. */
export function runLakeQuery(query: LakeQuery, events: readonly LakeEvent[], random: Random): QueryOutcome {
  const holds = (event: LakeEvent, conditions: LakeQuery['where']): boolean =>
    conditions.every(({ column, is, values }) =>
      values.some((value) => compares(LAKE_COLUMNS[column]?.read(event) ?? null, is, value)),
    );
  const bounds = query.where.filter(({ column }) => column === 'eventtime');
  const scanned = events.filter((event) => holds(event, bounds));
  const matched = scanned.filter((event) => holds(event, query.where));
  const groups = shuffled(toGroups(query, matched), random).filter((group) =>
    query.having.every(({ value, is, number }) => compares(Number(evaluate(value, group)), is, number)),
  );
  const sorted = groups
    .map((group) => ({ group, keys: query.orderBy.map(({ value }) => evaluate(value, group)) }))
    .sort((a, b) => compareKeys(a.keys, b.keys, query.orderBy));
  const rows = sorted.map(({ group }) =>
    // How Lake shows a null is not documented.
    query.select.map(({ value, name }) => ({ [name]: String(evaluate(value, group) ?? '') })),
  );
  const unique = query.distinct ? [...new Map(rows.map((row) => [JSON.stringify(row), row])).values()] : rows;
  return {
    rows: unique.slice(0, query.limit),
    eventsScanned: scanned.length,
    eventsMatched: matched.length,
    bytesScanned: scanned.reduce((sum, { accepted }) => sum + Buffer.byteLength(accepted.eventData), 0),
  };
}

/** Events with equal grouping columns; without grouping each event by itself, or all together where something is counted. */
function toGroups({ groupBy, select, having, orderBy }: LakeQuery, events: readonly LakeEvent[]): LakeEvent[][] {
  const isAggregate = [...select, ...having, ...orderBy].some(({ value }) => value.kind !== 'column');
  if (groupBy.length === 0) return isAggregate ? [[...events]] : events.map((event) => [event]);
  const keyOf = (event: LakeEvent): string =>
    JSON.stringify(groupBy.map((column) => LAKE_COLUMNS[column]?.read(event)));
  return [...Map.groupBy(events, keyOf).values()];
}

function evaluate(value: Value, group: readonly LakeEvent[]): string | number | null {
  if (value.kind === 'count' && value.column === null) return group.length;
  const read = LAKE_COLUMNS[value.column ?? '']?.read;
  const found = group.map((event) => read?.(event) ?? null).filter((text) => text !== null);
  switch (value.kind) {
    case 'column':
      return found[0] ?? null;
    case 'count':
      return value.distinct ? new Set(found).size : found.length;
    case 'min':
      return found.reduce<string | null>((least, text) => (least === null || text < least ? text : least), null);
    case 'max':
      return found.reduce<string | null>((most, text) => (most === null || text > most ? text : most), null);
  }
}

/** A null compares as nothing. */
function compares<Comparable extends string | number>(
  given: Comparable | null,
  is: Comparison,
  wanted: Comparable,
): boolean {
  if (given === null) return false;
  switch (is) {
    case '=':
      return given === wanted;
    case '<>':
      return given !== wanted;
    case '<':
      return given < wanted;
    case '<=':
      return given <= wanted;
    case '>':
      return given > wanted;
    case '>=':
      return given >= wanted;
  }
}

type Key = readonly (string | number | null)[];

/** As in Trino, nulls come last either way. */
function compareKeys(a: Key, b: Key, orderBy: LakeQuery['orderBy']): number {
  for (const [index, { descending }] of orderBy.entries()) {
    const [left, right] = [a[index] ?? null, b[index] ?? null];
    if (left === right) continue;
    if (left === null) return 1;
    if (right === null) return -1;
    return left < right === descending ? 1 : -1;
  }
  return 0;
}

function shuffled<Item>(items: readonly Item[], random: Random): Item[] {
  const mixed = [...items];
  for (let index = mixed.length - 1; index > 0; index -= 1) {
    const other = integer(random, index + 1);
    [mixed[index], mixed[other]] = [mixed[other] as Item, mixed[index] as Item];
  }
  return mixed;
}
