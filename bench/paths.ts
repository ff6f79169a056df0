// The paths of a run, each next to its ceiling: both take turns, so that a machine whose speed varies does not favour one of them.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Booked, bookedFor, hotHolds } from './books.ts';
import { createClient } from './client.ts';
import { coldLoad, commandLatency, productEvents, rebuild } from './log.ts';
import { overloading } from './overload.ts';
import { type Memory, startBare, startLoad, startMarketplace, treeMemory } from './processes.ts';
import { purchasesPerBuyer } from './purchase.ts';
import { rawAppends, rawSearch } from './raw.ts';
import { becomingReady } from './ready.ts';
import type { PathFigures } from './report.ts';
import { searchPath } from './scenarios.ts';
import { hotStock, mintBuyers } from './seed.ts';
import { compared, type Figures, figures, inTurns, type Run, rounds, sideOf, warmUpSeconds, withServer } from './sides.ts';
import type { Seeded } from './stage.ts';

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
    return figures('text search, first page with facets', path!, 'raw FTS5 search', run.ceilings.rawSearch, '≥ 70 %');
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
    return compared('new cart and one line', both, 'bare POST', '≥ 45 %');
  });

/** The most memory that the processes had together, looked at four times a second until it is stopped. */
const watchMemory = (pid: number): (() => Memory | null) => {
  let most: Memory | null = null;
  const look = () => {
    const now = treeMemory(pid);
    if (now && now.all > (most?.all ?? 0)) most = now;
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
    const stopWatching = watchMemory(server.pid);
    const both = await inTurns(run, { load, scenario: 'bare-post', server: bare }, { load, scenario: 'e', server });
    const memory = stopWatching();
    await load.end();
    await bare.stop();
    const { ceiling, path } = both;
    run.ceilings.barePost = ceiling.opsPerSecond;
    const perCheckout: Booked = bookedFor(dataDir);
    return {
      ...compared('full checkout of two sellers’ goods', both, 'bare POST', '≥ 5.6 %, p99 ≤ 20 ×'),
      barePostsPerCheckout: ceiling.opsPerSecond / path.opsPerSecond,
      p99OverCeiling: path.p99Ms / ceiling.p99Ms,
      perCheckout,
      memoryMiB: memory?.all ?? null,
      memoryMiBOf: memory?.each ?? {},
      memoryTarget: '≤ 600 MB (572 MiB)',
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
      ...compared(`hot SKU: ${hotBuyers} buyers, ${hotStock} pieces`, { ceiling, path }, 'bare POST', '≥ 40 %, 100 sold'),
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

const short = 10_000;
const long = 1_000_000;

const growing = async (run: Run): Promise<PathFigures> => {
  const latencies = await commandLatency(run.folder, [...new Set([short, Math.min(long, run.events), run.events])]);
  const [few, many] = [latencies.get(short)!, latencies.get(run.events)!];
  const between = run.events > long && { at1M: latencies.get(long) };
  const cold = await coldLoad(run.folder, long);
  return {
    title: `command, ${run.events / 1_000_000} M events in the log`,
    opsPerSecond: many.commandsPerSecond,
    p50Ms: many.p50Ms,
    p95Ms: many.p95Ms,
    p99Ms: many.p99Ms,
    shareOfCeiling: many.commandsPerSecond / few.commandsPerSecond,
    ceiling: 'the same at 10 k events',
    target: 'flat within 10 %',
    at10k: few,
    ...between,
    p50Over10k: many.p50Ms / few.p50Ms,
    streamOf1M: cold,
    coldOverWarm: cold.coldMs / cold.warmMs,
  };
};

export const paths: Readonly<Record<string, (run: Run) => Promise<PathFigures>>> = {
  a: reading('a', 'product detail', '≥ 60 %'),
  b: reading('b', 'list of 20', '≥ 45 %'),
  c: searching,
  d: carting,
  e: buying,
  f: rushing,
  g: rebuilding,
  h: growing,
  overload: overloading,
  ready: becomingReady,
};

/** Resident memory of an idle process tree on a new folder, which makes its demo catalogue first. */
export const idleMemory = async (run: Run, restSeconds: number): Promise<Readonly<Record<string, unknown>>> => {
  const dataDir = join(run.folder, 'idle');
  rmSync(dataDir, { recursive: true, force: true });
  const server = await startMarketplace(dataDir, null);
  await new Promise((resolve) => setTimeout(resolve, restSeconds * 1_000));
  const memory = treeMemory(server.pid);
  await server.stop();
  return { idleMemoryMiB: memory?.all ?? null, idleMemoryMiBOf: memory?.each ?? {}, idleMemoryTarget: '≤ 400 MB (381 MiB)' };
};
