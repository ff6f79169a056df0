// Five couriers behind one door, simulated: rates, bookings, tracking and signed webhooks, with a file of their own.
import { createHash, randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { BookingRequest, type Parcel, type ParcelStatus, RateRequest, type ShipmentNotice, SimulateParcel } from '../courier.port.ts';
import { openCourierStore } from './courier-store.ts';
import { faulty, switchboard } from './faults.ts';
import type { SimulatedProvider, SimulatedProviderOptions } from './gateway.ts';
import { ratesFor } from './rates.ts';
import { closeOnce, listen, providerApp, Refusal } from './server.ts';
import { openWebhooks } from './webhooks.ts';

type Moved = Exclude<ParcelStatus, 'booked'>;

/** What a parcel passes on its way to a status, from its booking on; a failed delivery goes back, a delivered parcel goes nowhere. */
const ways: Record<Moved, readonly Moved[]> = {
  picked_up: ['picked_up'],
  in_transit: ['picked_up', 'in_transit'],
  delivered: ['picked_up', 'in_transit', 'delivered'],
  failed: ['picked_up', 'in_transit', 'failed'],
  returning: ['picked_up', 'in_transit', 'failed', 'returning'],
  returned: ['picked_up', 'in_transit', 'failed', 'returning', 'returned'],
};

/** The statuses still to come on the way from `status` to `to`: none if the parcel is there or beyond. */
const stepsTo = ({ status }: Parcel, to: Moved): readonly Moved[] => {
  if (status === 'booked') return ways[to];
  if (status === to || ways[status].includes(to)) return [];
  const passed = ways[to].indexOf(status);
  if (passed < 0) throw new Refusal(409, 'not_on_the_way', `A parcel that is ${status} does not become ${to}.`);
  return ways[to].slice(passed + 1);
};

const cityOf = (parcel: Parcel, status: ParcelStatus): string =>
  status === 'delivered' || status === 'failed' || status === 'returning' ? parcel.destinationCity : parcel.originCity;

const trackingNumberFor = ({ courier, shipmentId }: BookingRequest): string => {
  const digits = BigInt(`0x${createHash('sha256').update(shipmentId).digest('hex')}`) % 10n ** 15n;
  return `${courier.slice(0, 3).toUpperCase()}${digits.toString().padStart(15, '0')}`;
};

export const startSimulatedCourier = async (options: SimulatedProviderOptions): Promise<SimulatedProvider> => {
  const clock = options.clock ?? Date.now;
  const board = switchboard();
  const store = openCourierStore(options.dataDir);
  const webhooks = openWebhooks(store, { url: options.webhookUrl, secret: options.secret, clock, retryMs: options.retryMs ?? 200 });
  const now = () => new Date(clock()).toISOString();

  const mustFind = (trackingNumber: string): Parcel => {
    const parcel = store.byTracking(trackingNumber);
    if (!parcel) throw new Refusal(404, 'unknown_parcel', 'There is no such parcel.');
    return parcel;
  };

  const book = (request: BookingRequest): Parcel =>
    store.transaction(() => {
      const known = store.byId(request.shipmentId);
      if (known) {
        const { trackingNumber: _trackingNumber, status: _status, history: _history, ...asked } = known;
        if (!isDeepStrictEqual(asked, request)) throw new Refusal(422, 'id_reused', 'This shipment id was used with other values.');
        return known;
      }
      const carried = ratesFor({ ...request, currency: 'IDR' }).some((r) => r.courier === request.courier && r.service === request.service);
      if (!carried) throw new Refusal(422, 'not_carried', `${request.courier} ${request.service} does not carry this parcel there.`);
      const booked = { status: 'booked' as const, at: now(), city: request.originCity };
      const parcel: Parcel = { ...request, trackingNumber: trackingNumberFor(request), status: 'booked', history: [booked] };
      store.add(parcel);
      return parcel;
    });

  const noticeOf = (parcel: Parcel, status: Moved, at: string): ShipmentNotice => ({
    type: `shipment.${status}`,
    eventId: randomUUID(),
    occurredAt: at,
    shipmentId: parcel.shipmentId,
    orderId: parcel.orderId,
    courier: parcel.courier,
    trackingNumber: parcel.trackingNumber,
    city: cityOf(parcel, status),
    ...(status === 'delivered' && parcel.collect ? { collected: parcel.collect } : {}),
  });

  const move = (trackingNumber: string, { to, ...behaviour }: SimulateParcel): Parcel => {
    const moved = store.transaction(() => {
      const parcel = mustFind(trackingNumber);
      const steps = stepsTo(parcel, to);
      if (steps.length === 0) return parcel;
      const at = now();
      const history = [...parcel.history, ...steps.map((status) => ({ status, at, city: cityOf(parcel, status) }))];
      const next: Parcel = { ...parcel, status: to, history };
      store.update(next);
      const notices = steps.map((status) => noticeOf(parcel, status, at));
      webhooks.enqueue(parcel.shipmentId, notices, { ...board.current(), ...behaviour });
      return next;
    });
    webhooks.wake();
    return moved;
  };

  const rates = (request: RateRequest) => {
    const found = ratesFor(request);
    if (found.length === 0) throw new Refusal(422, 'too_heavy', 'Nobody carries so much.');
    return { rates: found };
  };

  const app = providerApp(board, options.secret);
  app
    .get('/rates', (c) => c.json(rates(RateRequest.parse({ ...c.req.query(), weightGrams: Number(c.req.query('weightGrams')) }))))
    .post('/rates', async (c) => c.json(rates(RateRequest.parse(await c.req.json()))))
    .post('/shipments', faulty(board), async (c) => c.json(book(BookingRequest.parse(await c.req.json())), 201))
    .get('/shipments/:tracking', (c) => c.json(mustFind(c.req.param('tracking'))))
    .post('/shipments/:tracking/simulate', async (c) => c.json(move(c.req.param('tracking'), SimulateParcel.parse(await c.req.json()))));

  const listening = await listen(app, options.port ?? 0);
  return {
    url: listening.url,
    deliverTo: webhooks.deliverTo,
    undelivered: webhooks.undelivered,
    close: closeOnce(async () => {
      await listening.close();
      await webhooks.close();
      store.close();
    }),
  };
};
