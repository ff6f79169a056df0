// SIGTERM under load: a process finishes what it has begun and ends in good order, and nobody is told of an error that is ours.
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { buy, endOf, type Fate, fates, openStreet, type Street } from '../faults/buyers.ts';
import { chainFaults, ledgerFaults, lost, stockFaults } from '../support/inspect.ts';
import { Town } from './town.ts';

vi.setConfig({ testTimeout: 180_000, hookTimeout: 120_000 });

const processes = ['gateway', 'write-api', 'read-api', 'sagas', 'mirror', 'projections', 'simulators'] as const;

let town: Town;
let street: Street;
beforeAll(async () => {
  town = await Town.open({ env: { ANALYTICS: 'off' } });
  street = await openStreet(town);
});
afterAll(() => town?.close());

describe('a fleet under load', () => {
  it('lets each of its processes be stopped and started: it ends by itself in time, and every purchase comes to its end', async () => {
    const codes: Record<string, number | null> = {};
    let isOver = false;
    const inTurn = async () => {
      for (const name of processes) {
        await town.more(40);
        if (isOver) return;
        // NOTE: a process that takes longer than 15 seconds ends itself with another code.
        codes[name] = await town.fleet.of(name).stop();
        await town.fleet.start(name);
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
    const all = [inTurn(), ...Array.from({ length: 6 }, buying)].map((each) => each.finally(over));
    for (const each of await Promise.allSettled(all)) if (each.status === 'rejected') throw each.reason;
    expect(codes).toEqual(Object.fromEntries(processes.map((name) => [name, 0])));
  });

  it('answers no request with an error that does not pass, and loses nothing', async () => {
    expect(town.failures).toEqual([]);
    await town.settled();
    const log = await town.wholeLog();
    expect(lost(log, town.acknowledged)).toEqual([]);
    expect(chainFaults(log, { isDense: false })).toEqual([]);
    expect(stockFaults(log)).toEqual([]);
    expect(ledgerFaults(log)).toEqual([]);
  });
});
