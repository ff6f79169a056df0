// Commands of accounts: register, sign in and out, prove an e-mail address, change a password. Secrets go to the vault, before the event that rests on them.
import { type Account, account } from '../domain/account/account.ts';
import { normalEmail } from '../domain/email.ts';
import { DomainError, isRefusal } from '../domain/error.ts';
import type { Sealed } from '../domain/privacy.ts';
import { type Language, user } from '../domain/user/user.ts';
import type { MailContent, MailOutbox } from '../infra/outbound/mail.port.ts';
import type { AccessTokens, DeviceOwner, Devices, MailedTokens, PurchaseLinks, RefreshTokens } from '../infra/tokens/port.ts';
import type { MailedTokenKind, Passwords, Seals, Vault } from '../infra/vault/port.ts';
import { claimantOf, confirmClaim, takeClaim } from './claims.ts';
import { takeOverPurchases } from './contact.ts';
import { type Context, type Handle, newId, type Result, subcommand } from './handle.ts';
import { derivedUuid } from './ids.ts';

export interface AuthNeeds {
  readonly handle: Handle;
  readonly vault: Pick<Vault, 'clearLoginFailures'>;
  readonly passwords: Passwords;
  readonly seals: Seals;
  readonly tokens: Pick<AccessTokens, 'sign'>;
  readonly refreshTokens: RefreshTokens;
  readonly mailedTokens: MailedTokens;
  readonly purchaseLinks: PurchaseLinks;
  readonly mail: Pick<MailOutbox, 'send'>;
  readonly devices: Devices;
  /** Names a value without telling it. */
  readonly blindIndex: (kind: string, value: string) => string;
}

type Existing = Exclude<Account, { status: 'None' } | { status: 'Erased' }>;

const isThere = (state: Account): state is Existing => state.status === 'Active' || state.status === 'Suspended';

/** The claim that stands for an e-mail address. */
export const emailClaim = ({ blindIndex }: Pick<AuthNeeds, 'blindIndex'>, email: string) => ({
  kind: 'email',
  id: blindIndex('email', normalEmail(email)),
});

const taken = () => new DomainError('auth.email_taken', 'Another account has this e-mail address.');
const badCredentials = () => new DomainError('auth.bad_credentials', 'E-mail or password is wrong.');
const ended = () => new DomainError('auth.session_ended', 'The session has ended; sign in again.');
const unchanged = () => new DomainError('auth.password_unchanged', 'The new password must be another one than the present one.');
const linkUsed = () => new DomainError('auth.link_used', 'The link was used or has expired; ask for a new one.');

/** Mails a new link; the one before stops working. */
const mailLink = async (needs: AuthNeeds, kind: MailedTokenKind, to: { userId: string; email: Sealed }, about: string, at: string) => {
  const { userId, email } = to;
  const { token, expiresAt } = await needs.mailedTokens.issue({ kind, userId, about, at });
  const { state } = await needs.handle.load(user, userId);
  const profile = state.status === 'Active' ? state : null;
  const content: MailContent = {
    template: kind === 'password_reset' ? 'password_reset' : 'verify_email',
    data: { token: await needs.seals.seal(userId, token), expiresAt },
  };
  await needs.mail.send({
    messageId: derivedUuid('mailed token', token),
    userId,
    to: email,
    ...(profile?.name && { name: profile.name }),
    language: profile?.language === 'en' ? 'en' : 'id',
    at,
    ...content,
  });
};

export interface Registration {
  readonly email: string;
  readonly password: string;
  readonly name: string;
  readonly language: Language;
}

/**
 * Claims the address, keeps the password, registers, confirms the claim, mails a link: in this order a repeat with the same key finishes
 * what was begun, and what is never finished frees the address after ten minutes.
 */
export const register = async (needs: AuthNeeds, { email, password, name, language }: Registration, context: Context) => {
  const { handle, seals, passwords } = needs;
  const userId = newId(context, 0);
  const value = emailClaim(needs, email);
  await passwords.checkNew(password, [email, name]);
  await takeClaim(handle, value, userId, context, taken());
  const { state: before } = await handle.load(account, userId);
  // A repeat must not bring back a password that has been changed since.
  if (before.status === 'None') await passwords.set(userId, password, context.at, [email, name]);
  const [sealedEmail, sealedName] = await Promise.all([seals.seal(userId, email), seals.seal(userId, name)]);
  const credentialId = newId(context, 1);
  const command = { type: 'register', userId, email: sealedEmail, emailVerified: false, credentialId } as const;
  const registered = await handle(account, userId, command, subcommand(context, 'account'));
  const profile = { type: 'create', userId, name: sealedName, phone: null, language } as const;
  await handle(user, userId, profile, subcommand(context, 'user'));
  const confirmed = await confirmClaim(handle, value, userId, subcommand(context, 'confirm'), taken()).catch(async (error) => {
    // Somebody else took the address meanwhile: nobody could ever sign in here, so nothing stays behind.
    if (isRefusal(error)) await handle(account, userId, { type: 'erase' }, subcommand(context, 'undo'));
    throw error;
  });
  const { state } = await handle.load(account, userId);
  if (isThere(state) && !state.emailVerified && state.email !== null) {
    await mailLink(needs, 'email_verification', { userId, email: state.email }, value.id, context.at);
  }
  return { ...registered, position: confirmed.position };
};

export interface Session {
  readonly accessToken: string;
  readonly accessExpiresAt: string;
  readonly refreshToken: string;
  readonly refreshExpiresAt: string;
}

export interface SignedIn extends Session {
  readonly user: {
    readonly userId: string;
    readonly email: string | null;
    readonly name: string | null;
    readonly roles: Existing['roles'];
    readonly sellerId: string | null;
    readonly emailVerified: boolean;
  };
}

const sign = (needs: AuthNeeds, { userId, roles, sellerId, epoch }: Existing, sessionId: string) =>
  needs.tokens.sign({ sub: userId, sid: sessionId, roles, seller: sellerId, epoch });

const opened = async (
  { handle, seals }: AuthNeeds,
  { userId, email, roles, sellerId, emailVerified }: Existing,
): Promise<SignedIn['user']> => {
  const { state } = await handle.load(user, userId);
  const name = state.status === 'Active' ? state.name : null;
  return {
    userId,
    email: email && ((await seals.open(email)) as string | null),
    name: name && ((await seals.open(name)) as string | null),
    roles,
    sellerId,
    emailVerified,
  };
};

/** Opens a session for somebody who has proved who it is. */
const openSession = async (needs: AuthNeeds, userId: string, device: Device, context: Context) => {
  const { handle, refreshTokens, seals } = needs;
  const sessionId = newId(context, 0);
  const refresh = await refreshTokens.start({ sessionId, userId, at: context.at });
  const command = { type: 'open_session', sessionId, method: 'password', device: await seals.seal(userId, { ...device }) } as const;
  const result = await handle(account, userId, command, context).catch(async (error) => {
    await refreshTokens.endSession(sessionId);
    throw error;
  });
  for (const { event } of result.events) if (event.type === 'account.session_revoked') await refreshTokens.endSession(event.sessionId);
  const { state } = await handle.load(account, userId);
  if (!isThere(state)) throw badCredentials();
  const access = await sign(needs, state, sessionId);
  const session: SignedIn = {
    accessToken: access.token,
    accessExpiresAt: access.expiresAt,
    refreshToken: refresh.token,
    refreshExpiresAt: refresh.expiresAt,
    user: await opened(needs, state),
  };
  return { result, session };
};

/** Whence somebody signs in; sealed. */
export interface Device {
  readonly userAgent: string;
  readonly address: string;
}

/** The same for a repeat of the same command. */
const deviceTokenOf = ({ devices }: AuthNeeds, owner: DeviceOwner, at: string | undefined, context: Context) =>
  devices.issue(owner, derivedUuid(context.commandId, 'device'), at ?? context.at);

export interface Credentials {
  readonly email: string;
  readonly password: string;
  readonly device: Device;
  /** What an earlier sign-in has left on this device. */
  readonly deviceToken: string | undefined;
}

/**
 * `context` must be of this attempt alone: the session takes its id from it. `limit` is told the name under which the attempt counts: a device
 * that has signed in to this account before has one of its own, so that strangers who guess lock its owner out nowhere but elsewhere.
 */
export const logIn = async (needs: AuthNeeds, input: Credentials, limit: (name: string) => void | Promise<void>, context: Context) => {
  const { handle, passwords, devices, blindIndex } = needs;
  const value = emailClaim(needs, input.email);
  const claimant = await claimantOf(handle, value);
  const userId = claimant?.owner ?? value.id; // an unknown address costs as many look-ups as a known one
  const { state } = await handle.load(account, userId);
  const has = claimant !== null && isThere(state) && state.credentialId !== null;
  const owner = { userId, credentialId: has ? state.credentialId : null };
  const known = devices.idOf(input.deviceToken, owner, context.at);
  const counted = has && known !== null ? blindIndex('device-failures', `${userId}.${known}`) : value.id;
  await limit(counted);
  if (!(await passwords.check({ account: counted, userId: has ? userId : null, password: input.password, at: context.at }))) {
    throw badCredentials();
  }
  // A registration that was interrupted right before its end is finished here.
  if (claimant?.confirmed === false) await confirmClaim(handle, value, userId, subcommand(context, 'confirm'), badCredentials());
  const opened = await openSession(needs, userId, input.device, context);
  const deviceToken = known === null ? deviceTokenOf(needs, owner, undefined, context) : devices.issue(owner, known, context.at);
  return { ...opened, deviceToken };
};

/** Exchanges a refresh token. A used one that comes back ends its session, and the log keeps that. */
export const refreshSession = async (needs: AuthNeeds, token: string, context: Context): Promise<Session> => {
  const { handle, refreshTokens } = needs;
  const refreshed = await refreshTokens.refresh(token, context.at);
  if (refreshed.status === 'unknown') throw ended();
  const { sessionId, userId } = refreshed;
  if (refreshed.status === 'reused') {
    await handle(account, userId, { type: 'revoke_session', sessionId, reason: 'token_reused' }, context);
    throw new DomainError('auth.refresh_reused', 'This refresh token was used before; its session has ended.');
  }
  const { state } = await handle.load(account, userId);
  if (state.status !== 'Active' || !state.sessions.includes(sessionId)) {
    await refreshTokens.endSession(sessionId);
    throw ended();
  }
  const access = await sign(needs, state, sessionId);
  return {
    accessToken: access.token,
    accessExpiresAt: access.expiresAt,
    refreshToken: refreshed.token,
    refreshExpiresAt: refreshed.expiresAt,
  };
};

/** The event first: it is what every other process hears, and it says whether the session is this person's at all. */
export const revokeSession = async (
  { handle, refreshTokens }: AuthNeeds,
  userId: string,
  { sessionId, reason }: { sessionId: string; reason: 'signed_out' | 'revoked' },
  context: Context,
) => {
  const result = await handle(account, userId, { type: 'revoke_session', sessionId, reason }, context);
  if (result.events.length > 0) await refreshTokens.endSession(sessionId);
  return result;
};

/** Signs out by the refresh token alone, for those whose access token has expired. Says nothing about a token that is not known. */
export const logOutBy = async (needs: AuthNeeds, refreshToken: string, context: Context): Promise<void> => {
  const refreshed = await needs.refreshTokens.refresh(refreshToken, context.at);
  if (refreshed.status === 'unknown') return;
  await revokeSession(needs, refreshed.userId, { sessionId: refreshed.sessionId, reason: 'signed_out' }, context);
};

/** Mails the link for the e-mail address once more, unless it is verified already. */
export const resendVerification = async (needs: AuthNeeds, userId: string, context: Context): Promise<void> => {
  const { state } = await needs.handle.load(account, userId);
  if (!isThere(state) || state.emailVerified || state.email === null) return;
  const email = String(await needs.seals.open(state.email));
  await mailLink(needs, 'email_verification', { userId, email: state.email }, emailClaim(needs, email).id, context.at);
};

/** What guests have bought with the address becomes this account's. */
export const verifyEmail = async (needs: AuthNeeds, token: string, context: Context) => {
  const { handle, mailedTokens } = needs;
  const proof = await mailedTokens.take({ kind: 'email_verification', token, usedBy: context.commandId, at: context.at });
  if (!proof) throw linkUsed();
  const verified = await handle(account, proof.userId, { type: 'verify_email' }, context);
  await takeOverPurchases(needs, proof.userId, context);
  return verified;
};

/** Mails a link if there is such an account, and never says whether. */
export const forgotPassword = async (needs: AuthNeeds, email: string, context: Context): Promise<void> => {
  const value = emailClaim(needs, email);
  const claimant = await claimantOf(needs.handle, value);
  const userId = claimant?.owner ?? value.id;
  const { state } = await needs.handle.load(account, userId);
  if (!claimant || state.status !== 'Active' || state.email === null) return;
  const command = { type: 'request_password_reset', resetId: newId(context, 0), at: context.at } as const;
  const { events } = await needs.handle(account, userId, command, context);
  // Asked again so soon, the link that was mailed stays good: else strangers who ask in turn would end every one of them.
  if (events.length === 0) return;
  await mailLink(needs, 'password_reset', { userId, email: state.email }, value.id, context.at);
};

/** Everybody is signed out: whoever asks for a new password may have lost the old one to somebody. */
export const resetPassword = async (needs: AuthNeeds, input: { token: string; password: string }, context: Context) => {
  const { handle, passwords, mailedTokens, refreshTokens, vault } = needs;
  await passwords.checkNew(input.password); // before the link is used up
  const proof = await mailedTokens.take({ kind: 'password_reset', token: input.token, usedBy: context.commandId, at: context.at });
  if (!proof) throw linkUsed();
  const { userId, about } = proof;
  const { state } = await handle.load(account, userId);
  if (!isThere(state)) throw linkUsed();
  const credentialId = newId(context, 0);
  if (state.credentialId !== credentialId) await passwords.set(userId, input.password, context.at, await knownOf(needs, state));
  const result = await handle(account, userId, changeOf(credentialId, 'reset', null), context);
  await refreshTokens.endSessionsOf(userId);
  await vault.clearLoginFailures(about);
  // Whoever reads the mailbox gets in, however many strangers guess at the same time.
  return { ...result, deviceToken: deviceTokenOf(needs, { userId, credentialId }, result.events[0]?.metadata.occurredAt, context) };
};

const changeOf = (credentialId: string, how: 'change' | 'reset', sessionId: string | null) =>
  ({ type: 'change_password', credentialId, how, sessionId }) as const;

const knows = ({ passwords, blindIndex }: Pick<AuthNeeds, 'passwords' | 'blindIndex'>, userId: string, password: string, at: string) =>
  passwords.check({ account: blindIndex('user', userId), userId, password, at });

/** Throws unless this is the person's password. Counted apart from sign-ins, so that a stolen session cannot guess for ever. */
export const mustKnowPassword = async (
  { passwords, blindIndex }: Pick<AuthNeeds, 'passwords' | 'blindIndex'>,
  userId: string,
  password: string,
  at: string,
): Promise<void> => {
  if (!(await knows({ passwords, blindIndex }, userId, password, at))) throw badCredentials();
};

/** What somebody who knows the person would try as a password. */
const knownOf = async ({ handle, seals }: Pick<AuthNeeds, 'handle' | 'seals'>, { userId, email }: Existing): Promise<string[]> => {
  const { state } = await handle.load(user, userId);
  const sealed = [email, state.status === 'Active' ? state.name : null].filter((value) => value !== null);
  return (await seals.openAll(sealed)).map(String);
};

/** Signs out everywhere else. The present password is proved first, whatever is wrong with the new one. */
export const changePassword = async (
  needs: AuthNeeds,
  userId: string,
  input: { currentPassword: string; newPassword: string; sessionId: string | null },
  context: Context,
): Promise<Result & { deviceToken: string }> => {
  const { handle, passwords, refreshTokens } = needs;
  const credentialId = newId(context, 0);
  const { state } = await handle.load(account, userId);
  if (!isThere(state)) throw ended();
  const before = await handle.first(account, userId, context);
  const isKept = before !== null && (state.credentialId !== credentialId || (await knows(needs, userId, input.newPassword, context.at)));
  if (!isKept) {
    await mustKnowPassword(needs, userId, input.currentPassword, context.at);
    if (input.newPassword.normalize('NFKC') === input.currentPassword.normalize('NFKC')) throw unchanged();
    await passwords.checkNew(input.newPassword, await knownOf(needs, state));
  }
  const result = await handle(account, userId, changeOf(credentialId, 'change', input.sessionId), context);
  // NOTE: after the event. A repeat of what a crash has cut off here still proves the password of before, as nothing else may.
  if (!isKept) await passwords.set(userId, input.newPassword, context.at);
  await refreshTokens.endSessionsOf(userId, input.sessionId ?? undefined);
  return { ...result, deviceToken: deviceTokenOf(needs, { userId, credentialId }, result.events[0]?.metadata.occurredAt, context) };
};
