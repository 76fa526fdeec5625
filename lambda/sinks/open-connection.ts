import { isIP, connect as connectTcp } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { isCertificateProblem } from '../certificate-problem.ts';
import { ForwarderError } from '../errors.ts';

/** A connection tried by `check` itself did not come about. */
export class ConnectError extends ForwarderError {
  override readonly name = 'ConnectError';
  readonly code = 'CONNECT_FAILED';
}

/**
 * Opens a connection to `endpoint`, TLS where the URL says so, and closes it.
 *
 * @param wayOut what a function without a way to this endpoint needs, as one sentence
 * @throws {ConnectError}
 */
export async function openConnection(endpoint: URL, wayOut: string, timeoutMs = 5000): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<undefined>();
  const host = endpoint.hostname.replace(/^\[|\]$/g, '');
  const secure = endpoint.protocol === 'https:';
  const port = Number(endpoint.port || (secure ? 443 : 80));
  const socket = secure
    ? connectTls({ host, port, ...(isIP(host) === 0 && { servername: host }) })
    : connectTcp({ host, port });
  socket.once(secure ? 'secureConnect' : 'connect', () => {
    resolve(undefined);
  });
  socket.once('error', (error: NodeJS.ErrnoException) => {
    const said = [error.code, error.message].filter(Boolean).join(': ');
    const fix = isCertificateProblem(error)
      ? 'Something between the function and AWS answers with its own certificate: let it pass, or give its CA in NODE_EXTRA_CA_CERTS (context key nodeExtraCaCerts).'
      : wayOut;
    reject(new ConnectError(`no connection to ${endpoint.origin}: ${said}`, { fix, cause: error }));
  });
  // Counts from here, the time to find the address included.
  const timer = setTimeout(() => {
    reject(new ConnectError(`no connection to ${endpoint.origin} within ${timeoutMs} ms`, { fix: wayOut }));
  }, timeoutMs);
  try {
    await promise;
  } finally {
    clearTimeout(timer);
    socket.destroy();
  }
}
