// `npm run bench -- fleet [--seconds 10] [--json]`: every role a process of its own, on servers that the environment names. What a purchase
// costs there beside one process, where its time goes, how far read models are behind, what the mirror carries.
import { mkdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { DomainError } from '../domain/error.ts';
import type { Fleet } from '../tests/fleet/fleet.ts';
import { cpuBetween, cpuMeter, engines, openPlace, type Place, roles } from './fleet-ground.ts';
import { type Hops, measureHops } from './fleet-hops.ts';
import { type Lag, measureLag } from './fleet-lag.ts';
import { type Mirrored, measureMirror } from './fleet-mirror.ts';
import { fleetTable } from './fleet-report.ts';
import type { Measured } from './load.ts';
import { startLoad, startMarketplace, treeCpu } from './processes.ts';
import { purchasesPerBuyer } from './purchase.ts';
import { commit, machine } from './report.ts';
import { fill, mintBuyers, newBuyers, seed } from './seed.ts';
import type { Buyer, Seeded } from './stage.ts';

export interface FleetReport {
  readonly machine: ReturnType<typeof machine>;
  readonly commit: string;
  readonly seconds: number;
  readonly log: string;
  /** One process of the same release on the same machine, before and after the fleet. */
  readonly embedded: readonly (Measured & { readonly cpuMsPerCheckout: number | null })[];
  readonly fleet: Measured;
  readonly share: number;
  /** CPU per checkout with all clients at work, and what the same processes use in a second in which nobody comes; milliseconds. */
  readonly cpuMsPerCheckout: Readonly<Record<string, number>>;
  readonly cpuMsPerSecondAtRest: Readonly<Record<string, number>>;
  /** Of each process under load: what it says of its event loop, in milliseconds. */
  readonly eventLoopLagP99Ms: Readonly<Record<string, number>>;
  readonly lag: Lag;
  readonly hops: Hops;
  readonly mirror: Mirrored;
}

const clients = 16;
const warmUpSeconds = 2;
const productCount = 1_000;
/** The log refuses what it cannot answer within two seconds. */
const fillWidth = 16;
const fillTries = 5;
/** More purchases per second than this nobody makes here. */
const most = { embedded: 400, fleet: 200 };
const buyersFor = (seconds: number, perSecond: number) => Math.ceil((seconds * perSecond) / purchasesPerBuyer) + clients;

/** Path e against a port, for so long. */
const purchases = async (
  at: { seeded: Seeded; buyers: readonly Buyer[]; port: number },
  seconds: number,
  around: { begin?: () => void; perSecond?: number } = {},
): Promise<Measured> => {
  const load = startLoad({ seeded: at.seeded, buyers: at.buyers });
  const turn = { scenario: 'e', port: at.port, clients };
  const { begin, perSecond } = around;
  await load.run({ ...turn, seconds: warmUpSeconds, isWarmUp: true, ...(perSecond && { perSecond }) });
  begin?.();
  const measured = await load.run({ ...turn, seconds, ...(perSecond && { perSecond }) });
  await load.end();
  return measured;
};

const measureEmbedded = async (dataDir: string, seeded: Seeded, seconds: number): Promise<FleetReport['embedded'][number]> => {
  const buyers = await mintBuyers(dataDir, buyersFor(seconds + warmUpSeconds, most.embedded));
  const server = await startMarketplace(dataDir, null);
  const used = () => {
    const cpu = treeCpu(server.pid);
    return cpu ? cpu.main + cpu.others : null;
  };
  let before: number | null = null;
  const begin = () => {
    before = used();
  };
  const measured = await purchases({ seeded, buyers, port: server.port }, seconds, { begin });
  const after = used();
  await server.stop();
  return { ...measured, cpuMsPerCheckout: after === null || before === null ? null : (after - before) / measured.operations };
};

const loopLags = async (place: Place): Promise<Record<string, number>> => {
  const told = roles
    .filter((role) => role !== 'simulators')
    .map(async (role) => {
      const text = await (await fetch(`${place.ground.addressOf(role)}/metrics`)).text();
      return [role, Number(/^nodejs_eventloop_lag_p99_seconds (\S+)$/m.exec(text)?.[1]) * 1_000] as const;
    });
  return Object.fromEntries(await Promise.all(told));
};

/** Until the fleet has done what was asked of it, and what it uses then. */
const atRest = async (look: ReturnType<typeof cpuMeter>, seconds: number) => {
  await pause(3_000);
  const before = look();
  await pause(seconds * 1_000);
  return cpuBetween(before, look(), seconds);
};

type OfRunningFleet = Pick<FleetReport, 'fleet' | 'cpuMsPerCheckout' | 'cpuMsPerSecondAtRest' | 'eventLoopLagP99Ms' | 'lag'>;

/** On a machine that others use as well the log may be late. */
const persist = async <T>(work: () => Promise<T>): Promise<T> => {
  for (let tried = 1; ; tried++) {
    try {
      return await work();
    } catch (error) {
      if (tried === fillTries || !(error instanceof DomainError && error.code === 'server.store_unavailable')) throw error;
    }
  }
};

/** Everything that is asked of a fleet as it stands: how many purchases, and how late they can be seen at half of that. */
const measureRunning = async (place: Place, fleet: Fleet, seconds: number, say: (text: string) => void) => {
  const market = await place.look();
  try {
    say(`filling the fleet's log with ${productCount} products …`);
    const seeded = await persist(() => fill(market, productCount, fillWidth));
    const port = place.ground.portOf.gateway;
    say('purchases on the fleet …');
    const look = cpuMeter(fleet);
    let before = look();
    const begin = () => {
      before = look();
    };
    const buyers = await newBuyers(market.tokens, buyersFor(seconds + warmUpSeconds, most.fleet));
    const measured = await purchases({ seeded, buyers, port }, seconds, { begin });
    const cpuMsPerCheckout = cpuBetween(before, look(), measured.operations);
    const eventLoopLagP99Ms = await loopLags(place);
    if (measured.operations === 0) throw new Error(`no purchase came to its end: ${JSON.stringify(measured.outcomes)}`);
    const perSecond = measured.opsPerSecond / 2;
    say(`read models at ${perSecond.toFixed(1)} purchases per second …`);
    const others = await newBuyers(market.tokens, buyersFor(seconds + warmUpSeconds, most.fleet));
    const lag = await measureLag(place, market, perSecond, () => purchases({ seeded, buyers: others, port }, seconds, { perSecond }));
    const cpuMsPerSecondAtRest = await atRest(look, 3);
    const figures: OfRunningFleet = { fleet: measured, cpuMsPerCheckout, cpuMsPerSecondAtRest, eventLoopLagP99Ms, lag };
    return { seeded, figures };
  } finally {
    await market.close();
  }
};

const measureFleet = async (folder: string, seconds: number, say: (text: string) => void): Promise<FleetReport> => {
  const seededDir = join(folder, 'seeded');
  say(`seeding ${productCount} products …`);
  const alone = await seed(seededDir, productCount);
  const half = Math.max(1, seconds / 2);
  say('purchases in one process …');
  const before = await measureEmbedded(seededDir, alone, half);
  const place = await openPlace(folder);
  try {
    say('starting the fleet …');
    const fleet = await place.start();
    const { seeded, figures } = await measureRunning(place, fleet, seconds, say).finally(fleet.stop);
    say('hop by hop …');
    const hops = await measureHops(place, seeded, folder, Math.max(10, Math.ceil(seconds * 3)));
    say('the mirror …');
    const mirror = await measureMirror(place, Math.ceil(seconds * 5_000));
    say('purchases in one process, again …');
    const embedded = [before, await measureEmbedded(seededDir, alone, half)];
    const done = embedded.reduce((sum, { operations }) => sum + operations, 0);
    const took = embedded.reduce((sum, each) => sum + each.seconds, 0);
    return {
      machine: machine(),
      commit: commit(),
      seconds,
      log: process.env.EVENTSTORE_URL ? 'EventStoreDB' : 'stand-in',
      embedded,
      ...figures,
      share: figures.fleet.opsPerSecond / (done / took),
      hops,
      mirror,
    };
  } finally {
    await place.remove();
  }
};

export interface FleetArguments {
  readonly seconds: number;
  readonly json: boolean;
  readonly dir: string;
  readonly keep: boolean;
}

/** Answers the exit code. */
export const benchFleet = async ({ seconds, json, dir, keep }: FleetArguments): Promise<number> => {
  const missing = engines.filter((name) => !process.env[name]);
  if (missing.length > 0) {
    console.error(`Not set: ${missing.join(', ')}. The fleet is measured on real servers (CONTRIBUTING.md says how to start them).`);
    return 2;
  }
  if (!(seconds > 0)) {
    console.error('Usage: npm run bench -- fleet [--seconds 10] [--json] [--dir DIR] [--keep]');
    return 2;
  }
  const folder = join(resolve(dir), `fleet-${process.pid}`);
  mkdirSync(folder, { recursive: true });
  try {
    const report = await measureFleet(folder, seconds, (text) => console.error(text));
    console.log(json ? JSON.stringify(report) : fleetTable(report));
    return 0;
  } finally {
    if (!keep) rmSync(folder, { recursive: true, force: true });
  }
};
