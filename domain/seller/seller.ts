// From an application to a store that sells, rests, is suspended and closes: Applied → InReview → Active | Rejected, and on.
import type { Decider } from '../decider.ts';
import { DomainError } from '../error.ts';
import { days, later } from '../id.ts';
import type { Sealed } from '../privacy.ts';
import type { Of, SellerCommand } from './commands.ts';
import type { CommissionRule, SellerDocument, SellerEvent } from './events.ts';
import {
  acceptInvitation,
  afterTeamEvent,
  declineInvitation,
  inviteMember,
  noTeam,
  removeMember,
  revokeInvitation,
  type Team,
} from './members.ts';

type Whose = { sellerId: string; userId: string };
type Store = Whose &
  Team & {
    storeName: string;
    slug: string;
    city: string;
    description: string;
    logoUrl: string | null;
    bankAccount: Sealed | null;
    documents: readonly SellerDocument[];
    /** By `from`, the earliest first. */
    commissions: readonly CommissionRule[];
  };
type Known =
  | (Store & { status: 'Applied' | 'InReview' | 'Active' | 'OnHoliday' | 'Suspended' })
  | (Store & { status: 'Closing'; closesAt: string });
export type Seller = { status: 'None' } | Known | ({ status: 'Rejected' } & Whose) | ({ status: 'Closed' } & Whose);

/** An order ends within 48 h to be accepted, the carriage, and 7 days to be returned: after this long none is open any more. */
const closingTakes = days(30);
const mostDocuments = 20;
/** A rule per month for two years; a purchase is never priced by an older one. */
const mostCommissions = 24;

const evolve = (seller: Seller, event: SellerEvent): Seller => {
  if (event.type === 'seller.applied') {
    const { type: _, ...application } = event;
    return { status: 'Applied', ...application, logoUrl: null, ...noTeam, commissions: [] };
  }
  if (seller.status === 'None' || seller.status === 'Rejected' || seller.status === 'Closed') return seller;
  switch (event.type) {
    case 'seller.document_added':
      return { ...seller, documents: [...seller.documents, event.document] };
    case 'seller.review_started':
      return { ...seller, status: 'InReview' };
    case 'seller.approved':
    case 'seller.holiday_ended':
    case 'seller.reinstated':
      return { ...seller, status: 'Active' };
    case 'seller.rejected':
      return { status: 'Rejected', sellerId: seller.sellerId, userId: seller.userId };
    case 'seller.page_edited': {
      const { storeName, city, description, logoUrl } = event;
      return { ...seller, storeName, city, description, logoUrl };
    }
    case 'seller.bank_account_changed':
      return { ...seller, bankAccount: event.bankAccount };
    case 'seller.member_added':
    case 'seller.member_removed':
    case 'seller.member_invited':
    case 'seller.invitation_declined':
    case 'seller.invitation_revoked':
      return afterTeamEvent(seller, event);
    case 'seller.commission_set':
      return { ...seller, commissions: [...seller.commissions, event.rule].slice(-mostCommissions) };
    case 'seller.holiday_started':
      return { ...seller, status: 'OnHoliday' };
    case 'seller.suspended':
      return { ...seller, status: 'Suspended' };
    case 'seller.close_requested':
      return { ...seller, status: 'Closing', closesAt: event.closesAt };
    case 'seller.closed':
      return { status: 'Closed', sellerId: seller.sellerId, userId: seller.userId };
    default:
      return event satisfies never;
  }
};

const apply = (seller: Seller, { documents, ...application }: Of<'apply'>): SellerEvent[] => {
  if (seller.status !== 'None') return [];
  mustFit(documents.length);
  return [{ ...application, documents: [...documents], type: 'seller.applied' }];
};

const addDocument = (seller: Seller, { document }: Of<'add_document'>): SellerEvent[] => {
  const known = mustBeOpen(seller);
  if (known.documents.some(({ documentId }) => documentId === document.documentId)) return [];
  mustFit(known.documents.length + 1);
  return [{ type: 'seller.document_added', ...whose(known), document }];
};

const startReview = (seller: Seller): SellerEvent[] => {
  const known = mustBeOpen(seller);
  if (known.status === 'InReview') return [];
  if (known.status !== 'Applied') throw wrongStatus(known);
  return [{ type: 'seller.review_started', ...whose(known) }];
};

const approve = (seller: Seller): SellerEvent[] => {
  const known = mustBeOpen(seller);
  if (known.status === 'Active') return [];
  if (known.status !== 'InReview') throw wrongStatus(known);
  const { storeName, slug, city } = known;
  return [{ type: 'seller.approved', ...whose(known), storeName, slug, city }];
};

const reject = (seller: Seller, { reason, note }: Of<'reject'>): SellerEvent[] => {
  if (seller.status === 'Rejected') return [];
  const known = mustBeOpen(seller);
  if (known.status !== 'InReview') throw wrongStatus(known);
  return [{ type: 'seller.rejected', ...whose(known), reason, note }];
};

const editPage = (seller: Seller, edit: Of<'edit_page'>): SellerEvent[] => {
  const known = mustBeOpen(seller);
  const { storeName = known.storeName, city = known.city, description = known.description } = edit;
  const logoUrl = edit.logoUrl === undefined ? known.logoUrl : edit.logoUrl;
  const same = storeName === known.storeName && city === known.city && description === known.description && logoUrl === known.logoUrl;
  return same ? [] : [{ type: 'seller.page_edited', ...whose(known), storeName, city, description, logoUrl }];
};

const changeBankAccount = (seller: Seller, { bankAccount }: Of<'change_bank_account'>): SellerEvent[] => {
  const known = mustBeOpen(seller);
  return known.bankAccount === bankAccount ? [] : [{ type: 'seller.bank_account_changed', ...whose(known), bankAccount }];
};

/** Rules only ever follow one another, so that what an order was priced by never changes afterwards. */
const setCommission = (seller: Seller, { rule }: Of<'set_commission'>): SellerEvent[] => {
  const known = mustBeOpen(seller);
  if (known.commissions.some(({ ruleId, version }) => ruleId === rule.ruleId && version === rule.version)) return [];
  const last = known.commissions.at(-1);
  if (last && rule.from <= last.from) {
    throw new DomainError('seller.commission_not_later', 'A commission rule must begin after the last one.', { from: last.from });
  }
  return [{ type: 'seller.commission_set', ...whose(known), rule }];
};

const startHoliday = (seller: Seller): SellerEvent[] => {
  const known = mustBeOpen(seller);
  if (known.status === 'OnHoliday') return [];
  if (known.status !== 'Active') throw wrongStatus(known);
  return [{ type: 'seller.holiday_started', ...whose(known) }];
};

const endHoliday = (seller: Seller): SellerEvent[] => {
  const known = mustBeOpen(seller);
  if (known.status === 'Active') return [];
  if (known.status !== 'OnHoliday') throw wrongStatus(known);
  return [{ type: 'seller.holiday_ended', ...whose(known) }];
};

/** NOTE: also on holiday and while closing, else one would only have to leave to escape it. A closing that has begun is over then. */
const suspend = (seller: Seller, { reason, note }: Of<'suspend'>): SellerEvent[] => {
  const known = mustBeOpen(seller);
  if (known.status === 'Suspended') return [];
  if (known.status === 'Applied' || known.status === 'InReview') throw wrongStatus(known);
  return [{ type: 'seller.suspended', ...whose(known), reason, note }];
};

const reinstate = (seller: Seller): SellerEvent[] => {
  const known = mustBeOpen(seller);
  if (known.status === 'Active') return [];
  if (known.status !== 'Suspended') throw wrongStatus(known);
  return [{ type: 'seller.reinstated', ...whose(known) }];
};

/** NOTE: not while suspended: closing is for good, and nobody leaves from what is being looked into. */
const requestClose = (seller: Seller, { at }: Of<'request_close'>): SellerEvent[] => {
  if (seller.status === 'Closed') return [];
  const known = mustBeOpen(seller);
  if (known.status === 'Closing') return [];
  if (known.status !== 'Active' && known.status !== 'OnHoliday') throw wrongStatus(known);
  return [{ type: 'seller.close_requested', ...whose(known), closesAt: later(at, closingTakes) }];
};

const close = (seller: Seller, { at }: Of<'close'>): SellerEvent[] => {
  if (seller.status === 'Closed') return [];
  const known = mustBeOpen(seller);
  if (known.status !== 'Closing') throw wrongStatus(known);
  if (at < known.closesAt) {
    throw new DomainError('seller.orders_may_be_open', 'Orders may still be open until then.', { closesAt: known.closesAt });
  }
  return [{ type: 'seller.closed', ...whose(known) }];
};

const whose = ({ sellerId, userId }: Whose): Whose => ({ sellerId, userId });

const mustFit = (documents: number) => {
  if (documents > mostDocuments) {
    throw new DomainError('seller.too_many_documents', `At most ${mostDocuments} documents are kept.`, { most: mostDocuments });
  }
};

const wrongStatus = ({ status }: Seller) =>
  new DomainError('seller.wrong_status', `This cannot be done while the seller is ${status}.`, { status });

const mustBeOpen = (seller: Seller): Known => {
  if (seller.status === 'None') throw new DomainError('seller.not_found', 'There is no such seller.');
  if (seller.status === 'Rejected' || seller.status === 'Closed') throw wrongStatus(seller);
  return seller;
};

/** The rule by which an order of this seller is priced at `at`; null where none holds yet. */
export const commissionAt = (seller: Seller, at: string): CommissionRule | null =>
  'commissions' in seller ? (seller.commissions.findLast(({ from }) => from <= at) ?? null) : null;

export const seller: Decider<Seller, SellerCommand, SellerEvent> = {
  category: 'seller',
  version: 2,
  initial: { status: 'None' },
  evolve,
  decide: (command, state) => {
    switch (command.type) {
      case 'apply':
        return apply(state, command);
      case 'add_document':
        return addDocument(state, command);
      case 'start_review':
        return startReview(state);
      case 'approve':
        return approve(state);
      case 'reject':
        return reject(state, command);
      case 'edit_page':
        return editPage(state, command);
      case 'change_bank_account':
        return changeBankAccount(state, command);
      case 'invite_member':
        return inviteMember(mustBeOpen(state), command);
      case 'accept_invitation':
        return acceptInvitation(mustBeOpen(state), command);
      case 'decline_invitation':
        return declineInvitation(mustBeOpen(state), command);
      case 'revoke_invitation':
        return revokeInvitation(mustBeOpen(state), command);
      case 'remove_member':
        return removeMember(mustBeOpen(state), command);
      case 'set_commission':
        return setCommission(state, command);
      case 'start_holiday':
        return startHoliday(state);
      case 'end_holiday':
        return endHoliday(state);
      case 'suspend':
        return suspend(state, command);
      case 'reinstate':
        return reinstate(state);
      case 'request_close':
        return requestClose(state, command);
      case 'close':
        return close(state, command);
      default:
        return command satisfies never;
    }
  },
};
