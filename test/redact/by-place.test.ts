import { describe, expect, test } from 'vitest';
import { createRedactor, DEFAULT_REDACT_KEYS } from '../../lambda/redact/redactor.ts';

const redactor = createRedactor(DEFAULT_REDACT_KEYS);
const payload = (text: string) => redactor.payload(text);
const json = (value: unknown) => payload(JSON.stringify(value)).text;
const KEY = ['-----BEGIN PRIVATE KEY-----', 'MIIEhunter2==', '-----END PRIVATE KEY-----'];

describe('a secret that its place gives away', () => {
  test.each([
    [
      'a map for headers of a token endpoint',
      { oauth: { token_headers: { 'X-A': 'hunter2' } } },
      { oauth: { token_headers: '***' } },
    ],
    ['a map for arguments of a token endpoint', { token_post_args: { a: 'hunter2' } }, { token_post_args: '***' }],
    [
      'a map of custom headers',
      { request: { headers: { forward: true, custom: { a: 'hunter2' } } } },
      { request: { headers: { forward: true, custom: '***' } } },
    ],
    ['a map of custom values', { custom: { a: 'hunter2', b: true } }, { custom: { a: '***', b: true } }],
    [
      'a request of a guardrail',
      {
        config: {
          request: { url: 'https://a', auth: { name: 'x', value: 'hunter2' }, headers: { a: 'hunter2', b: null } },
        },
      },
      { config: { request: { url: 'https://a', auth: { name: 'x', value: '***' }, headers: { a: '***', b: null } } } },
    ],
    [
      'a JSON Web Key, its kind first',
      { keys: [{ kty: 'RSA', n: 'a', e: 'AQAB', d: 'hunter2', p: 'hunter2', q: 'hunter2', kid: '1' }] },
      { keys: [{ kty: 'RSA', n: 'a', e: 'AQAB', d: '***', p: '***', q: '***', kid: '1' }] },
    ],
    [
      'a JSON Web Key under any name, its kind last',
      { set: [{ k: 'hunter2', x: { k: 'v', d: 1 }, kty: 'oct' }], k: 'v', q: 'find', d: 'x' },
      { set: [{ k: '***', x: { k: 'v', d: 1 }, kty: 'oct' }], k: 'v', q: 'find', d: 'x' },
    ],
    ['an entry for a header', ['X-Auth-Key: hunter2', 'X-Name: a'], ['X-Auth-Key: ***', 'X-Name: a']],
    ['an entry for a header of Azure', ['Ocp-Apim-Subscription-Key:hunter2'], ['Ocp-Apim-Subscription-Key:***']],
    ['an entry for a header of a function', ['x-functions-key:hunter2'], ['x-functions-key:***']],
    ['an entry that ends with equals signs', ['apikey:aHVudGVyMg=='], ['apikey:***']],
    ['an entry with several values', ['Cookie: a=hunter2; b=hunter2, c'], ['Cookie: ***']],
    ['an entry with parameters', ['Authorization:Digest username="a", response="hunter2"'], ['Authorization:***']],
    ['a code in a URL', 'https://f.example.net/api?code=hunter2==&x=1', 'https://f.example.net/api?code=***&x=1'],
    [
      'a signature in a URL',
      'https://b.example.net/c?sv=1&sig=hunter2%3D&se=2',
      'https://b.example.net/c?sv=1&sig=***&se=2',
    ],
    [
      'a form whose first name has a space',
      'a b=1&x=%7B%22token%22%3A%22hunter2%22%7D',
      'a b=1&x=%7B%22token%22%3A%22***%22%7D',
    ],
    ['a code and a signature in a path', '/cb?code=hunter2&sig=hunter2&x=1', '/cb?code=***&sig=***&x=1'],
    [
      'a signature of AWS in a URL',
      'https://s3/x?X-Amz-Date=1&X-Amz-Signature=hunter2',
      'https://s3/x?X-Amz-Date=1&X-Amz-Signature=***',
    ],
    ['a code in a URL in a text', 'see https://a/b?code=hunter2, please', 'see https://a/b?code=***, please'],
    ['a password with an @ in a URL', 'https://me:p@ss@hunter2@host/a@b', 'https://me:***@host/a@b'],
    ['a password with a slash in a URL', 'redis://:p/w?#hunter2@host:6379/0', 'redis://:***@host:6379/0'],
    ['a password before a list of hosts', 'mongodb://me:hunter2@a:1,b:2/db?x=y', 'mongodb://me:***@a:1,b:2/db?x=y'],
    ['two URLs', 'https://a:hunter2@b,https://c:hunter2@d', 'https://a:***@b,https://c:***@d'],
    ['an index in Lua', 'h["Authorization"]="hunter2"\nh["X-A"]="b"', 'h["Authorization"]="***"\nh["X-A"]="b"'],
    ['an index in Lua, in apostrophes', "h['x-api-key'] = 'hunter2'", "h['x-api-key'] = '***'"],
    ['an argument in Lua', 'set_header("X-Api-Key", "hunter2")', 'set_header("X-Api-Key", "***")'],
    ['a private key in Lua', `local key = [[\n${KEY.join('\n')}\n]]\nreturn 1`, 'local key = ***\nreturn 1'],
    [
      'a private key in Lua under a harmless name',
      `local k = [[${KEY.join('\n')}]]\nreturn 1`,
      'local k = [[***]]\nreturn 1',
    ],
    ['an entry of YAML', 'a: 1\n- password: hunter2, and more; yes\n  b: 2', 'a: 1\n- password: ***\n  b: 2'],
    ['a block of YAML', 'a:\n  password: |\n    hunter2\n\n    hunter2\n  b: 2\n', 'a:\n  password: ***\n  b: 2\n'],
    ['a list of YAML', 'secrets:\n- hunter2\n- hunter2\nb: 2', 'secrets:\n***\nb: 2'],
    ['a map of YAML', 'secret:\r\n  a: hunter2\r\n  b: hunter2\r\nc: 2', 'secret:\r\n  ***\r\nc: 2'],
    ['a private key in YAML', `tls: |\n  ${KEY.join('\n  ')}\nb: 2`, 'tls: |\n  ***\nb: 2'],
    ['a private key in YAML under its name', `key: ${KEY.join('\n')}\nb: 2`, 'key: ***\nb: 2'],
    [
      'a quoted entry in YAML',
      "- 'X-Auth-Key: hunter2'\n- \"apikey:it's=\"\n- a",
      '- \'X-Auth-Key: ***\'\n- "apikey:***"\n- a',
    ],
    ['an apostrophe in apostrophes', "password: 'it''s hunter2'\nb: 2", "password: '***'\nb: 2"],
    ['a setting', 'export A=1\nPGPASSWORD=hunter2,hunter2;x\nB=2', 'export A=1\nPGPASSWORD=***\nB=2'],
    [
      'an escaped text that no parser takes',
      '{\\"password\\":\\"a,hunter2\\",\\"b\\":2',
      '{\\"password\\":\\"***\\",\\"b\\":2',
    ],
  ])('is redacted: %s', (_, value, expected) => {
    expect(json({ a: value })).toBe(JSON.stringify({ a: expected }));
    if (typeof value === 'string') expect(payload(value).text).toBe(expected);
  });

  test.each([
    ['code=hunter2&state=1', 'code=***&state=1'],
    ['sig=hunter2', 'sig=***'],
    ['config.code=return+1&x.sig=2', 'config.code=return+1&x.sig=2'],
    ['d=1&k=2&q=3&p=4', 'd=1&k=2&q=3&p=4'],
    ['keys[1].d=hunter2&keys[1].kid=a', 'keys[1].d=***&keys[1].kid=a'],
    ['auth.value=hunter2&value=1', 'auth.value=***&value=1'],
    ['config[request][headers][X-A]=hunter2&headers[X-A]=b', 'config[request][headers][X-A]=***&headers[X-A]=b'],
    ['config.add.headers=apikey:aHVudGVyMg==&b=1', 'config.add.headers=apikey:***&b=1'],
    ['x=see password: hunter2, 50% a+b&y=1', 'x=see password: ***, 50% a+b&y=1'],
    ['a={%22token%22:%22hunter2%22}&b=1', 'a=%7B%22token%22%3A%22***%22%7D&b=1'],
    ["a=token%3Ait's hunter2&b=1", 'a=token%3A***&b=1'],
    ["a=token%3Ait'shunter2&b=1", 'a=token%3A***&b=1'],
    ['config.add.headers[1]=X-Auth-Key:hunter2&b=1', 'config.add.headers[1]=X-Auth-Key:***&b=1'],
  ])('in a query is redacted: %s', (text, expected) => {
    expect(redactor.query(text).text).toBe(expected);
  });

  test.each([
    { code: 200, sig: 'a', status_code: 401 },
    { q: 'x', k: 'y', d: '2026-11-20', p: 1 },
    { value: 'a', auth: 'basic' },
    { headers: { 'X-A': 'b' }, body: { a: 1 }, queries: { a: 1 }, params: { a: 1 }, properties: { a: 1 } },
    { rename: { headers: ['Authorization:X-Upstream', 'apikey:key'], querystring: ['token:access_token'] } },
    { access_token_upstream_header: 'authorization:bearer' },
    { url: 'http://host:8080/a@b', uris: ['http://[::1]:8080/@a', 'kafka://a:1,b:2/c@d', 'mailto:a@b.c'] },
    { description: 'key value pairs, a token or a password' },
    { access: ['local names = { "apikey", "token", "password" }'] },
    { expression: 'http.path == "/token" && net.port != 8443' },
    {
      claims: ['custom:tenant'],
      custom: 'x',
      dependencies: { '@a/canceltoken': '1' },
      paths: { '/oauth/token': 'read' },
    },
    { x: 'a======& b token', y: 'see <a href="x?a=b&amp;c=%20">key</a>' },
    { jwks: { keys: [{ kty: 'RSA', n: 'a', e: 'AQAB', kid: '1', use: 'sig' }] } },
  ])('is not seen in %j', (value) => {
    const text = JSON.stringify(value);
    expect(payload(text)).toEqual({ text, keys: [] });
  });

  test.each([
    [
      'before its kind',
      `{"set":[{"d":"${'hunter2'.repeat(5)}","x":{"k":"v"},"kty":"RSA"}]}`,
      '{"set":[{"d":"'.length + 20,
    ],
    ['behind its kind', '{"set":[{"kty":"oct","x":{"k":"v"},"k":"hunter2","y":"z"}]}', 0],
  ])('of a JSON Web Key that is cut off is redacted %s', (_, text, tooShortBelow) => {
    for (let length = tooShortBelow; length <= text.length; length += 1)
      expect(payload(text.slice(0, length)).text).not.toContain('hunter');
  });
});

describe('a list of keys', () => {
  test('may say where a key stands', () => {
    const pins = createRedactor(['door.pin', 'codes.*', '?pin']);
    expect(pins.payload('{"door":{"pin":1,"x":[{"pin":2}]},"pin":3,"codes":{"a":4,"b":{"c":5}}}').text).toBe(
      '{"door":{"pin":"***","x":[{"pin":2}]},"pin":3,"codes":{"a":"***","b":"***"}}',
    );
    expect(pins.payload('door.pin=1&pin=2&my[door][pin]=3&codes.a=4').text).toBe(
      'door.pin=***&pin=2&my[door][pin]=***&codes.a=***',
    );
    expect(pins.payload('{"a":"https://b/c?pin=1"}').text).toBe('{"a":"https://b/c?pin=***"}');
    expect(pins.query('pin=1&a=2').text).toBe('pin=***&a=2');
  });

  test('may name everything', () => {
    expect(createRedactor(['*']).payload('{"a":1,"b":{"c":2}}').text).toBe('{"a":"***","b":"***"}');
  });
});

describe('values in values', () => {
  const wrap = (value: string, times: number): string =>
    times === 0 ? value : JSON.stringify([wrap(value, times - 1)]);
  const unwrap = (text: string, times: number): string =>
    times === 0 ? text : unwrap((JSON.parse(text) as [string])[0], times - 1);

  test('are read five deep', () => {
    expect(unwrap(payload(wrap('a, key=1', 5)).text, 5)).toBe('a, key=***');
  });

  test('are replaced unread where they lie deeper, if anything in them may be a secret', () => {
    const { text, keys } = payload(wrap('a, key=1', 6));
    expect(unwrap(text, 6)).toBe('***');
    expect(keys).toEqual(['unread']);
    expect(payload(wrap('a, b=1', 6))).toEqual({ text: wrap('a, b=1', 6), keys: [] });
  });

  test('are replaced unread when more than three times the whole text has been read', () => {
    const long = `${'x'.repeat(100_000)}, key=1`;
    expect(unwrap(payload(wrap(long, 3)).text, 3)).toBe(long.replace('1', '***'));
    expect(unwrap(payload(wrap(long, 4)).text, 4)).toBe('***');
  });
});
