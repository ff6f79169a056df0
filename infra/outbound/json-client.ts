// JSON over HTTP to a provider, on connections kept open; sorts what goes wrong into "refused" and "outcome unknown".
import { Agent, request as httpRequest } from 'node:http';
import { request as httpsRequest, Agent as SecureAgent } from 'node:https';
import type { z } from 'zod';
import { textOf } from '../text.ts';
import { OutcomeUnknown, ProviderRefused } from './errors.port.ts';

export interface JsonClient {
  /** Throws ProviderRefused or OutcomeUnknown. */
  post<Schema extends z.ZodType>(path: string, body: unknown, answer: Schema): Promise<z.infer<Schema>>;
  put<Schema extends z.ZodType>(path: string, body: unknown, answer: Schema): Promise<z.infer<Schema>>;
  /** Null when the provider answers 404. */
  get<Schema extends z.ZodType>(path: string, answer: Schema): Promise<z.infer<Schema> | null>;
  getText(path: string): Promise<string>;
  close(): void;
}

/** `body` as it came: whoever needs it as text refuses what is not UTF-8. */
export interface Answer {
  readonly status: number;
  readonly body: Uint8Array;
}

/** Answers larger than this are no answer of ours (a settlement of 1 M lines is 150 MB; anything else is far below). */
const maxAnswerBytes = 256 * 1024 * 1024;

/** One request on `agent`; resolves with whatever came back, rejects when nothing usable did within `timeoutMs`. */
const exchange = (
  target: { base: URL; agent: Agent; timeoutMs: number },
  method: string,
  path: string,
  body: string | undefined,
  headers: Record<string, string> = {},
): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const { base, agent, timeoutMs } = target;
    const length = body === undefined ? {} : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(body)) };
    const send = base.protocol === 'https:' ? httpsRequest : httpRequest;
    const outgoing = send(
      { hostname: base.hostname, port: base.port, path, method, agent, headers: { ...length, ...headers } },
      (incoming) => {
        const chunks: Buffer[] = [];
        let size = 0;
        incoming.on('data', (chunk: Buffer) => {
          size += chunk.length;
          if (size > maxAnswerBytes) outgoing.destroy(new Error('the answer is too large'));
          else chunks.push(chunk);
        });
        incoming.on('error', fail);
        incoming.on('end', () => {
          clearTimeout(timer);
          resolve({ status: incoming.statusCode ?? 0, body: Buffer.concat(chunks) });
        });
      },
    );
    // A deadline for the whole exchange; the socket's own time-out would begin anew with every byte.
    const timer = setTimeout(() => outgoing.destroy(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
    const fail = (error: Error) => {
      clearTimeout(timer);
      reject(error);
    };
    outgoing.on('error', fail);
    outgoing.end(body);
  });

const keepAliveAgent = (base: URL, maxSockets: number): Agent =>
  base.protocol === 'https:' ? new SecureAgent({ keepAlive: true, maxSockets }) : new Agent({ keepAlive: true, maxSockets });

/** Posts ready-made JSON to one address, with headers: what a provider's webhook sender does. */
export const jsonPoster = (url: string, timeoutMs: number, maxSockets: number) => {
  const base = new URL(url);
  const agent = keepAliveAgent(base, maxSockets);
  const path = `${base.pathname}${base.search}`;
  return {
    post: (body: string, headers: Record<string, string>) => exchange({ base, agent, timeoutMs }, 'POST', path, body, headers),
    close: () => agent.destroy(),
  };
};

const refusalOf = (provider: string, { status, body }: Answer): Error => {
  // 408, 429 and 5xx say nothing about whether the act happened; every other 4xx says that it did not.
  if (status < 400 || status >= 500 || status === 408 || status === 429)
    return new OutcomeUnknown(provider, `${provider} answered ${status}.`);
  try {
    const { code, message } = JSON.parse(textOf(body)) as { code?: unknown; message?: unknown };
    if (typeof code === 'string') return new ProviderRefused(provider, code, typeof message === 'string' ? message : code);
  } catch {
    // No JSON: the status is all that is known.
  }
  return new ProviderRefused(provider, `http_${status}`, `${provider} answered ${status}.`);
};

export interface JsonClientOptions {
  readonly provider: string;
  readonly url: string;
  readonly timeoutMs: number;
  readonly maxSockets?: number;
  /** Shown as a bearer token. */
  readonly token?: string;
}

export const jsonClient = (options: JsonClientOptions): JsonClient => {
  const { provider, timeoutMs } = options;
  const headers = options.token === undefined ? {} : { authorization: `Bearer ${options.token}` };
  const base = new URL(options.url);
  const prefix = base.pathname.replace(/\/$/, '');
  const agent = keepAliveAgent(base, options.maxSockets ?? 64);

  const call = async (method: string, path: string, body?: unknown): Promise<Answer> => {
    try {
      const text = body === undefined ? undefined : JSON.stringify(body);
      return await exchange({ base, agent, timeoutMs }, method, prefix + path, text, headers);
    } catch (error) {
      throw new OutcomeUnknown(provider, `${provider} did not answer ${method} ${path}.`, error);
    }
  };

  const readable = <T>(work: () => T): T => {
    try {
      return work();
    } catch (error) {
      throw new OutcomeUnknown(provider, `${provider} answered something unreadable.`, error);
    }
  };

  const read = <Schema extends z.ZodType>(answer: Answer, schema: Schema): z.infer<Schema> => {
    if (answer.status < 200 || answer.status > 299) throw refusalOf(provider, answer);
    return readable(() => schema.parse(JSON.parse(textOf(answer.body))));
  };

  return {
    post: async (path, body, schema) => read(await call('POST', path, body), schema),
    put: async (path, body, schema) => read(await call('PUT', path, body), schema),
    get: async (path, schema) => {
      const answer = await call('GET', path);
      return answer.status === 404 ? null : read(answer, schema);
    },
    getText: async (path) => {
      const answer = await call('GET', path);
      if (answer.status !== 200) throw refusalOf(provider, answer);
      return readable(() => textOf(answer.body));
    },
    close: () => agent.destroy(),
  };
};
