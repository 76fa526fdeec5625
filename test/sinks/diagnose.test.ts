import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { describe, expect, test } from 'vitest';
import { type AwsDestination, diagnoseAws } from '../../lambda/sinks/diagnose.ts';
import { startCloudTrail } from '../simulators/cloudtrail.ts';
import { found } from '../support/checks.ts';
import { freePort } from '../support/redis-server.ts';

const matching = (pattern: RegExp) => expect.stringMatching(pattern) as string;

const diagnose = (url: string, changes: Partial<AwsDestination> = {}) =>
  diagnoseAws({
    name: 'cloudtrail',
    endpoint: () => Promise.resolve(new URL(url)),
    credentials: () => Promise.resolve({}),
    grant: 'Give the function a role that may put events.',
    wayOut: 'The subnets need a NAT.',
    ...changes,
  });

describe('the diagnosis of an AWS endpoint', () => {
  test('finds credentials and opens a connection, and sends nothing', async () => {
    await using cloudTrail = await startCloudTrail();
    expect(await diagnose(cloudTrail.url)).toEqual([
      { name: 'aws-credentials', ok: true, detail: matching(/gives credentials/), fix: '' },
      { name: 'cloudtrail', ok: true, detail: `${cloudTrail.url} accepts plain connections`, fix: '' },
    ]);
    expect(cloudTrail.requests).toEqual([]);
  });

  test('says that there are no credentials, and blames nothing else', async () => {
    await using cloudTrail = await startCloudTrail();
    const credentials = () => Promise.reject(new Error('Could not load credentials from any providers'));
    const checks = await diagnose(cloudTrail.url, { credentials });
    expect(found(checks, 'aws-credentials')).toMatchObject({
      ok: false,
      detail: 'Could not load credentials from any providers',
      fix: 'Give the function a role that may put events.',
    });
    expect(found(checks, 'cloudtrail').ok).toBe(true);
  });

  test('opens TLS, and trusts no certificate but a good one', async () => {
    await using secure = await startCloudTrail({ tls: true });
    expect(found(await diagnose(secure.url), 'cloudtrail')).toMatchObject({
      ok: false,
      detail: matching(/certificate/),
      fix: matching(/NODE_EXTRA_CA_CERTS/),
    });
  });

  test('says that connections are refused, and what a function in a VPC needs', async () => {
    const url = `http://localhost:${await freePort()}`;
    expect(found(await diagnose(url), 'cloudtrail')).toMatchObject({
      ok: false,
      detail: matching(/no connection to http:\/\/localhost:\d+: ECONNREFUSED/),
      fix: 'The subnets need a NAT.',
    });
  });

  test('does not wait for an endpoint that takes connections and stays silent', async () => {
    const silent = createServer().listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as AddressInfo;
    const checks = await diagnose(`https://127.0.0.1:${port}`, { connectTimeoutMs: 100 });
    expect(found(checks, 'cloudtrail')).toMatchObject({ ok: false, detail: matching(/within 100 ms/) });
    silent.close();
  });

  test('says that the SDK cannot tell where requests go', async () => {
    const endpoint = () => Promise.reject(new Error('FIPS and custom endpoint are not supported'));
    expect(found(await diagnose('http://unused', { endpoint }), 'cloudtrail')).toMatchObject({
      ok: false,
      detail: matching(/FIPS/),
      fix: matching(/AWS_USE_FIPS_ENDPOINT/),
    });
  });
});
