// Who may sign in and as what. Roles add up; whatever takes something away raises the epoch, so that tokens issued before are worthless.
import type { Decider } from '../decider.ts';
import { DomainError } from '../error.ts';
import { isAhead, later, minutes } from '../id.ts';
import type { Sealed } from '../privacy.ts';
import type { AccountCommand, Of, Ruler } from './commands.ts';
import type { AccountEvent, Role } from './events.ts';

type Known = {
  status: 'Active' | 'Suspended';
  userId: string;
  email: Sealed | null;
  emailVerified: boolean;
  credentialId: string | null;
  resetId: string | null;
  /** When the last link for a new password was asked for that has not been used. */
  resetAt: string | null;
  totpId: string | null;
  identities: readonly { provider: string; identityId: string }[];
  roles: readonly Role[];
  sellerId: string | null;
  epoch: number;
  /** Open ones, the oldest first. */
  sessions: readonly string[];
};
export type Account = { status: 'None' } | Known | { status: 'Erased'; userId: string; epoch: number };

/** More devices than a person has; the oldest session makes room, so that signing in never fails for it. */
const mostSessions = 20;
const mostIdentities = 5;

const evolve = (account: Account, event: AccountEvent): Account => {
  if (event.type === 'account.registered') {
    const { userId, email, emailVerified, credentialId, roles, epoch } = event;
    const nothingYet = { resetId: null, resetAt: null, totpId: null, identities: [], sellerId: null, sessions: [] };
    return { status: 'Active', userId, email, emailVerified, credentialId, roles, epoch, ...nothingYet };
  }
  if (account.status === 'None' || account.status === 'Erased') return account;
  switch (event.type) {
    case 'account.email_verified':
      return { ...account, emailVerified: true };
    case 'account.password_reset_requested':
      return { ...account, resetId: event.resetId, resetAt: event.at ?? null };
    case 'account.password_changed':
      return { ...account, credentialId: event.credentialId, resetAt: null };
    case 'account.totp_enabled':
      return { ...account, totpId: event.credentialId };
    case 'account.totp_disabled':
      return { ...account, totpId: null };
    case 'account.identity_linked':
      return { ...account, identities: [...account.identities, { provider: event.provider, identityId: event.identityId }] };
    case 'account.session_opened':
      return { ...account, sessions: [...account.sessions, event.sessionId] };
    case 'account.session_revoked':
      return { ...account, sessions: account.sessions.filter((sessionId) => sessionId !== event.sessionId) };
    case 'account.all_sessions_revoked':
      return { ...account, sessions: account.sessions.filter((sessionId) => sessionId === event.exceptSessionId) };
    case 'account.role_granted':
      return { ...account, roles: [...account.roles, event.role], sellerId: event.sellerId ?? account.sellerId, epoch: event.epoch };
    case 'account.role_revoked': {
      const roles = account.roles.filter((role) => role !== event.role);
      return { ...account, roles, sellerId: event.role === 'SELLER' ? null : account.sellerId, epoch: event.epoch };
    }
    case 'account.suspended':
      return { ...account, status: 'Suspended', sessions: [], epoch: event.epoch };
    case 'account.reinstated':
      return { ...account, status: 'Active', epoch: event.epoch };
    case 'account.erased':
      return { status: 'Erased', userId: account.userId, epoch: event.epoch };
    default:
      return event satisfies never;
  }
};

const register = (account: Account, { userId, email, emailVerified, credentialId }: Of<'register'>): AccountEvent[] => {
  if (account.status === 'Erased') throw notFound();
  if (account.status !== 'None') return [];
  return [{ type: 'account.registered', userId, email, emailVerified, credentialId, roles: ['CUSTOMER'], epoch: 1 }];
};

const verifyEmail = (account: Account): AccountEvent[] => {
  const { userId, emailVerified } = mustExist(account);
  return emailVerified ? [] : [{ type: 'account.email_verified', userId }];
};

/** Anybody may ask, and each new link ends the one before. */
const betweenResets = minutes(5);
const isSoonAfter = (resetAt: string | null, at: string) => resetAt !== null && at < later(resetAt, betweenResets) && !isAhead(resetAt, at);

const requestPasswordReset = (account: Account, { resetId, at }: Of<'request_password_reset'>): AccountEvent[] => {
  const known = mustExist(account);
  if (known.resetId === resetId || isSoonAfter(known.resetAt, at)) return [];
  return [{ type: 'account.password_reset_requested', userId: known.userId, resetId, at }];
};

/** A reset came by mail, so it also proves the address. */
const changePassword = (account: Account, { credentialId, how, sessionId }: Of<'change_password'>): AccountEvent[] => {
  const known = mustExist(account);
  if (known.credentialId === credentialId) return [];
  return [
    { type: 'account.password_changed', userId: known.userId, credentialId, how },
    ...(how === 'reset' ? verifyEmail(known) : []),
    ...revokeAllSessions(known, { exceptSessionId: sessionId }),
  ];
};

const enableTotp = (account: Account, { credentialId }: Of<'enable_totp'>): AccountEvent[] => {
  const { userId, totpId } = mustExist(account);
  return totpId === credentialId ? [] : [{ type: 'account.totp_enabled', userId, credentialId }];
};

const disableTotp = (account: Account): AccountEvent[] => {
  const { userId, totpId } = mustExist(account);
  return totpId === null ? [] : [{ type: 'account.totp_disabled', userId }];
};

const linkIdentity = (account: Account, { provider, identityId }: Of<'link_identity'>): AccountEvent[] => {
  const { userId, identities } = mustExist(account);
  if (identities.some((known) => known.provider === provider && known.identityId === identityId)) return [];
  if (identities.length >= mostIdentities) {
    throw new DomainError('auth.too_many_identities', `At most ${mostIdentities} identities can be linked.`, { most: mostIdentities });
  }
  return [{ type: 'account.identity_linked', userId, provider, identityId }];
};

const openSession = (account: Account, { sessionId, method, device }: Of<'open_session'>): AccountEvent[] => {
  const { status, userId, sessions } = mustExist(account);
  if (status === 'Suspended') throw new DomainError('auth.suspended', 'This account is suspended.');
  if (sessions.includes(sessionId)) return [];
  const [oldest] = sessions;
  const opened: AccountEvent = { type: 'account.session_opened', userId, sessionId, method, device };
  if (oldest === undefined || sessions.length < mostSessions) return [opened];
  return [{ type: 'account.session_revoked', userId, sessionId: oldest, reason: 'too_many' }, opened];
};

/** What is not open is already so, also on an account that is gone. */
const revokeSession = (account: Account, { sessionId, reason }: Of<'revoke_session'>): AccountEvent[] =>
  'sessions' in account && account.sessions.includes(sessionId)
    ? [{ type: 'account.session_revoked', userId: account.userId, sessionId, reason }]
    : [];

const revokeAllSessions = (account: Account, { exceptSessionId }: { exceptSessionId: string | null }): AccountEvent[] => {
  const { userId, sessions } = mustExist(account);
  const sessionIds = sessions.filter((sessionId) => sessionId !== exceptSessionId);
  return sessionIds.length === 0 ? [] : [{ type: 'account.all_sessions_revoked', userId, sessionIds, exceptSessionId }];
};

const grantRole = (account: Account, { role, sellerId, by }: Of<'grant_role'>): AccountEvent[] => {
  const known = mustExist(account);
  mustRule(by, [role]);
  if ((role === 'SELLER') !== (sellerId !== null)) {
    throw new DomainError('auth.seller_id_mismatch', 'The role SELLER, and no other, is granted for one seller.', { role });
  }
  if (known.roles.includes(role)) {
    if (role === 'SELLER' && known.sellerId !== sellerId) {
      throw new DomainError('auth.already_seller', 'This account sells for another seller.', { sellerId: known.sellerId });
    }
    return [];
  }
  if (role === 'SELLER' && isStaff(known.roles))
    throw new DomainError('auth.staff_cannot_sell', 'Who works for the market sells nothing on it: use another account.');
  return [{ type: 'account.role_granted', userId: known.userId, role, sellerId, epoch: known.epoch + 1 }];
};

const revokeRole = (account: Account, { role, by }: Of<'revoke_role'>): AccountEvent[] => {
  const { userId, roles, sellerId, epoch } = mustExist(account);
  mustRule(by, [role]);
  if (role === 'CUSTOMER') throw new DomainError('auth.role_required', 'Every account is a customer.');
  if (role === 'SUPER_ADMIN' && isOneself(by, userId)) throw ownRole();
  if (!roles.includes(role)) return [];
  return [{ type: 'account.role_revoked', userId, role, sellerId: role === 'SELLER' ? sellerId : null, epoch: epoch + 1 }];
};

const suspend = (account: Account, { reason, note, by }: Of<'suspend'>): AccountEvent[] => {
  const { status, userId, roles, epoch } = mustExist(account);
  mustRule(by, roles);
  if (isOneself(by, userId)) throw ownRole();
  return status === 'Suspended' ? [] : [{ type: 'account.suspended', userId, reason, note, epoch: epoch + 1 }];
};

const reinstate = (account: Account, { by }: Of<'reinstate'>): AccountEvent[] => {
  const { status, userId, roles, epoch } = mustExist(account);
  mustRule(by, roles);
  return status === 'Active' ? [] : [{ type: 'account.reinstated', userId, epoch: epoch + 1 }];
};

const erase = (account: Account): AccountEvent[] => {
  if (account.status === 'Erased') return [];
  const { userId, epoch, roles } = mustExist(account);
  if (roles.includes('SUPER_ADMIN')) throw ownRole();
  return [{ type: 'account.erased', userId, epoch: epoch + 1 }];
};

/** Those who work for the market itself, whether they may write or only read. */
const staff: readonly Role[] = ['AUDITOR', 'ANALYST', 'ADMIN', 'SUPER_ADMIN'];

export const isStaff = (roles: readonly Role[]) => roles.some((role) => staff.includes(role));

/** ADMIN rules over customers and sellers, SUPER_ADMIN over all. The system does too: that is how the first SUPER_ADMIN comes to be. */
const mustRule = (by: Ruler, roles: readonly Role[]) => {
  if (by.kind === 'system' || by.roles.includes('SUPER_ADMIN')) return;
  if (isStaff(roles) || !by.roles.includes('ADMIN')) throw new DomainError('auth.forbidden', 'Your roles do not allow this.');
};

const isOneself = (by: Ruler, userId: string) => by.kind === 'user' && by.userId === userId;

const ownRole = () => new DomainError('auth.own_role', 'Let another SUPER_ADMIN revoke your role first, so that one is always left.');

const notFound = () => new DomainError('auth.not_registered', 'There is no such account.');

const mustExist = (account: Account): Known => {
  if (account.status === 'None' || account.status === 'Erased') throw notFound();
  return account;
};

export const account: Decider<Account, AccountCommand, AccountEvent> = {
  category: 'account',
  version: 2,
  initial: { status: 'None' },
  evolve,
  decide: (command, state) => {
    switch (command.type) {
      case 'register':
        return register(state, command);
      case 'verify_email':
        return verifyEmail(state);
      case 'request_password_reset':
        return requestPasswordReset(state, command);
      case 'change_password':
        return changePassword(state, command);
      case 'enable_totp':
        return enableTotp(state, command);
      case 'disable_totp':
        return disableTotp(state);
      case 'link_identity':
        return linkIdentity(state, command);
      case 'open_session':
        return openSession(state, command);
      case 'revoke_session':
        return revokeSession(state, command);
      case 'revoke_all_sessions':
        return revokeAllSessions(state, command);
      case 'grant_role':
        return grantRole(state, command);
      case 'revoke_role':
        return revokeRole(state, command);
      case 'suspend':
        return suspend(state, command);
      case 'reinstate':
        return reinstate(state, command);
      case 'erase':
        return erase(state);
      default:
        return command satisfies never;
    }
  },
};
