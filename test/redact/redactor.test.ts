import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { beginningOf, createRedactor, DEFAULT_REDACT_KEYS, READ_CHARACTERS } from '../../lambda/redact/redactor.ts';
import { anyCharacter, anyText } from '../support/any-text.ts';
import { hostilePayloads } from './hostile-payloads.ts';

const redactor = createRedactor(DEFAULT_REDACT_KEYS);
const payload = (text: string) => redactor.payload(text);
const query = (text: string) => redactor.query(text);
const json = (value: unknown): string => payload(JSON.stringify(value)).text;

/** None of these, nor any part of them, is the name of a secret. */
const PLAIN_NAMES = ['name', 'host', 'tags', 'config', 'url', 'enabled', 'retries'];
const SECRET_NAMES = ['password', 'Client_Secret', 'API-KEY', 'config.token', 'private_key'];

const plainJson = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    anyText.map((text) => text.replaceAll(/[:=]/g, '')),
    fc.integer(),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.constantFrom(null, true, false, 'password', '"password"', '{}', 'https://a/?b'),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.constantFrom(...PLAIN_NAMES), tie('value'), { maxKeys: 4 }),
  ),
})).value;

/** JSON with white space of every kind between its tokens. */
const spaced = (value: unknown): fc.Arbitrary<string> =>
  fc.constantFrom('', ' ', '\t', '\n  ').map((indent) => JSON.stringify(value, null, indent));

describe('a JSON payload', () => {
  test.each([
    ['at the top', '{"password":"hunter2"}', '{"password":"***"}'],
    ['nested', '{"config":{"redis":{"password":"hunter2"}}}', '{"config":{"redis":{"password":"***"}}}'],
    ['in arrays', '[{"key":"a"},[{"key":"b"}]]', '[{"key":"***"},[{"key":"***"}]]'],
    ['as a list', '{"client_secret":["a","b"],"name":"x"}', '{"client_secret":"***","name":"x"}'],
    ['as an object', '{"secret":{"a":"}","b":["]"]},"name":"x"}', '{"secret":"***","name":"x"}'],
    ['as a number', '{"token":12345678901234567890,"ttl":1}', '{"token":"***","ttl":1}'],
    ['twice', '{"password":"a","password":"b"}', '{"password":"***","password":"***"}'],
    ['with spaces', '{ "password" \n:\t "hunter2" , "a" : 1 }', '{ "password" \n:\t "***" , "a" : 1 }'],
    ['with quotes', String.raw`{"password":"a\"b\\","name":"x"}`, '{"password":"***","name":"x"}'],
    ['in any case', '{"PassWord":"a","API-Key":"b"}', '{"PassWord":"***","API-Key":"***"}'],
    ['under an escaped key', String.raw`{"\u0070assword":"a"}`, String.raw`{"\u0070assword":"***"}`],
    ['under a dotted key', '{"config.client_secret":"a"}', '{"config.client_secret":"***"}'],
    ['under a key with a domain in front', '{"example.com/webhook-token":"a"}', '{"example.com/webhook-token":"***"}'],
    ['behind white space', '\n\t {"password":"a"}\n', '\n\t {"password":"***"}\n'],
    ['behind a byte order mark', '\uFEFF{"password":"a"}', '\uFEFF{"password":"***"}'],
    [
      'beside a content disposition',
      '{"h":"\\nContent-Disposition: x","key":"a"}',
      '{"h":"\\nContent-Disposition: x","key":"***"}',
    ],
    [
      'in JSON inside a string',
      String.raw`{"a":"{\"key\":\"b\",\"c\":1}"}`,
      String.raw`{"a":"{\"key\":\"***\",\"c\":1}"}`,
    ],
    [
      'in JSON inside a string, behind white space',
      String.raw`{"a":" 
{"key":"b"}"}`,
      String.raw`{"a":" 
{"key":"***"}"}`,
    ],
    [
      'in JSON inside a string, its quotes escaped',
      String.raw`{"a":"{\u0022key\u0022:1}"}`,
      String.raw`{"a":"{\"key\":\"***\"}"}`,
    ],
    [
      'in a header, as request-transformer takes them',
      '{"add":{"headers":["Authorization:Bearer x","X-Name:a"]}}',
      '{"add":{"headers":["Authorization:***","X-Name:a"]}}',
    ],
    ['in the query of a URL', '{"url":"https://a/b?api_key=x&c=1"}', '{"url":"https://a/b?api_key=***&c=1"}'],
    ['in the userinfo of a URL', '{"url":"https://me:hunter2@host/a@b:c"}', '{"url":"https://me:***@host/a@b:c"}'],
    ['in JSON written twice', String.raw`"{\"key\":\"b\"}"`, String.raw`"{\"key\":\"***\"}"`],
  ])('loses a secret %s', (_, text, expected) => {
    expect(payload(text).text).toBe(expected);
  });

  test.each([
    ['in a value', '{"password":"hunter2', '{"password":"***"'],
    ['behind an escape', '{"password":"hunter2\\', '{"password":"***"'],
    ['in an object', '{"secret":{"a":"hunter2"', '{"secret":"***"'],
    ['in a list', '{"secret":["hunter2"', '{"secret":"***"'],
    ['behind a secret', '{"password":"hunter2","na', '{"password":"***","na'],
    ['before a value', '{"password":', '{"password":'],
    ['in a key', '{"a":1,"passw', '{"a":1,"passw'],
    ['in JSON inside a string', String.raw`{"a":"{\"key\":\"hunter2`, String.raw`{"a":"{\"key\":***`],
  ])('that is cut off %s loses what it holds of a secret', (_, text, expected) => {
    expect(payload(text).text).toBe(expected);
  });

  test.each([
    "{'password':'hunter2','name':'x'}",
    '{password: "hunter2", name: "x"}',
    '{password:hunter2,name:x}',
    '{"name": "it"s", "password": "hunter2"}',
    "{'secret':['a','hunter2'],'name':'x'}",
  ])('that no parser takes loses its secrets all the same: %s', (text) => {
    const redacted = payload(text);
    expect(redacted.text).not.toContain('hunter2');
    expect(redacted.text).toContain('name');
    expect(redacted.keys).toHaveLength(1);
  });

  test('keeps null, true and false under a secret key, and says nothing of them', () => {
    const text = '{"password":null,"token":true,"secret":false,"key": null }';
    expect(payload(text)).toEqual({ text, keys: [] });
  });

  test('keeps the digits of big numbers, the order and the spelling of everything else', () => {
    const text = '{"b":12345678901234567890.10,"a":1e400, "é":"\\u00e9\\/","key":"x","b":0.0}';
    expect(payload(text).text).toBe(text.replace('"x"', '"***"'));
  });

  test('does not take a value for a key', () => {
    const text = '{"name":"password","fields":["token","secret"],"a":"the password","b":"keys=y"}';
    expect(payload(text)).toEqual({ text, keys: [] });
  });

  test('does not take the host of a URL for a key', () => {
    const text = '{"url":"http://secrets:8200/v1","upstream":"http://token/a:b?c=d"}';
    expect(payload(text)).toEqual({ text, keys: [] });
  });

  test('does not take the path of a URL for a key', () => {
    const payload = '{"api.example.com/oauth/token":"a","/oauth/token":"b"}';
    expect(redactor.payload(payload)).toEqual({ text: payload, keys: [] });
  });

  test('does not take a longer word for a key', () => {
    const text = '{"keys":["a"],"max_tokens":5,"password_policy":"strong","keyring":1,"monkey":"x"}';
    expect(payload(text)).toEqual({ text, keys: [] });
  });

  test('without secrets stays as it is, byte for byte', () => {
    fc.assert(
      fc.property(plainJson.chain(spaced), (text) => {
        expect(payload(text)).toEqual({ text, keys: [] });
      }),
    );
  });

  test('changes in its secrets alone, wherever they stand and whatever they are', () => {
    const secret = fc.oneof(
      fc.string({ unit: anyCharacter, minLength: 1 }),
      fc.integer(),
      fc.array(fc.string({ minLength: 1 }), { minLength: 1 }),
      fc.record({ a: plainJson, b: fc.string() }),
    );
    fc.assert(
      fc.property(plainJson, fc.constantFrom(...SECRET_NAMES), secret, plainJson, (before, name, value, after) => {
        const around = (inner: unknown) => JSON.stringify({ host: before, config: [{ [name]: inner }], url: after });
        expect(payload(around(value))).toEqual({ text: around('***'), keys: [name] });
      }),
    );
  });

  test('holds nothing of a secret wherever it is cut off', () => {
    const text = JSON.stringify({ a: 1, config: { password: 'hunter2hunter2', b: ['x'] }, token: ['HUNTER3'] });
    for (let length = 0; length <= text.length; length += 1)
      expect(payload(text.slice(0, length)).text).not.toMatch(/hunter/i);
  });

  test('is redacted once and for all', () => {
    fc.assert(
      fc.property(anyText, fc.constantFrom(...SECRET_NAMES), plainJson, (value, name, other) => {
        const once = json({ [name]: value, other });
        expect(payload(once).text).toBe(once);
      }),
    );
  });
});

describe('a form', () => {
  test.each([
    ['plain', 'name=a&password=hunter2&x=1', 'name=a&password=***&x=1'],
    ['dotted', 'config.client_secret=a&config.x=b', 'config.client_secret=***&config.x=b'],
    ['bracketed', 'config[redis][password]=a&tags[]=b', 'config[redis][password]=***&tags[]=b'],
    ['in a list', 'credentials[1].key=a', 'credentials[1].key=***'],
    ['percent-encoded', '%70assword=a&config%5Btoken%5D=b', '%70assword=***&config%5Btoken%5D=***'],
    ['with a broken escape beside it', '%70assword[%zz]=a&100%=b', '%70assword[%zz]=***&100%=b'],
    ['with equals signs', 'key=a==&x=b', 'key=***&x=b'],
    [
      'in JSON, encoded or not',
      'payload=%7B%22license_key%22%3A%22a%22%7D&p={"key":"a"}',
      'payload=%7B%22license_key%22%3A%22***%22%7D&p={"key":"***"}',
    ],
    ['in a header', 'config.add.headers=apikey%3Aa&x=b', 'config.add.headers=apikey%3A***&x=b'],
    ['in a URL', 'url=http%3A%2F%2Fu%3Ahunter2%40h&x=b', 'url=http%3A%2F%2Fu%3A***%40h&x=b'],
    ['with line breaks', 'key=-----BEGIN-----\nMIIE\n-----END-----\n&x=b', 'key=***&x=b'],
    ['without value', 'password=&key&x=b', 'password=&key&x=b'],
    ['not of its name', 'keys=a&monkey=b&x=password', 'keys=a&monkey=b&x=password'],
  ])('loses a secret %s', (_, text, expected) => {
    expect(payload(text).text).toBe(expected);
    expect(query(text).text).toBe(expected);
  });

  test('changes in its secrets alone', () => {
    const pair = fc.tuple(fc.constantFrom(...PLAIN_NAMES), anyText);
    const pairs = fc.array(pair, { maxLength: 5 });
    const form = (values: readonly (readonly [string, string])[]) =>
      values.map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value).replaceAll('%20', '+')}`);
    fc.assert(
      fc.property(pairs, fc.string({ unit: 'grapheme', minLength: 1 }), pairs, (before, secret, after) => {
        const around = (value: string) =>
          [...form(before), `config.token=${encodeURIComponent(value)}`, ...form(after)]
            .join('&')
            .replaceAll('%2A', '*');
        expect(query(around(secret)).text).toBe(around('***'));
      }),
    );
  });
});

describe('a multipart form', () => {
  const part = (name: string, value: string, line = '\r\n') =>
    `--x1${line}Content-Disposition: form-data; name="${name}"${line}${line}${value}${line}`;
  const PEM = '-----BEGIN PRIVATE KEY-----\r\nMIIEvQ\r\n\r\n--MIIE\r\n-----END PRIVATE KEY-----';
  const CERTIFICATE = PEM.replaceAll('PRIVATE KEY', 'CERTIFICATE');

  test.each(['\r\n', '\n'])('loses its secrets and nothing else, line breaks %j', (line) => {
    const whole = (key: string, password: string) =>
      `${part('name', 'a', line)}${part('key', key, line)}${part('cert', CERTIFICATE, line)}${part('config[password]', password, line)}--x1--${line}`;
    expect(payload(whole(PEM, 'hunter2'))).toEqual({ text: whole('***', '***'), keys: ['key', 'config[password]'] });
  });

  test('keeps what an unnamed or a harmless part holds', () => {
    const text = `${part('name', 'key')}--x1\r\nContent-Disposition: form-data; filename="key"\r\n\r\nb\r\n${part('keys', 'c')}--x1--\r\n`;
    expect(payload(text)).toEqual({ text, keys: [] });
  });

  test('keeps an empty value', () => {
    const text = `${part('password', '')}--x1--\r\n`;
    expect(payload(text)).toEqual({ text, keys: [] });
  });

  test('loses what a file in it holds', () => {
    const text = (key: string) =>
      `${part('payload', `{"license":{"license_key":"${key}"}}`)}${part('c', `a: b\n  password: ${key}`)}--x1--`;
    expect(payload(text('hunter2')).text).toBe(text('***'));
  });

  test.each(['name = "key"', "name='key'", 'filename="a; name=b"; name="key"'])('may name a part by %s', (name) => {
    const text = `--x1\r\nContent-Disposition: form-data; ${name}\r\n\r\na\r\n--x1--`;
    expect(payload(text).text).toBe(text.replace('\r\na\r\n', '\r\n***\r\n'));
  });

  test('that is cut off loses what it holds of a secret', () => {
    const text = `${part('name', 'a')}${part('key', PEM)}`;
    for (let length = text.indexOf('BEGIN'); length <= text.length; length += 1)
      expect(payload(text.slice(0, length)).text).not.toMatch(/BEGIN|MIIE|END/);
  });

  test('may have a preamble, other headers, and names without quotes', () => {
    const text = `--see RFC 7578\r\n\r\n--x1\r\nContent-Type: text/plain\r\ncontent-disposition:form-data;name=key\r\n\r\na\r\n--x1--`;
    expect(payload(text).text).toBe(text.replace('\r\na\r\n', '\r\n***\r\n'));
  });
});

describe('any other payload', () => {
  test.each([
    ['password: hunter2', 'password: ***'],
    ['token hunter2', 'token hunter2'],
    ['name: a\nurl: https://h/?b=c\npassword: hunter2\n', 'name: a\nurl: https://h/?b=c\npassword: ***\n'],
    ['<a password="hunter2" b="c"/>', '<a password="***" b="c"/>'],
    ['# a=b\n{"password":"hunter2","b":1}', '# a=b\n{"password":"***","b":1}'],
    ['export PASSWORD=hunter2\nexport B=1', 'export PASSWORD=***\nexport B=1'],
    ['', ''],
    ['null', 'null'],
    ['hunter2', 'hunter2'],
  ])('%j becomes %j', (text, expected) => {
    expect(payload(text).text).toBe(expected);
  });
});

describe('what was redacted', () => {
  test('is named once per key, as first spelled, in order', () => {
    const text = '{"token":"a","Password":"b","password":"c","config.key":1}';
    expect(payload(text).keys).toEqual(['token', 'Password', 'config.key']);
  });

  test('is named without the spaces around it', () => {
    expect(payload('{"a":" http.headers.authorization =b"}').keys).toEqual(['http.headers.authorization']);
  });

  test('never includes the value', () => {
    fc.assert(
      fc.property(fc.uuid(), fc.constantFrom(...SECRET_NAMES), (secret, name) => {
        for (const text of [JSON.stringify({ [name]: secret }), `${name}=${secret}`, `${name}: ${secret}`])
          expect(JSON.stringify(payload(text))).not.toContain(secret);
      }),
    );
  });
});

describe('the list of keys', () => {
  test('covers what Kong strips by default, and the secrets of its own entities and plugins', () => {
    const keys = [
      'token',
      'secret',
      'password',
      'key',
      'client_secret',
      'user_token',
      'api_key',
      'key_alt',
      'PassWord',
    ];
    keys.push(
      'request_signing_key',
      'response_encryption_key',
      'auth_password',
      'authorization_value',
      'provision_key',
    );
    keys.push(
      'eab_hmac_key',
      'approle_secret_id',
      'redis_sentinel_password',
      'clientSecret',
      'accessToken',
      'privateKey',
      'APIToken',
      'JWTSecret',
      'AWSSecretKey',
      'https_proxy_authorization',
      'access_token_introspection_authorization',
      'content_safety_key',
    );
    const redactor = createRedactor(DEFAULT_REDACT_KEYS);
    for (const key of keys) expect(redactor.payload(`{"${key}":"a"}`).text).toBe(`{"${key}":"***"}`);
    for (const key of ['public_key', 'key_names', 'tokens_per_minute', 'secretary', 'name'])
      expect(redactor.payload(`{"${key}":"a"}`).text).toBe(`{"${key}":"a"}`);
  });

  test('may name an ending', () => {
    const pins = createRedactor(['*_pin']);
    expect(pins.payload('{"door_pin":1,"doorPin":2,"pin":3,"spin":4}').text).toBe(
      '{"door_pin":"***","doorPin":"***","pin":3,"spin":4}',
    );
  });

  test('decides alone', () => {
    const pins = createRedactor(['pin']);
    expect(pins.payload('{"PIN":1234,"password":"a"}').text).toBe('{"PIN":"***","password":"a"}');
  });

  test.each([
    ['config.pin', 'config.pin=1&pin=2', 'config.pin=***&pin=2'],
    ['my pin', 'my+pin=1&my%20pin=2', 'my+pin=***&my%20pin=***'],
    ['x-pin', 'x_pin=1&X-Pin=2', 'x_pin=***&X-Pin=***'],
    ['contraseña', 'contrase%C3%B1a=1', 'contrase%C3%B1a=***'],
    ['a/b', 'a%2Fb=1&a/b=2', 'a%2Fb=***&a/b=***'],
    ['(', '(=1', '(=***'],
  ])('may name %s', (name, text, expected) => {
    expect(createRedactor([name]).query(text).text).toBe(expected);
  });

  test('may name what JSON escapes', () => {
    const odd = createRedactor(['a/b', 'say "x"']);
    const text = String.raw`{"a\/b":1,"say \"x\"":2}`;
    expect(odd.payload(text).text).toBe(String.raw`{"a\/b":"***","say \"x\"":"***"}`);
  });

  test('may be empty, and then nothing changes', () => {
    const text = '{"password":"a"}';
    expect(createRedactor([]).payload(text)).toEqual({ text, keys: [] });
    expect(createRedactor([]).query('key=a')).toEqual({ text: 'key=a', keys: [] });
  });
});

describe('values in values', () => {
  const atoms = ['password', 'key', '"', '\\"', '\\ud800', '\ud800', '\\u0022', '%22', '%7B', '%ff', '%', '+', '&', '=', ':', '{', '}', '[', ']', '?', '\n', '://u:p@h', '--x\n', "'"]; // prettier-ignore
  const text = fc.array(fc.oneof(fc.constantFrom(...atoms), fc.string({ maxLength: 4 })), { maxLength: 40 });
  const part = (value: string) => `--x\nContent-Disposition: form-data; name="a"\n\n${value}\n--x--`;
  const form = (value: string) => `a=${encodeURIComponent(value.toWellFormed())}&b=%ff`;
  const wraps = fc.array(fc.constantFrom(JSON.stringify, form, part), { maxLength: 6 });
  const wrap = (inner: string, around: readonly ((value: string) => string)[]) =>
    around.reduce((value, wrapper) => wrapper(value), inner);

  test('never make the redactor throw, whatever they are', () => {
    fc.assert(
      fc.property(text, wraps, (words, around) => {
        const hostile = wrap(words.join(''), around);
        expect(payload(hostile).text).toBeTypeOf('string');
        expect(query(hostile).text).toBeTypeOf('string');
      }),
      { numRuns: 3000 },
    );
  });

  test('lose their secrets, however they are wrapped', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(JSON.stringify, form, part), { maxLength: 4 }), (around) => {
        expect(payload(wrap('{"password":"hunter2"}', around)).text).not.toContain('hunter2');
      }),
    );
  });

  test('may hold half a character beside the secret', () => {
    expect(payload(String.raw`{"a":"x=%7B\"password\":\"p\"%7D\ud800"}`).keys).toEqual(['password']);
  });
});

describe('the beginning of a text, which is all that is read,', () => {
  test('is all of a text that is short enough', () => {
    const text = 'x '.repeat(READ_CHARACTERS / 2);
    expect(beginningOf(text)).toBe(text);
  });

  test('ends before the word that would be cut in two, so that no half credential is left', () => {
    const url = 'https://me:hunter2hunter2@host/';
    for (let before = READ_CHARACTERS - url.length; before <= READ_CHARACTERS; before += 1) {
      const beginning = beginningOf(`${' '.repeat(before)}${url} ${'x'.repeat(1000)}`);
      expect(beginning.length).toBeLessThanOrEqual(READ_CHARACTERS);
      expect(payload(beginning).text).not.toContain('hunter');
    }
  });

  test('ends in a word that is longer than any credential, but never in half a character', () => {
    for (const text of ['😀'.repeat(READ_CHARACTERS), `x${'😀'.repeat(READ_CHARACTERS)}`]) {
      const beginning = beginningOf(text);
      expect(beginning.length).toBeGreaterThan(READ_CHARACTERS - 5000);
      expect(beginning.isWellFormed()).toBe(true);
    }
  });
});

/** Each of these takes minutes where a step looks at the rest of the text again, or overflows where one recurses. */
describe('hostile input of 200,000 characters', () => {
  test.each(hostilePayloads(200_000))('%s', (_, text) => {
    expect(payload(text).text).not.toBe('');
    expect(query(text).text).not.toBe('');
  });

  test('a secret of a million characters becomes three', () => {
    expect(json({ password: '"'.repeat(1_000_000), a: 1 })).toBe('{"password":"***","a":1}');
    expect(json({ password: { b: 'x'.repeat(1_000_000) } })).toBe('{"password":"***"}');
  });
});
