import { describe, expect, it } from 'vitest';
import { given } from '../../tests/given.ts';
import { pii } from '../privacy.ts';
import type { SellerEvent } from './events.ts';
import { commissionAt, seller } from './seller.ts';

const whose = { sellerId: 's1', userId: 'u1' } as const;
const bankAccount = pii().parse('pii1.u1.bank');
const identity = { documentId: 'd1', kind: 'identity' } as const;
const store = { storeName: 'Toko Ani', slug: 'toko-ani', city: 'Bandung' } as const;
const application = { ...whose, ...store, description: 'Batik', bankAccount };
const applied: SellerEvent = { type: 'seller.applied', ...application, documents: [identity] };
const inReview = { type: 'seller.review_started', ...whose } as const;
const approved = { type: 'seller.approved', ...whose, ...store } as const;
const rejected = { type: 'seller.rejected', ...whose, reason: 'documents', note: null } as const;
const away = { type: 'seller.holiday_started', ...whose } as const;
const suspended = { type: 'seller.suspended', ...whose, reason: 'fraud', note: null } as const;
const closing = { type: 'seller.close_requested', ...whose, closesAt: '2026-01-31T00:00:00.000Z' } as const;
const closed = { type: 'seller.closed', ...whose } as const;
const active = [applied, inReview, approved];

describe('an application', () => {
  it('is made', () =>
    given(seller)
      .when({ type: 'apply', ...application, documents: [identity] })
      .then(applied));
  it('is taken up', () => given(seller, applied).when({ type: 'start_review' }).then(inReview));
  it('is not approved unseen', () =>
    given(seller, applied).when({ type: 'approve' }).refuses('seller.wrong_status', { status: 'Applied' }));
  it('is approved', () => given(seller, applied, inReview).when({ type: 'approve' }).then(approved));
  it('is rejected with a reason', () =>
    given(seller, applied, inReview).when({ type: 'reject', reason: 'documents', note: null }).then(rejected));
  it('is not approved after it was rejected', () =>
    given(seller, applied, inReview, rejected).when({ type: 'approve' }).refuses('seller.wrong_status'));
  it('is not rejected after it was approved', () =>
    given(seller, ...active)
      .when({ type: 'reject', reason: 'other', note: null })
      .refuses('seller.wrong_status'));
  it('is not taken up again after it was approved', () =>
    given(seller, ...active)
      .when({ type: 'start_review' })
      .refuses('seller.wrong_status'));
  it('gets another document', () =>
    given(seller, applied)
      .when({ type: 'add_document', document: { documentId: 'd2', kind: 'tax' } })
      .then({ type: 'seller.document_added', ...whose, document: { documentId: 'd2', kind: 'tax' } }));
  it('has at most twenty documents', () => {
    const documents = Array.from({ length: 20 }, (_, n) => ({ ...identity, documentId: `d${n}` }));
    given(seller, { ...applied, documents })
      .when({ type: 'add_document', document: { ...identity, documentId: 'more' } })
      .refuses('seller.too_many_documents');
  });
  it('must have been made', () => given(seller).when({ type: 'approve' }).refuses('seller.not_found'));
});

describe('a store', () => {
  it('is edited, what is left out stays', () =>
    given(seller, ...active)
      .when({ type: 'edit_page', city: 'Jakarta' })
      .then({ type: 'seller.page_edited', ...whose, storeName: 'Toko Ani', city: 'Jakarta', description: 'Batik', logoUrl: null }));
  it('is not edited into what it is', () =>
    given(seller, ...active)
      .when({ type: 'edit_page', city: 'Bandung' })
      .then());
  it('gets another bank account', () => {
    const other = pii().parse('pii1.u1.other');
    given(seller, ...active)
      .when({ type: 'change_bank_account', bankAccount: other })
      .then({ type: 'seller.bank_account_changed', ...whose, bankAccount: other });
  });
  it('goes on holiday', () =>
    given(seller, ...active)
      .when({ type: 'start_holiday' })
      .then(away));
  it('comes back', () =>
    given(seller, ...active, away)
      .when({ type: 'end_holiday' })
      .then({ type: 'seller.holiday_ended', ...whose }));
  it('has no holiday before it is approved', () => given(seller, applied).when({ type: 'start_holiday' }).refuses('seller.wrong_status'));
});

describe('a member of the team', () => {
  const member = { type: 'seller.member_added', ...whose, memberId: 'u2' } as const;
  const at = '2026-01-05T00:00:00.000Z';
  const expiresAt = '2026-01-12T00:00:00.000Z';
  const invite = (memberId: string, invitationId = 'i1', when = at) =>
    ({ type: 'invite_member', invitationId, memberId, email: null, at: when }) as const;
  const invited = (memberId: string, invitationId = 'i1') =>
    ({ type: 'seller.member_invited', ...whose, invitationId, memberId, email: null, invitedAt: at, expiresAt }) as const;
  const accept = (when = at) => ({ type: 'accept_invitation', memberId: 'u2', at: when }) as const;
  const declined = { type: 'seller.invitation_declined', ...whose, invitationId: 'i1', memberId: 'u2' } as const;
  const revoked = { ...declined, type: 'seller.invitation_revoked' } as const;

  it('is invited, once', () => {
    given(seller, ...active)
      .when(invite('u2'))
      .then(invited('u2'));
    given(seller, ...active, invited('u2'))
      .when(invite('u2', 'i2'))
      .then();
    given(seller, ...active, member)
      .when(invite('u2'))
      .then();
  });
  it('is not the owner', () =>
    given(seller, ...active)
      .when(invite('u1'))
      .then());
  it('is not invited by a shop that does not sell', () => {
    given(seller, applied).when(invite('u2')).refuses('seller.wrong_status');
    given(seller, ...active, suspended)
      .when(invite('u2'))
      .refuses('seller.wrong_status');
  });
  it('works there once the invitation is accepted, in time', () => {
    given(seller, ...active, invited('u2'))
      .when(accept())
      .then(member);
    given(seller, ...active, invited('u2'))
      .when(accept(expiresAt))
      .refuses('seller.invitation_expired', { expiresAt });
    given(seller, ...active)
      .when(accept())
      .refuses('seller.invitation_not_found');
    given(seller, ...active, invited('u3'))
      .when(accept())
      .refuses('seller.invitation_not_found');
    given(seller, ...active, invited('u2'), suspended)
      .when(accept())
      .refuses('seller.wrong_status');
  });
  it('declines, or is asked no longer, and cannot accept then', () => {
    given(seller, ...active, invited('u2'))
      .when({ type: 'decline_invitation', memberId: 'u2' })
      .then(declined);
    given(seller, ...active, invited('u2'))
      .when({ type: 'revoke_invitation', invitationId: 'i1' })
      .then(revoked);
    given(seller, ...active, invited('u2'), declined)
      .when(accept())
      .refuses('seller.invitation_not_found');
    given(seller, ...active, invited('u2'), revoked)
      .when(accept())
      .refuses('seller.invitation_not_found');
  });
  it('is one of at most twenty, those who are invited among them', () => {
    const twelve = Array.from({ length: 12 }, (_, n) => ({ ...member, memberId: `m${n}` }));
    const eight = Array.from({ length: 8 }, (_, n) => invited(`n${n}`, `i${n}`));
    given(seller, ...active, ...twelve, ...eight)
      .when(invite('u2'))
      .refuses('seller.too_many_members');
    given(seller, ...active, ...twelve, ...eight)
      .when(invite('u2', 'j1', expiresAt))
      .then({ ...invited('u2', 'j1'), invitedAt: expiresAt, expiresAt: '2026-01-19T00:00:00.000Z' });
  });
  it('is not invited again and again, nor are too many in turn', () => {
    const thrice = ['i1', 'i2', 'i3'].flatMap((invitationId) => [invited('u2', invitationId), { ...declined, invitationId }]);
    given(seller, ...active, ...thrice)
      .when(invite('u2', 'i4'))
      .refuses('seller.too_many_invitations');
    given(seller, ...active, ...thrice)
      .when(invite('u2', 'i4', '2026-02-05T00:00:00.000Z'))
      .then({ ...invited('u2', 'i4'), invitedAt: '2026-02-05T00:00:00.000Z', expiresAt: '2026-02-12T00:00:00.000Z' });
    const sixty = Array.from({ length: 60 }, (_, n) => [
      invited(`p${n}`, `i${n}`),
      { ...revoked, memberId: `p${n}`, invitationId: `i${n}` },
    ]).flat();
    given(seller, ...active, ...sixty)
      .when(invite('u2', 'j1'))
      .refuses('seller.too_many_invitations');
  });
  it('is removed', () =>
    given(seller, ...active, member)
      .when({ type: 'remove_member', memberId: 'u2' })
      .then({ type: 'seller.member_removed', ...whose, memberId: 'u2' }));
});

describe('a seller is suspended', () => {
  it('while active', () =>
    given(seller, ...active)
      .when({ type: 'suspend', reason: 'fraud', note: null })
      .then(suspended));
  it('while on holiday', () =>
    given(seller, ...active, away)
      .when({ type: 'suspend', reason: 'fraud', note: null })
      .then(suspended));
  it('and does not escape by a holiday', () =>
    given(seller, ...active, suspended)
      .when({ type: 'end_holiday' })
      .refuses('seller.wrong_status'));
  it('and reinstated', () =>
    given(seller, ...active, suspended)
      .when({ type: 'reinstate' })
      .then({ type: 'seller.reinstated', ...whose }));
});

describe('a seller closes', () => {
  it('not to escape a suspension, which also stops a closing that has begun', () => {
    given(seller, ...active, suspended)
      .when({ type: 'request_close', at: '2026-01-01T00:00:00.000Z' })
      .refuses('seller.wrong_status', { status: 'Suspended' });
    given(seller, ...active, closing)
      .when({ type: 'suspend', reason: 'fraud', note: null })
      .then(suspended);
    given(seller, ...active, closing, suspended)
      .when({ type: 'close', at: closing.closesAt })
      .refuses('seller.wrong_status');
  });
  it('in thirty days', () =>
    given(seller, ...active)
      .when({ type: 'request_close', at: '2026-01-01T00:00:00.000Z' })
      .then(closing));
  it('not while orders may be open', () =>
    given(seller, ...active, closing)
      .when({ type: 'close', at: '2026-01-30T23:59:59.999Z' })
      .refuses('seller.orders_may_be_open', { closesAt: closing.closesAt }));
  it('when none can be open any more', () =>
    given(seller, ...active, closing)
      .when({ type: 'close', at: closing.closesAt })
      .then(closed));
  it('not without asking first', () =>
    given(seller, ...active)
      .when({ type: 'close', at: closing.closesAt })
      .refuses('seller.wrong_status'));
  it('for good', () =>
    given(seller, ...active, closing, closed)
      .when({ type: 'edit_page', city: 'Jakarta' })
      .refuses('seller.wrong_status', { status: 'Closed' }));
});

describe('a commission', () => {
  const first = { ruleId: 'r1', version: 1, basisPoints: 250, from: '2026-01-01T00:00:00.000Z' };
  const second = { ruleId: 'r1', version: 2, basisPoints: 300, from: '2026-02-01T00:00:00.000Z' };
  const set = (rule: typeof first) => ({ type: 'seller.commission_set', ...whose, rule }) as const;
  it('is set', () =>
    given(seller, ...active)
      .when({ type: 'set_commission', rule: first })
      .then(set(first)));
  it('is followed by a later one', () =>
    given(seller, ...active, set(first))
      .when({ type: 'set_commission', rule: second })
      .then(set(second)));
  it('is never changed after the fact', () =>
    given(seller, ...active, set(second))
      .when({ type: 'set_commission', rule: first })
      .refuses('seller.commission_not_later'));
  it('holds from its day until the next', () => {
    const state = given(seller, ...active, set(first), set(second)).state();
    const at = (instant: string) => commissionAt(state, instant)?.basisPoints ?? null;
    expect(at('2025-12-31T23:59:59.999Z')).toBe(null);
    expect(at('2026-01-01T00:00:00.000Z')).toBe(250);
    expect(at('2026-01-31T23:59:59.999Z')).toBe(250);
    expect(at('2026-02-01T00:00:00.000Z')).toBe(300);
  });
});
