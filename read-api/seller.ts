// Queries of sellers: their public pages, the own shop and its money; for administrators, all of them and the books.
import { Hono } from 'hono';
import { z } from 'zod';
import { DomainError } from '../domain/error.ts';
import { Id } from '../domain/id.ts';
import type { Revised } from '../infra/http/answers.ts';
import type { Env, Principal } from '../infra/http/env.ts';
import { params, query } from '../infra/http/input.ts';
import { jsonText, storedText } from '../infra/http/json.ts';
import { page as paging } from '../infra/http/pages.ts';
import { allow, principalOf, sellerOf } from '../infra/http/policy.ts';
import type { TableReader } from '../infra/tables/port.ts';
import type { Seals } from '../infra/vault/port.ts';
import type { BalanceRow } from '../projections/seller/balances.ts';
import type { PageRow } from '../projections/seller/pages.ts';
import type { StoreRow } from '../projections/seller/stores.ts';
import type { TrialBalanceRow } from '../projections/seller/trial-balance.ts';
import { json, page, tagged } from './http.ts';
import { kept, keptFor } from './kept.ts';

const notFound = () => new DomainError('seller.not_found', 'There is no such seller.');
const errors = ['seller.not_found'];

/** The shop that the caller works in, else the one that he or she applied for last. */
const ownStore = async (tables: TableReader, { id, sellerId }: Principal): Promise<string> => {
  const text = sellerId
    ? await tables.get('seller-stores', sellerId)
    : (await tables.find('seller-stores', { where: { userId: id }, order: [['appliedAt', 'desc']], limit: 1 }))[0]?.row;
  if (!text) throw notFound();
  return text;
};

/** Bank account and notes are the owner's own and the administrators'; whoever works in the shop does without. */
const opened = async (seals: Seals, { bankAccount, note, ...row }: StoreRow) => ({
  ...row,
  bankAccount: bankAccount && (await seals.open(bankAccount)),
  note: note && (await seals.open(note)),
});

const Page = z.object({
  sellerId: z.string(),
  storeName: z.string(),
  slug: z.string(),
  city: z.string(),
  description: z.string(),
  logoUrl: z.string().nullable(),
  status: z.enum(['Active', 'OnHoliday', 'Suspended', 'Closing', 'Closed']),
  sellsSince: z.string(),
  revision: z.int(),
});

const emptyBalance = (sellerId: string): BalanceRow => ({ ledgerId: sellerId, balances: [], bookings: 0, bookedAt: '' });

const ownShop = (tables: TableReader, seals: Seals) =>
  new Hono<Env>()
    .get(
      '/sellers/me',
      allow('signed-in', { summary: 'The own shop, or the application for one.', owner: 'seller', errors }),
      async (c) => {
        const principal = principalOf(c);
        const { bankAccount, note, ...store } = JSON.parse(tagged(c, await ownStore(tables, principal))) as StoreRow;
        const mine = store.userId === principal.id;
        return json(c, jsonText(mine ? await opened(seals, { ...store, bankAccount, note }) : store));
      },
    )
    .get('/sellers/me/balance', allow('SELLER', { summary: 'What the own shop has earned, by account.', owner: 'seller' }), async (c) => {
      const sellerId = sellerOf(c);
      return json(c, (await tables.get('seller-balances', sellerId)) ?? jsonText(emptyBalance(sellerId)));
    })
    .get(
      '/sellers/me/statement',
      allow('SELLER', { summary: 'Every booking of the own shop, newest first, each amount with its rule.', owner: 'seller' }),
      query(z.object(paging)),
      async (c) =>
        json(
          c,
          await page(tables, 'seller-statements', { where: { ledgerId: sellerOf(c) }, order: [['at', 'desc']] }, c.req.valid('query')),
        ),
    );

const storePages = (tables: TableReader) =>
  new Hono<Env>()
    .get(
      '/sellers',
      allow('public', {
        summary: 'The shops that sell, by name.',
        answer: z.object({ items: z.array(Page), next: z.string().nullable() }),
      }),
      query(z.object(paging)),
      async (c) =>
        kept(
          c,
          await page<PageRow & Revised>(
            tables,
            'seller-pages',
            { where: { open: 1 }, order: [['storeName', 'asc']] },
            c.req.valid('query'),
          ),
          keptFor.products,
        ),
    )
    .get(
      '/sellers/:idOrSlug',
      allow('public', { summary: 'The page of a shop, by its id or the name in its address.', answer: Page, errors }),
      params(z.object({ idOrSlug: z.string().min(1).max(60) })),
      async (c) => {
        const { idOrSlug } = c.req.valid('param');
        // Ids are upper case and names lower case, so that neither is ever taken for the other.
        const isId = Id.safeParse(idOrSlug).success;
        const column = isId ? { sellerId: idOrSlug } : { slug: idOrSlug };
        const [found] = await tables.find('seller-pages', { where: { ...column, shown: 1 }, limit: 1 });
        if (!found) throw notFound();
        return kept(c, storedText<PageRow & Revised>(found.row), keptFor.products);
      },
    );

const administration = (tables: TableReader, seals: Seals) =>
  new Hono<Env>()
    .get(
      '/admin/sellers',
      allow('ADMIN', { summary: 'Shops and applications, newest first.', load: 'reports' }),
      query(
        z.object({
          ...paging,
          status: z.enum(['Applied', 'InReview', 'Active', 'OnHoliday', 'Suspended', 'Rejected', 'Closing', 'Closed']).optional(),
        }),
      ),
      async (c) => {
        const { status, ...asked } = c.req.valid('query');
        const where = status ? { status } : {};
        return json(
          c,
          await page(tables, 'seller-stores', { where, order: [['appliedAt', 'desc']] }, asked, async ({ row }) =>
            jsonText(await opened(seals, JSON.parse(row) as StoreRow)),
          ),
        );
      },
    )
    .get('/admin/sellers/:sellerId', allow('ADMIN', { summary: 'One shop.', errors }), params(z.object({ sellerId: Id })), async (c) => {
      const text = await tables.get('seller-stores', c.req.valid('param').sellerId);
      if (text === null) throw notFound();
      tagged(c, text);
      return json(c, jsonText(await opened(seals, JSON.parse(text) as StoreRow)));
    });

/** `platform` or a seller's id. */
const LedgerId = params(z.object({ ledgerId: z.union([z.literal('platform'), Id]) }));

const books = (tables: TableReader) =>
  new Hono<Env>()
    .get(
      '/admin/ledger/trial-balance',
      allow('ADMIN', {
        summary: 'All ledgers together: what every account holds per currency, and that it comes to nothing.',
        load: 'reports',
        answer: z.object({
          balanced: z.boolean(),
          currencies: z.array(z.object({ currency: z.string(), accounts: z.record(z.string(), z.int()), sum: z.int(), bookings: z.int() })),
        }),
      }),
      async (c) => {
        const found = await tables.find('seller-trial-balance', { limit: 100 });
        const currencies = found.map(({ row }) => JSON.parse(row) as TrialBalanceRow);
        return json(c, jsonText({ balanced: currencies.every(({ sum }) => sum === 0), currencies }));
      },
    )
    .get(
      '/admin/ledger/balances',
      allow('ADMIN', { summary: 'What the accounts of every ledger hold.', load: 'reports' }),
      query(z.object(paging)),
      async (c) => json(c, await page(tables, 'seller-balances', {}, c.req.valid('query'))),
    )
    .get(
      '/admin/ledger/:ledgerId/balance',
      allow('ADMIN', { summary: 'What the accounts of one ledger hold.', errors: ['ledger.not_found'] }),
      LedgerId,
      async (c) => {
        const text = await tables.get('seller-balances', c.req.valid('param').ledgerId);
        if (text === null) throw new DomainError('ledger.not_found', 'Nothing was ever booked there.');
        return json(c, text);
      },
    )
    .get(
      '/admin/ledger/:ledgerId/statement',
      allow('ADMIN', { summary: 'Every booking of one ledger, newest first.', load: 'reports' }),
      LedgerId,
      query(z.object(paging)),
      async (c) => {
        const { ledgerId } = c.req.valid('param');
        return json(c, await page(tables, 'seller-statements', { where: { ledgerId }, order: [['at', 'desc']] }, c.req.valid('query')));
      },
    );

export const sellerQueries = (tables: TableReader, seals: Seals) =>
  new Hono<Env>()
    .route('/', ownShop(tables, seals))
    .route('/', storePages(tables))
    .route('/', administration(tables, seals))
    .route('/', books(tables));
