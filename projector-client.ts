// The marketplace's side of the projector thread: starts it, tells it that the log has grown, and waits for positions.
import { type MessagePort, Worker } from 'node:worker_threads';
import type { Config } from './infra/config.ts';
import type { EventStore } from './infra/event-store/port.ts';
import type { FromThread, ProjectorData, Request, ToThread } from './projector.ts';
import type { Answers, ReadModels } from './read-models.ts';

export interface ProjectorClientOptions {
  readonly config: Config;
  readonly facts: MessagePort | null;
  readonly fence: ProjectorData['fence'];
  readonly store: Pick<EventStore, 'onCommitted' | 'logId' | 'isShared'>;
  /** Rows that have changed, by projection, for caches that show them. */
  readonly onChanged?: (changed: ReadonlyMap<string, readonly string[]>, position: number) => void;
  readonly onSwapped?: (projection: string) => void;
  readonly onProgress?: (projection: string, position: number, head: number) => void;
  readonly onError?: (message: string) => void;
  readonly onFenced?: (error: Error) => void;
}

/**
 * Milliseconds between two tellings under load. A row is written once for all its events in a batch, so that fewer and larger ones cost a
 * fraction; a batch that comes after a longer rest is told at once.
 */
const pauseUnderLoad = 25;

interface Waiter {
  readonly position: number;
  readonly resolve: (passed: boolean) => void;
}

export class ProjectorClient implements ReadModels {
  readonly logId: string;
  readonly #options: ProjectorClientOptions;
  readonly #worker: Worker;
  readonly #waiters = new Set<Waiter>();
  readonly #replies = new Map<number, { resolve: (value: never) => void; reject: (error: Error) => void }>();
  readonly #unsubscribe: () => void;
  readonly #ready: Promise<void>;
  #position = 0;
  #asked = 0;
  #told = false;
  #toldAt = 0;
  #head = 0;
  #pausing: NodeJS.Timeout | null = null;

  constructor(options: ProjectorClientOptions) {
    this.#options = options;
    this.logId = options.store.logId;
    const { config, facts, fence } = options;
    const workerData: ProjectorData = { role: 'projector', config, facts, fence };
    this.#worker = new Worker(new URL('./main.ts', import.meta.url), {
      workerData,
      transferList: facts ? [facts] : [],
      resourceLimits: { maxYoungGenerationSizeMb: 24 },
    });
    this.#ready = new Promise((resolve, reject) => {
      this.#worker.on('message', (message: FromThread) => {
        if (message.kind === 'ready') resolve();
        else this.#hear(message);
      });
      this.#worker.once('error', reject);
    });
    this.#worker.on('error', (error) => options.onError?.(`the projector died: ${error.message}`));
    // A shared log is followed by the thread itself.
    this.#unsubscribe = options.store.isShared
      ? () => {}
      : options.store.onCommitted((events) => this.#grown(events[events.length - 1]?.position ?? 0));
  }

  /** Answers when every read model is built. */
  ready() {
    return this.#ready;
  }

  position() {
    return this.#position;
  }

  /** Waits until the read models have passed `position`; false when they did not within `milliseconds`. */
  passed(position: number, milliseconds: number): Promise<boolean> {
    if (this.#position >= position) return Promise.resolve(true);
    if (!this.#told && this.#head > this.#position) this.#tellHead();
    return new Promise((resolve) => {
      const waiter: Waiter = {
        position,
        resolve: (passed) => {
          clearTimeout(timer);
          this.#waiters.delete(waiter);
          resolve(passed);
        },
      };
      const timer = setTimeout(() => waiter.resolve(false), milliseconds);
      this.#waiters.add(waiter);
    });
  }

  ask<R extends Request>(request: R): Promise<Answers[R['ask']]> {
    this.#asked += 1;
    const n = this.#asked;
    return new Promise((resolve, reject) => {
      this.#replies.set(n, { resolve, reject });
      this.#tell({ kind: 'request', n, request });
    });
  }

  /** Waits until analytics has come to `position`; false when it did not within `milliseconds`. */
  factsPassed = (position: number, milliseconds: number) => this.ask({ ask: 'analytics', position, milliseconds });

  async close() {
    this.#unsubscribe();
    if (this.#pausing) clearTimeout(this.#pausing);
    await this.ask({ ask: 'close' });
    await this.#worker.terminate();
  }

  #tell(message: ToThread) {
    this.#worker.postMessage(message);
  }

  /**
   * The projector is told once, and again when it has answered that it is behind: what it reads at a time then grows with the load.
   * The pause between two tellings costs a reader nothing that waits: `passed` tells at once.
   */
  #grown(head: number) {
    this.#head = head;
    // NOTE: the projector reads the file, and may have seen an event before this thread hears that it is durable.
    if (this.#told || this.#pausing || head <= this.#position) return;
    const rest = pauseUnderLoad - (performance.now() - this.#toldAt);
    if (rest <= 0) {
      this.#tellHead();
      return;
    }
    this.#pausing = setTimeout(() => {
      this.#pausing = null;
      if (!this.#told && this.#head > this.#position) this.#tellHead();
    }, rest);
  }

  #tellHead() {
    this.#told = true;
    this.#toldAt = performance.now();
    this.#tell({ kind: 'grown', head: this.#head });
  }

  #hear(message: Exclude<FromThread, { kind: 'ready' }>) {
    switch (message.kind) {
      case 'advanced':
        this.#position = message.position;
        this.#told = false;
        this.#options.onChanged?.(message.changed, message.position);
        for (const waiter of this.#waiters) if (waiter.position <= message.position) waiter.resolve(true);
        if (this.#head > message.position && this.#waiters.size > 0) this.#tellHead();
        else this.#grown(this.#head);
        return;
      case 'swapped':
        this.#options.onSwapped?.(message.projection);
        return;
      case 'progress':
        this.#options.onProgress?.(message.projection, message.position, message.head);
        return;
      case 'error':
        this.#options.onError?.(message.message);
        return;
      case 'fenced':
        this.#options.onFenced?.(new Error(message.message));
        return;
      case 'reply': {
        const waiting = this.#replies.get(message.n);
        this.#replies.delete(message.n);
        if (message.error === undefined) waiting?.resolve(message.value as never);
        else waiting?.reject(new Error(message.error));
        return;
      }
      default:
        message satisfies never;
    }
  }
}
