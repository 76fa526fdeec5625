import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createRedactor, DEFAULT_REDACT_KEYS } from '../../lambda/redact/redactor.ts';

const redactor = createRedactor(DEFAULT_REDACT_KEYS);
const payload = (text: string) => redactor.payload(text);
const json = (value: unknown) => payload(JSON.stringify(value));

const BODY = 'MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7hunter2ab==';
const pem = (label: string) => `-----BEGIN ${label}-----\n${BODY}\n-----END ${label}-----`;
const JWT = 'eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJodW50ZXIyIn0.hunter2hunter2hunter2';
const BASIC = Buffer.from('alice:hunter2').toString('base64');

describe('a credential under any name', () => {
  test.each([
    ['a private key', pem('PRIVATE KEY'), '***', 'private_key'],
    ['an encrypted private key', pem('ENCRYPTED PRIVATE KEY'), '***', 'private_key'],
    ['an RSA key', pem('RSA PRIVATE KEY'), '***', 'private_key'],
    ['an EC key', pem('EC PRIVATE KEY'), '***', 'private_key'],
    ['an OpenSSH key', pem('OPENSSH PRIVATE KEY'), '***', 'private_key'],
    ['a PGP key', pem('PGP PRIVATE KEY BLOCK'), '***', 'private_key'],
    [
      'a key behind its certificate',
      `${pem('CERTIFICATE')}\n${pem('PRIVATE KEY')}\n`,
      `${pem('CERTIFICATE')}\n***\n`,
      'private_key',
    ],
    ['a key without its end', pem('PRIVATE KEY').slice(0, -30), '***', 'private_key'],
    ['a bearer token', 'Bearer mF_9.B5f-4.1JqM', 'Bearer ***', 'bearer'],
    ['a bearer token in small letters', 'bearer   mF_9.B5f-4.1JqM', 'bearer   ***', 'bearer'],
    ['a bearer token of letters alone', 'Bearer opaquetokenvalue', 'Bearer ***', 'bearer'],
    ['a bearer token in a sentence', 'send "Bearer abc123def456" with it', 'send "Bearer ***" with it', 'bearer'],
    ['a user and his password', `Basic ${BASIC}`, 'Basic ***', 'basic'],
    ['a JSON Web Token', JWT, '***', 'jwt'],
    ['a JSON Web Token among words', `token ${JWT}, from the IdP`, 'token ***, from the IdP', 'jwt'],
    ['a JSON Web Token that is cut off', JWT.slice(0, 60), '***', 'jwt'],
    [
      'an encrypted JSON Web Token',
      'eyJhbGciOiJSU0EtT0FFUCJ9.OKOawDo13gRp.48V1_ALb6US.5eym8TW_c8.XFBoMYUZod',
      '***',
      'jwt',
    ],
    ['an AWS access key', 'AKIAIOSFODNN7EXAMPLE', '***', 'aws_access_key_id'],
    ['a temporary AWS access key', 'ASIAIOSFODNN7EXAMPLE', '***', 'aws_access_key_id'],
    [
      'an AWS access key with its secret',
      'AKIAIOSFODNN7EXAMPLE:wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
      '***',
      'aws_access_key_id',
    ],
    [
      'an AWS access key in CSV',
      'a,AKIAIOSFODNN7EXAMPLE,wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY,b',
      'a,***,b',
      'aws_access_key_id',
    ],
  ])('is redacted: %s', (_, value, expected, kind) => {
    expect(json({ note: value, x: 1 })).toEqual({ text: JSON.stringify({ note: expected, x: 1 }), keys: ['note'] });
    expect(json([{ a: [value] }])).toEqual({ text: JSON.stringify([{ a: [expected] }]), keys: ['a'] });
    expect(json([value])).toEqual({ text: JSON.stringify([expected]), keys: [kind] });
    expect(payload(`a\n${value}`)).toEqual({ text: `a\n${expected}`, keys: [kind] });
    const form = (inner: string) => `a=b&note=${encodeURIComponent(inner)}`;
    expect(payload(form(value))).toEqual({ text: form(expected), keys: ['note'] });
    expect(redactor.query(form(value))).toEqual({ text: form(expected), keys: ['note'] });
    const part = (inner: string) => `--x\r\nContent-Disposition: form-data; name="note"\r\n\r\n${inner}\r\n--x--\r\n`;
    expect(payload(part(value))).toEqual({ text: part(expected), keys: ['note'] });
  });

  test.each([
    'Basic authentication',
    'basic auth for the Bearer token plugin',
    'Bearer token',
    'bearer-only',
    'the bearer of this',
    'Bearer required',
    'Bearer realm="kong", error="invalid_token"',
    'Basic plan',
    'basic rate limiting',
    'AKIA',
    'MAKIAIOSFODNN7EXAMPLE',
    'AKIAIOSFODNN7EXAMPLES',
    'eyJ',
    'eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9',
    'heyJude.and.others',
    pem('CERTIFICATE'),
    pem('PUBLIC KEY'),
    '-----BEGIN',
    'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=',
    '11111111-2222-3333-4444-555555555555',
    'arn:aws:iam::111122223333:role/kong',
  ])('is not seen in %j', (value) => {
    const text = JSON.stringify({ note: value });
    expect(payload(text)).toEqual({ text, keys: [] });
    expect(payload(value)).toEqual({ text: value, keys: [] });
  });

  test('is redacted in the keys of a map, which is then not named', () => {
    const text = (secret: string) => JSON.stringify({ map: { [`Bearer ${secret}`]: 1, 'https://a': 2 } });
    expect(payload(text('abc123def456'))).toEqual({ text: text('***'), keys: ['bearer'] });
  });

  test('is never told in the name of a key', () => {
    const named = json({ [`${JWT}.token`]: 'a', 'https://u:hunter2@h?api_key': 'b' });
    expect(JSON.stringify(named)).not.toContain('hunter2');
    expect(named.keys).toEqual(['***', 'userinfo', 'api_key', 'jwt']);
  });

  test('is recognised whatever the list of keys, unless redaction is off', () => {
    const text = JSON.stringify({ password: 'a', note: JWT });
    expect(createRedactor(['pin']).payload(text)).toEqual({ text: '{"password":"a","note":"***"}', keys: ['note'] });
    expect(createRedactor([]).payload(text)).toEqual({ text, keys: [] });
  });

  test('loses nothing beside it', () => {
    const word = fc.string({
      unit: fc.constantFrom('a', 'X', '0', ' ', '-', '_', '.', ',', ';', '!', '(', ')', 'é', '😀', '\n', '"', '\\'),
    });
    const secret = fc.constantFrom(pem('PRIVATE KEY'), JWT, 'AKIAIOSFODNN7EXAMPLE');
    fc.assert(
      fc.property(word, secret, word, (before, value, after) => {
        const around = (inner: string) => ({ a: `${before} ${inner} ${after}`, b: [before, after] });
        expect(json(around(value)).text).toBe(JSON.stringify(around('***')));
      }),
    );
  });

  test('is redacted as far as it goes, wherever the text is cut off', () => {
    const text = JSON.stringify({ a: `Basic ${BASIC}`, b: JWT, c: pem('PRIVATE KEY'), d: [`x ${JWT}`] });
    for (let length = 0; length <= text.length; length += 1) {
      const cut = payload(text.slice(0, length)).text;
      expect(cut).not.toMatch(/hunter2|MIIE/);
      expect(cut).not.toContain(JWT.slice(0, 60));
    }
  });
});
