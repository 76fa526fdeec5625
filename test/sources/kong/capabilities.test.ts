import { describe, expect, test } from 'vitest';
import {
  ForwarderError,
  KongAuthError,
  KongPageTooLargeError,
  KongResponseError,
  KongUnreachableError,
} from '../../../lambda/errors.ts';
import {
  readCapabilities,
  SCAN_STRATEGIES,
  type ScanStrategy,
  strategyOf,
} from '../../../lambda/sources/kong/capabilities.ts';
import type { Kong } from '../../../lambda/sources/kong/client.ts';
import { VERSIONS } from './versions.ts';

const ADMIN_API = 'https://kong.internal:8444';

/** A Kong that answers `GET /` with `root` and the audit log with `page`; what is an Error is thrown. */
function fakeKong(root: unknown, page: unknown = { data: [], next: null }) {
  const asked: string[] = [];
  const kong: Kong = {
    adminApi: ADMIN_API,
    get(path, query = {}) {
      asked.push([path, ...Object.entries(query).map(([name, value]) => `${name}=${String(value)}`)].join(' '));
      const answer = path === '/' ? root : page;
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
    },
    now: () => null,
    requests: () => asked.length,
    close: () => Promise.resolve(),
  };
  return { kong, asked };
}

describe('the strategy', () => {
  test.each<readonly [version: string, strategy: ScanStrategy | null]>([
    ...VERSIONS,
    ['2.99.9.9', 'full-scan'],
    ['3.3.9.9', 'full-scan'],
    ['3.4', 'full-scan'],
    ['3.4.3.8-enterprise-edition', 'newest-first'],
    ['3.4.3.10', 'filtered'],
    ['3.4.4', 'filtered'],
    ['3.5.1.0', 'filtered'],
    ['3.6.2.0', 'filtered'],
    ['3.7', 'filtered'],
    ['3.10.0.2', 'filtered'],
    ['4.0.0.0', 'filtered'],
    ['10.1.0.0', 'filtered'],
    ['unknown', null],
    ['', null],
    ['enterprise', null],
  ])('of Kong %s is %s', (version, expected) => {
    expect(strategyOf(version)).toBe(expected);
  });
});

describe('readCapabilities', () => {
  test('asks once, and keeps the version with its suffix', async () => {
    const { kong, asked } = fakeKong({ version: '2.8.1.1-enterprise-edition', hostname: 'cp-1', node_id: 'x' });
    expect(await readCapabilities(kong, 'auto')).toEqual({
      version: '2.8.1.1-enterprise-edition',
      hostname: 'cp-1',
      strategy: 'full-scan',
    });
    expect(asked).toEqual(['/']);
  });

  test.each(SCAN_STRATEGIES)('takes the strategy %s as configured, without a probe', async (scan) => {
    const known = fakeKong({ version: '3.9.1.0', hostname: 'cp-1' });
    expect((await readCapabilities(known.kong, scan)).strategy).toBe(scan);
    const unknown = fakeKong(new KongAuthError('no', 403));
    expect((await readCapabilities(unknown.kong, scan)).strategy).toBe(scan);
    expect(unknown.asked).toEqual(['/']);
  });

  test.each([
    ['403', new KongAuthError('no', 403)],
    ['401', new KongAuthError('no', 401)],
    ['404', new KongResponseError('no', 404)],
    ['500', new KongResponseError('no', 500)],
    ['HTML', new KongResponseError('no JSON', 200)],
    ['a page that is too large', new KongPageTooLargeError('no')],
    ['null', null],
    ['a list', []],
    ['an object without version', {}],
    ['a version that is no text', { version: 3.9 }],
    ['an empty version', { version: '' }],
  ])('goes on without version and hostname when GET / gives %s', async (_, root) => {
    const { kong, asked } = fakeKong(root);
    expect(await readCapabilities(kong, 'auto')).toEqual({
      version: 'unknown',
      hostname: ADMIN_API,
      strategy: 'filtered',
    });
    expect(asked).toEqual(['/', '/audit/requests size=1 after=0 before=1']);
  });

  test('keeps what GET / gives: a version without hostname, a hostname without version', async () => {
    expect(await readCapabilities(fakeKong({ version: '3.9.1.0', hostname: null }).kong, 'auto')).toMatchObject({
      version: '3.9.1.0',
      hostname: ADMIN_API,
    });
    expect(await readCapabilities(fakeKong({ hostname: 'cp-1' }).kong, 'auto')).toMatchObject({
      version: 'unknown',
      hostname: 'cp-1',
    });
  });

  test('learns from a page that should be empty and is not that the filters are ignored', async () => {
    const page = {
      data: [{ request_id: 'a', request_timestamp: 1_763_676_000, method: 'GET', path: '/' }],
      next: null,
    };
    const { kong } = fakeKong({ version: 'custom build' }, page);
    expect(await readCapabilities(kong, 'auto')).toMatchObject({ version: 'custom build', strategy: 'full-scan' });
  });

  test('fails when there is no connection, and when the probe fails', async () => {
    const unreachable = new KongUnreachableError('no');
    await expect(readCapabilities(fakeKong(unreachable).kong, 'auto')).rejects.toBe(unreachable);
    const refused = new KongAuthError('no', 401);
    await expect(readCapabilities(fakeKong(refused, refused).kong, 'auto')).rejects.toBe(refused);
  });

  test("fails for what is not Kong's answer", async () => {
    class SecretFailure extends ForwarderError {
      readonly code = 'SECRET_UNREADABLE';
    }
    for (const error of [new SecretFailure('no'), new Error('the time is up')])
      await expect(readCapabilities(fakeKong(error).kong, 'filtered')).rejects.toBe(error);
  });
});
