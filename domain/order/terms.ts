// What was agreed for one order at its checkout, pinned for good: lines with tax and commission, shipping, totals.
import { z } from 'zod';
import { Money } from '../money.ts';

/** `rate` in basis points; `included`: the price already holds it, else it is added to it. `rule` names where rate and base come from. */
export const Tax = z.object({ rule: z.string(), rate: z.int().nonnegative(), base: Money, amount: Money, included: z.boolean() });
export type Tax = z.infer<typeof Tax>;

/** What the platform keeps of a line: `amount` is `rate` (basis points) of `base`. */
export const Commission = z.object({
  ruleId: z.string(),
  version: z.int().nonnegative(),
  rate: z.int().nonnegative(),
  base: Money,
  amount: Money,
});
export type Commission = z.infer<typeof Commission>;

/** `amount` is what the buyer pays for the whole line: unit price × quantity, plus tax that is not included. */
export const OrderLine = z.object({
  lineId: z.string(),
  productId: z.string(),
  variantId: z.string(),
  sku: z.string(),
  name: z.string(),
  quantity: z.int().positive(),
  unitPrice: Money,
  amount: Money,
  tax: Tax,
  commission: Commission,
});
export type OrderLine = z.infer<typeof OrderLine>;

export const ShippingTerms = z.object({ courier: z.string(), service: z.string(), weightGrams: z.int().nonnegative(), price: Money });
export type ShippingTerms = z.infer<typeof ShippingTerms>;

/** `items` + `tax` (the part that is not included in prices) + `shipping` = `total`. */
export const Totals = z.object({ items: Money, tax: Money, shipping: Money, total: Money });
export type Totals = z.infer<typeof Totals>;

/** Where an ordered line's goods are kept back: stream `stock-<stockId>`, hold `holdId`. */
export const HeldLine = z.object({ lineId: z.string(), stockId: z.string(), holdId: z.string(), quantity: z.int().positive() });
export type HeldLine = z.infer<typeof HeldLine>;
