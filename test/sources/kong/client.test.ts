import { describe, expect, test } from 'vitest';
import { SecretError } from '../../../lambda/errors.ts';
import { startKong } from '../../simulators/kong.ts';
import { faults } from '../../simulators/wire-fault.ts';
import { wireServer } from '../../simulators/wire-server.ts';
import { AUDIT, connect, failure, secret, TOKEN } from './client-support.ts';

describe('a request', () => {
  test('gives the JSON body, Kong’s clock and the count of requests', async () => {
    await using simulator = await startKong({ now: () => 1_700_000_000.7 });
    const kong = connect(simulator);
    expect([kong.now(), kong.requests()]).toEqual([null, 0]);
    expect(await kong.get('/')).toMatchObject({ version: '3.9.1.0', hostname: 'kong-cp-1' });
    expect([kong.now(), kong.requests()]).toEqual([1_700_000_000, 1]);
  });

  test('keeps the path prefix as given, and encodes the query', async () => {
    await using simulator = await startKong({ pathPrefix: '/_api/Kong%20A' });
    const kong = connect(simulator);
    await kong.get('/');
    await kong.get(AUDIT, { size: 5, after: undefined, offset: 'WyI+/w' }).catch(() => undefined);
    expect(simulator.requests.map(({ path }) => path)).toEqual([
      '/_api/Kong%20A/',
      '/_api/Kong%20A/audit/requests?size=5&offset=WyI%2B%2Fw',
    ]);
  });

  test('carries the token where there is one', async () => {
    await using simulator = await startKong();
    await connect(simulator).get('/');
    await connect(simulator, { token: secret() }).get('/');
    expect(simulator.requests.map(({ headers }) => headers['kong-admin-token'])).toEqual([undefined, TOKEN]);
  });

  test('is not sent with a token that no header can carry', async () => {
    await using simulator = await startKong();
    for (const bad of [`${TOKEN}\nx: y`, `${TOKEN} ü`, '{"a":1, "b":2}']) {
      const error = await failure(connect(simulator, { token: secret(bad) }).get('/'));
      expect(error).toBeInstanceOf(SecretError);
      expect(error.message).toMatch(/printable ASCII/);
    }
    expect(simulator.requests).toEqual([]);
  });
});

test('the clock is the latest answer’s, and stays when an answer has none', async () => {
  let now = 1_700_000_000;
  await using simulator = await startKong({ now: () => now });
  const kong = connect(simulator);
  await kong.get('/');
  now += 100;
  await failure(kong.get('/nothing'));
  expect(kong.now()).toBe(now);
  await using undated = await wireServer({
    handle: () => ({ status: 200, headers: { date: 'yesterday' }, body: {} }),
    faults: faults(),
  });
  const other = connect(undated);
  await other.get('/');
  expect(other.now()).toBeNull();
});
