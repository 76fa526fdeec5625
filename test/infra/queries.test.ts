import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { TrinoSQL } from 'dt-sql-parser';
import { exampleValues, fillQuery, QUERIES } from '../../infra/queries.ts';
import { QUERIES_PAGE, queriesPage } from '../../infra/queries-page.ts';

const LAKE = { EDS_ID: 'event_data_store', START: '2026-11-14 00:00:00', END: '2026-11-15 00:00:00' };
const trino = new TrinoSQL();

/** What the queries may ask of an event: README.md, "What an event looks like". */
const FIELDS = [
  'version',
  'userIdentity.type',
  'userIdentity.principalId',
  'eventName',
  'eventTime',
  'UID',
  'sourceIPAddress',
];
/** In Lake's SQL these are maps from text to text; in Insights their members are fields. */
const MAPS: Readonly<Record<string, readonly string[]>> = {
  'userIdentity.details': ['userName'],
  requestParameters: ['queryParameters', 'payload'],
  additionalEventData: ['workspace', 'hostname', 'method', 'path', 'status', 'redacted', 'requestTimestamp'],
};
const MAP_MEMBERS = Object.entries(MAPS).flatMap(([map, members]) => members.map((member) => `${map}.${member}`));

/** The columns beside `eventData` (CloudTrail user guide, "Supported SQL schemas for event data stores", events from outside AWS). */
const LAKE_COLUMNS = ['eventTime', 'eventID', 'metadata.ingestionTime', 'metadata.channelARN'];

/** CloudWatch Logs user guide, "Logs Insights language query syntax" and "Supported logs and discovered fields". */
const INSIGHTS_COMMANDS = ['fields', 'filter', 'stats', 'sort', 'dedup', 'limit'];
const INSIGHTS_FUNCTIONS = ['coalesce', 'substr', 'floor', 'isPresent', 'count', 'count_distinct', 'min', 'max'];
const INSIGHTS_WORDS = ['as', 'by', 'in', 'not', 'like', 'and', 'or', 'asc', 'desc'];
const DISCOVERED_FIELDS = ['@ingestionTime', '@logStream'];

test('answers the twelve questions, each under its own name', () => {
  expect(new Set(QUERIES.map(({ name }) => name)).size).toBe(12);
});

describe.each(QUERIES)('$name', (query) => {
  const sql = fillQuery(query.lake, { ...LAKE, ...exampleValues(query) });
  const insights = fillQuery(query.insights, exampleValues(query));

  test('is one SELECT that a Trino parser takes', () => {
    expect(trino.validate(sql)).toEqual([]);
    expect(trino.splitSQLByStatement(sql)).toHaveLength(1);
    expect(sql).toMatch(/^SELECT\s/);
  });

  test('bounds eventTime on both sides, for Lake bills by what is read', () => {
    expect(sql).toContain(`WHERE eventTime >= '${LAKE.START}' AND eventTime < '${LAKE.END}'`);
  });

  test('asks Lake for columns and members that an event has', () => {
    const code = withoutTexts(sql);
    const nested = code.match(/\b(?:eventData|metadata)(?:\.\w+)+/g) ?? [];
    const known = [...FIELDS, ...Object.keys(MAPS)].map((field) => `eventData.${field}`).concat(LAKE_COLUMNS);
    expect(nested.filter((field) => !known.includes(field))).toEqual([]);
    const looked = [...sql.matchAll(/element_at\(eventData\.([\w.]+), '(\w+)'\)/g)].map(
      ([, map, member]) => `${map}.${member}`,
    );
    expect(looked.length).toBe((code.match(/element_at/g) ?? []).length);
    expect(looked.filter((member) => !MAP_MEMBERS.includes(member))).toEqual([]);
  });

  test('asks Insights with commands, functions and fields that there are', () => {
    const commands = withoutTexts(insights)
      .split('|')
      .map((command) => command.trim());
    expect(
      commands.map((command) => command.split(' ', 1)[0]).filter((word) => !INSIGHTS_COMMANDS.includes(word ?? '')),
    ).toEqual([]);
    const aliases = [...insights.matchAll(/ as (\w+)/g)].map(([, alias]) => alias);
    const known = [
      ...FIELDS,
      ...MAP_MEMBERS,
      ...DISCOVERED_FIELDS,
      ...aliases,
      ...INSIGHTS_COMMANDS,
      ...INSIGHTS_FUNCTIONS,
      ...INSIGHTS_WORDS,
    ];
    const words = commands.flatMap((command) => command.match(/@?[A-Za-z_][\w.]*/g) ?? []);
    expect(words.filter((word) => !known.includes(word))).toEqual([]);
  });

  test('has nothing after dedup, as Insights wants it', () => {
    expect(withoutTexts(insights)).not.toMatch(/\| dedup .*\|(?! limit )/s);
  });

  test('says in what must be replaced', () => {
    const placeholders = (text: string) => new Set([...text.matchAll(/\$([A-Z][A-Z_]*)/g)].map(([, name]) => name));
    const own = query.parameters.map(({ name }) => name);
    expect(placeholders(query.insights)).toEqual(new Set(own));
    expect(placeholders(query.lake)).toEqual(new Set([...Object.keys(LAKE), ...own]));
  });

  test('counts and lists an event once, however often it was stored', () => {
    if (['duplicates', 'one-request'].includes(query.name)) return;
    expect(sql).toMatch(/SELECT DISTINCT|COUNT\(DISTINCT eventData\.UID\)/);
    expect(insights).toMatch(/\| dedup UID$|count_distinct\(UID\)/);
  });
});

test('docs/queries.md is what the queries say; if not, node infra/queries-page.ts', () => {
  expect(readFileSync(QUERIES_PAGE, 'utf8')).toBe(queriesPage());
});

describe('fillQuery', () => {
  test('refuses a placeholder without a value', () => {
    expect(() => fillQuery("UID = '$REQUEST_ID'", {})).toThrow('The query needs a value for $REQUEST_ID.');
  });

  test.each(["x' OR 'a' = 'a", 'x"', 'x/ or', 'x\\', 'x\n'])('refuses a value that could end its text: %j', (value) => {
    expect(() => fillQuery("UID = '$REQUEST_ID'", { REQUEST_ID: value })).toThrow('$REQUEST_ID must have no quote');
  });

  test('leaves the end of a regular expression alone', () => {
    expect(fillQuery('like /routes$/ $A', { A: 'b' })).toBe('like /routes$/ b');
  });
});

/** `text` without what stands in quotes or is a regular expression. */
function withoutTexts(text: string): string {
  return text.replace(/'[^']*'|"[^"]*"|(?<=like )\/(?:\\.|[^/\\\n])+\//g, "''");
}
