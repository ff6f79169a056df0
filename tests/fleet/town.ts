// A fleet as its customers know it: they come to its gateway, and whoever got no answer asks again. What the log says is heard beside it.
import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { perform } from '../../control.ts';
import type { Recorded } from '../../domain/metadata.ts';
import { positionText } from '../../domain/position.ts';
import { readConfig } from '../../infra/config.ts';
import { createPartitionReader } from '../../infra/event-feed/kafka-partition.ts';
import { logTopic } from '../../infra/event-feed/kafka-topics.ts';
import type { Role } from '../../infra/services.ts';
import { logger } from '../../infra/telemetry/log.ts';
import type { Subject } from '../../infra/tokens/port.ts';
import { type Marketplace, openMarketplace } from '../../marketplace.ts';
import { kafka } from '../engines/kafka.ts';
import { type Acknowledged, type Ask, isPassing, type Steadfast } from '../faults/house.ts';
import type { Answer } from '../market.ts';
import { type Client, NoAnswer } from '../support/child.ts';
import { lastingTokens } from '../support/tokens.ts';
import { type Fleet, type FleetOptions, type Ground, newGround, startFleet } from './fleet.ts';

export const unlimited = {
  RATE_LOGIN_PER_MINUTE: '1000000',
  RATE_CHECKOUT_PER_MINUTE: '1000000',
  RATE_SEARCH_PER_MINUTE: '1000000',
  RATE_OTHER_PER_MINUTE: '1000000',
};

/** How often somebody who waits for a process looks again, in milliseconds. */
const lookEvery = 50;

/** How often a process that ends before it listens is started once more. */
const mostStarts = 20;

/** Answers as soon as `isSo` does so with true; what it throws counts as no. */
export const until = async (isSo: () => Promise<boolean> | boolean): Promise<void> => {
  while (!(await Promise.resolve(isSo()).catch(() => false))) await pause(lookEvery);
};

const isJson = (headers: Headers) => /[/+]json\b/.test(headers.get('content-type') ?? '');

/** A client of an API at this origin. A connection that fails is a NoAnswer. */
export const clientAt = (origin: string): Pick<Client, 'call'> => ({
  async call(method, path, { token, body, headers = {} } = {}) {
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
      const response = await fetch(`${origin}/api/v1${path}`, sent);
      const text = await response.text();
      return { status: response.status, headers: response.headers, body: isJson(response.headers) ? JSON.parse(text) : text };
    } catch (error) {
      throw new NoAnswer(`${method} ${path}: ${String(error)}`);
    }
  },
});

/** Whoever plays the provider or the courier is gone. */
const isOutside = ({ status, body }: Answer) => status === 502 && String(body.code).endsWith('.provider_failed');

type IsIt = (recorded: Recorded) => boolean;

export interface Saga {
  readonly saga: string;
  readonly instance: string;
  readonly outcome: string;
  readonly openIntents: number;
}

export class Town implements Steadfast {
  readonly ground: Ground;
  readonly fleet: Fleet;
  /** The same marketplace looked into from here; it serves nobody. */
  readonly inside: Marketplace;
  readonly client: Client;
  /** Every event of the log in its order. */
  readonly heard: Recorded[] = [];
  readonly acknowledged: Acknowledged[] = [];
  /** Answers that say that something went wrong and not that it may pass. */
  readonly failures: string[] = [];
  readonly #isGroundOwn: boolean;
  readonly #waiting = new Set<{ isIt: IsIt; resolve: (recorded: Recorded) => void }>();
  readonly #starting = new Map<Role | 'log', Promise<void>>();
  readonly #lasting = lastingTokens((subject) => this.insist(() => this.#sign(subject)));

  private constructor(ground: Ground, fleet: Fleet, inside: Marketplace, isGroundOwn: boolean) {
    this.ground = ground;
    this.#isGroundOwn = isGroundOwn;
    this.fleet = fleet;
    this.inside = inside;
    inside.store.onCommitted((events) => this.#take(events));
    const events = this.#events.bind(this);
    this.client = {
      ...clientAt(ground.addressOf('gateway')),
      events,
      tokenFor: (userId, roles, seller) => this.#sign({ sub: userId, sid: randomUUID(), roles, seller: seller ?? null, epoch: 0 }),
    };
  }

  /** On `there`, what stands on the servers already; it stays there when the town is closed. */
  static async open({ env = {}, ...options }: FleetOptions = {}, there?: Ground): Promise<Town> {
    const ground = there ?? (await newGround());
    const all = { ...unlimited, ...env };
    const fleet = await startFleet(ground, { env: all, ...options });
    try {
      const inside = await openMarketplace(readConfig({ ...ground.env, ...all }), { log: logger('silent'), roles: new Set() });
      return new Town(ground, fleet, inside, there === undefined);
    } catch (error) {
      await fleet.stop();
      throw error;
    }
  }

  async insist<T>(work: (client: Client) => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await work(this.client);
      } catch (error) {
        if (!(error instanceof NoAnswer)) throw error;
        await pause(lookEvery);
      }
    }
  }

  async send({ method, path, token, body, key = randomUUID() }: Ask): Promise<Answer> {
    for (;;) {
      const lasting = await this.#lasting(token);
      const answer = await this.insist((client) =>
        client.call(method, path, { token: lasting, headers: { 'idempotency-key': key }, ...(body !== undefined && { body }) }),
      );
      if (isPassing(answer) || isOutside(answer)) {
        await pause(Number(answer.headers.get('retry-after') ?? 1) * 1_000);
        continue;
      }
      if (answer.status >= 500) this.failures.push(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
      if (answer.status < 300 && method !== 'GET') this.acknowledged.push({ method, path, token, body, key, answer });
      return answer;
    }
  }

  hear(isIt: IsIt): Promise<Recorded> {
    const before = this.heard.find(isIt);
    if (before) return Promise.resolve(before);
    return new Promise((resolve) => this.#waiting.add({ isIt, resolve }));
  }

  /** Answers when so many events more stand in the log. */
  async more(events: number): Promise<void> {
    const wanted = this.heard.length + events;
    if (this.heard.length < wanted) await this.hear(() => this.heard.length >= wanted);
  }

  /** Everything in the log, as it stands there. */
  async wholeLog(): Promise<Recorded[]> {
    const all: Recorded[] = [];
    for (;;) {
      const page = await this.inside.store.readAll(all.at(-1)?.position ?? 0, 1_000);
      if (page.length === 0) return all;
      all.push(...page);
    }
  }

  /** Sagas that have not come to their end. */
  async sagas(): Promise<Saga[]> {
    const found: object[] = [];
    for await (const saga of perform(this.inside, 'sagas.list', { limit: 10_000 }, new AbortController().signal)) found.push(saga);
    return found as Saga[];
  }

  /** Answers when no saga has anything left to send, read models show all there is, and all of it stands in Kafka. */
  async settled(): Promise<void> {
    const reader = createPartitionReader(kafka, logTopic(this.ground.namespace));
    const { store, projector } = this.inside;
    await until(async () => {
      const head = await store.head();
      if (!(await projector.passed(head, 1_000))) return false;
      if ((await this.sagas()).some(({ openIntents }) => openIntents > 0)) return false;
      const end = await reader.end();
      const last = (await reader.fetch(Math.max(0, end - 1), 0)).at(-1);
      return Number(last?.headers?.position) === head && this.heard.at(-1)?.position === head && (await store.head()) === head;
    });
    await reader.close();
  }

  /** Starts it again; answers when it listens. One that ends while what it needs is away is started once more, as by whoever runs a fleet. */
  start(name: Role | 'log'): Promise<void> {
    const started = this.#starting.get(name) ?? this.#start(name).finally(() => this.#starting.delete(name));
    this.#starting.set(name, started);
    return started;
  }

  async #start(name: Role | 'log') {
    for (let left = mostStarts; ; left -= 1) {
      try {
        return await this.fleet.start(name);
      } catch (error) {
        if (left === 0 || (await this.fleet.of(name).gone) !== 1) throw error;
      }
    }
  }

  /**
   * Starts again what ended by itself and asks for it by exit code 1, as whoever runs a fleet does: an owner that could not renew its lease,
   * a process that began while the database was away. Answers how to end it.
   */
  supervise(roles: readonly Role[]): () => void {
    let isOver = false;
    const watch = async (name: Role) => {
      while (!isOver) {
        const process = this.fleet.of(name);
        const code = await process.gone;
        if (isOver) return;
        if (code === 1) await this.start(name).catch(() => {});
        else await until(() => isOver || this.fleet.of(name) !== process);
      }
    };
    for (const name of roles) void watch(name);
    return () => {
      isOver = true;
    };
  }

  /** What read models have to pass to show what stands in the log now. */
  async now(): Promise<string> {
    return positionText(this.inside.store.logId, await this.inside.store.head());
  }

  async close(): Promise<void> {
    await this.inside.close();
    await this.fleet.stop();
    if (this.#isGroundOwn) await this.ground.remove();
  }

  async #sign(subject: Subject): Promise<string> {
    try {
      return (await this.inside.tokens.sign(subject)).token;
    } catch (error) {
      throw new NoAnswer(`no token: ${String(error)}`); // the keys stand in PostgreSQL, which may be away
    }
  }

  async *#events(after: number): AsyncGenerator<Recorded> {
    for (let n = this.heard.findIndex(({ position }) => position > after); ; n += 1) {
      if (n < 0) n = this.heard.length;
      const recorded = this.heard[n] ?? (await this.hear(() => this.heard.length > n));
      yield this.heard[n] ?? recorded;
    }
  }

  #take(events: readonly Recorded[]) {
    for (const recorded of events) {
      this.heard.push(recorded);
      for (const waiting of this.#waiting) {
        if (!waiting.isIt(recorded)) continue;
        this.#waiting.delete(waiting);
        waiting.resolve(recorded);
      }
    }
  }
}
