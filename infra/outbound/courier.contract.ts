// What every courier adapter keeps. A suite is opened with a way to move a parcel and to await a notice.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BookingRequest, Courier, RateRequest, ShipmentNotice } from './courier.port.ts';

export interface CourierUnderTest {
  readonly courier: Courier;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  deliver(trackingNumber: string): Promise<unknown>;
  /** Resolves with the first webhook about this parcel of this type, as received. */
  webhook(trackingNumber: string, type: ShipmentNotice['type']): Promise<{ headers: Headers; rawBody: Uint8Array }>;
  close(): Promise<void>;
}

export const courierContract = (name: string, open: () => Promise<CourierUnderTest>) =>
  describe(`courier: ${name}`, () => {
    let under: CourierUnderTest;
    let ids = 0;
    const run = Date.now();
    beforeAll(async () => {
      under = await open();
    });
    afterAll(() => under.close());

    const wish: RateRequest = { originCity: 'Jakarta Selatan', destinationCity: 'Surabaya', weightGrams: 1_200, currency: 'IDR' };
    const booking = async (): Promise<BookingRequest> => {
      ids += 1;
      const [rate] = await under.courier.rates(wish);
      if (!rate) throw new Error('nobody carries anything');
      const { originCity, destinationCity, weightGrams } = wish;
      const { courier, service } = rate;
      return { shipmentId: `s-${run}-${ids}`, orderId: `o-${run}-${ids}`, courier, service, originCity, destinationCity, weightGrams };
    };
    const refusal = (code: string) => expect.objectContaining({ name: 'ProviderRefused', code });

    it('offers whole amounts in the currency asked for, cheapest first', async () => {
      for (const currency of ['IDR', 'BRL', 'USD'] as const) {
        const rates = await under.courier.rates({ ...wish, currency });
        const amounts = rates.map(({ price }) => price.amount);
        expect(rates.every(({ price }) => price.currency === currency && Number.isInteger(price.amount) && price.amount > 0)).toBe(true);
        expect(amounts).toEqual([...amounts].sort((a, b) => a - b));
      }
    });

    it('refuses a weight that nobody carries', () =>
      expect(under.courier.rates({ ...wish, weightGrams: 900_000 })).rejects.toThrow(refusal('too_heavy')));

    it('books once per shipment id', async () => {
      const asked = await booking();
      const first = await under.courier.book(asked);
      expect(first).toMatchObject({ ...asked, status: 'booked' });
      expect(await under.courier.book(asked)).toEqual(first);
      expect(await under.courier.parcel(first.trackingNumber)).toEqual(first);
      await expect(under.courier.book({ ...asked, weightGrams: 9 })).rejects.toThrow(refusal('id_reused'));
    });

    it('knows nothing of a parcel that nobody booked', async () => expect(await under.courier.parcel('none')).toBeNull());

    it('refuses what a courier does not offer', async () => {
      await expect(under.courier.book({ ...(await booking()), service: 'TELEPORT' })).rejects.toThrow(refusal('not_carried'));
    });

    it('tells of a delivery by a webhook that proves itself, with the cash that it collected', async () => {
      const collect = { amount: 50_000, currency: 'IDR' } as const;
      const asked = { ...(await booking()), collect };
      const { trackingNumber } = await under.courier.book(asked);
      await under.deliver(trackingNumber);
      const { headers, rawBody } = await under.webhook(trackingNumber, 'shipment.delivered');
      const { shipmentId, orderId } = asked;
      const notice = await under.courier.readNotice(headers, rawBody, under.now());
      expect(notice).toMatchObject({ type: 'shipment.delivered', shipmentId, orderId, trackingNumber, collected: collect });
      const parcel = await under.courier.parcel(trackingNumber);
      expect(parcel?.history.map(({ status }) => status)).toEqual(['booked', 'picked_up', 'in_transit', 'delivered']);
      const forged = Buffer.from(Buffer.from(rawBody).toString().replace('50000', '90000'));
      await expect(under.courier.readNotice(headers, forged, under.now())).rejects.toThrow(expect.objectContaining({ reason: 'forged' }));
    });
  });
