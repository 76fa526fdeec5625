import { describe, expect, test } from 'vitest';
import { signatureProblem, type SignedRequest, type Verifier } from './sigv4.ts';

/** "get-vanilla-query-order-key-case" of AWS's published Signature Version 4 test suite. */
const VECTOR: SignedRequest = {
  method: 'GET',
  path: '/?Param2=value2&Param1=value1',
  headers: {
    host: 'example.amazonaws.com',
    'x-amz-date': '20150830T123600Z',
    authorization:
      'AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x-amz-date, ' +
      'Signature=b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500',
  },
  body: new Uint8Array(),
};

const VERIFIER: Verifier = {
  credentials: [{ accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' }],
  region: 'us-east-1',
  service: 'service',
  now: Date.UTC(2015, 7, 30, 12, 36) / 1000,
};

const code = (request: Partial<SignedRequest>, verifier: Partial<Verifier> = {}): string | undefined =>
  signatureProblem({ ...VECTOR, ...request }, { ...VERIFIER, ...verifier })?.code;

const headers = (changes: Readonly<Record<string, string | undefined>>) => ({
  headers: { ...VECTOR.headers, ...changes },
});

describe('signatureProblem', () => {
  test("accepts AWS's own test vector", () => {
    expect(signatureProblem(VECTOR, VERIFIER)).toBeNull();
  });

  test('notices any change of method, path, query, header or body', () => {
    const changed = 'InvalidSignatureException';
    expect(code({ method: 'POST' })).toBe(changed);
    expect(code({ path: '/x?Param2=value2&Param1=value1' })).toBe(changed);
    expect(code({ path: '/?Param2=value2&Param1=value' })).toBe(changed);
    expect(code({ body: Buffer.from('{}') })).toBe(changed);
    expect(code(headers({ host: 'elsewhere.amazonaws.com' }))).toBe(changed);
  });

  test('wants every x-amz header signed', () => {
    expect(code(headers({ 'x-amz-target': 'a.b' }))).toBe('InvalidSignatureException');
  });

  test('judges region, service and age', () => {
    expect(code({}, { region: 'eu-west-1' })).toBe('InvalidSignatureException');
    expect(code({}, { service: 'cloudtrail-data' })).toBe('InvalidSignatureException');
    expect(code({}, { now: VERIFIER.now + 301 })).toBe('InvalidSignatureException');
    expect(code({}, { now: VERIFIER.now - 301 })).toBe('InvalidSignatureException');
    expect(code({}, { now: VERIFIER.now + 299 })).toBeUndefined();
  });

  test('knows whose keys are valid', () => {
    const [known] = VERIFIER.credentials;
    if (known === undefined) throw new Error('the verifier knows somebody');
    expect(code({}, { credentials: [] })).toBe('UnrecognizedClientException');
    expect(code({}, { credentials: [{ ...known, sessionToken: 'wanted' }] })).toBe('UnrecognizedClientException');
    expect(code(headers({ 'x-amz-security-token': 'unwanted' }))).toBe('UnrecognizedClientException');
    expect(code({}, { credentials: [{ ...known, secretAccessKey: 'rotated' }] })).toBe('InvalidSignatureException');
    expect(code({}, { credentials: [{ ...known, expiresAt: VERIFIER.now }] })).toBe('ExpiredTokenException');
  });

  test('tells a missing signature from a malformed one', () => {
    expect(code(headers({ authorization: undefined }))).toBe('MissingAuthenticationTokenException');
    expect(code(headers({ authorization: 'Bearer x' }))).toBe('IncompleteSignatureException');
    expect(code(headers({ 'x-amz-date': undefined }))).toBe('IncompleteSignatureException');
  });
});
