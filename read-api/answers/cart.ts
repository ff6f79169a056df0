// What is said of a cart: its lines at the prices and with the stock of the moment, their sums, and what stands in the way.
import { z } from 'zod';
import { Id } from '../../domain/id.ts';
import { Currency } from '../../domain/money.ts';
import { CartId, Moment, Money, StoreCard } from '../../infra/http/answers.ts';

export const problems = [
  'checkout.amount_too_large',
  'cart.product_unavailable',
  'checkout.seller_unavailable',
  'checkout.out_of_stock',
  'cart.mixed_currencies',
] as const;
const Problem = z.enum(problems).meta({ id: 'CartProblem', description: 'Why a line cannot be bought as it stands.' });

const CartLine = z
  .object({
    lineId: Id,
    productId: Id,
    variantId: Id,
    sellerId: Id,
    quantity: z.int(),
    selected: z.boolean().describe('Whether the next checkout is about it.'),
    name: z.string().nullable(),
    slug: z.string().nullable(),
    sku: z.string().nullable(),
    options: z.record(z.string(), z.string()),
    image: z.string().nullable(),
    store: StoreCard.nullable(),
    unitPrice: Money.nullable().describe('Of this moment; null for what is not on sale.'),
    listPrice: Money.nullable().describe('The same without the discount.'),
    amount: Money.nullable(),
    available: z.int(),
    problem: Problem.nullable(),
  })
  .meta({ id: 'CartLine' });

export const Cart = z
  .object({
    cartId: CartId,
    currency: Currency.nullable(),
    lines: z.array(CartLine),
    summary: z.object({
      lines: z.int(),
      selected: z.int(),
      pieces: z.int().describe('Of the selected lines that have a price; so are the sellers and the total.'),
      sellers: z.int(),
      total: Money.nullable(),
    }),
    updatedAt: Moment.nullable(),
    revision: z.int().nullable().describe('What If-Match takes.'),
  })
  .meta({ id: 'Cart', description: 'Of an empty one nothing is kept: currency, total, updatedAt and revision are null.' });

export const CartValidation = z
  .object({
    valid: z.boolean(),
    selected: z.int(),
    problems: z.array(z.object({ lineId: Id, code: Problem, quantity: z.int(), available: z.int() })),
  })
  .meta({ id: 'CartValidation' });
