// Money is a whole number of minor units with its currency, never a float. This file alone knows how many digits a currency has.
import { z } from 'zod';
import { DomainError } from './error.ts';

/** Digits after the decimal point. ISO 4217 says 2 for IDR; gateways and buyers say 0, and so do we. */
export const exponents = { IDR: 0, BRL: 2, USD: 2 } as const;

export const Currency = z.enum(['IDR', 'BRL', 'USD']);
export type Currency = z.infer<typeof Currency>;

/** `amount` in minor units: IDR 15000 is Rp15.000, BRL 15000 is R$150,00. */
export const Money = z.object({ amount: z.int(), currency: Currency });
export type Money = z.infer<typeof Money>;

/** Money that a client or a price list may name: not negative. */
export const Price = z.object({ amount: z.int().nonnegative(), currency: Currency });

/**
 * The most that one purchase may come to, in minor units: nine thousand of this size still add up exactly (2^53 - 1), and a market has no larger
 * ones. The setting CHECKOUT_MAX_AMOUNT may only lower it.
 */
export const maxPurchase = 1_000_000_000_000;

export const money = (amount: number, currency: Currency): Money => ({ amount, currency });

export const zero = (currency: Currency): Money => ({ amount: 0, currency });

const sameCurrency = (a: Money, b: Money) => {
  if (a.currency !== b.currency) throw new DomainError('money.mixed_currencies', `${a.currency} and ${b.currency} do not mix.`);
};

export const plus = (a: Money, b: Money): Money => {
  sameCurrency(a, b);
  return { amount: a.amount + b.amount, currency: a.currency };
};

export const minus = (a: Money, b: Money): Money => {
  sameCurrency(a, b);
  return { amount: a.amount - b.amount, currency: a.currency };
};

export const times = (a: Money, factor: number): Money => ({ amount: a.amount * factor, currency: a.currency });

export const negate = (a: Money): Money => ({ amount: a.amount === 0 ? 0 : -a.amount, currency: a.currency });

/** The sum of `all`, in `currency`; money of another currency throws money.mixed_currencies. */
export const sum = (all: readonly Money[], currency: Currency): Money => all.reduce(plus, zero(currency));

export const isSameMoney = (a: Money, b: Money) => a.currency === b.currency && a.amount === b.amount;

/** `amount × rate`, rate in basis points (1100 = 11 %), rounded half up in magnitude: the same rule for taxes and commissions. */
export const atRate = (a: Money, basisPoints: number): Money => {
  const exact = BigInt(Math.abs(a.amount)) * BigInt(basisPoints);
  const rounded = Number((exact + 5_000n) / 10_000n);
  return { amount: a.amount < 0 ? -rounded : rounded, currency: a.currency };
};

/**
 * Splits `total` by `weights` (whole numbers ≥ 0) so that the shares add up to it exactly: largest remainder, the first of equals wins.
 * All weights 0 splits evenly. Throws RangeError without weights.
 */
export const split = (total: Money, weights: readonly number[]): Money[] => {
  if (weights.length === 0) throw new RangeError('nothing to split over');
  const all = weights.every((weight) => weight === 0) ? weights.map(() => 1) : weights;
  const sumOfWeights = all.reduce((a, b) => a + BigInt(b), 0n);
  const sign = total.amount < 0 ? -1 : 1;
  const magnitude = BigInt(Math.abs(total.amount));
  const shares = all.map((weight, index) => {
    const exact = magnitude * BigInt(weight);
    return { index, floor: exact / sumOfWeights, remainder: exact % sumOfWeights };
  });
  let missing = magnitude - shares.reduce((a, share) => a + share.floor, 0n);
  const byRemainder = [...shares].sort((a, b) => (a.remainder === b.remainder ? a.index - b.index : a.remainder > b.remainder ? -1 : 1));
  for (const share of byRemainder) {
    if (missing === 0n) break;
    share.floor += 1n;
    missing -= 1n;
  }
  return shares.map((share) => money(sign * Number(share.floor) || 0, total.currency));
};
