// The paths of a run, each next to its ceiling: both take turns, so that a machine whose speed varies does not favour one of them.
import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Booked, bookedFor, hotHolds } from './books.ts';
import { createClient } from './client.ts';
import type { Measured } from './load.ts';
import { coldLoad, commandLatency, productEvents, rebuild } from './log.ts';
import { type Cpu, type Load, type Server, startBare, startLoad, startMarketplace, treeCpu, treeMemory } from './processes.ts';
import { purchasesPerBuyer } from './purchase.ts';
import { rawAppends, rawSearch } from './raw.ts';
import type { PathFigures } from './report.ts';
import { searchPath } from './scenarios.ts';
import { hotStock, mintBuyers } from './seed.ts';
import type { Seeded } from './stage.ts';

export interface Run {
  /** Where all data of this run stands. */
  readonly folder: string;
  readonly seededDir: string;
  readonly seeded: Seeded;
  readonly seconds: number;
  readonly clients: number;
  readonly profileTo: string | null;
  /** Filled by the paths. */
  readonly ceilings: Record<string, number>;
  say(text: string): void;
}

const rounds = 4;
const warmUpSeconds = 2;

/** A copy of the seeded shop of its own, with the server under test on it. */
const withServer = async <T>(run: Run, name: string, work: (server: Server, dataDir: string) => Promise<T>): Promise<T> => {
  const dataDir = join(run.folder, name);
  rmSync(dataDir, { recursive: true, force: true });
  cpSync(run.seededDir, dataDir, { recursive: true });
  const server = await startMarketplace(dataDir, run.profileTo && join(run.profileTo, name));
  try {
    return await work(server, dataDir);
  } finally {
    await server.stop();
  }
};

/** One side of a comparison: a scenario on a server. */
interface Side {
  readonly load: Load;
  readonly scenario: string;
  readonly server: Server;
  /** So many operations before the clock runs, so that caches hold what they hold after a minute of work; else two seconds of them. */
  readonly warmUps?: number;
}

/** `cpuMs`: what one operation has cost the server, on its main thread and elsewhere. Others on the machine do not change it. */
interface Figures extends Measured {
  readonly cpuMs: Cpu | null;
}

/** Runs a side again and again; the figures are of all turns together. */
const sideOf = ({ clients }: Run, { load, scenario, server, warmUps }: Side) => {
  const { port, pid } = server;
  let [main, others] = [0, 0];
  return {
    warmUp: () =>
      load.run({ scenario, port, clients, isWarmUp: true, ...(warmUps === undefined ? { seconds: warmUpSeconds } : { count: warmUps }) }),
    async turn(length: { seconds: number } | { count: number }): Promise<Figures> {
      const before = treeCpu(pid);
      const measured = await load.run({ scenario, port, clients, ...length });
      const after = treeCpu(pid);
      main += (after?.main ?? 0) - (before?.main ?? 0);
      others += (after?.others ?? 0) - (before?.others ?? 0);
      const { operations } = measured;
      return { ...measured, cpuMs: after && { main: main / operations, others: others / operations } };
    },
  };
};

/** Both for the same time in all, in turns after a warm-up. */
const inTurns = async (run: Run, ceilingSide: Side, pathSide: Side): Promise<{ ceiling: Figures; path: Figures }> => {
  const [ceiling, path] = [sideOf(run, ceilingSide), sideOf(run, pathSide)];
  await ceiling.warmUp();
  await path.warmUp();
  const both = async () => ({
    ceiling: await ceiling.turn({ seconds: run.seconds / rounds }),
    path: await path.turn({ seconds: run.seconds / rounds }),
  });
  let last = await both();
  for (let round = 1; round < rounds; round++) last = await both();
  return last;
};

/** Sizes of the real answers of the paths a and b, in bytes. */
const answerSizes = async (port: number, { products, categories }: Seeded) => {
  const client = createClient(port);
  const size = async (path: string) => {
    const { status, body } = await client.request('GET', path);
    if (status !== 200) throw new Error(`${path} answered ${status}: ${body}`);
    return Buffer.byteLength(body);
  };
  const sizes = [
    await size(`/api/v1/products/${products[0]!.productId}`),
    await size(`/api/v1/products?limit=20&category=${categories[0]}`),
  ];
  await size(searchPath(0));
  client.close();
  return sizes;
};

const figures = (title: string, measured: Figures, ceiling: string, ceilingPerSecond: number, target: string): PathFigures => {
  const { opsPerSecond, p50Ms, p95Ms, p99Ms, outcomes, cpuMs } = measured;
  const shareOfCeiling = opsPerSecond / ceilingPerSecond;
  return {
    title,
    opsPerSecond,
    p50Ms,
    p95Ms,
    p99Ms,
    shareOfCeiling,
    ceiling,
    target,
    cpuMs,
    ...(Object.keys(outcomes).length > 0 && { outcomes }),
  };
};

/** The figures of a path beside those of its ceiling over HTTP. */
const compared = (title: string, { ceiling, path }: { ceiling: Figures; path: Figures }, name: string, target: string): PathFigures => ({
  ...figures(title, path, name, ceiling.opsPerSecond, target),
  ceilingP99Ms: ceiling.p99Ms,
  ceilingCpuMs: ceiling.cpuMs,
});

const reading =
  (name: 'a' | 'b', title: string, target: string) =>
  (run: Run): Promise<PathFigures> =>
    withServer(run, name, async (server) => {
      const sizes = await answerSizes(server.port, run.seeded);
      const bare = await startBare(sizes);
      const load = startLoad({ seeded: run.seeded, buyers: [] });
      const warmUps = run.seeded.products.length;
      const both = await inTurns(run, { load, scenario: `bare-${name}`, server: bare }, { load, scenario: name, server, warmUps });
      await load.end();
      await bare.stop();
      run.ceilings[`bareGet_${name}`] = both.ceiling.opsPerSecond;
      return compared(title, both, `bare GET of ${name === 'a' ? sizes[0] : sizes[1]} bytes`, target);
    });

const searching = (run: Run): Promise<PathFigures> =>
  withServer(run, 'c', async (server, dataDir) => {
    const load = startLoad({ seeded: run.seeded, buyers: [] });
    const side = sideOf(run, { load, scenario: 'c', server });
    const file = join(dataDir, 'search.db');
    let asked = rawSearch(file, 0, warmUpSeconds).next;
    await side.warmUp();
    const speeds: number[] = [];
    let path: Figures | null = null;
    for (let round = 0; round < rounds; round++) {
      const raw = rawSearch(file, asked, run.seconds / rounds);
      asked = raw.next;
      speeds.push(raw.perSecond);
      path = await side.turn({ seconds: run.seconds / rounds });
    }
    await load.end();
    run.ceilings.rawSearch = speeds.reduce((sum, speed) => sum + speed, 0) / rounds;
    return figures('text search, first page with facets', path!, 'raw FTS5 search', run.ceilings.rawSearch, '≥ 50 %');
  });

const carting = (run: Run): Promise<PathFigures> =>
  withServer(run, 'd', async (server) => {
    const bare = await startBare([]);
    const load = startLoad({ seeded: run.seeded, buyers: [] });
    const warmUps = run.seeded.products.length;
    const both = await inTurns(run, { load, scenario: 'bare-post', server: bare }, { load, scenario: 'd', server, warmUps });
    await load.end();
    await bare.stop();
    run.ceilings.barePost = both.ceiling.opsPerSecond;
    return compared('new cart and one line', both, 'bare POST', '≥ 30 %');
  });

/** The most of what `read` says, asked four times a second until it is stopped. */
const watchMost = (read: () => number | null) => {
  let most: number | null = null;
  const look = () => {
    most = Math.max(most ?? 0, read() ?? 0) || null;
  };
  const timer = setInterval(look, 250);
  return () => {
    clearInterval(timer);
    look();
    return most;
  };
};

/** More purchases per second than this no machine of ours makes; a token lasts for four. */
const mostPurchasesPerSecond = 400;

const buying = async (run: Run): Promise<PathFigures> => {
  const buyers = await mintBuyers(run.seededDir, Math.ceil(((run.seconds + warmUpSeconds) * mostPurchasesPerSecond) / purchasesPerBuyer));
  return withServer(run, 'e', async (server, dataDir) => {
    const bare = await startBare([]);
    const load = startLoad({ seeded: run.seeded, buyers });
    const stopWatching = watchMost(() => treeMemory(server.pid));
    const both = await inTurns(run, { load, scenario: 'bare-post', server: bare }, { load, scenario: 'e', server });
    const memoryMiB = stopWatching();
    await load.end();
    await bare.stop();
    const { ceiling, path } = both;
    run.ceilings.barePost = ceiling.opsPerSecond;
    const perCheckout: Booked = bookedFor(dataDir);
    return {
      ...compared('full checkout of two sellers’ goods', both, 'bare POST', '≥ 3.3 %, p99 ≤ 40 ×'),
      barePostsPerCheckout: ceiling.opsPerSecond / path.opsPerSecond,
      p99OverCeiling: path.p99Ms / ceiling.p99Ms,
      perCheckout,
      memoryMiB,
    };
  });
};

const hotBuyers = 10_000;

const rushing = async (run: Run): Promise<PathFigures> => {
  const buyers = await mintBuyers(run.seededDir, hotBuyers);
  return withServer(run, 'f', async (server, dataDir) => {
    const bare = await startBare([]);
    const load = startLoad({ seeded: run.seeded, buyers });
    const prepared = await load.run({ scenario: 'f-quote', port: server.port, clients: run.clients, count: hotBuyers });
    const ceilingSide = sideOf(run, { load, scenario: 'bare-post', server: bare });
    await ceilingSide.warmUp();
    await ceilingSide.turn({ seconds: run.seconds / 2 });
    const path = await sideOf(run, { load, scenario: 'f', server }).turn({ count: hotBuyers });
    const ceiling = await ceilingSide.turn({ seconds: run.seconds / 2 });
    await load.end();
    await bare.stop();
    run.ceilings.barePost ??= ceiling.opsPerSecond;
    return {
      ...compared(`hot SKU: ${hotBuyers} buyers, ${hotStock} pieces`, { ceiling, path }, 'bare POST', '≥ 20 %, 100 sold'),
      prepared: { buyers: prepared.operations, perSecond: prepared.opsPerSecond, ...prepared.outcomes },
      holds: hotHolds(dataDir, run.seeded.hot),
    };
  });
};

const rebuilding = async (run: Run): Promise<PathFigures> => {
  const sample = await productEvents(run.seededDir);
  const file = join(run.folder, 'raw.db');
  const append = () => {
    for (const end of ['', '-wal', '-shm']) rmSync(file + end, { force: true });
    return rawAppends(file, sample, run.seconds / 4);
  };
  const before = append();
  const { events, perSecond } = await rebuild(run.folder, sample, 20_000 * run.seconds);
  const raw = (before + append()) / 2;
  run.ceilings.rawAppends = raw;
  const none = { p50Ms: null, p95Ms: null, p99Ms: null };
  return {
    title: 'rebuild of the product list, events',
    opsPerSecond: perSecond,
    ...none,
    shareOfCeiling: perSecond / raw,
    ceiling: 'raw appends',
    target: '≥ 30 %',
    events,
  };
};

const long = 1_000_000;
const short = 10_000;

const growing = async (run: Run): Promise<PathFigures> => {
  const latencies = await commandLatency(run.folder, [short, long]);
  const [few, many] = [latencies.get(short)!, latencies.get(long)!];
  const cold = await coldLoad(run.folder, long);
  return {
    title: 'command, 1 M events in the log',
    opsPerSecond: many.commandsPerSecond,
    p50Ms: many.p50Ms,
    p95Ms: many.p95Ms,
    p99Ms: many.p99Ms,
    shareOfCeiling: many.commandsPerSecond / few.commandsPerSecond,
    ceiling: 'the same at 10 k events',
    target: 'flat within 20 %',
    at10k: few,
    p50Over10k: many.p50Ms / few.p50Ms,
    streamOf1M: cold,
    coldOverWarm: cold.coldMs / cold.warmMs,
  };
};

export const paths: Readonly<Record<string, (run: Run) => Promise<PathFigures>>> = {
  a: reading('a', 'product detail', '≥ 40 %'),
  b: reading('b', 'list of 20', '≥ 30 %'),
  c: searching,
  d: carting,
  e: buying,
  f: rushing,
  g: rebuilding,
  h: growing,
};

/** Resident memory of an idle process tree on a new folder, which makes its demo catalogue first. */
export const idleMemory = async (run: Run, restSeconds: number): Promise<number | null> => {
  const dataDir = join(run.folder, 'idle');
  rmSync(dataDir, { recursive: true, force: true });
  const server = await startMarketplace(dataDir, null);
  await new Promise((resolve) => setTimeout(resolve, restSeconds * 1_000));
  const memory = treeMemory(server.pid);
  await server.stop();
  return memory;
};
