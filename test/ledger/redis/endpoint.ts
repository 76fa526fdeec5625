import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** See `startEndpoint`. */
export interface Endpoint extends AsyncDisposable {
  readonly port: number;
  /** Where new connections lead. */
  target: { readonly port: number };
  /** Everything its clients sent so far. */
  readonly sent: string;
  /** Replies of the target go nowhere. */
  dropReplies: boolean;
  /** Ends every connection. */
  disconnect(): void;
}

/** A name that leads to a server, as a load balancer or DNS name does: TCP, forwarded as it comes. */
export async function startEndpoint(target: { readonly port: number }): Promise<Endpoint> {
  const sockets = new Set<Socket>();
  let sent = '';
  const server = createServer((client) => {
    const upstream = connect(endpoint.target.port, '127.0.0.1');
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(socket);
      socket.on('error', () => other.destroy());
      socket.on('close', () => {
        sockets.delete(socket);
        other.destroy();
      });
    }
    client.on('data', (data) => {
      sent += data.toString();
      upstream.write(data);
    });
    upstream.on('data', (data) => {
      if (!endpoint.dropReplies) client.write(data);
    });
  });
  const disconnect = () => {
    for (const socket of sockets) socket.destroy();
  };
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const endpoint: Endpoint = {
    port: (server.address() as AddressInfo).port,
    target,
    get sent() {
      return sent;
    },
    dropReplies: false,
    disconnect,
    async [Symbol.asyncDispose]() {
      disconnect();
      server.close();
      await once(server, 'close');
    },
  };
  return endpoint;
}
