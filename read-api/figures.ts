// Sales figures for administrators, exact to the last minor unit: purchases, revenue, payments, refunds, reviews, and what imports left out.

import { Hono } from 'hono';
import { z } from 'zod';
import { Id } from '../domain/id.ts';
import { Currency } from '../domain/money.ts';
import type { Env } from '../infra/http/env.ts';
import { query } from '../infra/http/input.ts';
import { type JsonText, jsonText, storedText } from '../infra/http/json.ts';
import { wholeNumber } from '../infra/http/numbers.ts';
import { decodeCursor, listSchema, pageOf, pageSchema, page as paging } from '../infra/http/pages.ts';
import { allow } from '../infra/http/policy.ts';
import type { Group, TableReader } from '../infra/tables/port.ts';
import type { CategoryRow } from '../projections/catalog/categories.ts';
import type { ImportFigureRow } from '../projections/figures/imports.ts';
import type { PaymentFigureRow } from '../projections/figures/payments.ts';
import type { ProductCategoryRow } from '../projections/figures/products.ts';
import type { ReviewFigureRow } from '../projections/figures/reviews.ts';
import { json } from './http.ts';

const pageSize = 1_000;
/** Two years of half hours are 35,000. */
const mostSlots = 500_000;
/** Sources, files, reasons, means of payment: a handful of each. */
const few = 10_000;

const currency = Currency;
/** `placed`: all orders; `orders`: those that were paid, which all sums are of. */
const revenue = { placed: z.int(), orders: z.int(), gross: z.int(), net: z.int(), freight: z.int(), netFreight: z.int() };
const sums = ['paid', 'gross', 'net', 'freight', 'netFreight'] as const;
type Revenue = { readonly [Figure in keyof typeof revenue]: number };

const about = { load: 'reports' } as const;
const named = <Shape extends z.core.$ZodLooseShape>(id: string, shape: Shape) => z.object(shape).meta({ id });

/** In the words of the source of an import; null: made here. */
const wordOf = (value: Group['value']) => (value === null ? null : String(value));

const revenueOf = ({ count, sums: [paid = 0, gross = 0, net = 0, freight = 0, netFreight = 0] }: Group): Revenue => ({
  placed: count,
  orders: paid,
  gross,
  net,
  freight,
  netFreight,
});

const plus = (a: Revenue | undefined, b: Revenue): Revenue =>
  a
    ? {
        placed: a.placed + b.placed,
        orders: a.orders + b.orders,
        gross: a.gross + b.gross,
        net: a.net + b.net,
        freight: a.freight + b.freight,
        netFreight: a.netFreight + b.netFreight,
      }
    : b;

/** The month of each half hour, such as 2026-01, in this zone. */
const monthIn = (timeZone: string) => {
  const format = new Intl.DateTimeFormat('en-CA', { timeZone, year: 'numeric', month: '2-digit' });
  return (slot: string) => format.format(Date.parse(`${slot}:00.000Z`)).slice(0, 7);
};

const isZone = (name: string) => {
  try {
    return Boolean(new Intl.DateTimeFormat('en', { timeZone: name }));
  } catch {
    return false;
  }
};

/** By category: what was sold of the products that are in it now. */
const byCategory = async (tables: TableReader, wanted: string) => {
  const totals = new Map<string | null, { gross: number; net: number; placed: number; lines: number }>();
  for (let after: string | undefined; ; ) {
    const where = { currency: wanted };
    const grouping = { by: 'productId', sums: ['paid', 'gross', 'net'], where, limit: pageSize, ...(after !== undefined && { after }) };
    const groups = await tables.groups('figures-lines', grouping);
    const products = await tables.getMany(
      'figures-products',
      groups.map(({ value }) => String(value)),
    );
    for (const {
      value,
      count,
      sums: [paid = 0, gross = 0, net = 0],
    } of groups) {
      const row = products.get(String(value));
      const categoryId = row === undefined ? null : (JSON.parse(row) as ProductCategoryRow).categoryId;
      const before = totals.get(categoryId) ?? { gross: 0, net: 0, placed: 0, lines: 0 };
      totals.set(categoryId, {
        gross: before.gross + gross,
        net: before.net + net,
        placed: before.placed + count,
        lines: before.lines + paid,
      });
    }
    if (groups.length < pageSize) break;
    after = String(groups[groups.length - 1]?.value);
  }
  const ids = [...totals.keys()].filter((id) => id !== null);
  const categories = await tables.getMany('catalog-categories', ids);
  return [...totals].map(([categoryId, figures]) => {
    const row = categoryId === null ? undefined : categories.get(categoryId);
    const { name, slug }: Pick<CategoryRow, 'name' | 'slug'> | { name: null; slug: null } = row
      ? JSON.parse(row)
      : { name: null, slug: null };
    return { categoryId, name, slug, ...figures };
  });
};

const sales = (tables: TableReader, timeZone: string) =>
  new Hono<Env>()
    .get(
      '/admin/figures/purchases',
      allow(['ANALYST', 'ADMIN'], {
        ...about,
        summary: 'Purchases that were paid, by what the source of an import says of them; null: made here.',
        operation: 'getPurchaseFigures',
        answer: listSchema(
          named('PurchaseFigures', {
            sourceStatus: z.string().nullable(),
            purchases: z.int(),
            orders: z.int(),
            captured: z.int(),
            platform: z.int(),
          }),
        ),
      }),
      query(z.object({ currency })),
      async (c) => {
        const where = { ...c.req.valid('query'), paid: 1 };
        const groups = await tables.groups('figures-purchases', {
          by: 'sourceStatus',
          sums: ['orders', 'captured', 'platform'],
          where,
          limit: few,
        });
        const items = groups.map(({ value, count: purchases, sums: [orders = 0, captured = 0, platform = 0] }) => {
          return { sourceStatus: wordOf(value), purchases, orders, captured, platform };
        });
        return json(c, jsonText({ items }));
      },
    )
    .get(
      '/admin/figures/orders',
      allow(['ANALYST', 'ADMIN'], {
        ...about,
        summary: 'Orders of sellers, placed and paid, with their revenue, by what the source of an import says of them; null: made here.',
        operation: 'getOrderFigures',
        answer: listSchema(named('OrderFigures', { sourceStatus: z.string().nullable(), ...revenue })),
      }),
      query(z.object({ currency })),
      async (c) => {
        const groups = await tables.groups('figures-orders', { by: 'sourceStatus', sums, where: c.req.valid('query'), limit: few });
        return json(c, jsonText({ items: groups.map((group) => ({ sourceStatus: wordOf(group.value), ...revenueOf(group) })) }));
      },
    )
    .get(
      '/admin/figures/sellers',
      allow(['ANALYST', 'ADMIN'], {
        ...about,
        summary: 'Orders placed and paid, and revenue, by seller: gross, net of what was given back, and freight apart.',
        operation: 'listSellerFigures',
        answer: pageSchema(named('SellerRevenue', { sellerId: Id, ...revenue })),
      }),
      query(z.object({ ...paging, currency, limit: wholeNumber(1, pageSize).default(100) })),
      async (c) => {
        const { currency: wanted, cursor, limit } = c.req.valid('query');
        const [after] = decodeCursor(cursor, 1) ?? [];
        // One more than is shown, to know whether there is a next page.
        const asked = { limit: limit + 1, ...(after !== undefined && { after: String(after) }) };
        const found = await tables.groups('figures-orders', { by: 'sellerId', sums, where: { currency: wanted }, ...asked });
        const sellers = found.map((group) => ({ sellerId: String(group.value), ...revenueOf(group) }));
        return json(c, jsonText(pageOf(sellers, limit, ({ sellerId }) => [sellerId])));
      },
    )
    .get(
      '/admin/figures/months',
      allow(['ANALYST', 'ADMIN'], {
        ...about,
        summary:
          'Orders placed and paid, and revenue, by the month of the purchase, in the market’s time zone unless `zone` names another.',
        operation: 'getMonthlyFigures',
        answer: listSchema(named('MonthlyFigures', { month: z.string().meta({ examples: ['2026-01'] }), ...revenue })),
      }),
      query(z.object({ currency, zone: z.string().max(64).refine(isZone, 'must be a time zone such as Asia/Jakarta').default(timeZone) })),
      async (c) => {
        const { currency: wanted, zone } = c.req.valid('query');
        const monthOf = monthIn(zone);
        const months = new Map<string, Revenue>();
        for (const group of await tables.groups('figures-orders', { by: 'slot', sums, where: { currency: wanted }, limit: mostSlots })) {
          const month = monthOf(String(group.value));
          months.set(month, plus(months.get(month), revenueOf(group)));
        }
        return json(c, jsonText({ items: [...months].map(([month, figures]) => ({ month, ...figures })) }));
      },
    )
    .get(
      '/admin/figures/categories',
      allow(['ANALYST', 'ADMIN'], {
        ...about,
        summary: 'Lines placed and paid, and revenue, by category, of the products that are in it now.',
        operation: 'getCategoryFigures',
        answer: listSchema(
          named('CategoryFigures', {
            categoryId: Id.nullable(),
            name: z.string().nullable(),
            slug: z.string().nullable(),
            placed: z.int(),
            lines: z.int(),
            gross: z.int(),
            net: z.int(),
          }),
        ),
      }),
      query(z.object({ currency })),
      async (c) => json(c, jsonText({ items: await byCategory(tables, c.req.valid('query').currency) })),
    );

const Counted = named('PaymentCount', { name: z.string(), currency: z.string(), count: z.int(), amount: z.int(), shipping: z.int() });

const ofKind = (rows: readonly PaymentFigureRow[], wanted: PaymentFigureRow['kind']) =>
  rows.filter(({ kind }) => kind === wanted).map(({ kind: _, ...row }) => row);

const whole = async <Row>(tables: TableReader, projection: string): Promise<JsonText<{ items: Row[] }>> =>
  storedText(`{"items":[${(await tables.find(projection, { limit: few })).map(({ row }) => row).join(',')}]}`);

const rest = (tables: TableReader) =>
  new Hono<Env>()
    .get(
      '/admin/figures/payments',
      allow(['ANALYST', 'ADMIN'], {
        ...about,
        summary: 'What was paid by which means and in how many parts, and what went back for which reason.',
        operation: 'getPaymentFigures',
        answer: named('PaymentFigures', { types: z.array(Counted), parts: z.array(Counted), refunds: z.array(Counted) }),
      }),
      async (c) => {
        const found = await tables.find('figures-payments', { limit: few });
        const rows = found.map(({ row }) => JSON.parse(row) as PaymentFigureRow);
        return json(c, jsonText({ types: ofKind(rows, 'type'), parts: ofKind(rows, 'parts'), refunds: ofKind(rows, 'refund') }));
      },
    )
    .get(
      '/admin/figures/reviews',
      allow(['ANALYST', 'ADMIN'], {
        ...about,
        summary: 'Reviews with the sum of their ratings: all that was ever written, and what each says now.',
        operation: 'getReviewFigures',
        answer: listSchema(
          named('ReviewFigures', {
            kind: z.enum(['line', 'order']),
            written: z.object({ count: z.int(), sum: z.int() }),
            current: z.object({ count: z.int(), sum: z.int() }),
          }),
        ),
      }),
      async (c) => json(c, await whole<ReviewFigureRow>(tables, 'figures-reviews')),
    )
    .get(
      '/admin/figures/imports',
      allow(['ANALYST', 'ADMIN'], {
        ...about,
        summary: 'Rows that imports left out or changed, by file and reason, with the money that they speak of.',
        operation: 'getImportFigures',
        answer: listSchema(
          named('ImportFigures', {
            source: z.string(),
            file: z.string(),
            reason: z.string(),
            field: z.string().nullable(),
            rows: z.int(),
            byStatus: z.record(z.string(), z.int()),
            byPayment: z.record(z.string(), z.object({ parts: z.int(), amount: z.int(), currency: z.string() })),
          }),
        ),
      }),
      async (c) => json(c, await whole<ImportFigureRow>(tables, 'figures-imports')),
    );

/** `timeZone`: the market's. */
export const figureQueries = (tables: TableReader, timeZone: string) =>
  new Hono<Env>().route('/', sales(tables, timeZone)).route('/', rest(tables));
