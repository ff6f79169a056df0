// A way to a server that can be cut, or fall silent as behind a router that has forgotten its connections, or a process that is stopped.
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

export interface Way {
  readonly port: number;
  /** Connections stay and nothing goes over them any more; new ones work. */
  silence(): void;
  /** Nothing goes over any connection, old or new, until `wake`. */
  hang(): void;
  wake(): void;
  /** Breaks every connection and takes no new one, until `open`. */
  cut(): void;
  open(): Promise<void>;
}

/** `port`: of the server; `own`: where the way begins, 0: at a free port. */
export const openWay = async (port: number, own = 0): Promise<Way> => {
  const pairs = new Set<readonly [Socket, Socket]>();
  let isHung = false;
  let server: Server;

  const join = ([near, far]: readonly [Socket, Socket]) => {
    near.pipe(far);
    far.pipe(near);
  };
  const part = ([near, far]: readonly [Socket, Socket]) => {
    near.unpipe(far);
    far.unpipe(near);
  };

  const listen = async (at: number) => {
    server = createServer((near) => {
      const far = connect(port, '127.0.0.1');
      const pair = [near, far] as const;
      pairs.add(pair);
      for (const socket of pair) {
        socket
          .on('error', () => {})
          .on('close', () => {
            near.destroy();
            far.destroy();
            pairs.delete(pair);
          });
      }
      if (!isHung) join(pair);
    });
    server.listen(at, '127.0.0.1');
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  };

  const first = await listen(own);
  return {
    port: first,
    silence() {
      for (const pair of pairs) {
        part(pair);
        for (const socket of pair) socket.resume();
      }
    },
    hang() {
      isHung = true;
      for (const pair of pairs) part(pair);
    },
    wake() {
      isHung = false;
      for (const pair of pairs) join(pair);
    },
    cut() {
      server.close();
      for (const [near, far] of pairs) {
        near.destroy();
        far.destroy();
      }
    },
    open: async () => {
      await listen(first);
    },
  };
};
