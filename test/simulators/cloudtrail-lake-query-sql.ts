import { EVENT_DATA_TIME, LAKE_COLUMNS, readTimestampLiteral } from './cloudtrail-lake-query-columns.ts';
import { cursor, LakeSqlError, type Cursor } from './cloudtrail-lake-query-tokens.ts';

/** One value of a row: a column of `LAKE_COLUMNS`, or something counted or compared over a group. */
export type Value =
  | { readonly kind: 'column' | 'min' | 'max'; readonly column: string }
  /** Without a column, rows are counted. */
  | { readonly kind: 'count'; readonly column: string | null; readonly distinct: boolean };

const COMPARISONS = ['=', '<>', '<', '<=', '>', '>='] as const;
export type Comparison = (typeof COMPARISONS)[number];

export interface Condition {
  readonly column: string;
  readonly is: Comparison;
  /** More than one after IN: any may be equal. */
  readonly values: readonly string[];
}

export interface LakeQuery {
  readonly distinct: boolean;
  /** `name` is the key in a result row. */
  readonly select: readonly { readonly value: Value; readonly name: string }[];
  /** The id of the event data store. */
  readonly from: string;
  /** All hold. */
  readonly where: readonly Condition[];
  readonly groupBy: readonly string[];
  readonly having: readonly { readonly value: Value; readonly is: Comparison; readonly number: number }[];
  readonly orderBy: readonly { readonly value: Value; readonly descending: boolean }[];
  readonly limit: number;
}

/**
 * Reads the part of Lake's SQL that this program uses, and refuses everything else, though Lake takes most of Trino's:
 *
 *     SELECT [DISTINCT] value [AS name], … FROM id [WHERE column op literal | column IN (…) [AND …]]
 *     [GROUP BY column, …] [HAVING count op number [AND …]] [ORDER BY value [ASC | DESC], …] [LIMIT n]
 *
 * with `COUNT(*)`, `COUNT([DISTINCT] column)`, `MIN(column)`, `MAX(column)` as aggregates. As in Trino, a string is
 * compared with a string only. Source: CloudTrail user guide, "CloudTrail Lake SQL constraints".
 *
 * @throws {LakeSqlError}
 */
export function readLakeSql(statement: string): LakeQuery {
  const at = cursor(statement);
  at.need('SELECT');
  const distinct = at.skip('DISTINCT');
  const select = at
    .list(() => {
      const { label, value } = readValue(at);
      return { value, name: at.skip('AS') ? at.take('word', 'a name') : label };
    })
    .map(({ value, name }, index) => ({ value, name: name ?? `_col${index}` }));
  at.need('FROM');
  const from = at.take('id', 'the id of an event data store').toLowerCase();
  const where = at.skip('WHERE') ? at.list(() => readCondition(at), 'AND') : [];
  const groupBy = at.skip('GROUP', 'BY') ? at.list(() => readColumn(at).column) : [];
  const having = at.skip('HAVING')
    ? at.list(() => {
        const { value } = readValue(at);
        if (value.kind !== 'count') throw new LakeSqlError(`HAVING takes only COUNT here, got ${value.kind}`);
        return { value, is: readComparison(at), number: Number(at.take('number', 'a number')) };
      }, 'AND')
    : [];
  const orderBy = at.skip('ORDER', 'BY')
    ? at.list(() => {
        const named = select.find(({ name }) => at.skip(name.toUpperCase()));
        const value = named?.value ?? readValue(at).value;
        return { value, descending: at.skip('DESC') || (at.skip('ASC') && false) };
      })
    : [];
  const limit = at.skip('LIMIT') ? Number(at.take('number', 'a number')) : Infinity;
  at.skip(';');
  at.end();
  const query = { distinct, select, from, where, groupBy, having, orderBy, limit };
  checkGroups(query);
  return query;
}

function readValue(at: Cursor): { readonly value: Value; readonly label?: string } {
  for (const [word, kind] of [
    ['MIN', 'min'],
    ['MAX', 'max'],
  ] as const) {
    if (!at.skip(word, '(')) continue;
    const { column } = readColumn(at);
    at.need(')');
    return { value: { kind, column } };
  }
  if (at.skip('COUNT', '(')) {
    const distinct = at.skip('DISTINCT');
    const column = !distinct && at.skip('*') ? null : readColumn(at).column;
    at.need(')');
    return { value: { kind: 'count', column, distinct } };
  }
  const { column, label } = readColumn(at);
  return { value: { kind: 'column', column }, label };
}

/** A column's name has any case; its label is the last part as it was written. */
function readColumn(at: Cursor): { readonly column: string; readonly label: string } {
  const parts = at.list(() => at.take('word', 'a column'), '.');
  const column = parts.join('.').toLowerCase();
  if (!Object.hasOwn(LAKE_COLUMNS, column)) throw new LakeSqlError(`column '${parts.join('.')}' cannot be resolved`);
  return { column, label: parts.at(-1) ?? column };
}

function readComparison(at: Cursor): Comparison {
  const mark = at.take('mark', 'a comparison').replace('!=', '<>');
  const found = COMPARISONS.find((comparison) => comparison === mark);
  if (found === undefined) throw new LakeSqlError(`expected a comparison, got ${mark}`);
  return found;
}

function readCondition(at: Cursor): Condition {
  const { column } = readColumn(at);
  if (!at.skip('IN')) return { column, is: readComparison(at), values: [readLiteral(at, column)] };
  at.need('(');
  const values = at.list(() => readLiteral(at, column));
  at.need(')');
  return { column, is: '=', values };
}

function readLiteral(at: Cursor, column: string): string {
  const isTimestamp = at.skip('TIMESTAMP');
  const value = at.take('text', `a text in quotes to compare ${column} with`);
  if (LAKE_COLUMNS[column]?.type === 'timestamp') {
    const time = readTimestampLiteral(value);
    if (time === null) throw new LakeSqlError(`expected a time such as '2026-11-14 12:00:00', got '${value}'`);
    return time;
  }
  if (isTimestamp) throw new LakeSqlError(`varchar cannot be compared with timestamp: ${column} is a string`);
  if (column === 'eventdata.eventtime' && !EVENT_DATA_TIME.test(value)) {
    throw new LakeSqlError(`eventData.eventTime is text such as 2026-11-14T12:00:00Z, '${value}' compares wrongly`);
  }
  return value;
}

function checkGroups({ select, groupBy, having, orderBy, distinct }: LakeQuery): void {
  const used = [...select, ...orderBy].map(({ value }) => value);
  const isGrouped = groupBy.length > 0 || having.length > 0 || used.some(({ kind }) => kind !== 'column');
  for (const { kind, column } of used) {
    if (isGrouped && kind === 'column' && !groupBy.includes(column)) {
      throw new LakeSqlError(`'${column}' must be an aggregate expression or appear in GROUP BY clause`);
    }
  }
  const selected = select.map(({ value }) => JSON.stringify(value));
  if (distinct && orderBy.some(({ value }) => !selected.includes(JSON.stringify(value)))) {
    throw new LakeSqlError('For SELECT DISTINCT, ORDER BY expressions must appear in select list');
  }
}
