// All ledgers together, per currency: what every account holds, and that it comes to nothing. The rows behind GET /admin/ledger/trial-balance.
import type { Account, LedgerEvent } from '../../domain/ledger/events.ts';
import type { Currency } from '../../domain/money.ts';
import type { Projection } from '../projection.ts';

export interface TrialBalanceRow {
  readonly currency: Currency;
  /** Minor units. */
  readonly accounts: Readonly<Partial<Record<Account, number>>>;
  /** The sum of all accounts: 0, always. */
  readonly sum: number;
  readonly bookings: number;
}

export const trialBalance: Projection<TrialBalanceRow, LedgerEvent> = {
  name: 'seller-trial-balance',
  service: 'seller',
  version: 1,
  reads: ['ledger.booked'],
  key: ({ event }) => event.entries.map(({ amount }) => amount.currency),
  evolve: (row, { event }, currency) => {
    const accounts: Partial<Record<Account, number>> = { ...row?.accounts };
    // NOTE: exact whatever the amounts are; what was booked before there was a bound may be beyond 2^53.
    let booked = 0n;
    for (const { account, amount } of event.entries) {
      if (amount.currency !== currency) continue;
      accounts[account] = (accounts[account] ?? 0) + amount.amount;
      booked += BigInt(amount.amount);
    }
    const sum = (row?.sum ?? 0) + Number(booked);
    return { currency: currency as Currency, accounts, sum, bookings: (row?.bookings ?? 0) + 1 };
  },
  onPoison: 'stop',
};
