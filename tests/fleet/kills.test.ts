// SIGKILL under load to every process of a fleet and to every server that it stands on; in the end all is as if nothing had happened.
// KILLS says how often each is killed (2 unless told); ENGINE_KILL and ENGINE_UP say how servers are (engines.ts).
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { roles } from '../../infra/services.ts';
import { buy, endOf, type Fate, fates, openStreet, type Street } from '../faults/buyers.ts';
import { moments } from '../faults/house.ts';
import { chainFaults, courierFaults, gatewayFaults, ledgerFaults, lost, repeatOf, stockFaults } from '../support/inspect.ts';
import { checkpointsOf, differences, documentsOf, factsOf, feedFaults, rowsOf, topicFaults } from './copies.ts';
import { type Engine, engineCommands, engines } from './engines.ts';
import { Town } from './town.ts';

const kills = Number(process.env.KILLS ?? 2);
const buyersAtOnce = 6;
// Only a test that hangs should meet this: how long so many kills take says nothing about whether all is right in the end.
vi.setConfig({ testTimeout: 300_000 + kills * 180_000, hookTimeout: 120_000 });

/** Two chains at a time; in each one after the other: what is killed next waits until the one before is back. */
const processes = [
  ['mirror', 'projections', 'sagas', 'simulators'],
  ['write-api', 'gateway', 'read-api', 'log'],
] as const;
/** The broker takes as long to start as all others together. */
const servers = [engines.filter((engine) => engine === 'kafka'), engines.filter((engine) => engine !== 'kafka')];

let town: Town;
let street: Street;
beforeAll(async () => {
  town = await Town.open({ env: { ANALYTICS_INTERVAL_SECONDS: '1' } });
  street = await openStreet(town);
});
afterAll(() => town?.close());

/** Something that is killed and started again. */
interface Target {
  readonly name: string;
  kill(): Promise<void>;
  start(): Promise<void>;
}

/** Kills all of these so often, those of a chain one after the other, while buyers buy; answers how often each was killed. */
const killing = async (chains: readonly (readonly Target[])[]): Promise<Record<string, number>> => {
  const begun = performance.now();
  const killed: Record<string, number> = {};
  const over = Promise.withResolvers<void>();
  let isOver = false;
  const end = () => {
    isOver = true;
    over.resolve();
  };
  const inTurn = async (chain: readonly Target[], seed: number) => {
    const next = moments(seed);
    for (let n = 0; n < kills; n += 1) {
      for (const { name, kill, start } of chain) {
        await Promise.race([town.more(next()), over.promise]);
        if (isOver) return; // somebody could not buy: the rest is not worth the wait
        await kill();
        killed[name] = n + 1;
        await start();
      }
    }
  };
  let bought = 0;
  const buying = async () => {
    while (!isOver) {
      const fate = fates[bought++ % fates.length] as Fate;
      const { ended } = await buy(town, street, fate);
      expect([fate, ended]).toEqual([fate, endOf[fate]]);
    }
  };
  const all = [Promise.all(chains.map((chain, n) => inTurn(chain, kills + n))), ...Array.from({ length: buyersAtOnce }, buying)];
  const results = await Promise.allSettled(all.map((each) => each.finally(end)));
  const seconds = Math.round((performance.now() - begun) / 1_000);
  process.stdout.write(`killed in ${seconds} s, while ${bought} bought: ${JSON.stringify(killed)}\n`);
  for (const each of results) if (each.status === 'rejected') throw each.reason;
  expect(bought).toBeGreaterThan(kills);
  return killed;
};

/** Each of these names killed as often as was wanted. */
const allOf = (names: readonly string[]) => Object.fromEntries(names.map((name) => [name, kills]));

describe('a fleet of which parts are killed', () => {
  it('brings every purchase to its end, whichever of its processes dies', async () => {
    const target = (name: (typeof processes)[number][number]) => ({
      name,
      kill: () => town.fleet.of(name).kill(),
      start: () => town.start(name),
    });
    expect(await killing(processes.map((chain) => chain.map(target)))).toEqual(allOf(processes.flat()));
  });

  it('brings every purchase to its end, whichever server dies under it', async () => {
    const { kill, up } = engineCommands();
    const target = (name: Engine) => ({ name, kill: () => kill(name), start: () => up(name) });
    // Leases stand in PostgreSQL: while it is away for long, their owners end, and are started again.
    const release = town.supervise(roles);
    expect(await killing(servers.map((chain) => chain.map(target))).finally(release)).toEqual(allOf(engines));
  });

  it('comes to rest, and has no saga that waits for a human or still has something to send', async () => {
    await town.settled();
    expect((await town.sagas()).filter(({ saga, openIntents }) => saga !== 'fulfilment' || openIntents > 0)).toEqual([]);
  });

  it('has never answered that something went wrong which may not pass', () => expect(town.failures).toEqual([]));

  it('has lost nothing that it acknowledged, and does nothing twice', async () => {
    const before = await town.wholeLog();
    expect(before).toEqual(town.heard);
    expect(lost(before, town.acknowledged)).toEqual([]);
    const different: unknown[] = [];
    for (const { answer, ...command } of [...town.acknowledged]) {
      const again = await town.send(command);
      if (answer.headers.get('etag') === null || (command.path === '/checkouts' && again.status === 409)) continue;
      if (!isDeepStrictEqual(again.body, repeatOf(command.path, answer, again))) different.push([command.path, again.body]);
    }
    expect(different.slice(0, 10)).toEqual([]);
    await town.settled();
    const grown = (await town.wholeLog()).slice(before.length).map(({ event }) => event.type);
    expect(grown).toEqual([]);
  });

  it('keeps its chain, its stock and its books, and so do gateway and courier', async () => {
    const log = await town.wholeLog();
    const books = join(town.ground.directory, 'simulators');
    expect(chainFaults(log, { isDense: false })).toEqual([]);
    expect(stockFaults(log)).toEqual([]);
    expect(ledgerFaults(log)).toEqual([]);
    expect(gatewayFaults(books, log)).toEqual([]);
    expect(courierFaults(books, log)).toEqual([]);
  });

  it('has the whole log in Kafka in its order, and for the public what the log says, each key in order and without a gap', async () => {
    const log = await town.wholeLog();
    const { namespace } = town.ground;
    expect((await feedFaults(namespace, log)).faults).toEqual([]);
    expect((await topicFaults(namespace, town.inside.store.logId, log)).faults).toEqual([]);
  });

  it('shows in rows, search and reports what it shows when all of them are built anew, and no checkpoint is ahead', async () => {
    const head = await town.inside.store.head();
    expect((await checkpointsOf(town.ground)).filter(({ position }) => position > head)).toEqual([]);
    const copies = async () => {
      expect(await town.inside.projector.factsPassed(head, 30_000)).toBe(true);
      return Promise.all([rowsOf(town.ground), documentsOf(town.ground), factsOf(town.ground)]);
    };
    const before = await copies();
    for (const copy of before) expect(copy.size).toBeGreaterThan(0);
    await town.inside.projector.ask({ ask: 'rebuild', projections: [] });
    const after = await copies();
    expect(before.map((copy, n) => differences(copy, after[n] ?? new Map()))).toEqual([[], [], []]);
    expect(await town.inside.projector.ask({ ask: 'parked' })).toEqual([]);
  });
});
