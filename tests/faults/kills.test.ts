// SIGKILL under load and at every step of a checkout; after each the next process goes on, and in the end all is as if nothing had happened.
// KILLS says how often it is killed at random (5 unless told); from 50 on, every single step of a checkout has its kill too.
import { rmSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Recorded } from '../../domain/metadata.ts';
import { chainFaults, courierFaults, gatewayFaults, ledgerFaults, lost, repeatOf, stockFaults } from '../support/inspect.ts';
import { freshId } from '../support/probe.ts';
import { buy, endOf, type Fate, fates, openStreet, type Street } from './buyers.ts';
import { House, moments } from './house.ts';

const kills = Number(process.env.KILLS ?? 5);
const isLong = kills >= 50;
const buyersAtOnce = 6;
vi.setConfig({ testTimeout: isLong ? 1_800_000 : 240_000, hookTimeout: 60_000 });

/** Everything in the log that belongs to what this buyer does. */
const of = (buyerId: string) => (recorded: Recorded) =>
  recorded.streamId === `cart-${buyerId}` || JSON.stringify(recorded.event).includes(buyerId);

let house: House;
let street: Street;
beforeAll(async () => {
  house = new House();
  street = await openStreet(house);
});
afterAll(() => rmSync(house.dataDir, { recursive: true, force: true }));

describe('a marketplace that is killed', () => {
  it('in the midst of many purchases brings every one of them to its end', async () => {
    const next = moments(kills);
    let isOver = false;
    const killing = async () => {
      for (let n = 0; n < kills; n++) await house.killAt(next());
      isOver = true;
    };
    let bought = 0;
    const buying = async () => {
      while (!isOver) {
        const fate = fates[bought++ % fates.length] as Fate;
        const { ended } = await buy(house, street, fate);
        expect([fate, ended]).toEqual([fate, endOf[fate]]);
      }
    };
    await Promise.all([killing(), ...Array.from({ length: buyersAtOnce }, buying)]);
    expect(house.kills).toBe(kills);
  });

  it('at any step of a checkout goes on with the next one', async () => {
    const steady = freshId();
    await buy(house, street, 'paid', steady);
    const steps = house.heard.filter(of(steady)).length;
    expect(steps).toBeGreaterThan(20);
    const stride = isLong ? 1 : Math.ceil(steps / 6);
    for (let step = 1; step <= steps; step += stride) {
      const buyerId = freshId();
      const killed = house.killAt(step, of(buyerId));
      const { ended } = await buy(house, street, 'paid', buyerId);
      expect([step, ended]).toEqual([step, 'checkout.completed']);
      // A kill shortens the way where the process sent two things at once; then the last steps are never taken.
      if (house.heard.filter(of(buyerId)).length < step) house.spare();
      else await killed;
    }
  });

  it('has lost nothing that it acknowledged, and does nothing twice', async () => {
    await house.settled();
    const before = [...house.heard];
    expect(lost(before, house.acknowledged)).toEqual([]);
    const different: unknown[] = [];
    for (const { answer, ...command } of [...house.acknowledged]) {
      const again = await house.send(command);
      if (answer.headers.get('etag') === null || (command.path === '/checkouts' && again.status === 409)) continue;
      if (!isDeepStrictEqual(again.body, repeatOf(command.path, answer, again))) different.push([command.path, again.body]);
    }
    expect(different.slice(0, 10)).toEqual([]);
    await house.settled();
    const after = (await house.insist((child) => child.ask('events.tail', { after: 0, count: 0, follow: false }))) as Recorded[];
    expect(after.slice(0, before.length)).toEqual(before);
    const grown = after.slice(before.length).map(({ event }) => event.type);
    expect(grown).toEqual([]);
  });

  it('has no saga that waits for a human or still has something to send', async () => {
    const sagas = (await house.insist((child) => child.ask('sagas.list', { limit: 10_000 }))) as {
      saga: string;
      outcome: string;
      openIntents: number;
    }[];
    expect(sagas.filter(({ outcome, openIntents }) => outcome === 'NeedsHuman' || openIntents > 0)).toEqual([]);
    expect(sagas.filter(({ saga }) => saga !== 'fulfilment')).toEqual([]);
  });

  it('keeps its chain, its stock and its books, and so do gateway and courier', async () => {
    await house.close();
    const { heard, dataDir } = house;
    expect(chainFaults(heard)).toEqual([]);
    expect(stockFaults(heard)).toEqual([]);
    expect(ledgerFaults(heard)).toEqual([]);
    expect(gatewayFaults(dataDir, heard)).toEqual([]);
    expect(courierFaults(dataDir, heard)).toEqual([]);
  });
});
