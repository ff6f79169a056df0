// Sales figures for administrators, exact to the last minor unit: purchases, revenue, payments, refunds, reviews, and what imports left out.

import { Hono } from 'hono';
import { z } from 'zod';
import { Currency } from '../domain/money.ts';
import type { Env } from '../infra/http/env.ts';
import { query } from '../infra/http/input.ts';
import { type JsonText, storedText } from '../infra/http/json.ts';
import { wholeNumber } from '../infra/http/numbers.ts';
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
const items = <Shape extends z.core.$ZodLooseShape>(shape: Shape) => z.object({ items: z.array(z.object(shape)) });

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
        answer: items({ sourceStatus: z.string().nullable(), purchases: z.int(), orders: z.int(), captured: z.int(), platform: z.int() }),
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
        return c.json({
          items: groups.map(({ value: sourceStatus, count: purchases, sums: [orders, captured, platform] }) => {
            return { sourceStatus, purchases, orders, captured, platform };
          }),
        });
      },
    )
    .get(
      '/admin/figures/orders',
      allow(['ANALYST', 'ADMIN'], {
        ...about,
        summary: 'Orders of sellers, placed and paid, with their revenue, by what the source of an import says of them; null: made here.',
        answer: items({ sourceStatus: z.string().nullable(), ...revenue }),
      }),
      query(z.object({ currency })),
      async (c) => {
        const groups = await tables.groups('figures-orders', { by: 'sourceStatus', sums, where: c.req.valid('query'), limit: few });
        return c.json({ items: groups.map((group) => ({ sourceStatus: group.value, ...revenueOf(group) })) });
      },
    )
    .get(
      '/admin/figures/sellers',
      allow(['ANALYST', 'ADMIN'], {
        ...about,
        summary:
          'Orders placed and paid, and revenue, by seller: gross, net of what was given back, and freight apart. `next` is the `after` of the next page.',
        answer: items({ sellerId: z.string(), ...revenue }).extend({ next: z.string().nullable() }),
      }),
      query(z.object({ currency, after: z.string().max(26).optional(), limit: wholeNumber(1, pageSize).default(100) })),
      async (c) => {
        const { currency: wanted, after, limit } = c.req.valid('query');
        // One more than is shown, to know whether there is a next page.
        const page = { limit: limit + 1, ...(after !== undefined && { after }) };
        const found = await tables.groups('figures-orders', { by: 'sellerId', sums, where: { currency: wanted }, ...page });
        const groups = found.slice(0, limit);
        const last = found.length > limit ? groups[limit - 1] : undefined;
        return c.json({
          items: groups.map((group) => ({ sellerId: String(group.value), ...revenueOf(group) })),
          next: last ? String(last.value) : null,
        });
      },
    )
    .get(
      '/admin/figures/months',
      allow(['ANALYST', 'ADMIN'], {
        ...about,
        summary:
          'Orders placed and paid, and revenue, by the month of the purchase, in the market’s time zone unless `zone` names another.',
        answer: items({ month: z.string(), ...revenue }),
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
        return c.json({ items: [...months].map(([month, figures]) => ({ month, ...figures })) });
      },
    )
    .get(
      '/admin/figures/categories',
      allow(['ANALYST', 'ADMIN'], {
        ...about,
        summary: 'Lines placed and paid, and revenue, by category, of the products that are in it now.',
        answer: items({
          categoryId: z.string().nullable(),
          name: z.string().nullable(),
          slug: z.string().nullable(),
          placed: z.int(),
          lines: z.int(),
          gross: z.int(),
          net: z.int(),
        }),
      }),
      query(z.object({ currency })),
      async (c) => c.json({ items: await byCategory(tables, c.req.valid('query').currency) }),
    );

const counted = { name: z.string(), currency: z.string(), count: z.int(), amount: z.int(), shipping: z.int() };

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
        answer: z.object({ types: z.array(z.object(counted)), parts: z.array(z.object(counted)), refunds: z.array(z.object(counted)) }),
      }),
      async (c) => {
        const found = await tables.find('figures-payments', { limit: few });
        const rows = found.map(({ row }) => JSON.parse(row) as PaymentFigureRow);
        return c.json({ types: ofKind(rows, 'type'), parts: ofKind(rows, 'parts'), refunds: ofKind(rows, 'refund') });
      },
    )
    .get(
      '/admin/figures/reviews',
      allow(['ANALYST', 'ADMIN'], {
        ...about,
        summary: 'Reviews with the sum of their ratings: all that was ever written, and what each says now.',
        answer: items({
          kind: z.enum(['line', 'order']),
          written: z.object({ count: z.int(), sum: z.int() }),
          current: z.object({ count: z.int(), sum: z.int() }),
        }),
      }),
      async (c) => json(c, await whole<ReviewFigureRow>(tables, 'figures-reviews')),
    )
    .get(
      '/admin/figures/imports',
      allow(['ANALYST', 'ADMIN'], {
        ...about,
        summary: 'Rows that imports left out or changed, by file and reason, with the money that they speak of.',
        answer: items({
          source: z.string(),
          file: z.string(),
          reason: z.string(),
          field: z.string().nullable(),
          rows: z.int(),
          byStatus: z.record(z.string(), z.int()),
          byPayment: z.record(z.string(), z.object({ parts: z.int(), amount: z.int(), currency: z.string() })),
        }),
      }),
      async (c) => json(c, await whole<ImportFigureRow>(tables, 'figures-imports')),
    );

/** `timeZone`: the market's. */
export const figureQueries = (tables: TableReader, timeZone: string) =>
  new Hono<Env>().route('/', sales(tables, timeZone)).route('/', rest(tables));
