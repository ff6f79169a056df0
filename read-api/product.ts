// Queries of products: lists of cards, one product as a storefront shows it, and a seller's own, drafts too.

import { type Context, Hono } from 'hono';
import { z } from 'zod';
import { DomainError } from '../domain/error.ts';
import { Id } from '../domain/id.ts';
import type { Aside } from '../infra/cache/port.ts';
import type { Env } from '../infra/http/env.ts';
import { params, query } from '../infra/http/input.ts';
import type { Answers } from '../infra/http/json.ts';
import { minorUnits } from '../infra/http/numbers.ts';
import { page, pageSchema } from '../infra/http/pages.ts';
import { allow, sellerOf } from '../infra/http/policy.ts';
import type { Condition, Query, TableReader } from '../infra/tables/port.ts';
import { OwnProduct, Product, ProductCard } from './answers/product.ts';
import { json, pageText, rowsOf, tagged } from './http.ts';
import { kept, keptFor } from './kept.ts';
import { productPages, type Shown } from './product-pages.ts';

const List = z.object({
  ...page,
  category: Id.optional(),
  brand: Id.optional(),
  seller: Id.optional(),
  minPrice: minorUnits.optional(),
  maxPrice: minorUnits.optional(),
  sort: z.enum(['newest', 'price_asc', 'price_desc', 'best_selling']).default('newest'),
});
const OwnList = z.object({ ...page, status: z.enum(['Draft', 'Active', 'Inactive', 'Archived']).optional() });
const OfProduct = params(z.object({ productId: Id }));

const orders: Readonly<Record<z.output<typeof List>['sort'], NonNullable<Query['order']>>> = {
  newest: [['createdAt', 'desc']],
  price_asc: [['price', 'asc']],
  price_desc: [['price', 'desc']],
  best_selling: [['sold', 'desc']],
};

const shown = <Found>(text: Found | undefined): Found => {
  if (text === undefined) throw new DomainError('product.not_found', 'There is no such product.');
  return text;
};

const asPage = (c: Context<Env> & Answers<z.output<typeof Product>>, found: Shown | undefined): Response => {
  const { text, mark } = shown(found);
  return kept(c, text, keptFor.products, mark);
};

export const productQueries = (tables: TableReader, cache: Aside) => {
  const pages = productPages(tables, cache);

  const where = async ({ category, brand, seller, minPrice, maxPrice }: z.output<typeof List>) => {
    const conditions: Record<string, Condition> = { status: 'Active' };
    if (category !== undefined) {
      const below = await pages.below(category);
      conditions.categoryId = below.length === 1 ? category : { in: below };
    }
    if (brand !== undefined) conditions.brandId = brand;
    if (seller !== undefined) conditions.sellerId = seller;
    if (minPrice !== undefined || maxPrice !== undefined)
      conditions.price = { from: minPrice ?? 0, ...(maxPrice !== undefined && { below: maxPrice + 1 }) };
    return conditions;
  };

  return new Hono<Env>()
    .get(
      '/products',
      allow('public', {
        operation: 'listProducts',
        summary: 'Products on sale, as cards; a page may be shorter than its limit while `next` is there.',
        answer: pageSchema(ProductCard),
        isKept: true,
      }),
      query(List, { remember: 1_000 }),
      (c): Response | Promise<Response> => {
        const asked = c.req.valid('query');
        const text = pages.list(asked, async () => {
          const { rows, next } = await rowsOf(tables, 'product-cards', { where: await where(asked), order: orders[asked.sort] }, asked);
          return pageText(await pages.cards(rows), next);
        });
        return typeof text === 'string' ? kept(c, text, keptFor.products) : text.then((loaded) => kept(c, loaded, keptFor.products));
      },
    )
    .get(
      '/products/:productId',
      allow('public', {
        operation: 'getProduct',
        summary: 'A product that is on sale, with its variants and its store.',
        answer: Product,
        isKept: true,
        errors: ['product.not_found'],
      }),
      OfProduct,
      // The hottest read of all: what is kept is answered without waiting for anything.
      (c): Response | Promise<Response> => {
        const found = pages.detail(c.req.valid('param').productId);
        return found instanceof Promise ? found.then((loaded) => asPage(c, loaded)) : asPage(c, found);
      },
    )
    .get(
      '/products/slug/:slug',
      allow('public', {
        operation: 'getProductBySlug',
        summary: 'The same by its slug.',
        answer: Product,
        isKept: true,
        errors: ['product.not_found'],
      }),
      params(z.object({ slug: z.string().max(120) })),
      async (c) => {
        const productId = await pages.idOf(c.req.valid('param').slug);
        return asPage(c, productId === undefined ? undefined : await pages.detail(productId));
      },
    )
    .get(
      '/sellers/me/products',
      allow('SELLER', {
        operation: 'listSellerProducts',
        summary: 'Your own products as cards, drafts too, the newest first.',
        owner: 'seller',
        answer: pageSchema(ProductCard),
      }),
      query(OwnList),
      async (c) => {
        const { status, ...asked } = c.req.valid('query');
        const mine = { sellerId: sellerOf(c), ...(status !== undefined && { status }) };
        const { rows, next } = await rowsOf(tables.asSeller(mine.sellerId), 'product-cards', { where: mine, order: orders.newest }, asked);
        return json(c, pageText(await pages.ownCards(rows), next));
      },
    )
    .get(
      '/sellers/me/products/:productId',
      allow('SELLER', {
        operation: 'getSellerProduct',
        summary: 'Your own product, in any status.',
        owner: 'seller',
        answer: OwnProduct,
        errors: ['product.not_found'],
      }),
      OfProduct,
      async (c) => json(c, tagged(c, shown(await pages.ownDetail(c.req.valid('param').productId, sellerOf(c))))),
    );
};
