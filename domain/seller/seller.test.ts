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
  it('is added', () =>
    given(seller, ...active)
      .when({ type: 'add_member', memberId: 'u2' })
      .then(member));
  it('is not the owner', () =>
    given(seller, ...active)
      .when({ type: 'add_member', memberId: 'u1' })
      .then());
  it('is one of at most twenty', () => {
    const twenty = Array.from({ length: 20 }, (_, n) => ({ ...member, memberId: `m${n}` }));
    given(seller, ...active, ...twenty)
      .when({ type: 'add_member', memberId: 'u2' })
      .refuses('seller.too_many_members');
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
