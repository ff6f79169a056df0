// A marketplace on a cluster of EventStoreDB (the stand-in's) that has bad days: leaders that are killed, no majority, a node that hangs, another
// program, a stream that is cut. Nothing is lost, nothing stands still, the process never ends, and what lasts is named.
// LEADER_KILLS says how often the leader is killed (3 unless told), NO_MAJORITY_SECONDS for how long there is none (no longer than is noticed).
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { EventStoreDBClient, jsonEvent } from '@eventstore/db-client';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { credentials } from '../eventstoredb/client.ts';
import { type Cluster, startCluster } from '../eventstoredb/cluster.ts';
import { buy, endOf, type Fate, fates, openStreet, type Street } from '../faults/buyers.ts';
import { House, moments } from '../faults/house.ts';
import { chainFaults, courierFaults, gatewayFaults, ledgerFaults, lost, stockFaults } from '../support/inspect.ts';

const leaderKills = Number(process.env.LEADER_KILLS ?? 3);
const noMajoritySeconds = Number(process.env.NO_MAJORITY_SECONDS ?? 0);
const buyersAtOnce = 4;
vi.setConfig({ testTimeout: 120_000 + (leaderKills * 20 + noMajoritySeconds) * 1_000, hookTimeout: 60_000 });

let directory: string;
let cluster: Cluster;
let house: House;
let street: Street;
let pid: number;
const pidNow = () => house.insist(async (child) => child.pid);
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'tokobapak-cluster-'));
  cluster = await startCluster(directory);
  house = new House({ EVENTSTORE_URL: cluster.url });
  street = await openStreet(house);
  pid = await pidNow();
});
afterAll(async () => {
  await house.close();
  await cluster.close();
  for (const folder of [directory, house.dataDir]) rmSync(folder, { recursive: true, force: true });
});

const leader = () => {
  const index = cluster.leader();
  if (index === null) throw new Error('nobody leads');
  return index;
};
/** Waits until so many more events were heard: the marketplace goes on. */
const goesOn = async (events: number) => {
  const wanted = house.heard.length + events;
  while (house.heard.length < wanted) await pause(5);
};
/** Buyers buy for as long as `trouble` takes, and all that they have begun comes to its end. */
const whileBuying = async (trouble: () => Promise<void>) => {
  let [isOver, bought] = [false, 0];
  const buying = async () => {
    while (!isOver) {
      const fate = fates[bought++ % fates.length] as Fate;
      const { ended } = await buy(house, street, fate);
      expect([fate, ended]).toEqual([fate, endOf[fate]]);
    }
  };
  const troubling = trouble().finally(() => {
    isOver = true;
  });
  await Promise.all([troubling, ...Array.from({ length: buyersAtOnce }, buying)]);
};
const look = (path: string) =>
  house.insist(async ({ url }) => {
    const answer = await fetch(`${url}${path}`);
    return { status: answer.status, text: await answer.text() };
  });
const until = async (path: string, isSo: (found: { status: number; text: string }) => boolean) => {
  while (!isSo(await look(path))) await pause(50);
};

describe('a marketplace on a cluster', () => {
  it('goes on by itself whenever its leader is killed', async () => {
    const next = moments(leaderKills);
    await whileBuying(async () => {
      for (let round = 0; round < leaderKills; round += 1) {
        await goesOn(next());
        const killed = leader();
        cluster.kill(killed);
        await goesOn(20);
        await cluster.start(killed);
      }
    });
  });

  it('says so while most of the nodes are gone, and goes on when they are back', async () => {
    await whileBuying(async () => {
      await goesOn(20);
      const [one, two] = [leader(), (leader() + 1) % 3];
      cluster.kill(one);
      cluster.kill(two);
      await until('/readyz', ({ status, text }) => status === 503 && text.includes('"log"'));
      await until('/metrics', ({ text }) => /^tokobapak_outages [1-9]/m.test(text));
      expect((await look('/livez')).status).toBe(200);
      await pause(noMajoritySeconds * 1_000);
      await cluster.start(one);
      await goesOn(20);
      await cluster.start(two);
    });
    await until('/readyz', ({ status }) => status === 200);
    await until('/metrics', ({ text }) => /^tokobapak_outages 0/m.test(text));
  });

  it('goes on without a node that hangs', async () => {
    await whileBuying(async () => {
      await goesOn(20);
      const hung = leader();
      cluster.hang(hung);
      await goesOn(40);
      cluster.resume(hung);
      await goesOn(20);
    });
  });

  it('has lost nothing, and has done nothing twice', async () => {
    await house.settled();
    expect(lost(house.heard, house.acknowledged)).toEqual([]);
    expect(chainFaults(house.heard, { isDense: false })).toEqual([]);
    expect(stockFaults(house.heard)).toEqual([]);
    expect(ledgerFaults(house.heard)).toEqual([]);
    expect(gatewayFaults(house.dataDir, house.heard)).toEqual([]);
    expect(courierFaults(house.dataDir, house.heard)).toEqual([]);
  });

  it('passes over another program, and refuses a stream that was cut, by name', async () => {
    const accepted = house.heard.findLast(({ event }) => event.type === 'order.accepted');
    if (!accepted) throw new Error('no order was accepted');
    const orderId = accepted.streamId.slice('order-'.length);
    const { sellerId } = accepted.event as { type: string; sellerId?: string };
    const other = EventStoreDBClient.connectionString`${cluster.url}`;
    await other.appendToStream('billing-1', jsonEvent({ type: 'InvoiceSent', data: { n: 1 } }));
    await other.setStreamMetadata(`order-${orderId}`, { truncateBefore: 1 }, { credentials });
    await other.dispose();
    await whileBuying(() => goesOn(60));
    await until(
      '/metrics',
      ({ text }) => /^tokobapak_log_damaged_streams 1$/m.test(text) && /^tokobapak_log_foreign_events 1$/m.test(text),
    );
    const token = street.shops.find((shop) => shop.sellerId === sellerId)?.token ?? '';
    const refused = await house.send({ method: 'POST', path: `/orders/${orderId}/cancellation`, token, body: { reason: 'other' } });
    expect([refused.status, refused.body.code]).toEqual([409, 'log.stream_damaged']);
    expect((await look('/readyz')).status).toBe(200);
  });

  it('was one process all the time', async () => {
    expect([await pidNow(), house.kills]).toEqual([pid, 0]);
    expect(await house.insist(async ({ lines }) => lines.filter((line) => line.includes('"level":60')))).toEqual([]);
  });
});
