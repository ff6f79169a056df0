// Keeps the chDB child process: starts it when it is needed, lets it go when idle, starts it again after a crash.
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { DomainError } from '../../domain/error.ts';
import { left, tooSlow } from './analysts.ts';

export type ChildQuestion =
  | { readonly kind: 'query'; readonly sql: string; readonly params: object; readonly format: string }
  | { readonly kind: 'insert'; readonly table: string; readonly columns: readonly string[]; readonly values: Uint8Array };
export type ChildRequest = ChildQuestion & { readonly id: number };
export type ChildReply =
  | { readonly kind: 'done'; readonly id: number; readonly bytes: Uint8Array; readonly memory: number }
  | { readonly kind: 'failed'; readonly id: number; readonly message: string; readonly memory: number }
  /** The process holds more memory than it may. */
  | { readonly kind: 'too_large' }
  | { readonly kind: 'unavailable'; readonly message: string };

/** An error that the engine itself reported; the message is ClickHouse's, `Code: 62. DB::Exception: …`. */
export class EngineError extends Error {
  override readonly name = 'EngineError';
}

/** What somebody asks who may ask for too much. */
export interface Bounds {
  /** Ends the process when no answer has come by then: the engine looks at its own limit only between blocks. */
  readonly killAfterMs: number;
  /** Ends the process when nobody waits for the answer any more: chDB cannot be told to stop. */
  readonly signal?: AbortSignal | undefined;
}

export interface ChdbProcess {
  /** Throws EngineError, request.aborted, analytics.unavailable, analytics.busy. */
  ask(question: ChildQuestion, bounds?: Bounds): Promise<Uint8Array>;
  readonly running: boolean;
  /** The process id of the running child, for tests that kill it. */
  readonly pid: number | null;
  close(): Promise<void>;
}

interface Waiting {
  resolve(bytes: Uint8Array): void;
  reject(error: Error): void;
}

interface Running {
  readonly child: ChildProcess;
  readonly waiting: Map<number, Waiting>;
  readonly gone: Promise<void>;
  /** Bytes that it held when it answered last. */
  memory: number;
  reason: Error | null;
}

export interface ChdbOptions {
  readonly directory: string;
  readonly idleMs: number;
  /** The module to import; another one only in tests. */
  readonly engine: string;
  /** Requests that may wait at once, the running one included. */
  readonly queueLength: number;
  /** Bytes that the process may hold; beyond them it is ended. */
  readonly memoryBytes: number;
  /** After a question with bounds it is let go when it holds more than this, so that the next one finds room. */
  readonly restBytes: number;
}

/** `onStart` asks what every fresh session needs, before anything else is asked of it. */
export const chdbProcess = (options: ChdbOptions, onStart: () => readonly ChildQuestion[]): ChdbProcess => {
  let current: Running | null = null;
  let leaving: Running | null = null;
  let idle: NodeJS.Timeout | undefined;
  let nextId = 0;
  let asked = 0;
  let turn: Promise<unknown> = Promise.resolve();
  let closed = false;

  const start = (): Running => {
    const running = startChild(options);
    current = running;
    void running.gone.then(() => {
      if (current === running) current = null;
    });
    for (const question of onStart()) send(running, question).catch(() => {});
    return running;
  };

  const release = () => {
    clearTimeout(idle);
    if (current === null) return;
    leaving = current;
    current = null;
    if (leaving.child.connected) leaving.child.disconnect();
  };

  /** The next child may open the directory only when the one before has left it. Waiting keeps this process alive. */
  const hasLeft = async () => {
    if (leaving === null) return;
    leaving.child.ref();
    await leaving.gone;
    leaving = null;
  };

  const send = (running: Running, question: ChildQuestion) =>
    new Promise<Uint8Array>((resolve, reject) => {
      const id = nextId++;
      running.waiting.set(id, { resolve, reject });
      running.child.ref();
      running.child.channel?.ref();
      running.child.send({ ...question, id }, (error) => {
        if (error && running.waiting.delete(id)) reject(running.reason ?? stopped());
      });
    });

  const askNow = async (question: ChildQuestion, bounds: Bounds | undefined): Promise<Uint8Array> => {
    if (closed) throw new DomainError('analytics.unavailable', 'Analytics is closed.');
    await hasLeft();
    if (bounds?.signal?.aborted) throw left();
    const running: Running = current ?? start();
    return bounds ? askWithin(running, question, bounds) : send(running, question);
  };

  const askWithin = async (running: Running, question: ChildQuestion, { killAfterMs, signal }: Bounds): Promise<Uint8Array> => {
    const deadline = setTimeout(() => kill(running, tooSlow()), killAfterMs);
    const leave = () => kill(running, left());
    signal?.addEventListener('abort', leave);
    try {
      return await send(running, question);
    } finally {
      clearTimeout(deadline);
      signal?.removeEventListener('abort', leave);
      if (current === running && running.memory > options.restBytes) release();
    }
  };

  const rest = () => {
    if (current === null) return;
    current.child.unref();
    current.child.channel?.unref();
    idle = setTimeout(release, options.idleMs);
    idle.unref();
  };

  /** One at a time, so that a time limit counts from when the engine begins, and a crash fails only what was running. */
  const ask = async (question: ChildQuestion, bounds?: Bounds): Promise<Uint8Array> => {
    if (asked >= options.queueLength) throw new DomainError('analytics.busy', 'Too many queries are waiting.');
    asked += 1;
    clearTimeout(idle);
    const answer = turn.then(() => askNow(question, bounds));
    turn = answer.catch(() => {});
    try {
      return await answer;
    } finally {
      asked -= 1;
      if (asked === 0) rest();
    }
  };

  return {
    ask,
    get running() {
      return current !== null;
    },
    get pid() {
      return current?.child.pid ?? null;
    },
    close: async () => {
      closed = true;
      await turn;
      release();
      await hasLeft();
    },
  };
};

const startChild = ({ engine, directory, memoryBytes }: ChdbOptions): Running => {
  const child = fork(fileURLToPath(new URL('./chdb-child.ts', import.meta.url)), [engine, directory, String(memoryBytes)], {
    serialization: 'advanced',
    execArgv: ['--disable-warning=ExperimentalWarning'],
  });
  const waiting = new Map<number, Waiting>();
  const end = Promise.withResolvers<void>();
  const running: Running = { child, waiting, gone: end.promise, memory: 0, reason: null };
  child.on('message', (reply: ChildReply) => {
    if (reply.kind === 'unavailable') {
      running.reason = notInstalled(reply.message);
      child.disconnect();
      return;
    }
    if (reply.kind === 'too_large') return kill(running, new EngineError(outOfMemory));
    running.memory = reply.memory;
    const asked = waiting.get(reply.id);
    waiting.delete(reply.id);
    if (reply.kind === 'done') asked?.resolve(reply.bytes);
    else asked?.reject(new EngineError(reply.message));
  });
  const onEnd = () => {
    for (const asked of waiting.values()) asked.reject(running.reason ?? stopped());
    waiting.clear();
    end.resolve();
  };
  child.on('exit', onEnd);
  child.on('error', onEnd);
  return running;
};

/** Ends the process. Whoever waits is told the first reason. */
const kill = (running: Running, reason: Error) => {
  running.reason ??= reason;
  running.child.kill('SIGKILL');
};

/** As the engine says it of a single query. */
const outOfMemory = 'Code: 241. The engine held more memory than it may. (MEMORY_LIMIT_EXCEEDED)';

const stopped = () => new DomainError('analytics.unavailable', 'The analytics engine stopped; it starts again with the next request.');
const notInstalled = (reason: string) =>
  new DomainError('analytics.unavailable', 'The analytics engine is not here. Install it: npm install --include=optional chdb@3.4.0', {
    reason,
  });
