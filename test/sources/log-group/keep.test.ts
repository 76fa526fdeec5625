import { describe, expect, test } from 'vitest';
import type { Format } from '../../../lambda/sources/log-group/format.ts';
import { toItem } from '../../../lambda/sources/log-group/items.ts';
import { KEPT_MAX_BYTES, keepRow } from '../../../lambda/sources/log-group/keep.ts';
import { kubernetesAudit } from '../../../lambda/sources/log-group/kubernetes-audit.ts';
import type { LogEvent } from '../../../lambda/sources/log-group/log-event.ts';
import { nginx } from '../../../lambda/sources/log-group/nginx.ts';
import { DEFAULT_SELECTION } from '../../../lambda/sources/log-group/selection.ts';
import { sha256 } from '../../support/kong-event.ts';
import { auditLine, nginxLine } from './lines.ts';
import { logEvent, redactor } from './read.ts';

const kubernetes = kubernetesAudit(DEFAULT_SELECTION, 'prod');
const access = nginx({ deriveErrorCode: false });
const LONG = 'x'.repeat(50_000);

function keep(format: Format, message: string) {
  const { row, whole } = keepRow(logEvent(message), format, redactor);
  const kept = row as LogEvent;
  return { kept, whole, item: toItem(kept, format), bytes: Buffer.byteLength(JSON.stringify(kept)) };
}

const digest = (text: string) => ({ payloadBytes: Buffer.byteLength(text), payloadSha256: sha256(text, 'hex') });

describe('what is kept of an entry', () => {
  test('is the entry without its secrets and without what is not used', () => {
    const { kept, whole, item } = keep(
      kubernetes,
      auditLine({
        requestURI: '/apis/x?token=hunter2',
        requestObject: { password: 'hunter2', a: 1 },
        responseObject: { password: 'hunter2' },
      }),
    );
    expect(JSON.stringify(kept)).not.toContain('hunter2');
    expect(kept.message).not.toContain('responseObject');
    expect(whole).toBeUndefined();
    expect(item).toMatchObject({ valid: true, path: '/apis/x?token=***' });
    expect(item.valid && item.request[1]?.text).toBe('{"password":"***","a":1}');
    const { eventId, timestamp, ingestionTime, logStreamName } = logEvent('');
    expect(kept).toMatchObject({ eventId, timestamp, ingestionTime, logStreamName });
  });

  test('that is long is its beginning, with size and digest of the request’s object', () => {
    const text = JSON.stringify({ a: LONG });
    const { whole, item, bytes } = keep(kubernetes, auditLine({ requestObject: { a: LONG } }));
    expect(whole).toEqual(digest(text));
    expect(bytes).toBeLessThan(KEPT_MAX_BYTES + 2000);
    expect(item.valid && text.startsWith(item.request[1]?.text ?? '-')).toBe(true);
  });

  test('that is long elsewhere is cut there', () => {
    const many = Array.from({ length: 5000 }, (_, index) => `group-${index}`);
    const line = auditLine({
      userAgent: LONG,
      requestURI: `/${LONG}`,
      user: { username: LONG, groups: many },
      sourceIPs: [...many, '10.0.0.9'],
    });
    const { item, bytes } = keep(kubernetes, line);
    expect(item).toMatchObject({ valid: true, sourceIp: '10.0.0.9' });
    expect(bytes).toBeLessThan(KEPT_MAX_BYTES);
  });

  test('of a Secret is nothing of what it holds', () => {
    const line = auditLine({ objectRef: { resource: 'secrets' }, requestObject: { data: { colour: 'aHVudGVyMg==' } } });
    expect(JSON.stringify(keep(kubernetes, line).kept)).not.toContain('aHVudGVyMg');
  });
});

describe('what is kept of an access line', () => {
  test('is the line without its secrets', () => {
    const line = nginxLine(
      {
        request_uri: '/a?token=hunter2&b=%22\\x22',
        request_body: '{\\x22password\\x22:\\x22hunter2\\x22,\\x22b\\x22:\\x22\\xC3\\xA9\\x22}',
        header_referer: 'https://x/?token=hunter2',
      },
      '<190>edge: ',
    );
    const { kept, whole, item } = keep(access, line);
    expect(kept.message).toBe(
      line.replaceAll('token=hunter2', 'token=***').replace('\\x22hunter2\\x22', '\\x22***\\x22'),
    );
    expect(whole).toBeUndefined();
    expect(item.valid && item.request[1]?.text).toBe('{"password":"***","b":"é"}');
  });

  test('with nothing to replace is the line as it was', () => {
    const line = nginxLine({ request_body: '-', header_referer: undefined });
    expect(keep(access, line).kept.message).toBe(line);
  });

  test.each([LONG, '\\xC3\\xA9'.repeat(20_000)])('that is long is its beginning, never half a character', (body) => {
    const line = nginxLine({ request_body: body, header_accept: LONG, request_uri: `/${LONG}` });
    const { whole, item, bytes } = keep(access, line);
    const text = body.replaceAll('\\xC3\\xA9', 'é');
    expect(whole).toEqual(digest(text));
    expect(bytes).toBeLessThan(KEPT_MAX_BYTES * 1.4);
    const kept = item.valid ? (item.request[1]?.text ?? '') : '';
    expect(text.startsWith(kept)).toBe(true);
    expect(kept.length).toBeGreaterThan(1000);
  });
});

describe('what is kept of anything else', () => {
  test.each([kubernetes, access])('is its beginning without secrets, with size and digest of the whole', (format) => {
    const text = `{"kind":"Event","password":"hunter2","note":"${LONG}`;
    const { kept, whole, item } = keep(format, text);
    expect(kept.message).not.toContain('hunter2');
    expect(Buffer.byteLength(kept.message)).toBeLessThanOrEqual(KEPT_MAX_BYTES);
    expect(whole).toEqual(digest(text));
    expect(item).toMatchObject({ valid: false, id: kept.eventId });
  });

  test('that is no log event is a text', () => {
    for (const row of [null, 5, 'text', [1], { message: 'no id' }]) {
      const kept = keepRow(row, access, redactor).row;
      expect(typeof kept).toBe('string');
      expect(toItem(kept, access)).toMatchObject({ valid: false, second: null });
    }
  });

  test('that cannot be redacted is not a word of it', () => {
    const broken = () => {
      throw new Error('a bug');
    };
    const { row, whole } = keepRow(logEvent('hunter2'), access, { payload: broken, query: broken });
    expect(row).toEqual(logEvent(''));
    expect(whole).toEqual(digest('hunter2'));
  });
});
