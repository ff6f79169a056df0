// A way to a real server that a test can break: Toxiproxy stands between, on a free port.
import { randomUUID } from 'node:crypto';
import { needed } from './needed.ts';

type Attributes = Readonly<Record<string, number>>;

/** The server's reply and what is sent to it; most trouble is the same in both directions. */
const directions = ['upstream', 'downstream'] as const;

export interface Proxy {
  /** `host:port` to connect to instead of the server's own. */
  readonly address: string;
  /** The same URL by way of the proxy. */
  through(url: string): string;
  /** Nobody listens, and every connection is gone. */
  down(): Promise<void>;
  /** Everything works again: listens, and no trouble is left. */
  up(): Promise<void>;
  /** Every answer comes this much later. */
  latency(milliseconds: number): Promise<void>;
  /** Connections are reset, now or after so many bytes have gone to the server: in the middle of what is written, if that is long enough. */
  reset(afterBytes?: number): Promise<void>;
  /** Connections end after so many bytes of answers: the server has done what was asked, and nobody hears of it. */
  deafen(afterBytes: number): Promise<void>;
  /** Nothing goes through any more, and connections stay open. */
  timeout(): Promise<void>;
  remove(): Promise<void>;
}

const ask = async (method: string, path: string, body?: object) => {
  const answer = await fetch(`${needed('TOXIPROXY_URL')}${path}`, { method, ...(body && { body: JSON.stringify(body) }) });
  if (!answer.ok) throw new Error(`Toxiproxy: ${method} ${path}: ${answer.status} ${await answer.text()}`);
  return answer;
};

/** `upstream`: `host:port` of a server, or its URL. */
export const createProxy = async (upstream: string): Promise<Proxy> => {
  const server = upstream.includes('://') ? new URL(upstream).host : upstream;
  const name = `test-${randomUUID()}`;
  const made = await ask('POST', '/proxies', { name, listen: '127.0.0.1:0', upstream: server, enabled: true });
  const { listen: address } = (await made.json()) as { listen: string };
  const path = `/proxies/${name}`;
  const toxic = (type: string, stream: (typeof directions)[number], attributes: Attributes) =>
    ask('POST', `${path}/toxics`, { type, stream, toxicity: 1, attributes });
  const clear = async () => {
    const present = (await (await ask('GET', `${path}/toxics`)).json()) as { name: string }[];
    for (const one of present) await ask('DELETE', `${path}/toxics/${one.name}`);
  };
  return {
    address,
    through: (url) => url.replace(server, address),
    async down() {
      await ask('POST', path, { enabled: false });
    },
    async up() {
      await clear();
      // NOTE: named again, or a proxy that was down would listen on another port.
      await ask('POST', path, { enabled: true, listen: address });
    },
    async latency(latency) {
      await toxic('latency', 'downstream', { latency });
    },
    async reset(afterBytes) {
      if (afterBytes !== undefined) await toxic('limit_data', 'upstream', { bytes: afterBytes });
      else for (const stream of directions) await toxic('reset_peer', stream, { timeout: 0 });
    },
    async deafen(bytes) {
      await toxic('limit_data', 'downstream', { bytes });
    },
    async timeout() {
      for (const stream of directions) await toxic('timeout', stream, { timeout: 0 });
    },
    async remove() {
      await ask('DELETE', path);
    },
  };
};
