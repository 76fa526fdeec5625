import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { nginx } from '../../../lambda/sources/log-group/nginx.ts';
import { decode, encode } from '../../../lambda/sources/log-group/nginx-escapes.ts';
import { NGINX_FIELDS, type NginxField, toNginxLine } from '../../../lambda/sources/log-group/nginx-line.ts';
import { anyText } from '../../support/any-text.ts';
import { nginxLine } from './lines.ts';
import { eventOf, logEvent, read, select } from './read.ts';

const format = nginx({ deriveErrorCode: false });
type Changes = Parameters<typeof nginxLine>[0];

const event = (changes: Changes = {}) => eventOf(format, nginxLine(changes));
const requestOf = (changes: Changes) => event(changes)['requestParameters'];
const detailsOf = (changes: Changes) => event(changes)['additionalEventData'] as Record<string, unknown>;

describe('a line', () => {
  test('becomes this event', () => {
    const line = nginxLine({
      http_x_request_id: '7f0c-1',
      request_method: 'POST',
      request_uri: '/cart/items?size=2&token=hunter2',
      response_status: '403',
      request_body: '{\\x22password\\x22:\\x22hunter2\\x22,\\x22note\\x22:\\x22caf\\xC3\\xA9\\x22}',
      header_referer: 'https://shop.example.com/?access_token=hunter2',
      header_content_type: 'application/json',
    });
    expect(eventOf(format, line)).toEqual({
      version: 'nginx',
      userIdentity: { type: 'Anonymous', principalId: '203.0.113.9', details: {} },
      eventSource: 'audit',
      eventName: 'POST/cart/items',
      eventTime: '2026-11-14T12:00:00Z',
      UID: '7f0c-1',
      requestParameters: { queryParameters: 'size=2&token=***', body: '{"password":"***","note":"café"}' },
      sourceIPAddress: '203.0.113.9',
      recipientAccountId: '111122223333',
      additionalEventData: {
        scheme: 'https',
        host: 'shop.example.com',
        protocol: 'HTTP/2.0',
        status: 403,
        referer: 'https://shop.example.com/?access_token=***',
        accept: '*/*',
        contentType: 'application/json',
        port: 443,
        redacted: 'token,password,access_token',
      },
    });
  });

  test.each([
    '',
    '<190>Nov 14 12:00:00 edge-1 nginx: ',
    '<190>1 2026-11-14T12:00:00.123Z edge-1 nginx 42 - [origin ip="10.0.0.1"] ',
    '2026-11-14T12:00:00Z {"kubernetes": "x@y@@z"} ',
  ])('may stand behind %j', (prefix) => {
    expect(eventOf(format, nginxLine({ http_x_request_id: 'a' }, prefix))).toEqual(event({ http_x_request_id: 'a' }));
    expect(toNginxLine(nginxLine({}, prefix))?.prefix).toBe(prefix);
  });

  test('without a request id has the log event’s', () => {
    for (const id of ['-', '', ' ', undefined])
      expect(event({ http_x_request_id: id })['UID']).toBe(logEvent('').eventId);
  });

  test('with an id that no sink takes has a digest of it', () => {
    expect(event({ http_x_request_id: 'x'.repeat(901) })['UID']).toMatch(/^[0-9a-f]{64}$/);
  });

  test('has an id that is a client’s choice only where the client sent one', () => {
    const markOf = (line: string) => {
      const found = format.read(logEvent(line));
      return 'activity' in found ? found.mark : undefined;
    };
    expect(markOf(nginxLine({ http_x_request_id: '-' }))).toBeNull();
    expect(markOf(nginxLine())).toMatch(/^[\w-]{22}$/);
    const line = nginxLine();
    expect(markOf(line)).toBe(markOf(line));
    expect(markOf(line)).not.toBe(markOf(line.replace('200', '201')));
  });

  test.each<[string, string]>([
    ['/', 'GET/'],
    ['/a/', 'GET/a/'],
    ['/?a=b', 'GET/'],
    ['/a?b?c', 'GET/a'],
    ['?a', 'GET/'],
    ['http://other/a', 'GEThttp://other/a'],
    ['/caf\\xC3\\xA9', 'GET/café'],
    ['-', 'GET/'],
  ])('of %s is called %s', (uri, name) => {
    expect(event({ request_uri: uri })['eventName']).toBe(name);
  });

  test('of something that is no HTTP is one all the same', () => {
    const line = { request_method: '-', request_uri: '-', server_protocol: '-', response_status: '400' };
    expect(event(line)).toMatchObject({ eventName: '-/', additionalEventData: { status: 400 } });
    expect(read(format, nginxLine(line)).isWrite).toBe(false);
  });

  test('has no member for what is a hyphen, empty or not there', () => {
    const absent: Changes = Object.fromEntries(
      ['request_scheme', 'request_host', 'remote_addr', 'server_protocol', 'response_status', 'request_body']
        .concat(['header_referer', 'header_accept', 'header_content_type', 'server_port'])
        .map((field) => [field, '-']),
    );
    const found = event({ ...absent, request_uri: '/a' });
    expect(found).not.toHaveProperty('requestParameters');
    expect(found).not.toHaveProperty('sourceIPAddress');
    expect(found).toMatchObject({ userIdentity: { principalId: 'anonymous' }, additionalEventData: {} });
    expect(found['additionalEventData']).toEqual({});
    expect(detailsOf({ header_accept: '', header_referer: undefined })).not.toHaveProperty('accept');
  });

  test.each([
    ['unix:', undefined],
    ['2001:db8::1', '2001:db8::1'],
    ['fe80::1%eth0', undefined],
  ])('from %s has the source address %j', (address, expected) => {
    expect(event({ remote_addr: address })).toMatchObject({ userIdentity: { principalId: address } });
    expect(event({ remote_addr: address })['sourceIPAddress']).toBe(expected);
  });

  test('has an error only where errors are derived', () => {
    const errorOf = (status: string, deriveErrorCode: boolean) => {
      const found = eventOf(nginx({ deriveErrorCode }), nginxLine({ response_status: status }));
      return [found['errorCode'], found['errorMessage']];
    };
    expect(errorOf('404', false)).toEqual([undefined, undefined]);
    expect(errorOf('399', true)).toEqual([undefined, undefined]);
    expect(errorOf('404', true)).toEqual(['404', 'Not Found']);
    expect(errorOf('499', true)).toEqual(['499', 'HTTP status 499']);
  });

  test.each([
    ['GET', false],
    ['HEAD', false],
    ['OPTIONS', false],
    ['POST', true],
    ['DELETE', true],
    ['PROPFIND', true],
  ])('of %s asks for a change: %j', (method, isWrite) => {
    expect(read(format, nginxLine({ request_method: method })).isWrite).toBe(isWrite);
  });
});

describe('a value with @@@ in it', () => {
  test.each<[NginxField, string]>([
    ['request_uri', '/a@@@b'],
    ['request_uri', '/@@@remote_addr=1.2.3.4'],
    ['request_uri', '/@@@server_port=1'],
    ['request_uri', '/@@@server_protocol=HTTP/9'],
    ['request_uri', '/@@@server_protocol=HTTP/1.1@@@response_status=200'],
    ['request_uri', '/@@@@'],
    ['request_body', '@@@header_accept=x'],
    ['request_body', '@@@unknown_field=x'],
    ['http_x_request_id', 'a@@@request_scheme='],
    ['http_x_request_id', '@@@http_x_request_id=b'],
    ['request_host', 'a@@@b'],
    ['header_referer', 'https://a/@@@request_body=x'],
    ['header_content_type', '@@@server_port='],
    ['header_content_type', '@@@'],
  ])('is whole: %s of %s', (field, value) => {
    const line = toNginxLine(nginxLine({ [field]: value }));
    expect(line?.values[field]).toBe(value);
    expect(line?.ambiguous).toEqual([]);
  });

  test('is cut at the first name of the next field that the rest allows, and says what could be read otherwise', () => {
    const value = '/a@@@server_protocol=HTTP/1.1@@@response_status=200@@@request_body=b';
    const line = toNginxLine(nginxLine({ request_uri: value, response_status: '403' }));
    expect(line?.values.request_uri).toBe('/a');
    expect(line?.ambiguous).toEqual(['request_uri', 'server_protocol', 'response_status', 'request_body']);
    expect(detailsOf({ request_uri: value })['ambiguous']).toBe(
      'request_uri,server_protocol,response_status,request_body',
    );
  });

  test('does not let a client choose who he was', () => {
    const forged = nginxLine({ http_x_request_id: 'x', remote_addr: '10.0.0.1' }).split('@@@server_port')[0];
    const id = String(forged).replace('@@@http_x_request_id=', '');
    const found = event({ http_x_request_id: id });
    expect(found['userIdentity']).toMatchObject({ principalId: 'anonymous' });
    expect(found).not.toHaveProperty('sourceIPAddress');
    expect((found['additionalEventData'] as { ambiguous: string }).ambiguous).toContain('remote_addr');
  });

  const piece = fc.oneof(
    { weight: 3, arbitrary: fc.stringMatching(/^[ -~]{0,12}$/) },
    fc.constantFrom('@', '@@', '@@@', '=', '-', '\\x22', '\\xC3'),
    fc.constantFrom(...NGINX_FIELDS.map((field) => `@@@${field}=`)),
  );
  const value = fc.array(piece, { maxLength: 6 }).map((pieces) => pieces.join(''));
  const CLIENT_WRITES = ['http_x_request_id', 'request_host', 'request_uri', 'request_body', 'header_referer', 'header_accept', 'header_content_type'] as const; // prettier-ignore

  test('of a client, whatever it is: the line is read, and what is not told to be ambiguous is true', () => {
    fc.assert(
      fc.property(fc.record(Object.fromEntries(CLIENT_WRITES.map((field) => [field, value]))), (values) => {
        const text = nginxLine(values);
        const line = toNginxLine(text);
        expect(line).not.toBeNull();
        const rebuilt = NGINX_FIELDS.map((field) => `@@@${field}=${line?.values[field] ?? ''}`).join('');
        expect(rebuilt).toBe(text);
        const truth = { ...toNginxLine(nginxLine())?.values, ...values };
        for (const field of NGINX_FIELDS)
          if (!line?.ambiguous.includes(field)) expect(line?.values[field]).toBe(truth[field]);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('a line that is none', () => {
  test.each<[string, string]>([
    ['of text', 'hello'],
    ['that is empty', ''],
    ['of JSON', '{"remote_addr":"1.2.3.4"}'],
    ['that was cut before the method', nginxLine().slice(0, nginxLine().indexOf('@@@request_method'))],
    ['in another order', nginxLine().split('@@@').toReversed().join('@@@')],
    ['with a status that is none', nginxLine({ response_status: 'OK' })],
    ['with a port that is none', nginxLine({ server_port: 'http' })],
    ['of the combined format', '203.0.113.9 - - [14/Nov/2026:12:00:00 +0000] "GET / HTTP/1.1" 200 612 "-" "curl/8.5"'],
    ['of an error', '2026/11/14 12:00:00 [error] 42#42: *1 connect() failed (111: Connection refused)'],
  ])('%s is invalid and says why', (_, message) => {
    expect(select(format, message)).toMatchObject({
      valid: false,
      id: logEvent('').eventId,
      second: 1_794_657_600,
      reason: expect.stringContaining('@@@http_x_request_id=') as string,
    });
  });

  test('cut anywhere, it is never an activity with another method, URI or address', () => {
    const whole = read(format, nginxLine());
    const line = nginxLine({ http_x_request_id: '-' });
    for (let end = 0; end < line.length; end += 1) {
      const found = select(format, line.slice(0, end));
      if (found?.valid) expect([found.method, found.actor]).toEqual([whole.method, whole.actor]);
    }
  });

  test('of many names takes no more time than its length asks for', () => {
    const hostile = [
      NGINX_FIELDS.map((field) => `@@@${field}=`)
        .join('')
        .repeat(1000),
      '@@@http_x_request_id=' + '@@@request_scheme=https'.repeat(20_000),
      nginxLine({ http_x_request_id: '@@@response_status=200'.repeat(20_000) }),
      nginxLine({ request_uri: '@'.repeat(200_000) }),
    ];
    // Quadratic work would take minutes.
    for (const message of hostile) expect(() => select(format, message)).not.toThrow();
  });
});

describe('escapes', () => {
  test.each([
    ['plain', 'plain'],
    ['a\\x22b\\x5Cc', 'a"b\\c'],
    ['caf\\xC3\\xA9', 'café'],
    ['caf\\xc3\\xa9', 'café'],
    ['\\xF0\\x9F\\x98\\x80', '😀'],
    ['\\x00\\x0A\\x1B[31m', '\u0000\n\u001b[31m'],
    ['\\xC3', '\ufffd'],
    ['\\xC3x\\xA9', '\ufffdx\ufffd'],
    ['\\xFF\\xFE', '\ufffd\ufffd'],
    ['\\xED\\xA0\\x80', '\ufffd\ufffd\ufffd'],
    ['\\x5Cx41', '\\x41'],
    ['\\x4', '\\x4'],
    ['\\xZZ', '\\xZZ'],
    ['a\ud83d', 'a\ufffd'],
  ])('%s is %j', (raw, text) => {
    expect(decode(raw)).toBe(text);
  });

  test('of any text come back', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        expect(decode(encode(text, Infinity))).toBe(text.toWellFormed());
        expect(encode(text, Infinity)).toMatch(/^[\x20-\x7e]*$/);
      }),
    );
    expect(encode('aé😀', 9)).toBe('a\\xC3\\xA9');
    expect(encode('aé😀', 8)).toBe('a');
  });

  test('are taken out of every value', () => {
    expect(requestOf({ request_uri: '/a?q=\\xE2\\x82\\xAC', request_body: '\\xE2\\x82' })).toEqual({
      queryParameters: 'q=€',
      body: '\ufffd',
    });
  });
});
