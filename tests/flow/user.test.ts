// From HTTP to the read models: what people tell of themselves, what administrators may do, and that an erased person is gone.
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { derivedId, derivedUuid } from '../../commands/ids.ts';
import { account } from '../../domain/account/account.ts';
import { user } from '../../domain/user/user.ts';
import { type Market, openMarket } from '../market.ts';
import { aContext, anId } from '../shop.ts';
import { type Person, password, signIn, signUp } from './people.ts';

let market: Market;
let admin: string;
let superAdmin: string;
beforeAll(async () => {
  market = await openMarket();
  admin = await market.tokenFor('01JZADMINADMINADMINADMINAD', ['CUSTOMER', 'ADMIN']);
  superAdmin = await market.tokenFor('01JZSUPERSUPERSUPERSUPERSU', ['CUSTOMER', 'SUPER_ADMIN']);
});
afterAll(() => market.close());

const address = {
  recipient: 'Budi Santoso',
  phone: '+62 812 3456 7890',
  street: 'Jl. Melati 1',
  city: 'Bandung',
  province: 'Jawa Barat',
  postalCode: '40111',
  country: 'ID',
};

/** Reads what is true at least at this position. */
const read = (path: string, token: string, position: string) =>
  market.call('GET', `${path}${path.includes('?') ? '&' : '?'}minPosition=${position}`, { token });

describe('a profile', () => {
  it('shows what its owner changed', async () => {
    const { token } = await signUp(market, 'profile@example.com', 'Old Name');
    const changed = await market.call('PATCH', '/users/me', { token, body: { name: 'New Name', phone: '+62 811 000 111' } });
    const preferred = await market.call('PUT', '/users/me/preferences', { token, body: { language: 'en', marketing: true } });
    expect([changed.status, preferred.status]).toEqual([200, 200]);
    const { body } = await read('/users/me', token, preferred.body.position);
    expect(body).toMatchObject({ name: 'New Name', phone: '+62 811 000 111', language: 'en', marketing: true, status: 'Active' });
  });

  it('has addresses, of which exactly one is primary', async () => {
    const { token } = await signUp(market, 'addresses@example.com');
    const add = (label: string, primary = false) =>
      market.call('POST', '/users/me/addresses', { token, body: { label, address, primary } });
    const home = (await add('Home')).body;
    const work = (await add('Work')).body;
    expect([home.primary, work.primary]).toEqual([true, false]);
    await market.call('PUT', `/users/me/addresses/${work.addressId}/primary`, { token });
    const street = 'Jl. Mawar 2';
    await market.call('PUT', `/users/me/addresses/${home.addressId}`, {
      token,
      body: { label: 'Old home', address: { ...address, street } },
    });
    const removed = await market.call('DELETE', `/users/me/addresses/${work.addressId}`, { token });
    const { body } = await read('/users/me/addresses', token, removed.body.position);
    expect(body.items).toEqual([{ addressId: home.addressId, label: 'Old home', address: { ...address, street }, primary: true }]);
  });

  it('refuses what is no address, naming the field, and the address of somebody else', async () => {
    const { token } = await signUp(market, 'picky@example.com');
    const other = await signUp(market, 'picked@example.com');
    for (const bad of [{ phone: 'call me' }, { postalCode: '1011' }, { country: 'XX' }, { recipient: 'A\u202eni' }]) {
      const answers = [
        await market.call('POST', '/users/me/addresses', { token, body: { address: { ...address, ...bad } } }),
        await market.call('POST', '/checkouts/quote', { token, body: { address: { ...address, ...bad } } }),
      ];
      expect([bad, ...answers.map(({ status }) => status)]).toEqual([bad, 400, 400]);
    }
    expect((await market.call('PATCH', '/users/me', { token, body: { phone: 'call me' } })).status).toBe(400);
    const wrong = await market.call('POST', '/users/me/addresses', { token, body: { address: { ...address, country: 'Indonesia' } } });
    expect([wrong.status, wrong.body.errors[0].field]).toEqual([400, 'address.country']);
    const theirs = (await market.call('POST', '/users/me/addresses', { token: other.token, body: { address } })).body.addressId;
    const taken = await market.call('PUT', `/users/me/addresses/${theirs}`, { token, body: { address } });
    expect([taken.status, taken.body.code]).toEqual([404, 'user.address_not_found']);
  });

  it('has an address once, however long after its adding comes again, and is told which', async () => {
    const { token, userId } = await signUp(market, 'late@example.com');
    const key = randomUUID();
    // What is left of the first time when its key has been forgotten.
    const addressId = derivedId(derivedUuid('http', `user:${userId}`, 'POST', '/api/v1/users/me/addresses', key), 0);
    const sealed = await market.seals.seal(userId, address);
    await market.handle(user, userId, { type: 'add_address', addressId, label: null, address: sealed, primary: true }, aContext());
    const again = await market.call('POST', '/users/me/addresses', {
      token,
      body: { label: null, address, primary: true },
      headers: { 'idempotency-key': key },
    });
    expect([again.status, again.body.addressId]).toEqual([201, addressId]);
    expect((await read('/users/me/addresses', token, again.body.position)).body.items).toHaveLength(1);
  });

  it('that is not there has no addresses to change', async () => {
    const token = await market.tokenFor(anId(), ['CUSTOMER']);
    const path = `/users/me/addresses/${anId()}`;
    const answers = [
      await market.call('PUT', path, { token, body: { label: null, address } }),
      await market.call('PUT', `${path}/primary`, { token }),
      await market.call('DELETE', path, { token }),
    ];
    expect(answers.map(({ status, body }) => [status, body.code])).toEqual(Array(3).fill([404, 'user.not_found']));
  });

  it('is exported with everything in plain text', async () => {
    const { token } = await signUp(market, 'export@example.com', 'Export Me');
    const added = await market.call('POST', '/users/me/addresses', { token, body: { address } });
    const { body } = await read('/users/me/export', token, added.body.position);
    expect(body.profile).toMatchObject({ email: 'export@example.com', name: 'Export Me', addresses: [{ address }] });
    expect(body.sessions).toMatchObject([{ method: 'password', device: { userAgent: '' } }]);
    expect(JSON.stringify(body)).not.toContain('pii1.');
  });
});

describe('administrators', () => {
  let person: Person;
  beforeAll(async () => {
    person = await signUp(market, 'watched@example.com', 'Watched');
  });

  it('find an account by its e-mail address, by id and in the list', async () => {
    const { position } = (await market.call('PATCH', '/users/me', { token: person.token, body: { name: 'Seen' } })).body;
    const byMail = await read('/admin/users?email=Watched%40example.com', admin, position);
    expect(byMail.body.items).toMatchObject([{ userId: person.userId, name: 'Seen', email: 'watched@example.com' }]);
    expect((await read(`/admin/users/${person.userId}`, admin, position)).body.userId).toBe(person.userId);
    const list = await read('/admin/users?status=Active&limit=1', admin, position);
    expect([list.body.items.length, typeof list.body.next]).toEqual([1, 'string']);
    expect((await read('/admin/users?email=nobody%40example.com', admin, position)).body.items).toEqual([]);
  });

  it('are the only ones who do', async () => {
    for (const path of ['/admin/users', `/admin/users/${person.userId}`]) {
      expect((await market.call('GET', path, { token: person.token })).body.code).toBe('auth.forbidden');
    }
    const suspended = await market.call('POST', `/admin/users/${person.userId}/suspension`, {
      token: person.token,
      body: { reason: 'other' },
    });
    expect(suspended.status).toBe(403);
  });

  it('suspend an account, which ends its sessions, and let it in again', async () => {
    const path = `/admin/users/${person.userId}/suspension`;
    const { token, refreshToken } = await signIn(market, person.email);
    expect((await market.call('POST', path, { token: admin, body: { reason: 'abuse', note: 'Spam.' } })).status).toBe(200);
    const answers = [
      await market.call('GET', '/users/me', { token }),
      await market.call('POST', '/auth/refresh', { body: { refreshToken } }),
      await market.call('POST', '/auth/login', { body: { email: person.email, password } }),
    ];
    expect(answers.map(({ status, body }) => [status, body.code])).toEqual([
      [401, 'auth.session_ended'],
      [401, 'auth.session_ended'],
      [403, 'auth.suspended'],
    ]);
    expect((await market.call('DELETE', path, { token: admin })).status).toBe(200);
    expect((await signIn(market, person.email)).userId).toBe(person.userId);
  });

  it('are made by a SUPER_ADMIN alone; a token from before the change counts no more', async () => {
    const { token, refreshToken, userId } = await signUp(market, 'promoted@example.com');
    const path = `/admin/users/${userId}/roles/ADMIN`;
    expect((await market.call('PUT', path, { token: admin })).body.code).toBe('auth.forbidden');
    const granted = await market.call('PUT', path, { token: superAdmin });
    expect(granted.status).toBe(200);
    expect((await market.call('GET', '/users/me', { token })).body.code).toBe('auth.session_ended');
    const { accessToken } = (await market.call('POST', '/auth/refresh', { body: { refreshToken } })).body;
    expect((await read('/admin/users?role=ADMIN', accessToken, granted.body.position)).body.items).toMatchObject([{ userId }]);
    expect((await market.call('DELETE', path, { token: superAdmin })).status).toBe(200);
    expect((await market.call('GET', '/admin/users', { token: accessToken })).status).toBe(401);
  });
});

describe('a person who is erased', () => {
  const isErased = async (userId: string) =>
    expect((await market.until(user, userId, (state) => state.status === 'Erased', 5_000)).status).toBe('Erased');

  it('needs the password for it', async () => {
    const { token } = await signUp(market, 'unsure@example.com');
    const refused = await market.call('DELETE', '/users/me', { token, body: { password: 'wrong password' } });
    expect([refused.status, refused.body.code]).toEqual([401, 'auth.bad_credentials']);
  });

  it('is gone from everywhere, and the address is free again', async () => {
    const { token, userId } = await signUp(market, 'gone@example.com', 'Gone Person');
    await market.call('POST', '/users/me/addresses', { token, body: { address } });
    const [registered] = await market.store.read(`account-${userId}`, 0, 1);
    const erased = await market.call('DELETE', '/users/me', { token, body: { password } });
    expect(erased.status).toBe(202);
    await isErased(userId);
    const position = `${market.store.logId}.${await market.store.head()}`;

    expect((await market.call('GET', '/users/me', { token })).body.code).toBe('auth.session_ended');
    expect((await market.call('POST', '/auth/login', { body: { email: 'gone@example.com', password } })).body.code).toBe(
      'auth.bad_credentials',
    );
    expect((await read(`/admin/users/${userId}`, admin, position)).body).toMatchObject({ status: 'Erased', email: null, name: null });
    expect(registered?.event).toMatchObject({ type: 'account.registered' });
    if (registered && 'email' in registered.event) expect(await market.seals.open(registered.event.email as never)).toBe('[erased]');
    expect(await market.vault.personKeys([userId])).toEqual([null]);
    expect(await market.vault.passwordOf(userId)).toBeNull();
    await market.mailed(await market.store.head());
    expect(await market.outside.readMails?.(userId, 10)).toEqual([]);
    expect((await signUp(market, 'gone@example.com')).userId).not.toBe(userId);
  });

  it('is gone even if everything was killed right after the first step', async () => {
    const { userId } = await signUp(market, 'killed@example.com');
    const context = { commandId: randomUUID(), correlationId: 'c', causationId: 'c', actor: { kind: 'user', id: userId } } as const;
    await market.handle(account, userId, { type: 'erase' }, { ...context, at: new Date(market.now()).toISOString() });
    await isErased(userId);
    expect(await market.vault.personKeys([userId])).toEqual([null]);
    expect((await signUp(market, 'killed@example.com')).userId).not.toBe(userId);
  });
});
