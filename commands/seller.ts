// Commands of sellers: apply, be judged, keep the shop's page, rest, close; and whoever else works there.
import { account, isStaff } from '../domain/account/account.ts';
import { DomainError } from '../domain/error.ts';
import type { Sealed } from '../domain/privacy.ts';
import type { Of } from '../domain/seller/commands.ts';
import { seller } from '../domain/seller/seller.ts';
import { claimantOf, confirmClaim, releaseClaim, takeClaim } from './claims.ts';
import { type Context, type Handle, newId, subcommand } from './handle.ts';
import { dismiss } from './members.ts';

export interface SellerNeeds {
  readonly handle: Handle;
  readonly blindIndex: (kind: string, value: string) => string;
}

const slugClaim = ({ blindIndex }: SellerNeeds, slug: string) => ({ kind: 'seller-slug', id: blindIndex('seller-slug', slug) });
/** One shop per person: whoever has applied holds this claim until the shop is refused or closed. */
const applicantClaim = (userId: string) => ({ kind: 'applicant', id: userId });

const slugTaken = () => new DomainError('seller.slug_taken', 'Another shop has this name in its address.');
const appliedAlready = () => new DomainError('seller.already_applied', 'This account has applied already.');

/** The shop that this person has applied for or owns, or null. */
export const storeOf = async (handle: Handle, userId: string): Promise<string | null> =>
  (await claimantOf(handle, applicantClaim(userId)))?.owner ?? null;

export interface Application {
  readonly userId: string;
  readonly storeName: string;
  readonly slug: string;
  readonly city: string;
  readonly description: string;
  readonly bankAccount: Sealed | null;
}

/** Claims the name and the applicant, applies, confirms both: a repeat with the same key finishes what was begun. */
export const applyAsSeller = async (needs: SellerNeeds, input: Application, context: Context) => {
  const { handle } = needs;
  const sellerId = newId(context, 0);
  const [slug, applicant] = [slugClaim(needs, input.slug), applicantClaim(input.userId)];
  const { state } = await handle.load(account, input.userId);
  if ('sellerId' in state && state.sellerId !== null && state.sellerId !== sellerId) {
    throw new DomainError('auth.already_seller', 'This account sells for another shop already.');
  }
  if ('roles' in state && isStaff(state.roles))
    throw new DomainError('auth.staff_cannot_sell', 'Who works for the market sells nothing on it: use another account.');
  await takeClaim(handle, slug, sellerId, context, slugTaken());
  await takeClaim(handle, applicant, sellerId, subcommand(context, 'applicant'), appliedAlready()).catch(async (error) => {
    await releaseClaim(handle, slug, sellerId, subcommand(context, 'undo'));
    throw error;
  });
  const result = await handle(seller, sellerId, { type: 'apply', sellerId, ...input, documents: [] }, subcommand(context, 'seller'));
  await confirmClaim(handle, applicant, sellerId, subcommand(context, 'confirm applicant'), appliedAlready());
  const { position } = await confirmClaim(handle, slug, sellerId, subcommand(context, 'confirm slug'), slugTaken());
  return { ...result, position };
};

export const editPage = (handle: Handle, sellerId: string, edit: Omit<Of<'edit_page'>, 'type'>, context: Context) =>
  handle(seller, sellerId, { type: 'edit_page', ...edit }, context);

export const changeBankAccount = (handle: Handle, sellerId: string, bankAccount: Sealed, context: Context) =>
  handle(seller, sellerId, { type: 'change_bank_account', bankAccount }, context);

export const addDocument = (handle: Handle, sellerId: string, document: Of<'add_document'>['document'], context: Context) =>
  handle(seller, sellerId, { type: 'add_document', document }, context);

export const startHoliday = (handle: Handle, sellerId: string, context: Context) =>
  handle(seller, sellerId, { type: 'start_holiday' }, context);

export const endHoliday = (handle: Handle, sellerId: string, context: Context) =>
  handle(seller, sellerId, { type: 'end_holiday' }, context);

/** Who owns this shop. Throws seller.not_found. */
export const ownerOf = async (handle: Handle, sellerId: string): Promise<string> => {
  const { state } = await handle.load(seller, sellerId);
  if (state.status === 'None') throw new DomainError('seller.not_found', 'There is no such seller.');
  return state.userId;
};

export const requestClose = (handle: Handle, sellerId: string, context: Context) =>
  handle(seller, sellerId, { type: 'request_close', at: context.at }, context);

/** Closes the shop for good. Its address is not given to another, so that old links lead nowhere else. */
export const closeStore = async (handle: Handle, sellerId: string, context: Context) => {
  const { state } = await handle.load(seller, sellerId);
  const command = { type: 'close', at: context.at } as const;
  seller.decide(command, state); // refuses before anybody loses a role
  const owner = await ownerOf(handle, sellerId);
  const people = 'members' in state ? [...state.members, owner] : [owner];
  for (const userId of people) await dismiss(handle, sellerId, userId, context);
  await releaseClaim(handle, applicantClaim(owner), sellerId, subcommand(context, 'applicant'));
  return handle(seller, sellerId, command, context);
};

export const startReview = (handle: Handle, sellerId: string, context: Context) =>
  handle(seller, sellerId, { type: 'start_review' }, context);

/** A saga gives the applicant the role. */
export const approve = (handle: Handle, sellerId: string, context: Context) => handle(seller, sellerId, { type: 'approve' }, context);

/** The applicant may apply again, also under the same name. */
export const reject = async (needs: SellerNeeds, sellerId: string, input: Omit<Of<'reject'>, 'type'>, context: Context) => {
  const { handle } = needs;
  const { state } = await handle.load(seller, sellerId);
  const result = await handle(seller, sellerId, { type: 'reject', ...input }, context);
  await releaseClaim(handle, applicantClaim(await ownerOf(handle, sellerId)), sellerId, subcommand(context, 'applicant'));
  if ('slug' in state) await releaseClaim(handle, slugClaim(needs, state.slug), sellerId, subcommand(context, 'slug'));
  return result;
};

export const suspendSeller = (handle: Handle, sellerId: string, input: Omit<Of<'suspend'>, 'type'>, context: Context) =>
  handle(seller, sellerId, { type: 'suspend', ...input }, context);

export const reinstateSeller = (handle: Handle, sellerId: string, context: Context) =>
  handle(seller, sellerId, { type: 'reinstate' }, context);

/** Every rule has an id of its own, so that two set at once are never taken for one. */
export const setCommission = (handle: Handle, sellerId: string, rule: Of<'set_commission'>['rule'], context: Context) =>
  handle(seller, sellerId, { type: 'set_commission', rule }, context);
