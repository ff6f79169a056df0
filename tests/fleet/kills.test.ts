// SIGKILL under load to every process of a fleet and to every server that it stands on; in the end all is as if nothing had happened.
// KILLS says how often each is killed (2 unless told); ENGINE_KILL and ENGINE_UP say how servers are (engines.ts).
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { roles } from '../../infra/services.ts';
import { buy, endOf, type Fate, fates, openStreet, type Street } from '../faults/buyers.ts';
import { moments } from '../faults/house.ts';
import { chainFaults, courierFaults, gatewayFaults, ledgerFaults, lost, stockFaults } from '../support/inspect.ts';
import { checkpointsOf, differences, documentsOf, factsOf, feedFaults, rowsOf, topicFaults } from './copies.ts';
import { engineCommands, engines } from './engines.ts';
import { Town } from './town.ts';

const kills = Number(process.env.KILLS ?? 2);
const buyersAtOnce = 6;
vi.setConfig({ testTimeout: 180_000 + kills * 120_000, hookTimeout: 120_000 });

const processes = ['mirror', 'projections', 'sagas', 'write-api', 'gateway', 'read-api', 'simulators', 'log'] as const;

let town: Town;
let street: Street;
beforeAll(async () => {
  town = await Town.open({ env: { ANALYTICS_INTERVAL_SECONDS: '1' } });
  street = await openStreet(town);
});
afterAll(() => town?.close());

const next = moments(kills);
/** Something that is killed and started again. */
interface Target {
  kill(): Promise<void>;
  start(): Promise<void>;
}

/** Kills each of these so often, one after the other, while buyers buy; answers how many purchases came to an end. */
const killing = async (targets: readonly Target[]): Promise<number> => {
  let isOver = false;
  const inTurn = async () => {
    for (let n = 0; n < kills; n += 1) {
      for (const target of targets) {
        await town.more(next());
        if (isOver) return; // somebody could not buy: the rest is not worth the wait
        await target.kill();
        await target.start();
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
  const over = () => {
    isOver = true;
  };
  const all = [inTurn(), ...Array.from({ length: buyersAtOnce }, buying)].map((each) => each.finally(over));
  for (const each of await Promise.allSettled(all)) if (each.status === 'rejected') throw each.reason;
  return bought;
};

describe('a fleet of which parts are killed', () => {
  it('brings every purchase to its end, whichever of its processes dies', async () => {
    const targets = processes.map((name) => ({ kill: () => town.fleet.of(name).kill(), start: () => town.fleet.start(name) }));
    expect(await killing(targets)).toBeGreaterThan(kills);
  });

  it('brings every purchase to its end, whichever server dies under it', async () => {
    const { kill, up } = engineCommands();
    const targets = engines.map((engine) => ({ kill: () => kill(engine), start: () => up(engine) }));
    // Leases stand in PostgreSQL: while it is away for long, their owners end, and are started again.
    const release = town.supervise(roles);
    expect(await killing(targets).finally(release)).toBeGreaterThan(kills);
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
      // The answer to an order placed tells how the purchase stands by now; all others are the first ones again.
      const isPlaced = command.path === '/checkouts';
      if (answer.headers.get('etag') === null || (isPlaced && again.status === 409)) continue;
      const wantedAgain = isPlaced ? { ...again.body, payment: answer.body.payment, orders: answer.body.orders } : answer.body;
      if (!isDeepStrictEqual(again.body, wantedAgain)) different.push([command.path, again.body]);
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
