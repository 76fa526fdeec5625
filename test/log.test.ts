import { describe, expect, test } from 'vitest';
import { ConfigError, KongAuthError } from '../lambda/errors.ts';
import { createLog, describeError } from '../lambda/log.ts';
import { outputOf } from './support/output.ts';

const linesOf = (act: () => void) => outputOf(act).map((line) => JSON.parse(line) as Record<string, unknown>);

describe('the log', () => {
  test('writes one JSON line per message, with the fields of the run and its own', () => {
    const log = createLog('INFO', { source: 'kong', requestId: 'r1' });
    const lines = linesOf(() => {
      log.info('Run complete', { summary: { status: 'complete', forwarded: 3 } });
      log.warn('a\nb');
      log.error('Run failed', { error: { code: 'X' } });
    });
    expect(lines).toEqual([
      expect.objectContaining({
        level: 'INFO',
        message: 'Run complete',
        service: 'kong-audit-forwarder',
        source: 'kong',
        requestId: 'r1',
        summary: { status: 'complete', forwarded: 3 },
      }),
      expect.objectContaining({ level: 'WARN', message: 'a\nb', source: 'kong' }),
      expect.objectContaining({ level: 'ERROR', message: 'Run failed', error: { code: 'X' } }),
    ]);
  });

  test.each([
    ['DEBUG', ['INFO', 'WARN', 'ERROR']],
    ['INFO', ['INFO', 'WARN', 'ERROR']],
    ['WARN', ['WARN', 'ERROR']],
    ['ERROR', ['ERROR']],
    ['SILENT', []],
  ] as const)('at %s writes %j', (level, expected) => {
    const log = createLog(level, {});
    const lines = linesOf(() => {
      log.info('a');
      log.warn('b');
      log.error('c');
    });
    expect(lines.map((line) => line['level'])).toEqual(expected);
  });
});

describe('describeError', () => {
  test.each([
    [new KongAuthError('Kong refused', 401), { name: 'KongAuthError', code: 'KONG_REFUSED', message: 'Kong refused' }],
    [Object.assign(new Error('no'), { code: 'ECONNREFUSED' }), { name: 'Error', code: 'ECONNREFUSED', message: 'no' }],
    [Object.assign(new Error('no'), { code: 7 }), { name: 'Error', message: 'no' }],
    [new TypeError('x'), { name: 'TypeError', message: 'x' }],
    ['text', { name: 'Error', message: 'text' }],
    [undefined, { name: 'Error', message: 'undefined' }],
  ])('of %s is name, code and message', (error, expected) => {
    expect(describeError(error)).toEqual(expected);
  });

  test('leaves out stacks, causes and whatever else an error carries', () => {
    const error = new ConfigError(['A must be b']);
    expect(Object.keys(describeError(Object.assign(error, { cause: new Error('secret'), password: 'x' })))).toEqual([
      'name',
      'code',
      'message',
    ]);
  });
});
