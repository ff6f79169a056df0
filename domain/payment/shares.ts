// How a payment is shared out: one share per seller's order, with all that its bookings and refunds need.
import { z } from 'zod';
import { Money } from '../money.ts';
import type { OrderLine, ShippingTerms, Totals } from '../order/terms.ts';

/** `amount`: what the buyer paid for the line (tax included either way); `tax` and `commission` are parts of it. */
export const ShareLine = z.object({
  lineId: z.string(),
  quantity: z.int().positive(),
  amount: Money,
  tax: z.object({ rule: z.string(), amount: Money }),
  commission: z.object({ ruleId: z.string(), version: z.int().nonnegative(), amount: Money }),
});
export type ShareLine = z.infer<typeof ShareLine>;

/** `amount` = the lines' amounts + `shipping`. */
export const Share = z.object({ orderId: z.string(), sellerId: z.string(), amount: Money, shipping: Money, lines: z.array(ShareLine) });
export type Share = z.infer<typeof Share>;

/** `channel`: the bank, wallet or shop, if the buyer has chosen one. `orderId` only on a COD part, which is one order's; `sourceType` only on imports. */
export const Part = z.object({
  partId: z.string(),
  method: z.string(),
  channel: z.string().optional(),
  amount: Money,
  orderId: z.string().optional(),
  installments: z.int().positive().optional(),
  sourceType: z.string().optional(),
});
export type Part = z.infer<typeof Part>;

/** How to pay, by method. None of it is about a person. */
export const Instructions = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('va'), bank: z.string(), accountNumber: z.string() }),
  z.object({ kind: z.literal('qris'), payload: z.string() }),
  z.object({ kind: z.literal('card'), reference: z.string() }),
  z.object({ kind: z.literal('ewallet'), wallet: z.string(), deepLink: z.string() }),
  z.object({ kind: z.literal('retail'), outlet: z.string(), code: z.string() }),
]);
export type Instructions = z.infer<typeof Instructions>;

/** The share of an order with these terms. */
export const shareOf = (order: {
  orderId: string;
  sellerId: string;
  lines: readonly OrderLine[];
  shipping: ShippingTerms;
  totals: Totals;
}): Share => ({
  orderId: order.orderId,
  sellerId: order.sellerId,
  amount: order.totals.total,
  shipping: order.shipping.price,
  lines: order.lines.map(({ lineId, quantity, amount, tax, commission }) => ({
    lineId,
    quantity,
    amount,
    tax: { rule: tax.rule, amount: tax.amount },
    commission: { ruleId: commission.ruleId, version: commission.version, amount: commission.amount },
  })),
});
