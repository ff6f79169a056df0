// Queries of sellers: their public pages, the own shop and its money; for administrators, all of them and the books.
import { Hono } from 'hono';
import { z } from 'zod';
import { DomainError } from '../domain/error.ts';
import { Id } from '../domain/id.ts';
import { Currency } from '../domain/money.ts';
import { Erased, Moment, Money, type Revised, revised } from '../infra/http/answers.ts';
import type { Env, Principal } from '../infra/http/env.ts';
import { params, query } from '../infra/http/input.ts';
import { jsonText, storedText } from '../infra/http/json.ts';
import { pageSchema, page as paging } from '../infra/http/pages.ts';
import { allow, principalOf, sellerOf } from '../infra/http/policy.ts';
import type { TableReader } from '../infra/tables/port.ts';
import type { Seals } from '../infra/vault/port.ts';
import type { BalanceRow } from '../projections/seller/balances.ts';
import type { PageRow } from '../projections/seller/pages.ts';
import type { StatementRow } from '../projections/seller/statements.ts';
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
const opened = async (seals: Seals, { bankAccount, note, ...row }: StoreRow & Revised) => ({
  ...row,
  bankAccount: bankAccount && ((await seals.open(bankAccount)) as z.output<typeof BankAccount> | z.output<typeof Erased>),
  note: note && ((await seals.open(note)) as string | null),
});

const PublicShop = z
  .object({
    sellerId: Id,
    storeName: z.string(),
    slug: z.string(),
    city: z.string(),
    description: z.string(),
    logoUrl: z.string().nullable(),
    status: z.enum(['Active', 'OnHoliday', 'Suspended', 'Closing', 'Closed']),
    sellsSince: Moment,
    ...revised,
  })
  .meta({ id: 'PublicShop' });
const statuses = ['Applied', 'InReview', 'Active', 'OnHoliday', 'Suspended', 'Rejected', 'Closing', 'Closed'] as const;
const ofShop = {
  sellerId: Id,
  userId: Id.describe('Of the owner.'),
  status: z.enum(statuses),
  storeName: z.string(),
  slug: z.string(),
  city: z.string(),
  description: z.string(),
  logoUrl: z.string().nullable(),
  documents: z.array(z.object({ documentId: Id, kind: z.enum(['identity', 'tax', 'business', 'bank']) })),
  members: z.array(Id).describe('The ids of the people who work there.'),
  commissions: z.array(z.object({ ruleId: Id, version: z.int(), basisPoints: z.int(), from: Moment })),
  reason: z.string().nullable().describe('Why it was refused or suspended.'),
  closesAt: Moment.nullable(),
  appliedAt: Moment,
  ...revised,
};
const BankAccount = z.object({ bank: z.string(), holder: z.string(), number: z.string() }).meta({ id: 'BankAccount' });
const forOwner = { bankAccount: BankAccount.or(Erased).nullable(), note: z.string().nullable() };
const Shop = z.object({ ...ofShop, ...forOwner }).meta({ id: 'Shop' });
/** People who work in it see no bank account and no note. */
const MyShop = z.object({ ...ofShop, ...z.object(forOwner).partial().shape }).meta({ id: 'MyShop' });

const LedgerId = z.union([z.literal('platform'), Id]).describe('The id of a seller, or `platform`.');
const accounts = [
  ...['buyer_funds', 'seller_pending', 'seller_available', 'platform_commission', 'shipping'],
  ...['tax', 'interest', 'rounding', 'refunds_due'],
] as const;
const Balance = z
  .object({
    ledgerId: LedgerId,
    balances: z.array(z.object({ account: z.enum(accounts), balance: Money })),
    bookings: z.int(),
    bookedAt: Moment.nullable().describe('Null while nothing was ever booked.'),
  })
  .meta({ id: 'LedgerBalance' });
const Booking = z
  .object({
    ledgerId: LedgerId,
    bookingId: z.string(),
    kind: z.enum(['capture', 'completion', 'refund', 'adjustment']),
    orderId: Id.nullable(),
    refundId: z.string().nullable(),
    entries: z.array(z.object({ account: z.enum(accounts), amount: Money, rule: z.string(), version: z.int() })),
    valueAt: Moment,
    at: Moment,
  })
  .meta({ id: 'LedgerBooking' });
const TrialBalance = z
  .object({
    balanced: z.boolean(),
    currencies: z.array(
      z.object({ currency: Currency, accounts: z.partialRecord(z.enum(accounts), z.int()), sum: z.int(), bookings: z.int() }),
    ),
  })
  .meta({ id: 'TrialBalance' });

const emptyBalance = (sellerId: string) => ({ ledgerId: sellerId, balances: [], bookings: 0, bookedAt: null });

const ownShop = (tables: TableReader, seals: Seals) =>
  new Hono<Env>()
    .get(
      '/sellers/me',
      allow('signed-in', {
        operation: 'getMyShop',
        answer: MyShop,
        summary: 'The own shop, or the application for one.',
        owner: 'seller',
        errors,
      }),
      async (c) => {
        const principal = principalOf(c);
        const { bankAccount, note, ...store } = JSON.parse(tagged(c, await ownStore(tables, principal))) as StoreRow & Revised;
        const mine = store.userId === principal.id;
        return json(c, jsonText(mine ? await opened(seals, { ...store, bankAccount, note }) : store));
      },
    )
    .get(
      '/sellers/me/balance',
      allow('SELLER', {
        operation: 'getMyBalance',
        answer: Balance,
        summary: 'What the own shop has earned, by account.',
        owner: 'seller',
      }),
      async (c) => {
        const sellerId = sellerOf(c);
        const text = await tables.get('seller-balances', sellerId);
        return json(c, text === null ? jsonText(emptyBalance(sellerId)) : storedText<BalanceRow>(text));
      },
    )
    .get(
      '/sellers/me/statement',
      allow('SELLER', {
        operation: 'listMyBookings',
        answer: pageSchema(Booking),
        summary: 'Every booking of the own shop, newest first, each amount with its rule.',
        owner: 'seller',
      }),
      query(z.object(paging)),
      async (c) =>
        json(
          c,
          await page<StatementRow>(
            tables,
            'seller-statements',
            { where: { ledgerId: sellerOf(c) }, order: [['at', 'desc']] },
            c.req.valid('query'),
          ),
        ),
    );

const storePages = (tables: TableReader) =>
  new Hono<Env>()
    .get(
      '/sellers',
      allow('public', {
        operation: 'listPublicShops',
        summary: 'The shops that sell, by name.',
        answer: pageSchema(PublicShop),
        isKept: true,
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
      allow('public', {
        operation: 'getPublicShop',
        summary: 'The page of a shop, by its id or the name in its address.',
        answer: PublicShop,
        isKept: true,
        errors,
      }),
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
      allow('ADMIN', {
        operation: 'listShops',
        answer: pageSchema(Shop),
        summary: 'Shops and applications, newest first.',
        load: 'reports',
      }),
      query(
        z.object({
          ...paging,
          status: z.enum(statuses).optional(),
        }),
      ),
      async (c) => {
        const { status, ...asked } = c.req.valid('query');
        const where = status ? { status } : {};
        return json(
          c,
          await page(tables, 'seller-stores', { where, order: [['appliedAt', 'desc']] }, asked, async ({ row }) =>
            jsonText(await opened(seals, JSON.parse(row) as StoreRow & Revised)),
          ),
        );
      },
    )
    .get(
      '/admin/sellers/:sellerId',
      allow('ADMIN', { operation: 'getShop', answer: Shop, summary: 'One shop.', errors }),
      params(z.object({ sellerId: Id })),
      async (c) => {
        const text = await tables.get('seller-stores', c.req.valid('param').sellerId);
        if (text === null) throw notFound();
        tagged(c, text);
        return json(c, jsonText(await opened(seals, JSON.parse(text) as StoreRow & Revised)));
      },
    );

const OfLedger = params(z.object({ ledgerId: LedgerId }));

const books = (tables: TableReader) =>
  new Hono<Env>()
    .get(
      '/admin/ledger/trial-balance',
      allow('ADMIN', {
        summary: 'All ledgers together: what every account holds per currency, and that it comes to nothing.',
        load: 'reports',
        operation: 'getTrialBalance',
        answer: TrialBalance,
      }),
      async (c) => {
        const found = await tables.find('seller-trial-balance', { limit: 100 });
        const currencies = found.map(({ row }) => JSON.parse(row) as TrialBalanceRow);
        return json(c, jsonText({ balanced: currencies.every(({ sum }) => sum === 0), currencies }));
      },
    )
    .get(
      '/admin/ledger/balances',
      allow('ADMIN', {
        operation: 'listLedgerBalances',
        answer: pageSchema(Balance),
        summary: 'What the accounts of every ledger hold.',
        load: 'reports',
      }),
      query(z.object(paging)),
      async (c) => json(c, await page<BalanceRow>(tables, 'seller-balances', {}, c.req.valid('query'))),
    )
    .get(
      '/admin/ledger/:ledgerId/balance',
      allow('ADMIN', {
        operation: 'getLedgerBalance',
        answer: Balance,
        summary: 'What the accounts of one ledger hold.',
        errors: ['ledger.not_found'],
      }),
      OfLedger,
      async (c) => {
        const text = await tables.get('seller-balances', c.req.valid('param').ledgerId);
        if (text === null) throw new DomainError('ledger.not_found', 'Nothing was ever booked there.');
        return json(c, storedText<BalanceRow>(text));
      },
    )
    .get(
      '/admin/ledger/:ledgerId/statement',
      allow('ADMIN', {
        operation: 'listLedgerBookings',
        answer: pageSchema(Booking),
        summary: 'Every booking of one ledger, newest first.',
        load: 'reports',
      }),
      OfLedger,
      query(z.object(paging)),
      async (c) => {
        const { ledgerId } = c.req.valid('param');
        return json(
          c,
          await page<StatementRow>(tables, 'seller-statements', { where: { ledgerId }, order: [['at', 'desc']] }, c.req.valid('query')),
        );
      },
    );

export const sellerQueries = (tables: TableReader, seals: Seals) =>
  new Hono<Env>()
    .route('/', ownShop(tables, seals))
    .route('/', storePages(tables))
    .route('/', administration(tables, seals))
    .route('/', books(tables));
