// The marketplace as a process of its own, as operators start it: it can be killed at any moment and started again on the same folder.
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { perform } from '../../control.ts';
import type { Recorded } from '../../domain/metadata.ts';
import { askOwner } from '../../infra/cli/remote.ts';
import { ownerOf } from '../../infra/data-dir.ts';
import type { Role } from '../../infra/http/env.ts';
import type { Answer, Market } from '../market.ts';
import { endsWithUs } from './left-behind.ts';

const main = fileURLToPath(new URL('../../main.ts', import.meta.url));

/** What stories need of a marketplace, in process or apart. */
export interface Client extends Pick<Market, 'call' | 'tokenFor'> {
  /** The events of the log after `position`, and those that come, until the process is gone or nobody listens. */
  events(after: number): AsyncGenerator<Recorded>;
}

/** A market of this very process as a client. */
export const clientOf = (market: Market): Client => ({
  call: market.call,
  tokenFor: market.tokenFor,
  async *events(after) {
    const enough = new AbortController();
    try {
      for await (const line of perform(market, 'events.tail', { after, count: 0, follow: true }, enough.signal)) yield line as Recorded;
    } finally {
      enough.abort();
    }
  },
});

/** The process died before it answered: whether the request took effect, nobody knows. */
export class NoAnswer extends Error {
  override readonly name = 'NoAnswer';
}

export interface Child extends Client {
  readonly url: string;
  readonly pid: number;
  /** Everything that it has logged. */
  readonly lines: readonly string[];
  /** An operation of the command line. */
  ask(operation: string, input: object): Promise<object[]>;
  /** Ends it in the midst of whatever it does. */
  kill(): Promise<void>;
  /** Ends it in good order; answers its exit code. */
  stop(): Promise<number | null>;
}

/** What `main.ts start` is told here beside its folder. */
export const environment = {
  NODE_ENV: 'test',
  PORT: '0',
  HOST: '127.0.0.1',
  RATE_LOGIN_PER_MINUTE: '100000',
  RATE_CHECKOUT_PER_MINUTE: '100000',
  RATE_SEARCH_PER_MINUTE: '100000',
  RATE_OTHER_PER_MINUTE: '1000000',
};

/** Answers with its address as soon as it says that it listens. Throws with its last words if it never does. */
const listening = async (child: ChildProcess, lines: string[], errors: string[]): Promise<string> => {
  const ready = Promise.withResolvers<string>();
  createInterface({ input: child.stdout as NodeJS.ReadableStream }).on('line', (line) => {
    lines.push(line);
    const url = line.includes('listening on') ? (JSON.parse(line) as { url?: string }).url : undefined;
    if (url) ready.resolve(url.replace('localhost', '127.0.0.1'));
  });
  createInterface({ input: child.stderr as NodeJS.ReadableStream }).on('line', (line) => errors.push(line));
  child.once('exit', (code, signal) =>
    ready.reject(new Error(`the process ended (${code ?? signal}) before it listened:\n${errors.join('\n')}`)),
  );
  return ready.promise;
};

/** `application/json` and `application/problem+json`, and not a list of lines. */
const isJson = (headers: Headers) => /[/+]json\b/.test(headers.get('content-type') ?? '');

export const newDataDir = () => mkdtempSync(join(tmpdir(), 'tokobapak-child-'));

/** Starts `main.ts start` on this folder. */
export const startChild = async (dataDir: string, env: Readonly<Record<string, string>> = {}): Promise<Child> => {
  const { PATH = '' } = process.env;
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', main, 'start'], {
    env: { PATH, ...environment, DATA_DIR: dataDir, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  endsWithUs(child);
  const gone = once(child, 'exit') as Promise<[number | null]>;
  const lines: string[] = [];
  const url = await listening(child, lines, lines);

  const operation = (name: string, input: object, signal?: AbortSignal) => {
    const owner = ownerOf(dataDir);
    if (!owner) throw new NoAnswer('nobody owns the data');
    return askOwner(owner, name, input, signal);
  };

  const ask = async (name: string, input: object) => {
    const found: object[] = [];
    for await (const line of operation(name, input)) found.push(line);
    return found;
  };

  return {
    url,
    pid: child.pid ?? 0,
    lines,
    ask,
    async *events(after) {
      const enough = new AbortController();
      try {
        for await (const line of operation('events.tail', { after, count: 0, follow: true }, enough.signal))
          if (!('notice' in line)) yield line as Recorded;
      } finally {
        enough.abort();
      }
    },
    async tokenFor(userId: string, roles: readonly Role[], seller?: string) {
      const [minted] = (await ask('tokens', { count: 1, roles, users: [userId], seller: seller ?? null })) as { token: string }[];
      return minted?.token ?? '';
    },
    async call(method, path, { token, body, headers = {} } = {}): Promise<Answer> {
      const sent = {
        method,
        headers: {
          ...(method !== 'GET' && { 'idempotency-key': randomUUID() }),
          ...(body !== undefined && { 'content-type': 'application/json' }),
          ...(token !== undefined && { authorization: `Bearer ${token}` }),
          ...headers,
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      };
      try {
        const response = await fetch(`${url}/api/v1${path}`, sent);
        const text = await response.text();
        return { status: response.status, headers: response.headers, body: isJson(response.headers) ? JSON.parse(text) : text };
      } catch (error) {
        throw new NoAnswer(`${method} ${path}: ${String(error)}`);
      }
    },
    async kill() {
      child.kill('SIGKILL');
      await gone;
    },
    async stop() {
      child.kill('SIGTERM');
      return (await gone)[0];
    },
  };
};
