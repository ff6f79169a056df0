// Queries about carriage: what it costs, who carries, and where a parcel is.

import { Hono } from 'hono';
import { z } from 'zod';
import { DomainError } from '../domain/error.ts';
import { Id } from '../domain/id.ts';
import { Currency } from '../domain/money.ts';
import { Moment, Money, type Revised, revised } from '../infra/http/answers.ts';
import type { Env, Principal } from '../infra/http/env.ts';
import { body, params, query } from '../infra/http/input.ts';
import { type JsonText, jsonText, storedText } from '../infra/http/json.ts';
import { wholeNumber } from '../infra/http/numbers.ts';
import { listSchema } from '../infra/http/pages.ts';
import { allow, isAllowed, principalOf } from '../infra/http/policy.ts';
import { line } from '../infra/http/text.ts';
import type { Courier, Rate, RateRequest } from '../infra/outbound/courier.port.ts';
import type { TableReader } from '../infra/tables/port.ts';
import type { ShipmentRow } from '../projections/shipping/shipments.ts';
import type { Buyers } from './buyers.ts';
import { json, tagged } from './http.ts';

const couriers = jsonText({
  items: [
    { courier: 'jne', name: 'JNE' },
    { courier: 'jnt', name: 'J&T Express' },
    { courier: 'sicepat', name: 'SiCepat' },
    { courier: 'anteraja', name: 'AnterAja' },
    { courier: 'gosend', name: 'GoSend' },
  ],
});
const CourierCard = z.object({ courier: z.string(), name: z.string() }).meta({ id: 'Courier' });
const ShippingRate = z
  .object({
    courier: z.string(),
    courierName: z.string(),
    service: z.string().describe('With the courier it names the choice: `jne` and `REG`.'),
    price: Money,
    minDays: z.int().describe('Working days after pick-up; 0 is the same day.'),
    maxDays: z.int(),
  })
  .meta({ id: 'ShippingRate' });
const status = z.enum(['Booked', 'PickedUp', 'InTransit', 'Delivered', 'Failed', 'Returning', 'Returned']);
const Shipment = z
  .object({
    shipmentId: z.string(),
    orderId: Id,
    checkoutId: Id,
    buyerId: z.string(),
    sellerId: Id,
    courier: z.string(),
    service: z.string(),
    trackingNumber: z.string(),
    weightGrams: z.int(),
    price: Money,
    status,
    history: z.array(
      z.object({
        status,
        at: Moment.describe('When it was known here.'),
        courierAt: z.string().optional().describe("The courier's own time, where it gave one."),
        reason: z.string().optional().describe('Why it failed.'),
      }),
    ),
    ...revised,
  })
  .meta({ id: 'Shipment' });

const city = line(100);
const RateQuery = z.object({
  origin: city,
  destination: city,
  weightGrams: wholeNumber(1, 1_000_000),
  currency: Currency.default('IDR'),
});
const RateBody = RateQuery.extend({ weightGrams: z.int().min(1).max(1_000_000) });

const ratesFor = async (courier: Courier, asked: z.output<typeof RateQuery>): Promise<JsonText<{ items: readonly Rate[] }>> => {
  const { origin: originCity, destination: destinationCity, weightGrams, currency } = asked;
  const request: RateRequest = { originCity, destinationCity, weightGrams, currency };
  const items = await courier.rates(request).catch((error: unknown) => {
    const name = error instanceof Error ? error.name : '';
    if (name === 'ProviderRefused') throw new DomainError('shipping.no_rate', 'No courier goes there with this parcel.');
    if (name === 'OutcomeUnknown') throw new DomainError('shipping.provider_failed', 'The couriers did not answer.');
    throw error;
  });
  return jsonText({ items });
};

const rated = {
  summary: 'What couriers ask for a parcel by weight and cities, cheapest first.',
  answer: listSchema(ShippingRate),
  errors: ['shipping.no_rate', 'shipping.provider_failed'],
};

const sees = async (buyers: Buyers, principal: Principal, row: ShipmentRow) =>
  principal.sellerId === row.sellerId || isAllowed(['ADMIN'], principal) || (await buyers.isBuyer(principal, row));

/** A parcel whose caller may see it; somebody else's is not found. */
const seen = async (buyers: Buyers, principal: Principal, text: string | null | undefined): Promise<JsonText<ShipmentRow & Revised>> => {
  if (text === null || text === undefined || !(await sees(buyers, principal, JSON.parse(text) as ShipmentRow))) {
    throw new DomainError('shipping.not_found', 'There is no such shipment.');
  }
  return storedText(text);
};

const tracked = { owner: 'buyer or seller', answer: Shipment, errors: ['shipping.not_found'] };

export const shippingQueries = (tables: TableReader, courier: Courier, buyers: Buyers) =>
  new Hono<Env>()
    .get(
      '/shipping/couriers',
      allow('public', { operation: 'listCouriers', summary: 'The couriers.', answer: listSchema(CourierCard) }),
      (c) => json(c, couriers),
    )
    .get('/shipping/rates', allow('public', { operation: 'listShippingRates', ...rated }), query(RateQuery), async (c) =>
      json(c, await ratesFor(courier, c.req.valid('query'))),
    )
    .post('/shipping/rates', allow('public', { operation: 'askShippingRates', ...rated, exempt: true }), body(RateBody), async (c) =>
      json(c, await ratesFor(courier, c.req.valid('json'))),
    )
    .get(
      '/shipments/:shipmentId/tracking',
      allow('buyer', { operation: 'getShipment', summary: 'Where a parcel is, and how it got there.', ...tracked }),
      params(z.object({ shipmentId: z.string().min(1).max(64) })),
      async (c) => {
        const text = await tables.get('shipping-shipments', c.req.valid('param').shipmentId);
        return json(c, tagged(c, await seen(buyers, principalOf(c), text)));
      },
    )
    .get(
      '/shipping/tracking/:trackingNumber',
      allow('buyer', { operation: 'getShipmentByTrackingNumber', summary: "The same by the courier's tracking number.", ...tracked }),
      params(z.object({ trackingNumber: z.string().min(1).max(64) })),
      async (c) => {
        const { trackingNumber } = c.req.valid('param');
        const [found] = await tables.find('shipping-shipments', { where: { trackingNumber }, limit: 1 });
        return json(c, tagged(c, await seen(buyers, principalOf(c), found?.row)));
      },
    );
