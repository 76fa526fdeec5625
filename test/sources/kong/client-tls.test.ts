import { once } from 'node:events';
import { createSecureServer } from 'node:http2';
import { connect as connectTcp, createServer, type AddressInfo } from 'node:net';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { generate } from 'selfsigned';
import { describe, expect, test } from 'vitest';
import { KongUnreachableError } from '../../../lambda/errors.ts';
import { startKong } from '../../simulators/kong.ts';
import { makeCertificates } from '../../support/certificates.ts';
import { connect, failure, secret } from './client-support.ts';

describe('TLS', () => {
  test('is spoken with a Kong whose authority is in rootCa', async () => {
    await using simulator = await startKong({ tls: true });
    const kong = connect(simulator, { rootCa: simulator.ca });
    expect(await kong.get('/')).toMatchObject({ version: '3.9.1.0' });
    const byName = connect({ url: simulator.url.replace('127.0.0.1', 'localhost') }, { rootCa: simulator.ca });
    expect(await byName.get('/')).toMatchObject({ version: '3.9.1.0' });
  });

  test('trusts every authority in rootCa, and the default ones beside them', async () => {
    await using simulator = await startKong({ tls: true });
    const other = await authority('Another authority');
    expect(await connect(simulator, { rootCa: `${other}\n${simulator.ca ?? ''}` }).get('/')).toBeDefined();
    const before = getCACertificates('default');
    setDefaultCACertificates([...before, simulator.ca ?? '']);
    try {
      expect(await connect(simulator, { rootCa: other }).get('/')).toBeDefined();
    } finally {
      setDefaultCACertificates(before);
    }
  });

  test('is refused at once, without sending the token, when the authority is unknown', async () => {
    await using simulator = await startKong({ tls: true });
    const namesake = await makeCertificates();
    for (const rootCa of [undefined, await authority('Another authority'), namesake.ca]) {
      const kong = connect(simulator, { rootCa, token: secret() });
      const error = await failure(kong.get('/'));
      expect(error).toBeInstanceOf(KongUnreachableError);
      expect(error.message).toMatch(new RegExp(`^Expected an answer from GET ${simulator.url}/, got .+KONG_ROOT_CA`));
      expect(kong.requests()).toBe(1);
    }
    expect(simulator.requests).toEqual([]);
  });

  test('is refused at once when the certificate is for another host', async () => {
    await using simulator = await startKong({ tls: true });
    const url = simulator.url.replace('127.0.0.1', '127.0.0.2');
    // The simulator listens on 127.0.0.1 alone, so something there must hand the connection on.
    await using relay = await relayTo(simulator.url, '127.0.0.2');
    const kong = connect({ url: url.replace(/\d+$/, String(relay.port)) }, { rootCa: simulator.ca });
    const error = await failure(kong.get('/'));
    expect(error).toBeInstanceOf(KongUnreachableError);
    expect(error.message).toMatch(/ERR_TLS_CERT_ALTNAME_INVALID.+a host name the certificate covers/);
    expect([kong.requests(), simulator.requests]).toEqual([1, []]);
  });
});

test('HTTP/1.1 is spoken, also with a Kong that offers HTTP/2', async () => {
  const certificates = await makeCertificates();
  const server = createSecureServer({ key: certificates.key, cert: certificates.cert, allowHTTP1: true });
  const versions: string[] = [];
  server.on('request', (request, response) => {
    versions.push(request.httpVersion);
    response.setHeader('content-type', 'application/json');
    response.end('{"version":"3.9.1.0"}');
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  const kong = connect({ url: `https://127.0.0.1:${port}` }, { rootCa: certificates.ca });
  expect(await kong.get('/')).toEqual({ version: '3.9.1.0' });
  expect(versions).toEqual(['1.1']);
  await kong.close();
  server.close();
});

/** PEM of an authority that signed nothing. */
async function authority(name: string): Promise<string> {
  const extensions = [{ name: 'basicConstraints', cA: true, critical: true } as const];
  return (await generate([{ name: 'commonName', value: name }], { algorithm: 'sha256', extensions })).cert;
}

/** Listens on another address and hands connections on. */
async function relayTo(target: string, host: string): Promise<AsyncDisposable & { readonly port: number }> {
  const { port } = new URL(target);
  const server = createServer((socket) => {
    const onward = connectTcp(Number(port), '127.0.0.1');
    socket.pipe(onward).pipe(socket);
    for (const end of [socket, onward]) end.on('error', () => undefined);
  }).listen(0, host);
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: async () => {
      server.close();
      await once(server, 'close');
    },
  };
}
