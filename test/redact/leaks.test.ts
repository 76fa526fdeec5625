import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createRedactor, DEFAULT_REDACT_KEYS } from '../../lambda/redact/redactor.ts';

const redactor = createRedactor(DEFAULT_REDACT_KEYS);
const NAMES = ['password', 'client_secret', 'apikey', 'X-Api-Key', 'Authorization', 'Cookie', 'config.redis.password', 'tls_client_auth_key', 'introspection_headers_values']; // prettier-ignore
const SIGNS = [' ', ',', ';', '&', '=', ':', '}', ']', '{', '[', '"', "'", '\\', '/', '@', '#', '?', '%', '+', '\n', '\t', ', ', '; ', '| ', '- ', '$', '*', '!', '(', ')', '<', '>', '`', '~', '^', '.', '_']; // prettier-ignore

/** `hunter` again and again, with signs between that end values somewhere. */
const secret = fc
  .array(fc.constantFrom(...SIGNS), { maxLength: 5 })
  .map((signs) => `hunter${signs.map((sign) => `${sign}hunter`).join('')}`);
const oneLine = (value: string) => value.replaceAll(/[\r\n]/g, '');
const pair = (name: string, value: string) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`;

/** How a secret may be written down; what is beside it holds `beside`. */
const TEXTS: Readonly<Record<string, (name: string, value: string) => string>> = {
  JSON: (name, value) => JSON.stringify({ a: 1, [name]: value, b: 'beside' }),
  'a list in JSON': (name, value) => JSON.stringify({ [name]: [value, value], b: 'beside' }),
  'JSON in JSON in JSON': (name, value) =>
    JSON.stringify({ a: JSON.stringify({ a: JSON.stringify({ [name]: value }) }), b: 'beside' }),
  'JSON with a comma too many': (name, value) => `{"a":1,"${name}":${JSON.stringify(value)},"b":"beside",}`,
  'a form': (name, value) => `a=1&${pair(name, value)}&b=beside`,
  'JSON in a form': (name, value) => `a=1&${pair('x', JSON.stringify({ [name]: value }))}&b=beside`,
  'a form in JSON': (name, value) => JSON.stringify({ a: `a=1&${pair(name, value)}`, b: 'beside' }),
  'a URL': (name, value) => JSON.stringify({ a: `https://host/path?a=1&${pair(name, value)}`, b: 'beside' }),
  'a list of headers': (name, value) => JSON.stringify({ headers: [`${name}:${oneLine(value)}`, 'b: beside'] }),
  'a list of headers in a form': (name, value) =>
    `${pair('config.add.headers', `${name}: ${oneLine(value)}`)}&b=beside`,
  'a request': (name, value) => `POST / HTTP/1.1\nHost: a\n${name}: ${oneLine(value)}\nB: beside\n`,
  'YAML in quotes': (name, value) => `a: 1\n${name}: ${JSON.stringify(value)}\nb: beside\n`,
  'YAML in apostrophes': (name, value) => `a: 1\n${name}: '${oneLine(value).replaceAll("'", "''")}'\nb: beside\n`,
  'a block of YAML': (name, value) => `a: 1\n${name}: |\n  ${value.replaceAll('\n', '\n  ')}\nb: beside\n`,
  'an index in Lua': (name, value) =>
    JSON.stringify([`local a = 1\nh["${name}"] = ${JSON.stringify(value)}\nb("beside")`]),
  'a call in Lua': (name, value) =>
    JSON.stringify([`local a = 1\nset("${name}", ${JSON.stringify(value)})\nb("beside")`]),
  settings: (name, value) =>
    `export A=1\n${name.replaceAll(/\W/g, '_')}=${oneLine(value).replaceAll('&', '')}\nB=beside\n`,
  'a multipart form': (name, value) =>
    [['a', 'x'], [name, value], ['b', 'beside']] // prettier-ignore
      .map(
        ([part = '', content = '']) => `--x1\r\nContent-Disposition: form-data; name="${part}"\r\n\r\n${content}\r\n`,
      )
      .join('') + '--x1--\r\n',
};

describe.each(Object.entries(TEXTS))('of a secret in %s', (_, write) => {
  test('nothing gets through, whatever signs it holds, and what is beside it does', () => {
    fc.assert(
      fc.property(fc.constantFrom(...NAMES), secret, (name, value) => {
        const text = write(name, value);
        const redacted = redactor.payload(text);
        expect(redacted.text).not.toContain('hunter');
        expect(redacted.text).toContain('beside');
        expect(redacted.keys).toHaveLength(1);
        expect(redacted.keys[0]).not.toContain('hunter');
        expect(redactor.payload(redacted.text).text).toBe(redacted.text);
      }),
      { numRuns: 300 },
    );
  });
});
