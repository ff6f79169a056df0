// A disk that is full under purchases: nobody is told that something was done which was not, and all goes on when there is room, by itself.
import { execFile } from 'node:child_process';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Recorded } from '../../domain/metadata.ts';
import { verifyLog } from '../../infra/event-store/verify.ts';
import { chainFaults, courierFaults, gatewayFaults, ledgerFaults, lost, stockFaults } from '../support/inspect.ts';
import { freshId } from '../support/probe.ts';
import { buy, endOf, type Fate, fates, openStreet, type Street } from './buyers.ts';
import { House } from './house.ts';

const main = fileURLToPath(new URL('../../main.ts', import.meta.url));

vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

let house: House;
let street: Street;
beforeAll(async () => {
  house = new House();
  street = await openStreet(house);
});
afterAll(() => rmSync(house.dataDir, { recursive: true, force: true }));

const readiness = () => house.insist(async ({ url }) => (await fetch(`${url}/readyz`)).status);
const isReady = async (wanted: number) => {
  while ((await readiness()) !== wanted) await pause(20);
};

const mustBeRight = async () => {
  await house.settled();
  expect(lost(house.heard, house.acknowledged)).toEqual([]);
  expect(chainFaults(house.heard)).toEqual([]);
  expect(stockFaults(house.heard)).toEqual([]);
  expect(ledgerFaults(house.heard)).toEqual([]);
  expect((await verifyLog(join(house.dataDir, 'log.db'))).faults).toEqual([]);
};

describe('a disk that is full', () => {
  it('refuses commands by a code that says to come again, and makes the process not ready', async () => {
    await house.fillDisk();
    const token = await house.insist((child) => child.tokenFor(freshId(), ['CUSTOMER']));
    const [article] = street.articles;
    const body = { productId: article?.productId, variantId: article?.variantId, quantity: 1 };
    const refused = await house.insist((child) => child.call('POST', '/cart/lines', { token, body }));
    expect(refused).toMatchObject({ status: 503, body: { code: 'server.store_unavailable' } });
    expect(refused.headers.get('retry-after')).toBe('5');
    const account = { email: `${freshId()}@example.test`, password: 'tidak-mudah-ditebak-9', name: 'Penuh' };
    const registered = await house.insist((child) => child.call('POST', '/auth/register', { body: account }));
    expect(registered).toMatchObject({ status: 503, body: { code: 'server.store_unavailable' } });
    await isReady(503);
    await house.freeDisk();
    await isReady(200);
  });

  it('stops purchases and loses none: each goes on by itself when there is room, without a restart', async () => {
    let isOver = false;
    const filling = async () => {
      for (let times = 0; times < 3; times++) {
        const seen = house.heard.length;
        while (house.heard.length < seen + 40) await pause(5);
        await house.fillDisk();
        // Until something was refused: purchases are under way all the time.
        await isReady(503);
        await house.freeDisk();
      }
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
    await Promise.all([filling(), ...Array.from({ length: 4 }, buying)]);
    await mustBeRight();
  });

  it('ends a backup with a sentence, and leaves nothing that looks like one', async () => {
    const directory = join(house.dataDir, 'backup');
    const { PATH = '' } = process.env;
    const backup = (limit: string) =>
      promisify(execFile)(
        'sh',
        ['-c', 'ulimit -S -f "$1" && shift && exec "$@"', 'sh', limit, process.execPath, main, 'backup', directory],
        {
          env: { PATH, NODE_NO_WARNINGS: '1', DATA_DIR: house.dataDir },
        },
      );
    await expect(backup('8')).rejects.toMatchObject({ code: 1, stderr: expect.not.stringMatching(/^ +at /m) });
    expect(existsSync(join(directory, 'log.db'))).toBe(false);
    // What SQLite may leave of a copy that was broken off.
    writeFileSync(join(directory, 'log.db.unfinished-journal'), '');
    await backup('unlimited');
    expect((await verifyLog(join(directory, 'log.db'))).faults).toEqual([]);
  });

  it('leaves nothing behind after a restart', async () => {
    const before = (await house.insist((child) => child.ask('events.tail', { after: 0, count: 0, follow: false }))) as Recorded[];
    await house.restart();
    const after = (await house.insist((child) => child.ask('events.tail', { after: 0, count: 0, follow: false }))) as Recorded[];
    expect(after.slice(0, before.length)).toEqual(before);
    expect((await buy(house, street, 'shipped')).ended).toBe('checkout.completed');
    await mustBeRight();
    await house.close();
    expect(gatewayFaults(house.dataDir, house.heard)).toEqual([]);
    expect(courierFaults(house.dataDir, house.heard)).toEqual([]);
  });
});
