import { describe, expect, it } from 'vitest';
import { given } from '../../tests/given.ts';
import { pii } from '../privacy.ts';
import { account } from './account.ts';
import type { Ruler } from './commands.ts';
import type { AccountEvent } from './events.ts';

const userId = 'u1';
const email = pii().parse('pii1.u1.mail');
const register = { type: 'register', userId, email, emailVerified: false, credentialId: 'c1' } as const;
const registered: AccountEvent = {
  type: 'account.registered',
  userId,
  email,
  emailVerified: false,
  credentialId: 'c1',
  roles: ['CUSTOMER'],
  epoch: 1,
};
const granted = (role: 'ADMIN' | 'SUPER_ADMIN', epoch = 2) =>
  ({ type: 'account.role_granted', userId, role, sellerId: null, epoch }) as const;
const seller = { type: 'account.role_granted', userId, role: 'SELLER', sellerId: 's1', epoch: 2 } as const;
const suspended = { type: 'account.suspended', userId, reason: 'fraud', note: null, epoch: 2 } as const;
const erased = { type: 'account.erased', userId, epoch: 2 } as const;
const opened = (sessionId: string) => ({ type: 'account.session_opened', userId, sessionId, method: 'password', device: null }) as const;
const open = (sessionId: string) => ({ type: 'open_session', sessionId, method: 'password', device: null }) as const;

const system: Ruler = { kind: 'system' };
const admin: Ruler = { kind: 'user', userId: 'u8', roles: ['CUSTOMER', 'ADMIN'] };
const superAdmin: Ruler = { kind: 'user', userId: 'u9', roles: ['CUSTOMER', 'SUPER_ADMIN'] };
const customer: Ruler = { kind: 'user', userId: 'u7', roles: ['CUSTOMER'] };

describe('an account is registered', () => {
  it('as a customer', () => given(account).when(register).then(registered));
  it('once', () => given(account, registered).when(register).then());
  it('without e-mail and password when it is imported', () =>
    given(account)
      .when({ ...register, email: null, credentialId: null })
      .then({ ...registered, email: null, credentialId: null }));
  it('not again after it was erased', () => given(account, registered, erased).when(register).refuses('auth.not_registered'));
  it('and its e-mail is verified', () =>
    given(account, registered).when({ type: 'verify_email' }).then({ type: 'account.email_verified', userId }));
});

describe('a password', () => {
  const changed = { type: 'account.password_changed', userId, credentialId: 'c2', how: 'change' } as const;
  it('is changed, which signs out the other sessions', () =>
    given(account, registered, opened('a'), opened('b'), opened('c'))
      .when({ type: 'change_password', credentialId: 'c2', how: 'change', sessionId: 'b' })
      .then(changed, { type: 'account.all_sessions_revoked', userId, sessionIds: ['a', 'c'], exceptSessionId: 'b' }));
  it('is asked to be reset', () =>
    given(account, registered)
      .when({ type: 'request_password_reset', resetId: 'r1', at: '2026-01-05T00:00:00.000Z' })
      .then({ type: 'account.password_reset_requested', userId, resetId: 'r1', at: '2026-01-05T00:00:00.000Z' }));
  it('is not asked to be reset again at once, which would end the link that was mailed', () => {
    const asked = { type: 'account.password_reset_requested', userId, resetId: 'r1', at: '2026-01-05T00:00:00.000Z' } as const;
    given(account, registered, asked).when({ type: 'request_password_reset', resetId: 'r2', at: '2026-01-05T00:04:59.999Z' }).then();
    given(account, registered, asked)
      .when({ type: 'request_password_reset', resetId: 'r2', at: '2026-01-05T00:05:00.000Z' })
      .then({ ...asked, resetId: 'r2', at: '2026-01-05T00:05:00.000Z' });
    given(account, registered, { ...asked, at: '2026-02-04T00:00:00.000Z' }) // by a clock that was ahead
      .when({ type: 'request_password_reset', resetId: 'r2', at: asked.at })
      .then({ ...asked, resetId: 'r2' });
    given(account, registered, asked, { type: 'account.password_changed', userId, credentialId: 'c2', how: 'reset' })
      .when({ type: 'request_password_reset', resetId: 'r2', at: '2026-01-05T00:00:01.000Z' })
      .then({ ...asked, resetId: 'r2', at: '2026-01-05T00:00:01.000Z' });
  });
  it('is reset, which signs out everywhere and proves the e-mail', () =>
    given(account, registered, opened('a'))
      .when({ type: 'change_password', credentialId: 'c2', how: 'reset', sessionId: null })
      .then(
        { ...changed, how: 'reset' },
        { type: 'account.email_verified', userId },
        { type: 'account.all_sessions_revoked', userId, sessionIds: ['a'], exceptSessionId: null },
      ));
  it('must belong to an account', () =>
    given(account).when({ type: 'change_password', credentialId: 'c2', how: 'change', sessionId: null }).refuses('auth.not_registered'));
});

describe('other ways to prove who one is', () => {
  const enabled = { type: 'account.totp_enabled', userId, credentialId: 't1' } as const;
  const linked = { type: 'account.identity_linked', userId, provider: 'google', identityId: 'i1' } as const;
  it('TOTP is enabled', () => given(account, registered).when({ type: 'enable_totp', credentialId: 't1' }).then(enabled));
  it('TOTP is disabled', () =>
    given(account, registered, enabled).when({ type: 'disable_totp' }).then({ type: 'account.totp_disabled', userId }));
  it('an identity is linked', () =>
    given(account, registered).when({ type: 'link_identity', provider: 'google', identityId: 'i1' }).then(linked));
  it('one of at most five', () => {
    const five = Array.from({ length: 5 }, (_, n) => ({ ...linked, identityId: `i${n}` }));
    given(account, registered, ...five)
      .when({ type: 'link_identity', provider: 'google', identityId: 'other' })
      .refuses('auth.too_many_identities');
  });
});

describe('a session', () => {
  it('is opened', () => given(account, registered).when(open('a')).then(opened('a')));
  it('is not opened while the account is suspended', () => given(account, registered, suspended).when(open('a')).refuses('auth.suspended'));
  it('is revoked', () =>
    given(account, registered, opened('a'))
      .when({ type: 'revoke_session', sessionId: 'a', reason: 'signed_out' })
      .then({ type: 'account.session_revoked', userId, sessionId: 'a', reason: 'signed_out' }));
  it('that is not open is as good as revoked', () =>
    given(account).when({ type: 'revoke_session', sessionId: 'a', reason: 'signed_out' }).then());
  it('makes room as the oldest of twenty', () => {
    const twenty = Array.from({ length: 20 }, (_, n) => opened(`s${n}`));
    given(account, registered, ...twenty)
      .when(open('a'))
      .then({ type: 'account.session_revoked', userId, sessionId: 's0', reason: 'too_many' }, opened('a'));
  });
  it('is revoked with all others', () =>
    given(account, registered, opened('a'), opened('b'))
      .when({ type: 'revoke_all_sessions', exceptSessionId: null })
      .then({ type: 'account.all_sessions_revoked', userId, sessionIds: ['a', 'b'], exceptSessionId: null }));
});

describe('a role is granted', () => {
  it('to no auditor or analyst by an ADMIN, but by a SUPER_ADMIN', () => {
    for (const role of ['AUDITOR', 'ANALYST'] as const) {
      given(account, registered).when({ type: 'grant_role', role, sellerId: null, by: admin }).refuses('auth.forbidden');
      given(account, registered)
        .when({ type: 'grant_role', role, sellerId: null, by: superAdmin })
        .then({ type: 'account.role_granted', userId, role, sellerId: null, epoch: 2 });
    }
  });
  const grant = (role: 'ADMIN' | 'SUPER_ADMIN', by: Ruler) => ({ type: 'grant_role', role, sellerId: null, by }) as const;
  it('to the first SUPER_ADMIN by the command line', () =>
    given(account, registered).when(grant('SUPER_ADMIN', system)).then(granted('SUPER_ADMIN')));
  it('to an ADMIN by a SUPER_ADMIN', () => given(account, registered).when(grant('ADMIN', superAdmin)).then(granted('ADMIN')));
  it('to no ADMIN by an ADMIN', () => given(account, registered).when(grant('ADMIN', admin)).refuses('auth.forbidden'));
  it('to no SUPER_ADMIN by an ADMIN', () => given(account, registered).when(grant('SUPER_ADMIN', admin)).refuses('auth.forbidden'));
  it('to a seller, for one seller', () =>
    given(account, registered).when({ type: 'grant_role', role: 'SELLER', sellerId: 's1', by: system }).then(seller));
  it('to a seller by an ADMIN', () =>
    given(account, registered).when({ type: 'grant_role', role: 'SELLER', sellerId: 's1', by: admin }).then(seller));
  it('to nobody by a customer', () =>
    given(account, registered).when({ type: 'grant_role', role: 'SELLER', sellerId: 's1', by: customer }).refuses('auth.forbidden'));
  it('to no seller who works for the market', () =>
    given(account, registered, granted('ADMIN'))
      .when({ type: 'grant_role', role: 'SELLER', sellerId: 's1', by: system })
      .refuses('auth.staff_cannot_sell'));
  it('to no second seller', () =>
    given(account, registered, seller)
      .when({ type: 'grant_role', role: 'SELLER', sellerId: 's2', by: system })
      .refuses('auth.already_seller'));
  it('to no seller without saying which', () =>
    given(account, registered).when({ type: 'grant_role', role: 'SELLER', sellerId: null, by: system }).refuses('auth.seller_id_mismatch'));
});

describe('a role is revoked', () => {
  const revoke = (role: 'CUSTOMER' | 'SELLER' | 'ADMIN' | 'SUPER_ADMIN', by: Ruler) => ({ type: 'revoke_role', role, by }) as const;
  it('from a seller, who sells for nobody then', () => {
    const revoked = { type: 'account.role_revoked', userId, role: 'SELLER', sellerId: 's1', epoch: 3 } as const;
    given(account, registered, seller).when(revoke('SELLER', admin)).then(revoked);
    expect(given(account, registered, seller, revoked).state()).toMatchObject({ roles: ['CUSTOMER'], sellerId: null, epoch: 3 });
  });
  it('from an ADMIN by no ADMIN', () =>
    given(account, registered, granted('ADMIN')).when(revoke('ADMIN', admin)).refuses('auth.forbidden'));
  it('from an ADMIN by a SUPER_ADMIN', () =>
    given(account, registered, granted('ADMIN'))
      .when(revoke('ADMIN', superAdmin))
      .then({ type: 'account.role_revoked', userId, role: 'ADMIN', sellerId: null, epoch: 3 }));
  it('from no SUPER_ADMIN by oneself', () =>
    given(account, registered, granted('SUPER_ADMIN'))
      .when(revoke('SUPER_ADMIN', { kind: 'user', userId, roles: ['SUPER_ADMIN'] }))
      .refuses('auth.own_role'));
  it('from no customer', () => given(account, registered).when(revoke('CUSTOMER', superAdmin)).refuses('auth.role_required'));
});

describe('an account is suspended', () => {
  const suspend = (by: Ruler) => ({ type: 'suspend', reason: 'fraud', note: null, by }) as const;
  it('by an ADMIN', () => given(account, registered).when(suspend(admin)).then(suspended));
  it('not by a customer', () => given(account, registered).when(suspend(customer)).refuses('auth.forbidden'));
  it('not by an ADMIN when it is an ADMIN', () =>
    given(account, registered, granted('ADMIN')).when(suspend(admin)).refuses('auth.forbidden'));
  it('and has no session left', () =>
    expect(given(account, registered, opened('a'), suspended).state()).toMatchObject({ status: 'Suspended', sessions: [], epoch: 2 }));
  it('and reinstated', () =>
    given(account, registered, suspended).when({ type: 'reinstate', by: admin }).then({ type: 'account.reinstated', userId, epoch: 3 }));
});

describe('an account is erased', () => {
  it('for good', () => given(account, registered).when({ type: 'erase' }).then(erased));
  it('and leaves its id and epoch', () =>
    expect(given(account, registered, opened('a'), erased).state()).toEqual({ status: 'Erased', userId, epoch: 2 }));
  it('and is not to be found', () => given(account, registered, erased).when(open('a')).refuses('auth.not_registered'));
});
