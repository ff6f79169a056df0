// A marketplace that is killed again and again, seen from outside: whoever got no answer asks the next process, as clients do.
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { setImmediate, setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Recorded } from '../../domain/metadata.ts';
import { readConfig } from '../../infra/config.ts';
import { connectVault } from '../../infra/connect.ts';
import type { Subject } from '../../infra/tokens/port.ts';
import type { Answer } from '../market.ts';
import { type Child, type Client, environment, newDataDir, startChild } from '../support/child.ts';
import { lastingTokens } from '../support/tokens.ts';

/** A command with its key, and what was answered. */
export interface Acknowledged {
  readonly method: string;
  readonly path: string;
  readonly token: string;
  readonly body: unknown;
  readonly key: string;
  readonly answer: Answer;
}

export interface Ask {
  readonly method: string;
  readonly path: string;
  readonly token: string;
  readonly body?: unknown;
  /** Commands that need no key are repeated as they are. */
  readonly key?: string;
}

type IsIt = (recorded: Recorded) => boolean;

/** A marketplace of which parts may be gone at any moment: whoever asks, asks until there is an answer. */
export interface Steadfast {
  /** Does `work`, and does it again where it failed because somebody was gone. */
  insist<T>(work: (client: Client) => Promise<T>): Promise<T>;
  /** Sends a command until it is answered, always with the same key. */
  send(ask: Ask): Promise<Answer>;
  /** The first event in the log of which this is true. */
  hear(isIt: IsIt): Promise<Recorded>;
}

/** The same moments on every run, as far as that can be: the n-th event after the last kill. */
export const moments = (seed: number) => {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return 5 + (state % 120);
  };
};

/** Refusals that ask to come again. */
export const isPassing = ({ status, body }: Answer) =>
  status === 503 || status === 502 || status === 429 || body.code === 'idempotency.in_progress';

/** Of a process that runs (util-linux). */
const setFileLimit = (pid: number, limit: string) => promisify(execFile)('prlimit', ['--pid', String(pid), `--fsize=${limit}:`]);

export class House implements Steadfast {
  readonly dataDir = newDataDir();
  /** Every event of the log, in its order, as the outside heard them: once each, whatever died in between. */
  readonly heard: Recorded[] = [];
  readonly acknowledged: Acknowledged[] = [];
  kills = 0;
  readonly #env: Readonly<Record<string, string>>;
  #child: Promise<Child>;
  #isClosed = false;
  #killing: Promise<void> | null = null;
  #due: { left: number; isIt: IsIt; done: () => void } | null = null;
  readonly #waiting = new Set<{ isIt: IsIt; resolve: (recorded: Recorded) => void }>();
  readonly #listening: Promise<void>;
  readonly #lasting = lastingTokens((subject) => this.#sign(subject));

  /** `env`: settings of the process beside its folder. */
  constructor(env: Readonly<Record<string, string>> = {}) {
    this.#env = env;
    this.#child = this.#start();
    this.#listening = this.#listen();
  }

  /** Does `work` with the process that lives; if it is killed meanwhile, again with the next one. */
  async insist<T>(work: (child: Child) => Promise<T>): Promise<T> {
    for (;;) {
      const asked = this.#child;
      const child = await asked;
      try {
        return await work(child);
      } catch (error) {
        if (this.#child === asked) throw error;
      }
    }
  }

  /** Sends a command until it is answered, always with the same key. */
  async send({ method, path, token, body, key = randomUUID() }: Ask): Promise<Answer> {
    for (;;) {
      const lasting = await this.#lasting(token);
      const answer = await this.insist((child) =>
        child.call(method, path, { token: lasting, headers: { 'idempotency-key': key }, ...(body !== undefined && { body }) }),
      );
      if (isPassing(answer)) {
        await setTimeout(Number(answer.headers.get('retry-after') ?? 1) * 1_000);
        continue;
      }
      if (answer.status < 300 && method !== 'GET') this.acknowledged.push({ method, path, token, body, key, answer });
      return answer;
    }
  }

  /** The first event in the log of which this is true. */
  hear(isIt: IsIt): Promise<Recorded> {
    const before = this.heard.find(isIt);
    if (before) return Promise.resolve(before);
    return new Promise((resolve) => this.#waiting.add({ isIt, resolve }));
  }

  /** Kills the process at the n-th event of this kind that is heard from now on, and starts the next one; answers when it lives. */
  killAt(n: number, isIt: IsIt = () => true): Promise<void> {
    return new Promise((done) => {
      this.#due = { left: n, isIt, done };
    });
  }

  /** No kill after all. */
  spare() {
    this.#due = null;
  }

  /** No file that this process writes may grow, nor be written at all: what a full disk does to everybody at once. */
  async fillDisk(): Promise<void> {
    await this.insist(async ({ pid }) => setFileLimit(pid, '0'));
  }

  async freeDisk(): Promise<void> {
    await this.insist(async ({ pid }) => setFileLimit(pid, 'unlimited'));
  }

  /** Stops the process in good order, and starts the next one. */
  async restart(): Promise<void> {
    const next = Promise.withResolvers<Child>();
    const child = this.#child;
    this.#child = next.promise;
    await (await child).stop();
    next.resolve(this.#start());
    await next.promise;
  }

  /** Answers when no saga has anything left to send, and read models show all there is. */
  async settled(): Promise<void> {
    for (;;) {
      const seen = this.heard.length;
      const open = await this.insist(async (child) => {
        const projections = (await child.ask('projections.status', {})) as { behind: number }[];
        const sagas = (await child.ask('sagas.list', { limit: 10_000 })) as { openIntents: number }[];
        return projections.filter(({ behind }) => behind > 0).length + sagas.filter(({ openIntents }) => openIntents > 0).length;
      });
      if (open === 0) return;
      if (this.heard.length === seen) await setImmediate();
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#killing;
    await (await this.#child).stop();
    await this.#listening;
  }

  /** With the keys that lie in the folder: a sign-in would be an event. */
  async #sign(subject: Subject): Promise<string> {
    const { tokens, vault } = await connectVault(readConfig({ ...environment, DATA_DIR: this.dataDir }), Date.now);
    return (await tokens.sign(subject).finally(() => vault.close())).token;
  }

  #start(): Promise<Child> {
    return startChild(this.dataDir, this.#env);
  }

  async #listen() {
    while (!this.#isClosed) {
      const child = await this.#child;
      try {
        for await (const recorded of child.events(this.heard.at(-1)?.position ?? 0)) this.#take(recorded);
      } catch (error) {
        if (child === (await this.#child) && !this.#isClosed) throw error;
      }
    }
  }

  #take(recorded: Recorded) {
    this.heard.push(recorded);
    for (const waiting of this.#waiting) {
      if (!waiting.isIt(recorded)) continue;
      this.#waiting.delete(waiting);
      waiting.resolve(recorded);
    }
    if (!this.#due?.isIt(recorded)) return;
    this.#due.left -= 1;
    if (this.#due.left > 0) return;
    const { done } = this.#due;
    this.#due = null;
    this.#killing = this.#killNow().then(done);
  }

  async #killNow() {
    const next = Promise.withResolvers<Child>();
    const child = this.#child;
    this.#child = next.promise;
    this.kills += 1;
    await (await child).kill();
    next.resolve(this.#start());
    await next.promise;
  }
}
