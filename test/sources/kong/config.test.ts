import { afterEach, describe, expect, test, vi } from 'vitest';
import type { SourceDeps, SourceSettings } from '../../../lambda/room.ts';
import { kong } from '../../../lambda/sources/kong/config.ts';
import type { Source } from '../../../lambda/pipeline/source.ts';
import { startKong, type KongSimulator } from '../../simulators/kong.ts';
import { makeCertificates } from '../../support/certificates.ts';

const SECRET_ARN = 'arn:aws:secretsmanager:eu-central-1:111122223333:secret:kong/token-AbCdEf';
const certificates = await makeCertificates();
const user = { token: 'the-token', name: 'forwarder', id: 'b1f34145-705a-4a0a-b4d4-dd3ea4c2dc6f' };

const problemsOf = (env: Readonly<Record<string, string>>) =>
  kong.load({ KONG_ADMIN_API: 'https://kong.internal:8444', ...env }).problems;

function settingsOf(env: Readonly<Record<string, string>>): SourceSettings {
  const loaded = kong.load({ KONG_ADMIN_API: 'https://kong.internal:8444', ...env });
  if ('settings' in loaded) return loaded.settings;
  throw new Error(loaded.problems.join('\n'));
}

const sources: Source[] = [];
afterEach(() => Promise.all(sources.splice(0).map((source) => source.close())));

/** The source that `env` describes, talking to `simulator`. */
async function connect(
  { env }: KongSimulator,
  more: Readonly<Record<string, string>> = {},
  deps: Partial<SourceDeps> = {},
) {
  const never = new AbortController().signal;
  const source = await settingsOf({ ...env, ...more }).connect({
    signals: { stopping: never, aborting: never },
    log: { info: vi.fn(), warn: vi.fn(), error: vi.fn() },
    deriveErrorCode: false,
    lookbackSeconds: 0,
    overlapSeconds: 3600,
    isCheck: false,
    ...deps,
  });
  sources.push(source);
  return source;
}

/** Reads everything once. */
async function read(source: Source) {
  const opened = await source.open();
  const pages = await Array.fromAsync(opened.pages([{ after: 0, before: 5_000_000_000 }]));
  return { items: pages.flatMap(({ items }) => items), ...opened.about() };
}

const queries = ({ requests }: KongSimulator) =>
  requests.map(({ path }) => Object.fromEntries(new URL(path, 'http://kong').searchParams)).filter(({ size }) => size);

describe("Kong's settings", () => {
  test('are by default those of Kong itself', () => {
    expect(settingsOf({})).toMatchObject({ eventSource: 'kong-gateway', auditTtlSeconds: 2_592_000 });
  });

  test('find the Admin API behind a path prefix, with or without a slash at its end', async () => {
    await using simulator = await startKong({ pathPrefix: '/_api' });
    for (const KONG_ADMIN_API of [simulator.url, `${simulator.url}/`]) {
      const source = await connect(simulator, { KONG_ADMIN_API });
      expect(await read(source)).toMatchObject({ strategy: 'filtered', kongVersion: '3.9.1.0' });
    }
  });

  test('trust the authority of KONG_ROOT_CA, with line breaks or with \\n, and no other', async () => {
    await using simulator = await startKong({ tls: true });
    const ca = simulator.ca ?? '';
    for (const KONG_ROOT_CA of [ca, ca.replaceAll(/\r?\n/g, '\\n'), `${certificates.ca}\n${ca}`])
      expect(await read(await connect(simulator, { KONG_ROOT_CA }))).toMatchObject({ kongVersion: '3.9.1.0' });
    await expect(read(await connect(simulator, { KONG_ROOT_CA: certificates.ca }))).rejects.toThrow(/KONG_ROOT_CA/);
  });

  test('send the token only while KONG_SUPERADMIN is true', async () => {
    await using simulator = await startKong();
    const sent = () => simulator.requests.at(-1)?.headers['kong-admin-token'];
    await read(await connect(simulator, { KONG_SUPERADMIN: 'yes', KONG_ADMIN_TOKEN: user.token }));
    expect(sent()).toBe(user.token);
    for (const off of ['no', 'false', '0']) {
      await read(await connect(simulator, { KONG_SUPERADMIN: off, KONG_ADMIN_TOKEN: user.token }));
      expect(sent()).toBeUndefined();
    }
    await read(await connect(simulator, { KONG_ADMIN_TOKEN: user.token }));
    expect(sent()).toBeUndefined();
  });

  test('take the page size and the strategy that are asked for', async () => {
    await using simulator = await startKong();
    await read(await connect(simulator));
    expect(queries(simulator).at(-1)).toMatchObject({ size: '1000', after: '0' });
    for (const KONG_SCAN of ['filtered', 'newest-first'])
      expect(await read(await connect(simulator, { KONG_SCAN, KONG_PAGE_SIZE: '7' }))).toMatchObject({
        strategy: KONG_SCAN,
      });
    expect(queries(simulator).at(-1)).toEqual({ size: '7' });
    simulator.settings.version = '2.8.1.1-enterprise-edition';
    expect(await read(await connect(simulator, { KONG_SCAN: 'full-scan' }))).toMatchObject({ strategy: 'full-scan' });
  });

  test('report the ids of own requests, without the spaces Kong may pad them with', async () => {
    await using simulator = await startKong();
    const own: string[] = [];
    const markOwn = (id: string) => Promise.resolve(void own.push(id));
    await read(await connect(simulator, {}, { markOwn }));
    expect(own).toHaveLength(simulator.requests.length);
    expect(own.every((id) => /^\w{32}$/.test(id))).toBe(true);
  });

  test('try each thing once for check', async () => {
    await using simulator = await startKong();
    simulator.settings.databaseUp = false;
    const checks = await (await connect(simulator, {}, { isCheck: true })).diagnose();
    expect(checks.map(({ ok }) => ok)).toEqual([true, false]);
    expect(simulator.requests).toHaveLength(2);
  });
});

describe('a wrong value', () => {
  test.each([
    ['KONG_ADMIN_API', 'kong.internal:8444'],
    ['KONG_ADMIN_API', 'ftp://kong.internal'],
    ['KONG_ADMIN_API', 'https://kong.internal?size=1'],
    ['KONG_ADMIN_API', 'https://kong.internal/#a'],
    ['KONG_ADMIN_API', 'https://user@kong.internal'],
    ['KONG_SUPERADMIN', 'on'],
    ['KONG_ADMIN_TOKEN', 'two words'],
    ['KONG_ADMIN_TOKEN', 'töken'],
    ['KONG_ADMIN_TOKEN_SECRET_ARN', 'kong/token'],
    ['KONG_ROOT_CA', '/etc/ssl/ca.pem'],
    ['KONG_ROOT_CA', '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----'],
    ['KONG_ROOT_CA', `${certificates.ca}\n${certificates.cert.slice(0, 100)}`],
    ['KONG_PAGE_SIZE', '0'],
    ['KONG_PAGE_SIZE', '1001'],
    ['KONG_PAGE_SIZE', '10.5'],
    ['KONG_SCAN', 'fast'],
  ])('of %s is refused: %j', (name, value) => {
    expect(problemsOf({ [name]: value })).toEqual([expect.stringMatching(new RegExp(`^${name} must `))]);
  });

  test.each([
    ['KONG_PAGE_SIZE', '5000', 'KONG_PAGE_SIZE must be an integer from 1 to 1000, got "5000"'],
    ['KONG_SCAN', 'fast', 'KONG_SCAN must be one of auto, filtered, newest-first, full-scan, got "fast"'],
  ])('of %s is told with what was expected', (name, value, problem) => {
    expect(problemsOf({ [name]: value })).toEqual([problem]);
  });

  test('is a token that is missing while KONG_SUPERADMIN is true', () => {
    expect(problemsOf({ KONG_SUPERADMIN: 'true' })).toEqual([
      'KONG_ADMIN_TOKEN or KONG_ADMIN_TOKEN_SECRET_ARN is required while KONG_SUPERADMIN is true',
    ]);
    expect(problemsOf({ KONG_SUPERADMIN: 'true', KONG_ADMIN_TOKEN_SECRET_ARN: SECRET_ARN })).toEqual([]);
  });

  test('is a token and its secret together', () => {
    expect(problemsOf({ KONG_ADMIN_TOKEN: 'x', KONG_ADMIN_TOKEN_SECRET_ARN: SECRET_ARN })).toEqual([
      'KONG_ADMIN_TOKEN and KONG_ADMIN_TOKEN_SECRET_ARN are both set; keep one of them',
    ]);
  });
});
