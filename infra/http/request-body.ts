// A request's body as the bytes that were received: read once, bounded, and turned into text only where they are UTF-8.
import type { IncomingMessage } from 'node:http';
import type { Context } from 'hono';
import { DomainError } from '../../domain/error.ts';
import type { Env } from './env.ts';
import { given } from './wire.ts';

/** Enough for 100 cart lines with notes; a body beyond it is a mistake or an attack. */
export const maxJsonBytes = 256 * 1024;

/** All bodies that are being received hold no more than this together: half a thousand of the largest ones that JSON may have. */
const maxReceivingBytes = 128 * 1024 * 1024;

const tooLarge = (limit: number) => new DomainError('request.too_large', `The body may have at most ${limit} bytes.`, { limit });
const aborted = () => new DomainError('request.aborted', 'The connection ended before the whole body had been sent.');

interface Receiving {
  bytes: number;
  cancel(): void;
}

/**
 * Receives bodies from sockets. Where they hold too much memory together the one that has been under way for longest is given up:
 * a client that sends at any speed of the real world is through before one that sends nothing.
 */
export const bodyReceiver = (maxBytes = maxReceivingBytes) => {
  const underWay = new Set<Receiving>();
  let held = 0;

  const makeRoom = () => {
    for (const oldest of underWay) {
      if (held <= maxBytes) return;
      oldest.cancel();
    }
  };

  /** Throws request.too_large, or request.aborted when the client goes away or is given up. */
  return (incoming: IncomingMessage, limit: number): Promise<Uint8Array> => {
    const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
    const chunks: Buffer[] = [];
    const receiving: Receiving = {
      bytes: 0,
      cancel: () => {
        finish(() => reject(aborted()));
        incoming.destroy();
      },
    };
    let isFinished = false;
    const finish = (settle: () => void) => {
      if (isFinished) return;
      isFinished = true;
      underWay.delete(receiving);
      held -= receiving.bytes;
      incoming.off('data', onData);
      settle();
    };
    const onData = (chunk: Buffer) => {
      receiving.bytes += chunk.length;
      held += chunk.length;
      if (receiving.bytes > limit) return finish(() => reject(tooLarge(limit)));
      chunks.push(chunk);
      if (held > maxBytes) makeRoom();
    };
    underWay.add(receiving);
    incoming.on('data', onData);
    // NOTE: `on`, not `once`, which wraps each listener: only the first of these three counts anyway.
    incoming.on('end', () => finish(() => resolve(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks))));
    incoming.on('error', () => finish(() => reject(aborted())));
    incoming.on('close', () => finish(() => reject(aborted())));
    if (incoming.destroyed) finish(() => reject(aborted()));
    return promise;
  };
};

const receive = bodyReceiver();

/** Whether this request says that a body comes with it, which has yet to arrive by its socket. */
export const announcesBody = (c: Context<Env>): boolean => {
  if (!c.env?.incoming) return false;
  const declared = given(c, 'content-length');
  return declared === undefined ? given(c, 'transfer-encoding') !== undefined : declared !== '0';
};

/** What a request without a socket holds, as tests make them. */
const readStream = async (c: Context<Env>, limit: number): Promise<Uint8Array> => {
  const reader: ReadableStreamDefaultReader<Uint8Array> | undefined = c.req.raw.body?.getReader();
  const chunks: Uint8Array[] = [];
  let size = 0;
  for (let chunk = await reader?.read(); chunk && !chunk.done; chunk = await reader?.read()) {
    size += chunk.value.byteLength;
    if (size > limit) {
      await reader?.cancel();
      throw tooLarge(limit);
    }
    chunks.push(chunk.value);
  }
  return Buffer.concat(chunks);
};

const read = async (c: Context<Env>, limit: number): Promise<Uint8Array> => {
  if (Number(given(c, 'content-length') ?? 0) > limit) throw tooLarge(limit);
  const { incoming } = c.env ?? {};
  if (!incoming) return readStream(c, limit);
  return announcesBody(c) ? receive(incoming, limit) : new Uint8Array();
};

/**
 * The body as it was received, never more of it than `limit` bytes; asked again, the same bytes again. This is what a signature covers.
 * Throws request.too_large, request.aborted.
 */
export const bodyBytes = (c: Context<Env>, limit = maxJsonBytes): Uint8Array | Promise<Uint8Array> => {
  const known = c.get('bodyBytes');
  if (known) return known;
  return read(c, limit).then((bytes) => {
    c.set('bodyBytes', bytes);
    return bytes;
  });
};

// One for all: it keeps nothing between two calls. Without `fatal` it would put U+FFFD where bytes mean nothing.
const utf8 = new TextDecoder('utf-8', { fatal: true });

/** The body as text, without a byte order mark. Throws request.bad_encoding beside what bodyBytes throws. */
export const bodyText = async (c: Context<Env>, limit = maxJsonBytes): Promise<string> => {
  const known = c.get('bodyText');
  if (known !== undefined) return known;
  const bytes = await bodyBytes(c, limit);
  let text: string;
  try {
    text = bytes.length === 0 ? '' : utf8.decode(bytes);
  } catch {
    throw new DomainError('request.bad_encoding', 'The body holds bytes that are not UTF-8; encode it as UTF-8.');
  }
  c.set('bodyText', text);
  return text;
};
