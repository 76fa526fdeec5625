import { afterAll, describe, expect, test } from 'vitest';
import { createRedactor, DEFAULT_REDACT_KEYS } from '../../lambda/redact/redactor.ts';
import { type KongField, readKongFields } from './kong-fields.ts';

const redactor = createRedactor(DEFAULT_REDACT_KEYS);
const fields = readKongFields();
const secrets = fields.filter(({ isSecret }) => isSecret);
const harmless = fields.filter(({ isSecret }) => !isSecret);

/** `value` at the end of `path`, in objects and lists. */
const nested = (path: readonly string[], value: unknown): object =>
  path.reduceRight<unknown>((inner, name) => (name === '[]' ? [inner] : { [name]: inner }), value) as object;
/** A form with the field among others. */
const form = (name: string, value: string | boolean) =>
  `name=a&${encodeURIComponent(name)}=${encodeURIComponent(value)}&x=b`;
const dotted = (path: readonly string[]) => path.join('.').replaceAll('.[]', '[1]');
const bracketed = ([first = '', ...rest]: readonly string[]) =>
  first + rest.map((name) => (name === '[]' ? '[1]' : `[${name}]`)).join('');

/** How a field may reach Kong, and stand in the audit log. */
const PLACES: Readonly<Record<string, (field: KongField) => string>> = {
  JSON: ({ path, value }) => JSON.stringify(nested(path, value)),
  'JSON under its last names alone': ({ tail, value }) =>
    JSON.stringify({ name: 'a', ...nested(tail.split('.'), value) }),
  'JSON deep inside JSON': ({ path, value }) =>
    JSON.stringify({ services: [{ plugins: [{ name: 'a', ...nested(path, value) }] }] }, null, 2),
  'JSON in a string of JSON': ({ path, value }) => JSON.stringify({ config: JSON.stringify(nested(path, value)) }),
  'a list in JSON': ({ path, value }) =>
    JSON.stringify([nested(path, typeof value === 'string' ? [value, '', value] : value)]),
  'a form with dots': ({ path, value }) => form(dotted(path), value),
  'a form with brackets': ({ path, value }) => form(bracketed(path), value),
  'a query': ({ path, value }) => `?${form(dotted(path), value)}`,
  'a list of headers': ({ tail, value }) =>
    JSON.stringify({ config: { add: { headers: ['X-Name:a', `${tail}:${value}`] } } }),
  'a line of text': ({ tail, value }) => `name: a\n${tail}: ${JSON.stringify(value)}\nenabled: true\n`,
};

const redact = (text: string) => (text.startsWith('?') ? redactor.query(text.slice(1)) : redactor.payload(text));
const isRedacted = (text: string): boolean => {
  const redacted = redact(text);
  return redacted.keys.length > 0 && !redacted.text.includes('hunter');
};
const isKept = (text: string): boolean => {
  const redacted = redact(text);
  return redacted.keys.length === 0 && redacted.text === text.replace(/^\?/, '');
};

let redactedCount = 0;
let keptCount = 0;
afterAll(() => {
  const places = Object.keys(PLACES).length;
  console.log(
    `${secrets.length} fields that hold a secret and ${harmless.length} that do not, in ${places} places each:`,
  );
  console.log(`${redactedCount} of ${secrets.length * places} redacted`);
  console.log(`${keptCount} of ${harmless.length * places} harmless values kept`);
});

describe.each(Object.entries(PLACES))("Kong's fields in %s", (_, place) => {
  test('are redacted where they hold a secret', () => {
    const missed = secrets.map(place).filter((text) => !isRedacted(text));
    redactedCount += secrets.length - missed.length;
    expect(missed).toEqual([]);
  });

  test('are kept, byte for byte, where they do not', () => {
    const lost = harmless.map(place).filter((text) => !isKept(text));
    keptCount += harmless.length - lost.length;
    expect(lost).toEqual([]);
  });
});

test('the table judges every field that Kong marks, and as many that it does not', () => {
  expect(fields.filter(({ isMarked }) => isMarked)).toHaveLength(423);
  expect(secrets.length).toBeGreaterThan(250);
  expect(harmless.length).toBeGreaterThan(400);
});
