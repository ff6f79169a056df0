// What each account of each ledger holds: the rows behind GET /sellers/me/balance.
import type { Account, LedgerEvent } from '../../domain/ledger/events.ts';
import type { Money } from '../../domain/money.ts';
import type { Projection } from '../projection.ts';

export interface BalanceRow {
  /** The seller's id, or `platform`. */
  readonly ledgerId: string;
  readonly balances: readonly { readonly account: Account; readonly balance: Money }[];
  readonly bookings: number;
  readonly bookedAt: string;
}

type Booked = readonly { readonly account: Account; readonly amount: Money }[];

/** The balances after these entries: one per account and currency. */
const added = (balances: BalanceRow['balances'], entries: Booked): BalanceRow['balances'] => {
  const sums = new Map(balances.map((one) => [`${one.account} ${one.balance.currency}`, one]));
  for (const { account, amount } of entries) {
    const { currency } = amount;
    const key = `${account} ${currency}`;
    sums.set(key, { account, balance: { amount: (sums.get(key)?.balance.amount ?? 0) + amount.amount, currency } });
  }
  return [...sums.values()];
};

export const balances: Projection<BalanceRow, LedgerEvent> = {
  name: 'seller-balances',
  service: 'seller',
  version: 1,
  reads: ['ledger.booked'],
  key: ({ event }) => event.ledgerId,
  evolve: (row, { event }) => ({
    ledgerId: event.ledgerId,
    balances: added(row?.balances ?? [], event.entries),
    bookings: (row?.bookings ?? 0) + 1,
    bookedAt: event.at,
  }),
  onPoison: 'stop',
};
