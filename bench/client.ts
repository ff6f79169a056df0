// A lean HTTP/1.1 client: one kept-alive connection, one request at a time. It must cost far less than what it measures.
import { connect as openSocket, type Socket } from 'node:net';

export interface Reply {
  readonly status: number;
  /** The header lines, as they came. */
  readonly head: string;
  readonly body: string;
}

export interface Client {
  /** `headers` are whole lines, each with its CRLF. A body is sent as JSON. */
  request(method: string, path: string, headers?: string, body?: string): Promise<Reply>;
  /** Connects before there is anything to ask. */
  open(): Promise<void>;
  /** Whoever waits for an answer is told that the connection was closed. */
  close(): void;
}

const endOfHead = Buffer.from('\r\n\r\n');
const lengthLine = /\r\ncontent-length: *(\d+)/i;
const chunkedLine = /\r\ntransfer-encoding: *chunked/i;
const headerPatterns = new Map<string, RegExp>();

/** A header of a reply, or undefined. `name` in any case. */
export const headerOf = ({ head }: Reply, name: string): string | undefined => {
  let pattern = headerPatterns.get(name);
  if (!pattern) {
    pattern = new RegExp(`\\r\\n${name}: *([^\\r]*)`, 'i');
    headerPatterns.set(name, pattern);
  }
  return pattern.exec(head)?.[1];
};

/** The body of a chunked reply and where it ends, or null while some of it is missing. */
const dechunk = (received: Buffer, from: number): { body: string; end: number } | null => {
  const parts: Buffer[] = [];
  for (let at = from; ; ) {
    const line = received.indexOf('\r\n', at, 'latin1');
    if (line < 0) return null;
    const size = Number.parseInt(received.toString('latin1', at, line), 16);
    const end = line + 2 + size + 2;
    if (received.length < end) return null;
    if (size === 0) return { body: Buffer.concat(parts).toString(), end };
    parts.push(received.subarray(line + 2, line + 2 + size));
    at = end;
  }
};

/** One reply and where it ends, or null while some of it is missing. */
const parse = (received: Buffer): { reply: Reply; end: number } | null => {
  const headEnd = received.indexOf(endOfHead);
  if (headEnd < 0) return null;
  const head = received.toString('latin1', 0, headEnd);
  const status = Number(head.slice(9, 12));
  const from = headEnd + 4;
  const length = lengthLine.exec(head)?.[1];
  if (length === undefined && chunkedLine.test(head)) {
    const chunked = dechunk(received, from);
    return chunked && { reply: { status, head, body: chunked.body }, end: chunked.end };
  }
  const end = from + Number(length ?? 0);
  return received.length < end ? null : { reply: { status, head, body: received.toString('utf8', from, end) }, end };
};

const connectedOf = (socket: Socket) =>
  new Promise<Socket>((resolve, reject) => {
    socket.once('connect', () => resolve(socket));
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('the server closed the connection')));
  });

export const createClient = (port: number): Client => {
  let socket: Socket | null = null;
  let beginning: Socket | null = null;
  let opening: Promise<Socket> | null = null;
  let received: Buffer | null = null;
  let waiting: { resolve: (reply: Reply) => void; reject: (error: Error) => void } | null = null;

  const broken = (error: Error) => {
    socket = null;
    received = null;
    const { reject } = waiting ?? {};
    waiting = null;
    reject?.(error);
  };

  const take = (chunk: Buffer) => {
    received = received ? Buffer.concat([received, chunk]) : chunk;
    const parsed = parse(received);
    if (!parsed) return;
    received = parsed.end < received.length ? received.subarray(parsed.end) : null;
    const { resolve } = waiting ?? {};
    waiting = null;
    resolve?.(parsed.reply);
  };

  const connected = async (): Promise<Socket> => {
    if (!opening) {
      beginning = openSocket({ port, host: '127.0.0.1', noDelay: true });
      opening = connectedOf(beginning).finally(() => {
        [opening, beginning] = [null, null];
      });
    }
    const fresh = await opening;
    fresh.on('data', take);
    fresh.on('error', broken);
    fresh.on('close', () => broken(new Error('the server closed the connection')));
    socket = fresh;
    return fresh;
  };

  return {
    async request(method, path, headers = '', body) {
      const to = socket ?? (await connected());
      const content = body === undefined ? '' : `content-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n`;
      return new Promise((resolve, reject) => {
        waiting = { resolve, reject };
        to.write(`${method} ${path} HTTP/1.1\r\nhost: localhost:${port}\r\n${headers}${content}\r\n${body ?? ''}`);
      });
    },
    async open() {
      if (!socket) await connected();
    },
    close: () => {
      beginning?.destroy();
      socket?.destroy();
    },
  };
};
