// From HTTP through vault and log and back: registration, sign-in, refresh, passwords, and what ends a session.
import { randomUUID } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { register } from '../../commands/auth.ts';
import type { Context, Handle } from '../../commands/handle.ts';
import { minutes } from '../../domain/id.ts';
import type { Document } from '../../infra/http/openapi.ts';
import { type Market, openMarket } from '../market.ts';
import { documentedBy } from '../support/documented.ts';
import { mailedToken, password, signIn, signUp } from './people.ts';

let market: Market;
beforeAll(async () => {
  market = await openMarket();
});
afterAll(() => market.close());

const me = (token: string) => market.call('GET', '/users/me', { token });
const logIn = (email: string, secret = password, more = {}) =>
  market.call('POST', '/auth/login', { body: { email, password: secret, ...more } });
const refresh = (refreshToken: string) => market.call('POST', '/auth/refresh', { body: { refreshToken } });

/** The names of the cookies that this market's document tells clients to send. */
const cookiesIn = async ({ app }: Market): Promise<string[]> => {
  const { components } = (await (await app.request('/openapi.json')).json()) as Document;
  const { cookie, guest } = components.securitySchemes as Record<string, { name: string }>;
  return [cookie, guest].map((scheme) => scheme?.name ?? '');
};

/** The market's handle, until it dies instead of appending to a stream of that category. */
const dying = (dies: (category: string) => boolean): Handle =>
  new Proxy(market.handle, {
    apply: (handle, self, call) => {
      if (dies(call[0].category)) throw new Error('killed');
      return Reflect.apply(handle, self, call);
    },
  });

describe('a registration', () => {
  it('opens an account, once, however often the same key is sent', async () => {
    const headers = { 'idempotency-key': randomUUID() };
    const body = { email: 'Ani@Example.com', password, name: 'Ani' };
    const first = await market.call('POST', '/auth/register', { body, headers });
    const again = await market.call('POST', '/auth/register', { body, headers });
    expect([first.status, again.status, again.headers.get('idempotent-replayed')]).toEqual([201, 201, 'true']);
    expect(again.body).toEqual(first.body);
    expect(first.body.user).toMatchObject({ email: 'Ani@Example.com', name: 'Ani', roles: ['CUSTOMER'], emailVerified: false });
    const { token } = await signIn(market, 'ani@example.com');
    expect((await market.call('GET', `/users/me?minPosition=${first.body.position}`, { token })).body).toMatchObject({
      userId: first.body.user.userId,
      email: 'Ani@Example.com',
    });
  });

  it('is refused for an address that somebody has, however it is written', async () => {
    await signUp(market, 'taken@example.com');
    const other = await market.call('POST', '/auth/register', { body: { email: ' TAKEN@example.com', password, name: 'B' } });
    expect([other.status, other.body.code]).toEqual([409, 'auth.email_taken']);
  });

  it('takes addresses in letters of any script, in punycode the same one, and signs in by either', async () => {
    const { userId } = await signUp(market, 'info@köffer.example');
    expect((await signIn(market, 'INFO@xn--kffer-jua.example')).userId).toBe(userId);
    const other = await market.call('POST', '/auth/register', { body: { email: 'info@xn--kffer-jua.example', password, name: 'B' } });
    expect(other.body.code).toBe('auth.email_taken');
    await signUp(market, 'm&m@example.com');
  });

  it.each(['\u200b\u200b', 'Ani\r\nBcc: x@y.z', 'A\u202eni', 'A\0ni'])('takes no name such as %j', async (name) => {
    const { status, body } = await market.call('POST', '/auth/register', { body: { email: 'named@example.com', password, name } });
    expect([status, body.code, body.errors?.[0]?.field]).toEqual([400, 'request.invalid', 'name']);
  });

  it('is refused with a password that anybody would try', async () => {
    const weak = await market.call('POST', '/auth/register', { body: { email: 'weak@example.com', password: 'password', name: 'W' } });
    expect([weak.status, weak.body.code]).toEqual([422, 'auth.password_weak']);
  });

  it('that was interrupted anywhere is finished by its repeat', async () => {
    for (const at of [1, 2, 3, 4]) {
      let calls = 0;
      const failing = dying(() => {
        calls += 1;
        return calls === at;
      });
      const commandId = randomUUID();
      const context: Context = {
        commandId,
        correlationId: commandId,
        causationId: commandId,
        actor: { kind: 'guest', id: 'anybody' },
        at: new Date(market.now()).toISOString(),
      };
      const input = { email: `step${at}@example.com`, password, name: 'S', language: 'id' } as const;
      await expect(register({ ...market.auth, handle: failing }, input, context)).rejects.toThrow('killed');
      const { id } = await register(market.auth, input, context);
      expect((await signIn(market, input.email)).userId).toBe(id);
    }
  });

  it('that is never finished frees its address after ten minutes', async () => {
    const failing = dying((category) => category === 'account');
    const input = { email: 'left@example.com', password, name: 'L', language: 'id' } as const;
    const at = new Date(market.now()).toISOString();
    const context = { commandId: randomUUID(), correlationId: 'c', causationId: 'c', actor: { kind: 'guest', id: 'anybody' }, at } as const;
    await expect(register({ ...market.auth, handle: failing }, input, context)).rejects.toThrow('killed');
    const body = { email: input.email, password, name: 'Other' };
    expect((await market.call('POST', '/auth/register', { body })).body.code).toBe('auth.email_taken');
    market.advance(minutes(10));
    expect((await market.call('POST', '/auth/register', { body })).status).toBe(201);
    await expect(register(market.auth, input, context)).rejects.toMatchObject({ code: 'auth.email_taken' });
  });

  it('mails a link that verifies the address, once', async () => {
    const { userId, token } = await signUp(market, 'verify@example.com');
    const secret = await mailedToken(market, userId);
    const verified = await market.call('POST', '/auth/verify-email', { body: { token: secret } });
    expect(verified.status).toBe(200);
    const seen = await market.call('GET', `/users/me?minPosition=${verified.body.position}`, { token });
    expect(seen.body.emailVerified).toBe(true);
    expect((await market.call('POST', '/auth/verify-email', { body: { token: secret } })).body.code).toBe('auth.link_used');
  });

  it('leaves neither password nor address nor name in plain text anywhere', async () => {
    await market.call('POST', '/auth/register', {
      body: { email: 'secret.person@example.com', password: 'a very unlikely phrase', name: 'Unmistakable Name' },
    });
    await signIn(market, 'secret.person@example.com', 'a very unlikely phrase');
    const bytes = readdirSync(market.dataDir, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'latin1'))
      .join('');
    expect(bytes.length).toBeGreaterThan(10_000);
    for (const plain of ['secret.person@', 'a very unlikely phrase', 'Unmistakable Name']) expect(bytes).not.toContain(plain);
  });
});

describe('signing in', () => {
  it('is refused in the same words for a wrong password and an unknown address', async () => {
    await signUp(market, 'known@example.com');
    const wrong = await logIn('known@example.com', 'wrong password');
    const unknown = await logIn('unknown@example.com', 'wrong password');
    const told = ({ requestId: _, ...rest }: Record<string, unknown>) => rest;
    expect([wrong.status, wrong.body.code]).toEqual([401, 'auth.bad_credentials']);
    expect(told(unknown.body)).toEqual(told(wrong.body));
  });

  it('is locked for a while after failures, also for the right password', async () => {
    await signUp(market, 'guessed@example.com');
    for (let n = 0; n < 6; n += 1) await logIn('guessed@example.com', 'wrong password');
    expect((await logIn('guessed@example.com')).body.code).toBe('auth.bad_credentials');
    market.advance(minutes(5));
    expect((await logIn('guessed@example.com')).status).toBe(200);
  });

  it('is limited for each account, from wherever it comes', async () => {
    const limited = await openMarket({ env: { RATE_LOGIN_PER_MINUTE: '5' } });
    try {
      const attempt = async () => limited.auth.limitAccount('somebody');
      for (let n = 0; n < 5; n += 1) await attempt();
      await expect(attempt()).rejects.toMatchObject({ code: 'gateway.rate_limited' });
    } finally {
      await limited.close();
    }
  });

  it('is about nothing that its sender has read: If-Match is not looked at', async () => {
    const { email, refreshToken } = await signUp(market, 'if-match@example.com');
    for (const given of ['"99"', 'x']) {
      const headers = { 'if-match': given };
      expect((await market.call('POST', '/auth/login', { body: { email, password }, headers })).status).toBe(200);
      expect((await market.call('POST', '/auth/forgot-password', { body: { email }, headers })).status).toBe(202);
      expect((await market.call('POST', '/auth/logout', { body: { refreshToken }, headers })).status).toBe(200);
      expect((await market.call('POST', '/guest/access', { body: { token: 'none' }, headers })).body.code).toBe('auth.link_used');
    }
  });

  it('gives a browser cookies that no script can read, and no token in the body', async () => {
    const secure = await openMarket({ env: { PUBLIC_URL: 'https://shop.example' } });
    try {
      await signUp(secure, 'browser@example.com');
      const answer = await secure.call('POST', '/auth/login', { body: { email: 'browser@example.com', password, cookies: true } });
      expect([answer.body.accessToken, answer.body.refreshToken, answer.headers.get('cache-control')]).toEqual([
        undefined,
        undefined,
        'no-store',
      ]);
      const cookies = answer.headers.getSetCookie();
      expect(cookies.map((cookie) => cookie.replace(/=[^;]+;/, '=…;'))).toEqual([
        '__Host-access=…; Path=/; Max-Age=600; HttpOnly; SameSite=Strict; Secure',
        '__Host-refresh=…; Path=/; Max-Age=86400; HttpOnly; SameSite=Strict; Secure',
        '__Host-device=…; Path=/; Max-Age=15552000; HttpOnly; SameSite=Strict; Secure',
      ]);
      const cookie = cookies.map((one) => one.slice(0, one.indexOf(';'))).join('; ');
      expect((await secure.call('GET', '/users/me', { headers: { cookie } })).body.email).toBe('browser@example.com');
      const refreshed = await secure.call('POST', '/auth/refresh', { headers: { cookie }, body: {} });
      expect([refreshed.status, refreshed.body.accessToken, refreshed.headers.getSetCookie().length]).toEqual([200, undefined, 2]);
      expect((await secure.call('GET', '/users/me', { headers: { cookie: cookie.replaceAll('__Host-', '') } })).status).toBe(401);
      const foreign = await secure.call('POST', '/auth/logout', { headers: { cookie, origin: 'https://evil.example' }, body: {} });
      expect(foreign.body.code).toBe('gateway.origin_not_allowed');
      expect(await cookiesIn(secure)).toEqual(['__Host-access', '__Host-guest']);
      expect(await cookiesIn(market)).toEqual(['access', 'guest']);
    } finally {
      await secure.close();
    }
  });
});

describe('a session', () => {
  it('is refreshed; a lost reply can be had again, a token that comes back later ends the session', async () => {
    const { token, refreshToken } = await signUp(market, 'refresh@example.com');
    const first = await refresh(refreshToken);
    const repeated = await refresh(refreshToken);
    expect([first.status, repeated.status, repeated.body.refreshToken]).toEqual([200, 200, first.body.refreshToken]);
    expect((await me(first.body.accessToken)).status).toBe(200);
    market.advance(11_000);
    expect((await refresh(refreshToken)).body.code).toBe('auth.refresh_reused');
    expect((await refresh(first.body.refreshToken)).body.code).toBe('auth.session_ended');
    expect((await me(first.body.accessToken)).body.code).toBe('auth.session_ended');
    expect((await me(token)).body.code).toBe('auth.session_ended');
  });

  it('ends with the sign-out, by either token', async () => {
    const { token, refreshToken } = await signUp(market, 'leaver@example.com');
    expect((await market.call('POST', '/auth/logout', { token })).status).toBe(200);
    expect([(await me(token)).status, (await refresh(refreshToken)).status]).toEqual([401, 401]);
    const second = await signIn(market, 'leaver@example.com');
    await market.call('POST', '/auth/logout', { body: { refreshToken: second.refreshToken } });
    expect([(await me(second.token)).status, (await refresh(second.refreshToken)).status]).toEqual([401, 401]);
  });

  it('is listed, and ended on one device; nobody ends that of another', async () => {
    const here = await signUp(market, 'devices@example.com');
    const there = await signIn(market, 'devices@example.com');
    const other = await signUp(market, 'neighbour@example.com');
    const { position } = (await market.call('PATCH', '/users/me', { token: here.token, body: { name: 'D' } })).body;
    const listed = await market.call('GET', `/auth/sessions?minPosition=${position}`, { token: here.token });
    expect(listed.body.items.map(({ current }: { current: boolean }) => current)).toEqual([false, true]);
    const path = `/auth/sessions/${listed.body.items[0].sessionId}`;
    await market.call('DELETE', path, { token: other.token });
    expect((await me(there.token)).status).toBe(200);
    expect((await refresh(there.refreshToken)).status).toBe(200);
    expect((await market.call('DELETE', path, { token: here.token })).status).toBe(200);
    expect([(await me(there.token)).status, (await me(here.token)).status]).toEqual([401, 200]);
  });

  it('that was ended stays so after a restart', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'tokobapak-'));
    try {
      const before = await openMarket({ dataDir });
      const { token } = await signUp(before, 'restart@example.com');
      const { token: other } = await signIn(before, 'restart@example.com');
      await before.call('POST', '/auth/logout', { token });
      await before.close();
      const after = await openMarket({ dataDir });
      const seen = [token, other].map((one) => after.call('GET', '/users/me', { token: one }));
      expect((await Promise.all(seen)).map(({ status }) => status)).toEqual([401, 200]);
      await after.close();
    } finally {
      rmSync(dataDir, { recursive: true, force: true });
    }
  });
});

describe('a password', () => {
  it('is changed by whoever knows it, which signs out everywhere else', async () => {
    const here = await signUp(market, 'changer@example.com');
    const there = await signIn(market, 'changer@example.com');
    const change = (currentPassword: string, newPassword: string) =>
      market.call('PUT', '/auth/password', { token: here.token, body: { currentPassword, newPassword } });
    expect((await change('wrong password', 'quite another phrase')).body.code).toBe('auth.bad_credentials');
    expect((await change(password, '12345678')).body.code).toBe('auth.password_weak');
    expect((await change(password, 'quite another phrase')).status).toBe(200);
    expect([(await me(here.token)).status, (await me(there.token)).status]).toEqual([200, 401]);
    expect([(await logIn('changer@example.com')).status, (await logIn('changer@example.com', 'quite another phrase')).status]).toEqual([
      401, 200,
    ]);
  });

  it('is reset by the mailed link, once, which signs out everywhere; who asks does not learn who has an account', async () => {
    const { userId, token } = await signUp(market, 'forgetful@example.com');
    const ask = (email: string) => market.call('POST', '/auth/forgot-password', { body: { email } });
    const [known, unknown] = [await ask('forgetful@example.com'), await ask('nobody@example.com')];
    expect([known.status, known.body, unknown.status, unknown.body]).toEqual([202, {}, 202, {}]);
    const secret = await mailedToken(market, userId);
    const reset = (body: object, key = randomUUID()) =>
      market.call('POST', '/auth/reset-password', { body, headers: { 'idempotency-key': key } });
    expect((await reset({ token: secret, password: '12345678' })).body.code).toBe('auth.password_weak');
    const key = randomUUID();
    const body = { token: secret, password: 'a fresh new phrase' };
    expect([(await reset(body, key)).status, (await reset(body, key)).status]).toEqual([200, 200]);
    expect((await reset(body)).body.code).toBe('auth.link_used');
    expect([(await me(token)).status, (await logIn('forgetful@example.com', 'a fresh new phrase')).status]).toEqual([401, 200]);
  });
});

describe('strangers who guess', () => {
  const change = (token: string, currentPassword: string, newPassword: string) =>
    market.call('PUT', '/auth/password', { token, body: { currentPassword, newPassword } });

  it('lock the owner out of no device that has signed in before, nor of the mailed link; all are answered the same', async () => {
    const email = 'besieged@example.com';
    const { userId } = await signUp(market, email);
    const first = (await logIn(email)).body;
    expect(first.deviceToken).toEqual(expect.any(String));
    const neighbour = (await signUp(market, 'guessing@example.com')) && (await logIn('guessing@example.com')).body.deviceToken;
    for (let n = 0; n < 12; n++) await logIn(email, 'a wrong password');
    const locked = await logIn(email);
    const wrong = await logIn(email, 'a wrong password');
    const unknown = await logIn('nobody-here@example.com');
    const foreign = await logIn(email, password, { deviceToken: neighbour });
    const forged = await logIn(email, password, { deviceToken: `${first.deviceToken.slice(0, -1)}x` });
    const plain = ({ status, body }: typeof locked) => ({ status, code: body.code, detail: body.detail });
    for (const answer of [wrong, unknown, foreign, forged]) expect(plain(answer)).toEqual(plain(locked));
    expect(locked.status).toBe(401);

    expect((await logIn(email, password, { deviceToken: first.deviceToken })).status).toBe(200);
    expect((await logIn(email, 'a wrong password', { deviceToken: first.deviceToken })).status).toBe(401);
    const cookie = `device=${first.deviceToken}`;
    const byCookie = await market.call('POST', '/auth/login', { body: { email, password, cookies: true }, headers: { cookie } });
    expect([byCookie.status, byCookie.body.deviceToken]).toEqual([200, undefined]);
    expect(byCookie.headers.getSetCookie().some((one) => /^device=.*HttpOnly/.test(one))).toBe(true);
    expect((await logIn(email)).status).toBe(401);

    // Somebody asks for one link after the other; the first one works until it is used.
    const ask = () => market.call('POST', '/auth/forgot-password', { body: { email } });
    await ask();
    const secret = await mailedToken(market, userId);
    for (let n = 0; n < 3; n++) await ask();
    const reset = await market.call('POST', '/auth/reset-password', { body: { token: secret, password: 'a fresh new phrase' } });
    expect(reset.status).toBe(200);
    for (let n = 0; n < 12; n++) await logIn(email, 'a wrong password');
    expect((await logIn(email, 'a fresh new phrase')).status).toBe(401);
    expect((await logIn(email, 'a fresh new phrase', { deviceToken: reset.body.deviceToken })).status).toBe(200);
    // What was known before the password changed is known no longer.
    expect((await logIn(email, 'a fresh new phrase', { deviceToken: first.deviceToken })).status).toBe(401);
  });

  it('on a device of their own are blocked there too', async () => {
    const email = 'device-guessed@example.com';
    await signUp(market, email);
    const { deviceToken } = (await logIn(email)).body;
    for (let n = 0; n < 6; n++) await logIn(email, 'a wrong password', { deviceToken });
    expect((await logIn(email, password, { deviceToken })).status).toBe(401);
    expect((await logIn(email)).status).toBe(200);
  });

  it('change no password without the present one, not even into itself', async () => {
    const { token } = await signUp(market, 'unchanged@example.com');
    const codeOf = async (current: string, next: string) => (await change(token, current, next)).body.code;
    expect(await codeOf('a wrong password', password)).toBe('auth.bad_credentials');
    expect(await codeOf('a wrong password', 'short')).toBe('auth.bad_credentials');
    expect(await codeOf(password, password)).toBe('auth.password_unchanged');
    expect(await codeOf(password, 'Unchanged2026')).toBe('auth.password_weak');
    expect(await codeOf(password, 'kopi1234')).toBe('auth.password_weak');
    const headers = { 'idempotency-key': randomUUID() };
    const body = { currentPassword: password, newPassword: 'quite another phrase' };
    const [once, again] = [
      await market.call('PUT', '/auth/password', { token, body, headers }),
      await market.call('PUT', '/auth/password', { token, body, headers }),
    ];
    expect([once.status, again.status, again.body]).toEqual([200, 200, once.body]);
    expect((await logIn('unchanged@example.com', 'quite another phrase')).status).toBe(200);
  });
});

describe('the public keys', () => {
  it('are there for everybody', async () => {
    await signUp(market, 'first-key@example.com');
    const path = '/.well-known/jwks.json';
    const response = await market.app.request(path);
    const { status, headers } = response;
    const text = await response.text();
    await documentedBy(() => market.app.request('/openapi.json'))({ method: 'GET', path, status, headers, text });
    const { keys } = JSON.parse(text) as { keys: Record<string, string>[] };
    expect(keys[0]).toMatchObject({ kty: 'RSA', alg: 'RS256', use: 'sig' });
    expect(keys[0]).not.toHaveProperty('d');
  });
});
