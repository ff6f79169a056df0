// What a purchase costs and who gets which part of it: priced lines become one order per seller, exact to the last unit, every figure with its rule.
import { z } from 'zod';
import { Instant } from '../id.ts';
import { Currency, Money } from '../money.ts';
import { OrderLine, ShippingTerms, Totals } from '../order/terms.ts';
import { methods } from '../payment/deadlines.ts';

/** A tax as it applies to a line: `rate` in basis points; `rule` names the rule and its version. */
export const TaxTerm = z.object({ rule: z.string(), rate: z.int().nonnegative(), included: z.boolean() });
export type TaxTerm = z.infer<typeof TaxTerm>;

/** What the platform keeps of a line: `rate` in basis points. */
export const CommissionTerm = z.object({ ruleId: z.string(), version: z.int().nonnegative(), rate: z.int().nonnegative() });
export type CommissionTerm = z.infer<typeof CommissionTerm>;

/**
 * A line of a quote. `lineId` is the checkout's own, new with every quote (holds are named by it); `cartLineId` is the cart's.
 * `unitPrice` comes from the price that the product had at its revision `priceVersion`. `weightGrams` of one piece.
 */
export const QuotedLine = z.object({
  lineId: z.string(),
  cartLineId: z.string().nullable(),
  productId: z.string(),
  variantId: z.string(),
  location: z.string(),
  sellerId: z.string(),
  sku: z.string(),
  name: z.string(),
  quantity: z.int().min(1).max(999),
  unitPrice: Money,
  priceVersion: z.int().nonnegative(),
  weightGrams: z.int().nonnegative(),
  tax: TaxTerm,
  commission: CommissionTerm,
  /** Whether the cart's line was selected when it was quoted. */
  selected: z.boolean().optional(),
});
export type QuotedLine = z.infer<typeof QuotedLine>;

/** One way to ship one seller's part. `freight` pins each line's part of the price (an external quote); null: split by weight. */
export const ShippingOption = z.object({
  sellerId: z.string(),
  optionId: z.string(),
  courier: z.string(),
  service: z.string(),
  weightGrams: z.int().nonnegative(),
  price: Money,
  rule: z.string(),
  freight: z.array(z.object({ lineId: z.string(), amount: Money })).nullable(),
  promisedAt: Instant.nullable(),
  shipBy: Instant.nullable(),
});
export type ShippingOption = z.infer<typeof ShippingOption>;

/** Money that the buyer pays or is spared beside goods and shipping. It belongs to the platform and is in no seller's share; it may be negative. */
export const PlatformLine = z.object({ kind: z.enum(['instalment_interest', 'rounding']), amount: Money, rule: z.string() });
export type PlatformLine = z.infer<typeof PlatformLine>;

/**
 * One payment of several that together pay a purchase. `orderId` only on COD: that part is paid at that order's door. `channel`: the bank,
 * wallet or shop that the buyer has chosen.
 */
export const PaymentPart = z.object({
  partId: z.string(),
  method: z.enum(methods),
  channel: z.string().optional(),
  amount: Money,
  orderId: z.string().nullable(),
  installments: z.int().positive(),
  sourceType: z.string().nullable(),
});
export type PaymentPart = z.infer<typeof PaymentPart>;

/** `freight`: this line's part of its order's shipping. */
export const PlannedLine = OrderLine.extend({ cartLineId: z.string().nullable(), location: z.string(), freight: Money });
export type PlannedLine = z.infer<typeof PlannedLine>;

export const PlannedOrder = z.object({
  orderId: z.string(),
  sellerId: z.string(),
  lines: z.array(PlannedLine).min(1),
  shipping: ShippingTerms,
  shippingRule: z.string(),
  promisedAt: Instant.nullable(),
  shipBy: Instant.nullable(),
  totals: Totals,
});
export type PlannedOrder = z.infer<typeof PlannedOrder>;

/** `items` + `tax` (what is not included in prices) + `shipping` + `platform` = `total`. */
export const PlanTotals = Totals.extend({ platform: Money });
export type PlanTotals = z.infer<typeof PlanTotals>;

/** The split plan: fixed at the start of a checkout, for good. The parts of the payment add up to `totals.total`. */
export const Plan = z.object({
  currency: Currency,
  orders: z.array(PlannedOrder).min(1),
  platform: z.array(PlatformLine),
  totals: PlanTotals,
  paymentId: z.string(),
  method: z.enum(methods),
  parts: z.array(PaymentPart).min(1),
  paymentExpiresAt: Instant,
  holdUntil: Instant,
});
export type Plan = z.infer<typeof Plan>;
