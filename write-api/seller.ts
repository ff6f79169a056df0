// Commands of sellers over HTTP: the application, the shop, its people; for administrators, the judgement and the commission.
import { Hono, type Context as HonoContext } from 'hono';
import { z } from 'zod';
import { newId } from '../commands/handle.ts';
import {
  addDocument,
  applyAsSeller,
  approve,
  changeBankAccount,
  closeStore,
  editPage,
  endHoliday,
  ownerOf,
  reinstateSeller,
  reject,
  requestClose,
  type SellerNeeds,
  setCommission,
  startHoliday,
  startReview,
  storeOf,
  suspendSeller,
} from '../commands/seller.ts';
import { DomainError } from '../domain/error.ts';
import { Id } from '../domain/id.ts';
import { Moment } from '../infra/http/answers.ts';
import { body, params } from '../infra/http/input.ts';
import { allow, principalOf, sellerOf } from '../infra/http/policy.ts';
import { line, lines } from '../infra/http/text.ts';
import { Time } from '../infra/http/time.ts';
import { PublicAddress } from '../infra/http/web-address.ts';
import type { Seals } from '../infra/vault/port.ts';
import { answer, context, idAs, type WriteEnv, written } from './http.ts';

export interface SellerRoutesNeeds extends SellerNeeds {
  readonly seals: Seals;
}

type C = HonoContext<WriteEnv>;

const slug = z
  .string()
  .regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, 'lower-case letters, digits and single hyphens')
  .min(3)
  .max(60);
const BankAccount = z.object({ bank: line(60), holder: line(120), number: z.string().regex(/^[0-9-]{5,34}$/, 'digits and hyphens') });
const Page = { storeName: line(80), city: line(100), description: lines(4_000) };
const Application = z.object({
  ...Page,
  slug,
  description: Page.description.default(''),
  bankAccount: BankAccount.nullable().default(null),
});
const Edit = z.object({
  storeName: Page.storeName.optional(),
  city: Page.city.optional(),
  description: Page.description.optional(),
  logoUrl: PublicAddress.nullable().optional(),
});
const SellerId = params(z.object({ sellerId: Id }));
const note = lines(1_000).min(1).nullable().default(null);

const wrong = ['seller.not_found', 'seller.wrong_status'];
/** What is sealed for the shop's owner cannot be once he or she has been erased, which may be long after the shop was refused or closed. */
const sealing = [...wrong, 'user.erased'];

/** The shop for which the caller acts, or has applied: from token and log, never from the request. Throws seller.not_found. */
const ownStore = async ({ handle }: SellerRoutesNeeds, c: C): Promise<string> => {
  const { id, sellerId } = principalOf(c);
  const found = sellerId ?? (await storeOf(handle, id));
  if (found === null) throw new DomainError('seller.not_found', 'You have no shop.');
  return found;
};

/** The same, for what only the owner may do and not the people who work there. */
const ownedStore = async (needs: SellerRoutesNeeds, c: C): Promise<string> => {
  const sellerId = await ownStore(needs, c);
  if ((await ownerOf(needs.handle, sellerId)) !== principalOf(c).id) throw new DomainError('auth.forbidden', 'Only the owner may do this.');
  return sellerId;
};

const id = idAs('sellerId');

const ChangedShop = written('ChangedShop', { sellerId: Id });
const documents = z.enum(['identity', 'tax', 'business', 'bank']);
const AddedDocument = written('AddedDocument', { documentId: Id, kind: documents });
const SetCommission = written('SetCommission', { ruleId: Id, version: z.literal(1), basisPoints: z.int(), from: Moment });

const shop = (needs: SellerRoutesNeeds) => {
  const { handle, seals } = needs;
  return new Hono<WriteEnv>()
    .post(
      '/sellers',
      allow('signed-in', {
        operation: 'applyAsSeller',
        answer: ChangedShop,
        summary: 'Apply to sell.',
        status: 201,
        errors: ['seller.slug_taken', 'seller.already_applied', 'auth.already_seller', 'auth.staff_cannot_sell', 'user.erased'],
      }),
      body(Application),
      async (c) => {
        const { bankAccount, ...application } = c.req.valid('json');
        const userId = principalOf(c).id;
        const sealed = bankAccount && (await seals.seal(userId, bankAccount));
        return answer(c, 201, await applyAsSeller(needs, { ...application, userId, bankAccount: sealed }, context(c)), id);
      },
    )
    .patch(
      '/sellers/me',
      allow('signed-in', {
        operation: 'editMyShop',
        answer: ChangedShop,
        summary: 'Edit the own shop’s page.',
        owner: 'seller',
        errors: wrong,
      }),
      body(Edit),
      async (c) => answer(c, 200, await editPage(handle, await ownStore(needs, c), c.req.valid('json'), context(c)), id),
    )
    .post(
      '/sellers/me/documents',
      allow('signed-in', {
        operation: 'addMyShopDocument',
        answer: AddedDocument,
        summary: 'Add a document to the application.',
        owner: 'seller',
        status: 201,
        errors: [...wrong, 'seller.too_many_documents', 'auth.forbidden'],
      }),
      body(z.object({ kind: documents })),
      async (c) => {
        const asked = context(c);
        const document = { documentId: newId(asked, 0), kind: c.req.valid('json').kind };
        return answer(c, 201, await addDocument(handle, await ownedStore(needs, c), document, asked), () => document);
      },
    )
    .put(
      '/sellers/me/bank-account',
      allow('signed-in', {
        operation: 'setMyBankAccount',
        answer: ChangedShop,
        summary: 'Say where payouts go.',
        owner: 'seller',
        errors: [...sealing, 'auth.forbidden'],
      }),
      body(BankAccount),
      async (c) => {
        const sellerId = await ownedStore(needs, c);
        const bankAccount = await seals.seal(principalOf(c).id, c.req.valid('json'));
        return answer(c, 200, await changeBankAccount(handle, sellerId, bankAccount, context(c)), id);
      },
    )
    .post(
      '/sellers/me/holiday',
      allow('SELLER', {
        operation: 'startMyHoliday',
        answer: ChangedShop,
        summary: 'Take no orders for a while.',
        owner: 'seller',
        errors: wrong,
      }),
      async (c) => answer(c, 200, await startHoliday(handle, sellerOf(c), context(c)), id),
    )
    .delete(
      '/sellers/me/holiday',
      allow('SELLER', { operation: 'endMyHoliday', answer: ChangedShop, summary: 'Take orders again.', owner: 'seller', errors: wrong }),
      async (c) => answer(c, 200, await endHoliday(handle, sellerOf(c), context(c)), id),
    )
    .post(
      '/sellers/me/closure',
      allow('SELLER', {
        operation: 'closeMyShop',
        answer: ChangedShop,
        summary: 'Close the own shop, once its last orders are over.',
        owner: 'seller',
        errors: wrong,
      }),
      async (c) => answer(c, 200, await requestClose(handle, await ownedStore(needs, c), context(c)), id),
    );
};

/** The seller's person, for whom a note is sealed. */
const sealedNote = async ({ handle, seals }: SellerRoutesNeeds, sellerId: string, words: string | null) =>
  words === null ? null : seals.seal(await ownerOf(handle, sellerId), words);

const administration = (needs: SellerRoutesNeeds) => {
  const { handle } = needs;
  return new Hono<WriteEnv>()
    .post(
      '/admin/sellers/:sellerId/review',
      allow('ADMIN', { operation: 'startSellerReview', answer: ChangedShop, summary: 'Begin to review an application.', errors: wrong }),
      SellerId,
      async (c) => answer(c, 200, await startReview(handle, c.req.valid('param').sellerId, context(c)), id),
    )
    .post(
      '/admin/sellers/:sellerId/approval',
      allow('ADMIN', {
        operation: 'approveSeller',
        answer: ChangedShop,
        summary: 'Let a seller sell whose application is being reviewed (`…/review`).',
        errors: wrong,
      }),
      SellerId,
      async (c) => answer(c, 200, await approve(handle, c.req.valid('param').sellerId, context(c)), id),
    )
    .post(
      '/admin/sellers/:sellerId/rejection',
      allow('ADMIN', {
        operation: 'rejectSeller',
        answer: ChangedShop,
        summary: 'Refuse an application that is being reviewed (`…/review`).',
        errors: sealing,
      }),
      SellerId,
      body(z.object({ reason: z.enum(['documents', 'identity', 'goods', 'other']), note })),
      async (c) => {
        const { sellerId } = c.req.valid('param');
        const { reason, note: words } = c.req.valid('json');
        const input = { reason, note: await sealedNote(needs, sellerId, words) };
        return answer(c, 200, await reject(needs, sellerId, input, context(c)), id);
      },
    )
    .post(
      '/admin/sellers/:sellerId/suspension',
      allow('ADMIN', {
        operation: 'suspendSeller',
        answer: ChangedShop,
        summary: 'Suspend a shop: open orders go on, new ones are refused.',
        errors: sealing,
      }),
      SellerId,
      body(z.object({ reason: z.enum(['fraud', 'counterfeit', 'service', 'request', 'other']), note })),
      async (c) => {
        const { sellerId } = c.req.valid('param');
        const { reason, note: words } = c.req.valid('json');
        const input = { reason, note: await sealedNote(needs, sellerId, words) };
        return answer(c, 200, await suspendSeller(handle, sellerId, input, context(c)), id);
      },
    )
    .delete(
      '/admin/sellers/:sellerId/suspension',
      allow('ADMIN', { operation: 'reinstateSeller', answer: ChangedShop, summary: 'Let a shop sell again.', errors: wrong }),
      SellerId,
      async (c) => answer(c, 200, await reinstateSeller(handle, c.req.valid('param').sellerId, context(c)), id),
    )
    .post(
      '/admin/sellers/:sellerId/closure',
      allow('ADMIN', {
        operation: 'closeSeller',
        answer: ChangedShop,
        summary: 'Close a shop for good whose time for open orders is over.',
        errors: [...wrong, 'seller.orders_may_be_open'],
      }),
      SellerId,
      async (c) => answer(c, 200, await closeStore(handle, c.req.valid('param').sellerId, context(c)), id),
    )
    .post(
      '/admin/sellers/:sellerId/commissions',
      allow('ADMIN', {
        operation: 'setSellerCommission',
        answer: SetCommission,
        summary: 'Set the commission for orders priced from an instant on.',
        status: 201,
        errors: [...wrong, 'seller.commission_not_later'],
      }),
      SellerId,
      body(z.object({ basisPoints: z.int().min(0).max(10_000), from: Time })),
      async (c) => {
        const asked = context(c);
        const rule = { ruleId: newId(asked, 0), version: 1 as const, ...c.req.valid('json') };
        return answer(c, 201, await setCommission(handle, c.req.valid('param').sellerId, rule, asked), () => rule);
      },
    );
};

export const sellerCommands = (needs: SellerRoutesNeeds) => new Hono<WriteEnv>().route('/', shop(needs)).route('/', administration(needs));
