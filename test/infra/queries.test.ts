import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { TrinoSQL } from 'dt-sql-parser';
import { exampleValues, fillQuery, KUBERNETES_QUERIES, QUERIES } from '../../infra/queries.ts';
import { QUERIES_PAGE, queriesPage } from '../../infra/queries-page.ts';
import { kubernetesAudit } from '../../lambda/sources/log-group/kubernetes-audit.ts';
import { DEFAULT_SELECTION } from '../../lambda/sources/log-group/selection.ts';
import { auditLine } from '../sources/log-group/lines.ts';
import { eventOf } from '../sources/log-group/read.ts';

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
const MEMBERS = Object.entries(MAPS).flatMap(([map, members]) => members.map((member) => `${map}.${member}`));

/** The fields of an event, and the members of the maps among them. */
interface Vocabulary {
  readonly fields: readonly string[];
  readonly members: readonly string[];
}

const KONG: Vocabulary = { fields: FIELDS, members: MEMBERS };

/** An event as it really is, made of a line that has all that queries may ask for. */
const KUBERNETES = vocabularyOf(
  eventOf(
    kubernetesAudit(DEFAULT_SELECTION, 'prod'),
    auditLine({ responseStatus: { metadata: {}, code: 403, reason: 'Forbidden', message: 'no' } }),
  ),
);

function vocabularyOf(event: Readonly<Record<string, unknown>>): Vocabulary {
  const paths = pathsOf(event);
  const isMember = (path: string) => Object.keys(MAPS).some((map) => path.startsWith(`${map}.`));
  return { fields: paths.filter((path) => !isMember(path)), members: paths.filter(isMember) };
}

function pathsOf(value: object, prefix = ''): string[] {
  return Object.entries(value).flatMap(([name, inner]: [string, unknown]) =>
    typeof inner === 'object' && inner !== null ? pathsOf(inner, `${prefix}${name}.`) : [prefix + name],
  );
}

/** The columns beside `eventData` (CloudTrail user guide, "Supported SQL schemas for event data stores", events from outside AWS). */
const LAKE_COLUMNS = ['eventTime', 'eventID', 'metadata.ingestionTime', 'metadata.channelARN'];

/** CloudWatch Logs user guide, "Logs Insights language query syntax" and "Supported logs and discovered fields". */
const INSIGHTS_COMMANDS = ['fields', 'filter', 'stats', 'sort', 'dedup', 'limit'];
const INSIGHTS_FUNCTIONS = ['coalesce', 'substr', 'floor', 'isPresent', 'count', 'count_distinct', 'min', 'max'];
const INSIGHTS_WORDS = ['as', 'by', 'in', 'not', 'like', 'and', 'or', 'asc', 'desc'];
const DISCOVERED_FIELDS = ['@ingestionTime', '@logStream'];

test('answers the twelve questions, each under its own name', () => {
  expect(QUERIES).toHaveLength(12);
  const all = [...QUERIES, ...KUBERNETES_QUERIES];
  expect(new Set(all.map(({ name }) => name)).size).toBe(all.length);
});

describe.each([
  ...QUERIES.map((query) => ({ ...query, event: KONG })),
  ...KUBERNETES_QUERIES.map((query) => ({ ...query, event: KUBERNETES })),
])('$name', (query) => {
  const { fields, members } = query.event;
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
    const known = [...fields, ...Object.keys(MAPS)].map((field) => `eventData.${field}`).concat(LAKE_COLUMNS);
    expect(nested.filter((field) => !known.includes(field))).toEqual([]);
    const looked = [...sql.matchAll(/element_at\(eventData\.([\w.]+), '(\w+)'\)/g)].map(
      ([, map, member]) => `${map}.${member}`,
    );
    expect(looked.length).toBe((code.match(/element_at/g) ?? []).length);
    expect(looked.filter((member) => !members.includes(member))).toEqual([]);
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
      ...fields,
      ...members,
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

test.each(KUBERNETES_QUERIES)('docs/log-groups.md has the question $name as it is saved', (query) => {
  const page = readFileSync(new URL('../../docs/log-groups.md', import.meta.url), 'utf8');
  const values = { ...LAKE, EDS_ID: '$EDS_ID', ...exampleValues(query) };
  expect(page).toContain(`## ${query.question}\n`);
  expect(page).toContain(query.note);
  expect(page).toContain(`\`\`\`sql\n${fillQuery(query.lake, values)}\n\`\`\``);
  expect(page).toContain(`\`\`\`\n${fillQuery(query.insights, values)}\n\`\`\``);
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
