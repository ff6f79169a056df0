// Queries of the cart: its lines at the prices and with the stock of this moment, and what stands in the way of buying them.
import { type Context, Hono } from 'hono';
import { defaultLocation } from '../domain/location.ts';
import { atRate, type Currency, type Money, maxPurchase, minus, plus, times, zero } from '../domain/money.ts';
import type { Revised } from '../infra/http/answers.ts';
import type { Env } from '../infra/http/env.ts';
import { jsonText } from '../infra/http/json.ts';
import { allow, principalOf } from '../infra/http/policy.ts';
import type { TableReader } from '../infra/tables/port.ts';
import type { CartRow, CartRowLine } from '../projections/cart/carts.ts';
import type { LevelRow } from '../projections/inventory/levels.ts';
import type { DetailRow } from '../projections/product/details.ts';
import type { StoreRow } from '../projections/product/stores.ts';
import { Cart, CartValidation, type problems } from './answers/cart.ts';
import { json, tagged } from './http.ts';

type Problem = (typeof problems)[number];

interface ShownLine extends CartRowLine {
  readonly name: string | null;
  readonly slug: string | null;
  readonly sku: string | null;
  readonly options: Readonly<Record<string, string>>;
  readonly image: string | null;
  readonly store: Pick<StoreRow, 'sellerId' | 'name' | 'slug'> | null;
  readonly unitPrice: Money | null;
  /** Without the discount. */
  readonly listPrice: Money | null;
  readonly amount: Money | null;
  readonly available: number;
  /** Why this line cannot be bought as it stands; one of the error codes, or null. */
  readonly problem: Problem | null;
}

interface Facts {
  readonly products: ReadonlyMap<string, DetailRow>;
  readonly stores: ReadonlyMap<string, StoreRow>;
  readonly levels: ReadonlyMap<string, LevelRow>;
}

const levelKey = ({ productId, variantId }: CartRowLine) => `${productId}.${variantId}.${defaultLocation}`;

const parsed = async <Row>(found: Promise<ReadonlyMap<string, string>>): Promise<ReadonlyMap<string, Row>> =>
  new Map([...(await found)].map(([key, text]) => [key, JSON.parse(text) as Row]));

const factsOf = async (tables: TableReader, lines: readonly CartRowLine[]): Promise<Facts> => {
  const distinct = (of: (line: CartRowLine) => string) => [...new Set(lines.map(of))];
  const [products, stores, levels] = await Promise.all([
    parsed<DetailRow>(
      tables.getMany(
        'product-details',
        distinct(({ productId }) => productId),
      ),
    ),
    parsed<StoreRow>(
      tables.getMany(
        'product-stores',
        distinct(({ sellerId }) => sellerId),
      ),
    ),
    parsed<LevelRow>(tables.getMany('inventory-levels', distinct(levelKey))),
  ]);
  return { products, stores, levels };
};

/** What a unit costs at `at`: the list price, lowered while the product's discount lasts. */
const priceAt = ({ discount }: DetailRow, list: Money, at: string): Money => {
  if (!discount || at < discount.from || at >= discount.until) return list;
  return minus(list, discount.kind === 'amount' ? discount.amount : atRate(list, discount.basisPoints));
};

const shown = (line: CartRowLine, { products, stores, levels }: Facts, currency: Currency, at: string): ShownLine => {
  const listed = products.get(line.productId);
  const store = stores.get(line.sellerId);
  const variant = listed?.variants.find(({ variantId }) => variantId === line.variantId);
  const isSold = listed?.status === 'Active' && variant !== undefined && variant.weightGrams !== null;
  const listPrice = (isSold && variant.price) || null;
  const unitPrice = listed && listPrice && priceAt(listed, listPrice, at);
  const available = levels.get(levelKey(line))?.available ?? 0;
  return {
    ...line,
    name: listed?.name ?? null,
    slug: listed?.slug ?? null,
    sku: variant?.sku ?? null,
    options: variant?.options ?? {},
    image: listed?.pictures[0]?.url ?? null,
    store: store ? { sellerId: store.sellerId, name: store.name, slug: store.slug } : null,
    unitPrice: unitPrice ?? null,
    listPrice,
    amount: unitPrice && isExact(unitPrice, line) ? times(unitPrice, line.quantity) : null,
    available,
    problem: problemOf(line, unitPrice ?? null, store, available, currency),
  };
};

/** Beyond the largest purchase nobody can buy it, and the product may not be exact any more: no amount is shown then. */
const isExact = ({ amount }: Money, { quantity }: CartRowLine) => amount * quantity <= maxPurchase;

const problemOf = (
  line: CartRowLine,
  price: Money | null,
  store: StoreRow | undefined,
  available: number,
  currency: Currency,
): Problem | null => {
  if (price === null) return 'cart.product_unavailable';
  if (price.currency !== currency) return 'cart.mixed_currencies';
  if (!isExact(price, line)) return 'checkout.amount_too_large';
  if (store?.status !== 'Active') return 'checkout.seller_unavailable';
  return available < line.quantity ? 'checkout.out_of_stock' : null;
};

/** Sums over the selected lines that have a price. */
const summaryOf = (lines: readonly ShownLine[], currency: Currency) => {
  const counted = lines.filter((line) => line.selected && line.amount?.currency === currency);
  return {
    lines: lines.length,
    selected: lines.filter(({ selected }) => selected).length,
    pieces: counted.reduce((sum, { quantity }) => sum + quantity, 0),
    sellers: new Set(counted.map(({ sellerId }) => sellerId)).size,
    total: counted.reduce((sum, { amount }) => (amount ? plus(sum, amount) : sum), zero(currency)),
  };
};

const cartAt = async (tables: TableReader, cartId: string, text: string | null, at: string) => {
  if (text === null) {
    const summary = { lines: 0, selected: 0, pieces: 0, sellers: 0, total: null };
    return { cartId, currency: null, lines: [], summary, updatedAt: null, revision: null };
  }
  const row = JSON.parse(text) as CartRow & Revised;
  const facts = await factsOf(tables, row.lines);
  const lines = row.lines.map((line) => shown(line, facts, row.currency, at));
  return { ...row, lines, summary: summaryOf(lines, row.currency) };
};

export const cartQueries = (tables: TableReader, now: () => number) => {
  const cartOf = async (c: Context<Env>) => {
    const { id } = principalOf(c);
    return cartAt(tables, id, tagged(c, await tables.get('cart-carts', id)), new Date(now()).toISOString());
  };
  return new Hono<Env>()
    .get(
      '/cart',
      allow('guest', {
        operation: 'getCart',
        summary: 'My cart at the prices and with the stock of this moment.',
        owner: 'self',
        load: 'cart',
        answer: Cart,
      }),
      async (c) => json(c, jsonText(await cartOf(c))),
    )
    .get(
      '/cart/validation',
      allow('guest', {
        operation: 'validateCart',
        summary: 'Whether the selected lines could be bought as they stand, and what is in the way.',
        owner: 'self',
        load: 'cart',
        answer: CartValidation,
      }),
      async (c) => {
        const { lines, summary } = await cartOf(c);
        const isTooLarge = (summary.total?.amount ?? 0) > maxPurchase;
        const selected = lines
          .filter((line) => line.selected)
          .map((line) => (isTooLarge ? { ...line, problem: line.problem ?? ('checkout.amount_too_large' as const) } : line));
        const problems = selected.flatMap(({ lineId, problem, quantity, available }) =>
          problem === null ? [] : [{ lineId, code: problem, quantity, available }],
        );
        return json(c, jsonText({ valid: selected.length > 0 && problems.length === 0, selected: selected.length, problems }));
      },
    );
};
