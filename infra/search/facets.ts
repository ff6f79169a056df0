// What the facets of a search are cut by, the same for every engine.
import type { Currency } from '../../domain/money.ts';

/** Price buckets in minor units: about what a small, a usual and a large purchase is in each market. */
export const priceSteps: Readonly<Record<Currency, readonly number[]>> = {
  IDR: [0, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000, 5_000_000, 10_000_000],
  BRL: [0, 2_500, 5_000, 10_000, 20_000, 50_000, 100_000, 200_000, 500_000],
  USD: [0, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 200_000],
};
/** From so many stars on. */
export const stars = [4, 3, 2, 1];
export const facetLength = 50;
