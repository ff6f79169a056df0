// What is sealed for somebody whose key is destroyed could never be read again: it is refused, also by who has not heard yet that the person is
// gone. In a fleet a process that holds the key may take it until it hears, so that this is asked of one process.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { signUp } from '../flow/people.ts';
import { type Market, openMarket } from '../market.ts';
import { anId } from '../shop.ts';

let market: Market;
let admin: string;
beforeAll(async () => {
  market = await openMarket();
  admin = await market.tokenFor('01JZADMINADMINADMINADMINAD', ['CUSTOMER', 'ADMIN']);
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
const bankAccount = { bank: 'BCA', holder: 'Budi Santoso', number: '1234567890' };

it('takes nothing more of a person', async () => {
  const { token, userId, email } = await signUp(market, 'keyless@example.com');
  await market.seals.erase(userId);
  const gone = [410, 'user.erased'];
  const answers = [
    await market.call('PATCH', '/users/me', { token, body: { name: 'Budi' } }),
    await market.call('POST', '/users/me/addresses', { token, body: { label: null, address } }),
    await market.call('PUT', `/users/me/addresses/${anId()}`, { token, body: { label: null, address } }),
    await market.call('PUT', `/reviews/${anId()}`, { token, body: { rating: 5, body: 'Nice' } }),
    await market.call('POST', '/auth/verification-mail', { token, body: {} }),
    await market.call('POST', '/auth/forgot-password', { body: { email } }),
    await market.call('POST', `/admin/users/${userId}/suspension`, { token: admin, body: { reason: 'other', note: 'Asked for it.' } }),
  ];
  expect(answers.map(({ status, body }) => [status, body.code])).toEqual(answers.map(() => gone));
});

it('takes no note about a shop that was refused, and no application, when its owner has left', async () => {
  const { token, userId } = await signUp(market, 'left@example.com');
  const apply = (slug: string) =>
    market.call('POST', '/sellers', {
      token,
      body: { storeName: `Toko ${slug}`, slug, city: 'Bandung', description: 'Batik', bankAccount },
    });
  const { sellerId } = (await apply('sudah-pergi')).body;
  const judge = (act: string, body?: object) =>
    market.call('POST', `/admin/sellers/${sellerId}/${act}`, { token: admin, ...(body && { body }) });
  await judge('review');
  await judge('rejection', { reason: 'goods' });
  await market.seals.erase(userId);
  for (const act of ['rejection', 'suspension']) {
    const { status, body } = await judge(act, { reason: 'other', note: 'Too late.' });
    expect([status, body.code]).toEqual([410, 'user.erased']);
  }
  const account = await market.call('PUT', '/sellers/me/bank-account', { token, body: bankAccount });
  expect(account.body.code).toBe('seller.not_found');
  expect((await apply('datang-lagi')).body.code).toBe('user.erased');
});
