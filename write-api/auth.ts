// Accounts over HTTP: register, sign in and out, refresh, verify an e-mail address, forget and change a password.
import { randomUUID } from 'node:crypto';
import { Hono, type Context as HonoContext } from 'hono';
import { z } from 'zod';
import {
  type AuthNeeds,
  changePassword,
  emailClaim,
  forgotPassword,
  logIn,
  logOutBy,
  refreshSession,
  register,
  resendVerification,
  resetPassword,
  revokeSession,
  type Session,
  verifyEmail,
} from '../commands/auth.ts';
import type { Context } from '../commands/handle.ts';
import { DomainError } from '../domain/error.ts';
import { Id } from '../domain/id.ts';
import { Moment, Taken } from '../infra/http/answers.ts';
import { roles } from '../infra/http/env.ts';
import { body, params } from '../infra/http/input.ts';
import { allow, principalOf } from '../infra/http/policy.ts';
import { deviceCookie, deviceTokenIn, noSessionCookies, refreshTokenIn, sessionCookies } from '../infra/http/session-cookies.ts';
import { Email, line } from '../infra/http/text.ts';
import { deviceLifetime } from '../infra/tokens/port.ts';
import { answer, context, idAs, reply, type WriteEnv, written } from './http.ts';

export interface AuthRoutesNeeds extends AuthNeeds {
  /** Counts an attempt to sign in to this account, from wherever it comes. Throws gateway.rate_limited. */
  readonly limitAccount: (account: string) => void | Promise<void>;
  /** Whether browsers reach us by TLS. */
  readonly secure: boolean;
}

type C = HonoContext<WriteEnv>;

/** Refusals of the log, to commands without a key. */
const ofTheLog = ['request.contended', 'log.stream_damaged'];

const Password = z.string().min(1).max(1_024);
const Token = z.string().min(20).max(200);
const Registration = z.object({
  email: Email,
  password: Password,
  name: line(120),
  language: z.enum(['id', 'en', 'pt']).default('id'),
});
/** `cookies`: the answer sets `__Host-` cookies and has no tokens in its body, for browsers. */
const Login = z.object({
  email: z.string().trim().min(1).max(254),
  password: Password,
  cookies: z.boolean().default(false),
  /** What an earlier sign-in has answered to a client that keeps tokens itself; browsers send a cookie. */
  deviceToken: z.string().max(200).optional(),
});
const Refresh = z.object({ refreshToken: Token.optional() });

const User = z
  .object({
    userId: Id,
    email: z.string().nullable(),
    name: z.string().nullable(),
    roles: z.array(z.enum(roles)),
    sellerId: Id.nullable(),
    emailVerified: z.boolean(),
  })
  .meta({ id: 'SignedInUser' });
const Pair = z.object({
  accessToken: z.string().optional(),
  accessExpiresAt: Moment,
  refreshToken: z.string().optional(),
  refreshExpiresAt: Moment,
});

/** Browsers have the tokens in cookies instead. */
const SignedIn = written('SignedIn', { ...Pair.shape, user: User, deviceToken: z.string().optional() });

const RevokedSession = written('RevokedSession', { sessionId: z.string() });
const VerifiedEmail = written('VerifiedEmail', { userId: Id });
const ChangedPassword = written('ChangedPassword', {
  userId: Id,
  deviceToken: z.string().describe('By which this device is known again; browsers have it in a cookie.'),
});

/** A context of this attempt alone: ids that a client sends must not name a session. */
const attempt = (c: C): Context => {
  const commandId = randomUUID();
  return { ...context(c), commandId, causationId: commandId };
};

/** In a body for clients that keep tokens themselves, in cookies for browsers. Never cached, never stored. */
const handOver = <S extends Session>(c: C, session: S, { cookies, secure, at }: { cookies: boolean; secure: boolean; at: string }) => {
  c.header('cache-control', 'no-store');
  if (!cookies) return session;
  for (const cookie of sessionCookies(session, at, secure)) c.header('set-cookie', cookie, { append: true });
  const { accessToken: _a, refreshToken: _r, ...rest } = session;
  return rest;
};

const takeCookies = (c: C, secure: boolean) => {
  for (const cookie of noSessionCookies(secure)) c.header('set-cookie', cookie, { append: true });
};

const setDeviceCookie = (c: C, token: string, secure: boolean) =>
  c.header('set-cookie', deviceCookie(token, deviceLifetime, secure), { append: true });

const deviceOf = (c: C) => ({ userAgent: (c.req.header('user-agent') ?? '').slice(0, 256), address: c.get('clientAddress') });

const signingIn = (needs: AuthRoutesNeeds) =>
  new Hono<WriteEnv>()
    .post(
      '/auth/register',
      allow('public', {
        summary: 'Open an account; a link to verify the e-mail address is mailed.',
        status: 201,
        rate: 'login',
        errors: ['auth.email_taken', 'auth.password_weak'],
        answer: written('RegisteredAccount', { user: User }),
        operation: 'registerAccount',
      }),
      body(Registration),
      async (c) => {
        await needs.limitAccount(`register:${emailClaim(needs, c.req.valid('json').email).id}`);
        const result = await register(needs, c.req.valid('json'), context(c));
        const { email: address, name } = c.req.valid('json');
        return answer(c, 201, result, ({ id }) => ({
          user: { userId: id, email: address, name, roles: ['CUSTOMER'] as const, sellerId: null, emailVerified: false },
        }));
      },
    )
    .post(
      '/auth/login',
      allow('public', {
        summary: 'Sign in with e-mail and password.',
        rate: 'login',
        exempt: true,
        errors: ['auth.bad_credentials', 'auth.suspended', ...ofTheLog],
        operation: 'logIn',
        answer: SignedIn,
      }),
      body(Login),
      async (c) => {
        const { cookies, deviceToken: given, ...credentials } = c.req.valid('json');
        const known = given ?? deviceTokenIn(c.req.header('cookie'), needs.secure) ?? undefined;
        const input = { ...credentials, device: deviceOf(c), deviceToken: known };
        const { result, session, deviceToken } = await logIn(needs, input, needs.limitAccount, attempt(c));
        const at = result.events[0]?.metadata.occurredAt ?? c.get('at') ?? '';
        const handed = handOver(c, session, { cookies, secure: needs.secure, at });
        setDeviceCookie(c, deviceToken, needs.secure);
        return answer(c, 200, result, () => ({ ...handed, ...(!cookies && { deviceToken }) }));
      },
    )
    .post(
      '/auth/refresh',
      allow('public', {
        summary: 'Exchange a refresh token, from the body or the cookie, for new tokens. Each one works once.',
        rate: 'login',
        exempt: true,
        errors: ['auth.session_ended', 'auth.refresh_reused', ...ofTheLog],
        operation: 'refreshSession',
        answer: Pair.meta({ id: 'Tokens' }),
      }),
      body(Refresh),
      async (c) => {
        const given = c.req.valid('json').refreshToken;
        const token = given ?? refreshTokenIn(c.req.header('cookie'), needs.secure);
        if (!token) throw new DomainError('auth.session_ended', 'There is no refresh token.');
        const own = attempt(c);
        const session = await refreshSession(needs, token, own);
        return reply(c, 200, handOver(c, session, { cookies: given === undefined, secure: needs.secure, at: own.at }));
      },
    )
    .post(
      '/auth/logout',
      allow('public', {
        operation: 'logOut',
        answer: Taken,
        summary: 'Sign out: by the access token, else by the refresh token. Succeeds also where nobody was signed in.',
        exempt: true,
        errors: ofTheLog,
      }),
      body(Refresh),
      async (c) => {
        const principal = c.get('principal');
        const token = c.req.valid('json').refreshToken ?? refreshTokenIn(c.req.header('cookie'), needs.secure);
        const { sessionId } = principal ?? {};
        if (principal && sessionId !== undefined) {
          await revokeSession(needs, principal.id, { sessionId, reason: 'signed_out' }, attempt(c));
        } else if (token) await logOutBy(needs, token, attempt(c));
        takeCookies(c, needs.secure);
        return reply(c, 200, {});
      },
    )
    .delete(
      '/auth/sessions/:sessionId',
      allow('signed-in', { operation: 'revokeSession', answer: RevokedSession, summary: 'Sign out on one device.', owner: 'self' }),
      params(z.object({ sessionId: z.string().min(1).max(64) })),
      async (c) => {
        const { sessionId } = c.req.valid('param');
        return answer(c, 200, await revokeSession(needs, principalOf(c).id, { sessionId, reason: 'revoked' }, context(c)), () => ({
          sessionId,
        }));
      },
    );

const passwords = (needs: AuthRoutesNeeds) =>
  new Hono<WriteEnv>()
    .post(
      '/auth/verify-email',
      allow('public', {
        operation: 'verifyEmail',
        answer: VerifiedEmail,
        summary: 'Verify an e-mail address by the token that was mailed to it.',
        rate: 'login',
        errors: ['auth.link_used', 'auth.not_registered'],
      }),
      body(z.object({ token: Token })),
      async (c) => answer(c, 200, await verifyEmail(needs, c.req.valid('json').token, context(c)), idAs('userId')),
    )
    .post(
      '/auth/verification-mail',
      allow('signed-in', {
        operation: 'sendVerificationMail',
        answer: Taken,
        status: 202,
        summary: 'Mail the link once more.',
        rate: 'login',
        exempt: true,
        errors: ['user.erased', 'log.stream_damaged'],
      }),
      body(z.object({})),
      async (c) => {
        await resendVerification(needs, principalOf(c).id, attempt(c));
        return reply(c, 202, {});
      },
    )
    .post(
      '/auth/forgot-password',
      allow('public', {
        operation: 'forgotPassword',
        answer: Taken,
        summary: 'Mail a link to set a new password, if there is such an account; the answer does not tell.',
        status: 202,
        rate: 'login',
        exempt: true,
        errors: ['user.erased', ...ofTheLog],
      }),
      body(z.object({ email: z.string().trim().min(1).max(254) })),
      async (c) => {
        const { email: address } = c.req.valid('json');
        await needs.limitAccount(`reset:${emailClaim(needs, address).id}`);
        await forgotPassword(needs, address, attempt(c));
        return reply(c, 202, {});
      },
    )
    .post(
      '/auth/reset-password',
      allow('public', {
        operation: 'resetPassword',
        answer: ChangedPassword,
        summary: 'Set a new password by the token that was mailed; signs out everywhere.',
        rate: 'login',
        errors: ['auth.link_used', 'auth.password_weak'],
      }),
      body(z.object({ token: Token, password: Password })),
      async (c) => {
        const { deviceToken, ...result } = await resetPassword(needs, c.req.valid('json'), context(c));
        setDeviceCookie(c, deviceToken, needs.secure);
        return answer(c, 200, result, ({ id }) => ({ userId: id, deviceToken }));
      },
    )
    .put(
      '/auth/password',
      allow('signed-in', {
        operation: 'changePassword',
        answer: ChangedPassword,
        summary: 'Change the own password; signs out everywhere else.',
        owner: 'self',
        rate: 'login',
        errors: ['auth.bad_credentials', 'auth.password_weak', 'auth.password_unchanged'],
      }),
      body(z.object({ currentPassword: Password, newPassword: Password })),
      async (c) => {
        const { id, sessionId = null } = principalOf(c);
        const { deviceToken, ...result } = await changePassword(needs, id, { ...c.req.valid('json'), sessionId }, context(c));
        setDeviceCookie(c, deviceToken, needs.secure);
        return answer(c, 200, result, () => ({ userId: id, deviceToken }));
      },
    );

export const authCommands = (needs: AuthRoutesNeeds) => new Hono<WriteEnv>().route('/', signingIn(needs)).route('/', passwords(needs));
