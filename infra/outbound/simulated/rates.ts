// The price list of the simulated couriers: rupiah for the first kilogram and for each further one, by zone.
import type { Currency } from '../../../domain/money.ts';
import type { Rate, RateRequest } from '../courier.port.ts';
import { type Zone, zoneBetween } from './cities.ts';

interface Offer {
  readonly courier: string;
  readonly courierName: string;
  readonly service: string;
  readonly maxKilograms: number;
  /** Rupiah per zone for the first kilogram; null where the courier does not go. */
  readonly first: readonly (number | null)[];
  /** Rupiah per zone for each further kilogram. */
  readonly further: readonly number[];
  /** Shortest and longest time in days per zone. */
  readonly days: readonly (readonly [number, number])[];
}

type Days = Offer['days'];
const regular: Days = [[1, 2], [2, 3], [2, 4], [3, 6], [5, 9]]; // biome-ignore format: one line per service reads as a table
const economy: Days = [[2, 4], [3, 6], [4, 8], [6, 12], [9, 18]]; // biome-ignore format: as above
const express: Days = [[1, 1], [1, 1], [1, 2], [1, 3], [2, 4]]; // biome-ignore format: as above

const offers: readonly Offer[] = [
  {
    courier: 'jne',
    courierName: 'JNE',
    service: 'REG',
    maxKilograms: 50,
    first: [10_000, 18_000, 27_000, 38_000, 72_000],
    further: [8_000, 14_000, 24_000, 34_000, 68_000],
    days: regular,
  },
  {
    courier: 'jne',
    courierName: 'JNE',
    service: 'OKE',
    maxKilograms: 50,
    first: [8_000, 15_000, 23_000, 33_000, 64_000],
    further: [7_000, 12_000, 20_000, 30_000, 60_000],
    days: economy,
  },
  {
    courier: 'jne',
    courierName: 'JNE',
    service: 'YES',
    maxKilograms: 20,
    first: [18_000, 30_000, 44_000, 62_000, null],
    further: [16_000, 27_000, 40_000, 58_000, 0],
    days: express,
  },
  {
    courier: 'jnt',
    courierName: 'J&T Express',
    service: 'EZ',
    maxKilograms: 50,
    first: [9_500, 17_500, 26_500, 37_500, 70_000],
    further: [8_000, 14_000, 23_500, 33_500, 66_000],
    days: regular,
  },
  {
    courier: 'sicepat',
    courierName: 'SiCepat',
    service: 'SIUNTUNG',
    maxKilograms: 50,
    first: [9_000, 17_000, 26_000, 36_500, 71_000],
    further: [8_000, 13_500, 23_000, 33_000, 67_000],
    days: regular,
  },
  {
    courier: 'sicepat',
    courierName: 'SiCepat',
    service: 'GOKIL',
    maxKilograms: 200,
    first: [25_000, 45_000, 70_000, 110_000, 210_000],
    further: [2_500, 4_500, 7_000, 11_000, 21_000],
    days: economy,
  },
  {
    courier: 'anteraja',
    courierName: 'AnterAja',
    service: 'REGULAR',
    maxKilograms: 50,
    first: [8_500, 16_500, 25_500, 36_000, 69_000],
    further: [7_500, 13_500, 22_500, 32_500, 65_000],
    days: regular,
  },
  {
    courier: 'gosend',
    courierName: 'GoSend',
    service: 'SAME_DAY',
    maxKilograms: 7,
    first: [22_000, null, null, null, null],
    further: [0, 0, 0, 0, 0],
    days: [[0, 0], [0, 0], [0, 0], [0, 0], [0, 0]], // biome-ignore format: as above
  },
  {
    courier: 'gosend',
    courierName: 'GoSend',
    service: 'INSTANT',
    maxKilograms: 20,
    first: [35_000, null, null, null, null],
    further: [0, 0, 0, 0, 0],
    days: [[0, 0], [0, 0], [0, 0], [0, 0], [0, 0]], // biome-ignore format: as above
  },
];

/** Rupiah for one minor unit of a currency, a round figure that never moves, so that a price is always the same. */
const rupiahPerMinorUnit: Record<Currency, number> = { IDR: 1, BRL: 28, USD: 160 };

/** Couriers weigh in whole kilograms, rounded up; prices depend on nothing finer. */
export const kilograms = (weightGrams: number): number => Math.max(1, Math.ceil(weightGrams / 1000));

const rateOf = (offer: Offer, zone: Zone, weight: number, currency: Currency): Rate | null => {
  const first = offer.first[zone] ?? null;
  const days = offer.days[zone];
  if (first === null || days === undefined || weight > offer.maxKilograms) return null;
  const rupiah = first + (offer.further[zone] ?? 0) * (weight - 1);
  const price = { amount: Math.ceil(rupiah / rupiahPerMinorUnit[currency]), currency };
  const { courier, courierName, service } = offer;
  return { courier, courierName, service, price, minDays: days[0], maxDays: days[1] };
};

/** What each courier asks, cheapest first; empty where nobody carries so much. */
export const ratesFor = ({ originCity, destinationCity, weightGrams, currency }: RateRequest): Rate[] => {
  const zone = zoneBetween(originCity, destinationCity);
  const weight = kilograms(weightGrams);
  return offers
    .flatMap((offer) => rateOf(offer, zone, weight, currency) ?? [])
    .sort((a, b) => a.price.amount - b.price.amount || `${a.courier} ${a.service}`.localeCompare(`${b.courier} ${b.service}`));
};
