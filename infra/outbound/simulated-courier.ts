// The courier port over the simulated couriers' HTTP; rates are remembered for some minutes.
import { LRUCache } from 'lru-cache';
import { z } from 'zod';
import { type Courier, type CourierSimulation, Parcel, Rate, type RateRequest, ShipmentNotice } from './courier.port.ts';
import { jsonClient } from './json-client.ts';
import { callerToken, readSigned } from './signature.ts';
import type { ProviderClientOptions } from './simulated-gateway.ts';
import { Faults } from './simulation.ts';

const Rates = z.object({ rates: z.array(Rate) });

/** Every pair of a few hundred cities that trade, in the usual weights; some 2 KB each. */
const rememberedRates = 10_000;
const rememberForMs = 5 * 60_000;

/** Prices go by the whole kilogram, so all weights of one share an entry; asking for the bracket's top makes the answer right for all of them. */
const bracketOf = (weightGrams: number): number => Math.max(1, Math.ceil(weightGrams / 1000)) * 1000;

export const simulatedCourier = (options: ProviderClientOptions): Courier & CourierSimulation => {
  const provider = 'simulated-courier';
  const http = jsonClient({ provider, url: options.url, token: callerToken(options.secret), timeoutMs: options.timeoutMs ?? 5_000 });
  // Promises, so that buyers who ask for the same at once share one call.
  const remembered = new LRUCache<string, Promise<readonly Rate[]>>({ max: rememberedRates, ttl: rememberForMs });

  const ask = async (request: RateRequest): Promise<readonly Rate[]> => (await http.post('/rates', request, Rates)).rates;

  const rates = (request: RateRequest): Promise<readonly Rate[]> => {
    const weightGrams = bracketOf(request.weightGrams);
    const key = JSON.stringify([request.originCity, request.destinationCity, weightGrams, request.currency]);
    const known = remembered.get(key);
    if (known) return known;
    const asked = ask({ ...request, weightGrams });
    remembered.set(key, asked);
    // A failure is not remembered.
    asked.catch(() => {
      if (remembered.peek(key) === asked) remembered.delete(key);
    });
    return asked;
  };

  const at = (trackingNumber: string, rest = '') => `/shipments/${encodeURIComponent(trackingNumber)}${rest}`;

  return {
    provider,
    rates,
    book: (request) => http.post('/shipments', request, Parcel),
    parcel: (trackingNumber) => http.get(at(trackingNumber), Parcel),
    readNotice: async (headers, rawBody, now) =>
      readSigned(ShipmentNotice, { headers, rawBody, now }, { secret: options.secret, toleranceSeconds: options.toleranceSeconds ?? 300 }),
    simulateParcel: (trackingNumber, to, behaviour = {}) => http.post(at(trackingNumber, '/simulate'), { to, ...behaviour }, Parcel),
    setFaults: async (faults) => {
      await http.put('/faults', faults, Faults);
    },
    close: async () => http.close(),
  };
};
