// The process of the load: clients in a closed loop, each sends its next operation when the last one is answered.
import { createHistogram, performance, type RecordableHistogram } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { createClient } from './client.ts';
import { type Crowded, type Crowding, crowd } from './crowd.ts';
import { firstOfCrowd, newCart, scenarios } from './scenarios.ts';
import type { Operation, Stage } from './stage.ts';

/** One turn of one scenario: for `seconds`, or until it was done `count` times. */
export interface Turn {
  readonly scenario: string;
  readonly port: number;
  readonly clients: number;
  readonly seconds?: number;
  readonly count?: number;
  /** At most so many operations begin per second, evenly; else each begins when its client is free. */
  readonly perSecond?: number;
  /** Its figures do not count. */
  readonly isWarmUp?: boolean;
}

/** All turns of one scenario together. `outcomes` counts what was not `ok` by its name. */
export interface Measured {
  readonly operations: number;
  readonly seconds: number;
  readonly opsPerSecond: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
  readonly outcomes: Readonly<Record<string, number>>;
}

export type ToLoad =
  | { readonly kind: 'stage'; readonly stage: Stage }
  | { readonly kind: 'turn'; readonly turn: Turn }
  | { readonly kind: 'crowd'; readonly crowding: Crowding }
  | { readonly kind: 'end' };
export type FromLoad =
  | { readonly kind: 'done'; readonly measured: Measured }
  | { readonly kind: 'crowded'; readonly crowded: Crowded }
  | { readonly kind: 'failed'; readonly message: string };

interface Running {
  readonly operation: Operation;
  readonly latencies: RecordableHistogram;
  outcomes: Record<string, number>;
  started: number;
  done: number;
  seconds: number;
}

let stage: Stage | null = null;
const running = new Map<string, Running>();

/** A scenario goes on where its last turn ended, so that nothing is asked twice. */
const runningOf = (name: string): Running => {
  const known = running.get(name);
  if (known) return known;
  const make = scenarios[name];
  if (!make || !stage) throw new Error(`there is no scenario ${name}`);
  // In units of 0.1 µs, up to ten minutes, three figures: each percentile is right to a thousandth.
  const latencies = createHistogram({ lowest: 1, highest: 6_000_000_000, figures: 3 });
  const fresh: Running = { operation: make(stage), latencies, outcomes: {}, started: 0, done: 0, seconds: 0 };
  running.set(name, fresh);
  return fresh;
};

const figuresOf = (own: Running): Measured => {
  const percentile = (p: number) => own.latencies.percentile(p) / 10_000;
  return {
    operations: own.done,
    seconds: own.seconds,
    opsPerSecond: own.done / own.seconds,
    p50Ms: percentile(50),
    p95Ms: percentile(95),
    p99Ms: percentile(99),
    outcomes: own.outcomes,
  };
};

/** Longer than any answer may take, in milliseconds. */
const longestAnswer = 60_000;

/** Fails when nothing has come back for so long: a server that hangs must not make the run hang. */
const stalled = (own: Running, scenario: string) =>
  new Promise<never>((_, reject) => {
    let before = -1;
    const timer = setInterval(() => {
      if (own.latencies.count !== before) before = own.latencies.count;
      else {
        clearInterval(timer);
        reject(new Error(`${scenario}: no answer for a minute`));
      }
    }, longestAnswer).unref();
  });

const take = async (turn: Turn): Promise<Measured> => {
  const {
    scenario,
    port,
    clients,
    seconds,
    count = Number.POSITIVE_INFINITY,
    perSecond = Number.POSITIVE_INFINITY,
    isWarmUp = false,
  } = turn;
  const own = runningOf(scenario);
  const begin = performance.now();
  const end = begin + (seconds ?? 3_600) * 1_000;
  const last = own.started + count;
  let taken = 0;
  const client = async () => {
    const connection = createClient(port);
    while (own.started < last) {
      const due = begin + (taken++ / perSecond) * 1_000;
      if (due >= end) break;
      if (due > performance.now()) await pause(due - performance.now());
      const at = performance.now();
      if (at >= end) break;
      const n = own.started++;
      const outcome = await own.operation(connection, n).catch((error: Error) => error.message);
      own.latencies.record(Math.max(1, Math.round((performance.now() - at) * 10_000)));
      if (outcome.startsWith('ok')) own.done += 1;
      if (outcome !== 'ok') own.outcomes[outcome] = (own.outcomes[outcome] ?? 0) + 1;
    }
    connection.close();
  };
  await Promise.race([Promise.all(Array.from({ length: clients }, client)), stalled(own, scenario)]);
  own.seconds += (performance.now() - begin) / 1_000;
  const measured = figuresOf(own);
  if (isWarmUp) {
    own.latencies.reset();
    Object.assign(own, { outcomes: {}, done: 0, seconds: 0 });
  }
  return measured;
};

const tell = (message: FromLoad) => process.send?.(message);

/** Carts come in a crowd, from addresses that no turn has come from. */
const gather = (crowding: Crowding): Promise<Crowded> => {
  if (!stage) throw new Error('nobody has said which products there are');
  const ask = newCart(stage);
  return crowd((client, n) => ask(client, firstOfCrowd + n), crowding);
};

const answer = async (message: ToLoad): Promise<FromLoad | null> => {
  if (message.kind === 'turn') return { kind: 'done', measured: await take(message.turn) };
  if (message.kind === 'crowd') return { kind: 'crowded', crowded: await gather(message.crowding) };
  if (message.kind === 'stage') stage = message.stage;
  else process.disconnect();
  return null;
};

process.on('message', (message: ToLoad) => {
  answer(message).then(
    (told) => told && tell(told),
    (error: Error) => tell({ kind: 'failed', message: error.message }),
  );
});
