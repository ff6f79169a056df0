// A receiver of webhooks for tests: keeps what came, answers as it is told, and lets a test wait for the next ones.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Delivery {
  readonly headers: Headers;
  readonly rawBody: Buffer;
  // The parsed body, as far as tests look into it.
  readonly notice: { eventId: string; type: string };
}

export interface Inbox {
  readonly url: string;
  readonly received: readonly Delivery[];
  /** Resolves as soon as `count` deliveries have come in all. */
  until(count: number): Promise<readonly Delivery[]>;
  /** The status of the next deliveries, first to last; after these 200 again. */
  answerNext(...statuses: number[]): void;
  close(): Promise<void>;
}

export const openInbox = async (port = 0): Promise<Inbox> => {
  const received: Delivery[] = [];
  const waiting: { count: number; resolve: (all: readonly Delivery[]) => void }[] = [];
  const statuses: number[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const rawBody = Buffer.concat(chunks);
      const headers = new Headers();
      for (const [name, value] of Object.entries(request.headers)) if (typeof value === 'string') headers.set(name, value);
      received.push({ headers, rawBody, notice: JSON.parse(rawBody.toString()) as Delivery['notice'] });
      response.writeHead(statuses.shift() ?? 200).end();
      for (const waiter of waiting) if (received.length >= waiter.count) waiter.resolve(received);
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(port, '127.0.0.1', resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/webhooks`,
    received,
    until: (count) =>
      new Promise((resolve) => {
        if (received.length >= count) resolve(received);
        else waiting.push({ count, resolve });
      }),
    answerNext: (...next) => {
      statuses.push(...next);
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};
