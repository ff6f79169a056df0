// Sagas that need a human: who finds them, what may be decided about them, and what comes of it.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { perform } from '../../control.ts';
import { account } from '../../domain/account/account.ts';
import type { Decider } from '../../domain/decider.ts';
import { onboarding } from '../../domain/onboarding/onboarding.ts';
import type { Process } from '../../domain/process.ts';
import { refund } from '../../domain/refund/refund.ts';
import { seller } from '../../domain/seller/seller.ts';
import { asSystem, fresh, openSale, type Sale, untilPayment } from '../flow/sale.ts';
import { type Market, openMarket } from '../market.ts';
import { ok } from '../support/shop.ts';

let market: Market;
beforeAll(async () => {
  market = await openMarket();
});
afterAll(() => market.close());

const patience = 20_000;

/** What `sagas NAME` prints of all that the log holds now. */
const sagas = async (name: string, input: object) => {
  ok(await fresh(market, '/categories'));
  const shown: object[] = [];
  for await (const line of perform(market, `sagas.${name}`, input, new AbortController().signal)) shown.push(line);
  return shown;
};
const waiting = (saga: string) => sagas('list', { saga, outcome: 'NeedsHuman', limit: 10 });

const foldOf = <State, Event extends { type: string }>(process: Process<State, Event>): Decider<State, never, Event> => ({
  ...process,
  decide: () => [],
});

const until = async <State, Event extends { type: string }>(
  process: Process<State, Event>,
  instance: string,
  outcome: ReturnType<typeof process.outcome>,
) => {
  const state = await market.until(foldOf(process), instance, (now) => process.outcome(now) === outcome, patience);
  expect(process.outcome(state)).toBe(outcome);
};

describe('a seller who is approved without an account', () => {
  it('gets the role by a retry once there is one, and needs nobody then', async () => {
    const { sellerId } = await openSale(market, 'va');
    for (const type of ['start_review', 'approve'] as const) await market.handle(seller, sellerId, { type }, asSystem(market));
    await until(onboarding, sellerId, 'NeedsHuman');
    const key = { saga: 'onboarding', instance: sellerId };
    expect(await waiting('onboarding')).toMatchObject([key]);

    const { userId } = (await market.handle.load(foldOf(onboarding), sellerId)).state;
    if (userId === null) throw new Error('nobody was approved');
    const register = { type: 'register', userId, email: null, emailVerified: true, credentialId: null } as const;
    await market.handle(account, userId, register, asSystem(market));
    expect(await sagas('retry', key)).toMatchObject([{ ...key, decision: 'retry' }]);
    await until(onboarding, sellerId, 'Completed');
    expect((await market.handle.load(account, userId)).state).toMatchObject({ roles: ['CUSTOMER', 'SELLER'] });
    expect(await waiting('onboarding')).toEqual([]);
    await expect(sagas('retry', key)).rejects.toMatchObject({ code: 'saga.needs_nobody' });
  });
});

describe('a refund that the provider has failed', () => {
  let sale: Sale;
  let refundId: string;
  const key = () => ({ saga: 'refund', instance: refundId });
  beforeAll(async () => {
    sale = await openSale(market, 'va');
    await untilPayment(market, sale.paymentId, (state) => state.status !== 'none' && state.parts.every((part) => part.instructed));
    ok(await market.call('POST', `/payments/${sale.paymentId}/simulate`, { token: sale.buyer, body: { outcome: 'pay' } }));
    await untilPayment(market, sale.paymentId, (state) => state.status === 'Captured');
    await market.outside.payments?.setFaults({ refundsFail: 1 });
    const asked = await market.call('POST', `/orders/${sale.orderId}/refunds`, { token: sale.seller, body: { reason: 'damaged' } });
    refundId = ok(asked).refundId;
    await until(refund, refundId, 'NeedsHuman');
  });

  it('cannot be sent again', async () => {
    expect(await waiting('refund')).toMatchObject([key()]);
    await expect(sagas('retry', key())).rejects.toMatchObject({ code: 'saga.cannot_retry' });
  });

  it('is taken off the list when another one has taken its place', async () => {
    const asked = await market.call('POST', `/orders/${sale.orderId}/refunds`, { token: sale.seller, body: { reason: 'damaged' } });
    await until(refund, ok(asked).refundId, 'Completed');
    expect(await sagas('close', key())).toMatchObject([{ ...key(), decision: 'close' }]);
    await until(refund, refundId, 'Completed');
    expect(await waiting('refund')).toEqual([]);
  });
});

it('nobody decides about the saga of an erasure', () =>
  expect(sagas('retry', { saga: 'erasure', instance: 'somebody' })).rejects.toMatchObject({ code: 'saga.not_found' }));
