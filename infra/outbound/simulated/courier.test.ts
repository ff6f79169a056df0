// The simulated couriers over real HTTP: the port's contract, prices, and what goes wrong on the way.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { courierContract } from '../courier.contract.ts';
import { simulatedCourier } from '../simulated-courier.ts';
import { zoneBetween } from './cities.ts';
import { startSimulatedCourier } from './courier.ts';
import { type Inbox, openInbox } from './inbox.ts';
import { ratesFor } from './rates.ts';

const secret = 'courier-secret';
const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const start = async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'courier-'));
  const inbox = await openInbox();
  const server = await startSimulatedCourier({ dataDir, webhookUrl: inbox.url, secret, retryMs: 1 });
  const courier = simulatedCourier({ url: server.url, secret });
  const close = async () => {
    await courier.close();
    await server.close();
    await inbox.close();
    rmSync(dataDir, { recursive: true });
  };
  return { dataDir, inbox, server, courier, close };
};
const open = async () => {
  const opened = await start();
  closing.push(opened.close);
  return opened;
};

const booking = {
  shipmentId: 's1',
  orderId: 'o1',
  courier: 'jne',
  service: 'REG',
  originCity: 'Bandung',
  destinationCity: 'Makassar',
  weightGrams: 2_500,
};
const types = (inbox: Inbox) => inbox.received.map(({ notice }) => notice.type);

courierContract('simulated', async () => {
  const { courier, inbox, close } = await start();
  return {
    courier,
    now: Date.now,
    deliver: (trackingNumber) => courier.simulateParcel(trackingNumber, 'delivered'),
    webhook: async (trackingNumber, type) => {
      for (let count = 1; ; count += 1) {
        const delivery = (await inbox.until(count))[count - 1];
        if (delivery?.notice.type === type && delivery.rawBody.includes(`"${trackingNumber}"`)) return delivery;
      }
    },
    close,
  };
});

describe('a price', () => {
  const wish = { originCity: 'Jakarta', destinationCity: 'Surabaya', weightGrams: 1_000, currency: 'IDR' } as const;

  it.each([
    ['Jakarta Barat', 'Kota Bekasi', 0],
    ['Jakarta', ' KOTA  Bandung', 1],
    ['Bandung', 'Denpasar', 2],
    ['Medan', 'Makassar', 3],
    ['Jakarta', 'Jayapura', 4],
    ['sao paulo', 'Sao Paulo', 0],
    ['sao paulo', 'franca', 2],
    ['Jakarta', 'franca', 3],
  ])('from %s to %s is one of zone %i, and back the same', (origin, destination, zone) => {
    expect(zoneBetween(origin, destination)).toBe(zone);
    expect(zoneBetween(destination, origin)).toBe(zone);
  });

  it('goes by the whole kilogram', () => {
    expect(ratesFor({ ...wish, weightGrams: 1 })).toEqual(ratesFor(wish));
    expect(ratesFor({ ...wish, weightGrams: 1_001 })).toEqual(ratesFor({ ...wish, weightGrams: 2_000 }));
    expect(ratesFor({ ...wish, weightGrams: 2_000 })).not.toEqual(ratesFor(wish));
  });

  it('of every courier is offered within a city, of GoSend only there', () => {
    const couriers = (destinationCity: string) => [...new Set(ratesFor({ ...wish, destinationCity }).map((rate) => rate.courier))].sort();
    expect(couriers('Depok')).toEqual(['anteraja', 'gosend', 'jne', 'jnt', 'sicepat']);
    expect(couriers('Surabaya')).toEqual(['anteraja', 'jne', 'jnt', 'sicepat']);
  });
});

describe('rates', () => {
  it('are asked for once by many buyers, and a refusal is not remembered', async () => {
    const { courier, server } = await open();
    const wish = { originCity: 'Jakarta', destinationCity: 'Malang', weightGrams: 700, currency: 'IDR' } as const;
    const [first, second] = await Promise.all([courier.rates(wish), courier.rates({ ...wish, weightGrams: 900 })]);
    expect(second).toBe(first);
    await expect(courier.rates({ ...wish, weightGrams: 900_000 })).rejects.toThrow(expect.objectContaining({ code: 'too_heavy' }));
    await server.close();
    expect(await courier.rates(wish)).toBe(first);
    await expect(courier.rates({ ...wish, destinationCity: 'Medan' })).rejects.toThrow(expect.objectContaining({ name: 'OutcomeUnknown' }));
  });
});

describe('a parcel', () => {
  it('passes every state on its way, and its notices come in that order', async () => {
    const { courier, inbox } = await open();
    const { trackingNumber } = await courier.book(booking);
    await courier.simulateParcel(trackingNumber, 'returned');
    await inbox.until(5);
    expect(types(inbox)).toEqual([
      'shipment.picked_up',
      'shipment.in_transit',
      'shipment.failed',
      'shipment.returning',
      'shipment.returned',
    ]);
  });

  it('is told of backwards and twice when told to', async () => {
    const { courier, inbox } = await open();
    const { trackingNumber } = await courier.book(booking);
    await courier.simulateParcel(trackingNumber, 'in_transit', { outOfOrder: true, duplicates: 1 });
    await inbox.until(4);
    expect(types(inbox)).toEqual(['shipment.in_transit', 'shipment.in_transit', 'shipment.picked_up', 'shipment.picked_up']);
  });

  it('only goes forward', async () => {
    const { courier } = await open();
    const { trackingNumber } = await courier.book(booking);
    const delivered = await courier.simulateParcel(trackingNumber, 'delivered');
    expect(await courier.simulateParcel(trackingNumber, 'picked_up')).toEqual(delivered);
    await expect(courier.simulateParcel(trackingNumber, 'failed')).rejects.toThrow(expect.objectContaining({ code: 'not_on_the_way' }));
  });

  it('whose reply was lost is booked once', async () => {
    const { courier } = await open();
    await courier.setFaults({ loseReplies: 1 });
    await expect(courier.book(booking)).rejects.toThrow(expect.objectContaining({ name: 'OutcomeUnknown' }));
    const again = await courier.book(booking);
    expect(again).toMatchObject({ status: 'booked', history: [{ status: 'booked' }] });
  });

  it('cannot be booked with a name or a street', async () => {
    const { courier, server, dataDir } = await open();
    const named = { ...booking, recipient: 'Siti Rahayu' };
    await expect(courier.book(named)).rejects.toThrow(expect.objectContaining({ code: 'invalid_request' }));
    expect(server.undelivered()).toBe(0);
    for (const file of readdirSync(dataDir)) expect(readFileSync(join(dataDir, file)).includes('Siti')).toBe(false);
  });
});

it('listens to the marketplace alone: whoever only reaches its port moves no parcel', async () => {
  const { server } = await open();
  const answer = await fetch(`${server.url}/shipments/JNE1/simulate`, { method: 'POST', body: '{"to":"delivered"}' });
  expect(answer.status).toBe(401);
  expect((await fetch(`${server.url}/faults`, { method: 'PUT', body: '{"drop":true}' })).status).toBe(401);
});
