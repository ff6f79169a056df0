// Listens for HTTP: deadlines for clients that send or read slowly, and limits on connections, so that no stranger can take all of them.
import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { serve } from '@hono/node-server';
import { addressFilter, networkOf, plainAddress } from './address.ts';

export interface ListenOptions {
  readonly port: number;
  readonly hostname: string;
  /** Connections at once in all; beyond it the oldest one of the address that has most of them makes room. */
  readonly maxConnections?: number;
  /** Connections at once of one address (of one /64 in IPv6); what comes beyond it is closed. */
  readonly maxConnectionsPerAddress?: number;
  /** Ranges that are not limited by address: proxies of ours, other processes of ours. */
  readonly unlimitedAddresses?: readonly string[];
  /** Milliseconds in which the header of a request must have arrived. */
  readonly headerTimeoutMs?: number;
  /** Milliseconds in which the whole request must have arrived. */
  readonly requestTimeoutMs?: number;
  /** Milliseconds in which a client must take some of an answer that waits for it. */
  readonly readTimeoutMs?: number;
  /** Told of a connection that was closed for one of the limits on connections. */
  readonly onRefused?: (reason: 'address' | 'all') => void;
}

export interface Listening {
  readonly port: number;
  /** Open at this moment. */
  readonly connections: number;
  /** Accepts nothing any more, lets `finish` come to an end, then closes what is still open. */
  stop(finish: () => Promise<void>): Promise<void>;
}

/** How long the end of streams is waited for at a stop, in milliseconds. */
const streamEndTimeoutMs = 2_000;

type ConnectionLimits = Required<Pick<ListenOptions, 'maxConnections' | 'maxConnectionsPerAddress' | 'unlimitedAddresses' | 'onRefused'>>;

interface Connection {
  close(): void;
}

const limitConnections = (server: Server, limits: ConnectionLimits): (() => number) => {
  const { maxConnections, maxConnectionsPerAddress, unlimitedAddresses, onRefused } = limits;
  const isUnlimited = unlimitedAddresses.length === 0 ? () => false : addressFilter(unlimitedAddresses);
  /** The connections of each address, the oldest first. */
  const byAddress = new Map<string, Set<Connection>>();
  let count = 0;

  const closeOldestOfMost = () => {
    let most: Set<Connection> | undefined;
    for (const connections of byAddress.values()) if (connections.size > (most?.size ?? 0)) most = connections;
    const [oldest] = most ?? [];
    oldest?.close();
  };

  server.on('connection', (socket: Socket) => {
    const address = plainAddress(socket.remoteAddress ?? '');
    const network = networkOf(address);
    const connections = byAddress.get(network) ?? new Set();
    if (connections.size >= maxConnectionsPerAddress && !isUnlimited(address)) {
      onRefused('address');
      socket.destroy();
      return;
    }
    const forget = () => {
      if (!connections.delete(connection)) return;
      count -= 1;
      if (connections.size === 0) byAddress.delete(network);
    };
    const connection: Connection = {
      close: () => {
        // NOTE: forgotten at once, since `close` comes later, and others would make room by the same connection.
        forget();
        socket.destroy();
      },
    };
    connections.add(connection);
    byAddress.set(network, connections);
    count += 1;
    socket.once('close', forget);
    if (count <= maxConnections) return;
    onRefused('all');
    closeOldestOfMost();
  });
  return () => count;
};

/** Answers once `fetch` can be reached. Rejects where the port cannot be had. */
export const listen = async (fetch: Parameters<typeof serve>[0]['fetch'], options: ListenOptions): Promise<Listening> => {
  const { port, hostname, headerTimeoutMs = 10_000, requestTimeoutMs = 30_000, readTimeoutMs = 60_000 } = options;
  const listening = Promise.withResolvers<number>();
  const serverOptions = {
    headersTimeout: headerTimeoutMs,
    requestTimeout: requestTimeoutMs,
    // Deadlines are looked at so often; Node's 30 s would let a request of 30 s live for a minute.
    connectionsCheckingInterval: Math.min(1_000, headerTimeoutMs),
    // Of two Host headers Node would take the first. Together they are no host, and refused with 400 as RFC 9112 asks.
    joinDuplicateHeaders: true,
  };
  const server = serve({ fetch, port, hostname, serverOptions }, (info) => listening.resolve(info.port)) as Server;
  server.once('error', listening.reject);
  // A silent connection may be a stream or a long command. One whose client does not take what waits for it is given up.
  server.setTimeout(readTimeoutMs, (socket) => {
    if (socket.writableLength > 0) socket.destroy();
  });
  const connections = limitConnections(server, {
    maxConnections: options.maxConnections ?? 10_000,
    maxConnectionsPerAddress: options.maxConnectionsPerAddress ?? 500,
    unlimitedAddresses: options.unlimitedAddresses ?? [],
    onRefused: options.onRefused ?? (() => {}),
  });
  return {
    port: await listening.promise,
    get connections() {
      return connections();
    },
    async stop(finish) {
      const closed = new Promise((resolve) => server.close(resolve));
      await finish();
      // A stream that another process sends through this one ends with that process; what is still open after that would never end by itself.
      await Promise.race([closed, new Promise((resolve) => setTimeout(resolve, streamEndTimeoutMs).unref())]);
      server.closeAllConnections();
      await closed;
    },
  };
};
