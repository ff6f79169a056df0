// A ledger keeps double entry: every booking sums to zero by itself, and is booked once.
import type { Decider } from '../decider.ts';
import { DomainError } from '../error.ts';
import { days, later } from '../id.ts';
import { look, put, type Shelf } from '../shelf.ts';
import type { BookingKind, Entry, LedgerEvent } from './events.ts';

export type LedgerCommand = {
  type: 'book';
  bookingId: string;
  /** The seller's id, or `platform`: the id of this very stream. */
  ledgerId: string;
  kind: BookingKind;
  orderId?: string;
  checkoutId?: string;
  paymentId?: string;
  buyerId?: string;
  refundId?: string;
  entries: readonly Entry[];
  /** When the thing booked happened: the same for every repeat, while `at` is the time of the try. */
  valueAt: string;
  at: string;
};

/**
 * `balances`: minor units by `<account>.<currency>`. `recent`: the booking ids of the last 30 days, by the hour of their value time.
 * NOTE: that is how a booking stays booked once without keeping all ids for ever. A repeat carries the same `valueAt` as the first time
 * (it comes from the event that caused it), so it can only stand in that one hour; what is older than the hours still kept is refused,
 * never booked twice.
 */
export interface Ledger {
  readonly balances: Readonly<Record<string, number>>;
  readonly recent: Readonly<Record<string, Shelf<1>>>;
  readonly latest: string;
}

const kept = days(30);
const laterOf = (a: string, b: string) => {
  if (b > a) return b;
  return a;
};
const hourOf = (at: string) => at.slice(0, 13);
const horizon = (latest: string) => (latest === '' ? '' : hourOf(later(latest, -kept)));

const remember = (ledger: Ledger, { bookingId, valueAt: at }: { bookingId: string; valueAt: string }): Ledger['recent'] => {
  const hour = hourOf(at);
  const known = ledger.recent[hour];
  if (known) return { ...ledger.recent, [hour]: put(known, bookingId, 1) };
  const oldest = horizon(laterOf(at, ledger.latest));
  const still = Object.entries(ledger.recent).filter(([each]) => each >= oldest);
  return { ...Object.fromEntries(still), [hour]: put<1>({}, bookingId, 1) };
};

const evolve = (ledger: Ledger, event: LedgerEvent): Ledger => {
  const balances = { ...ledger.balances };
  for (const { account, amount } of event.entries) {
    const key = `${account}.${amount.currency}`;
    balances[key] = (balances[key] ?? 0) + amount.amount;
  }
  return { balances, recent: remember(ledger, event), latest: laterOf(event.valueAt, ledger.latest) };
};

const mustBalance = (entries: readonly Entry[]) => {
  const sums: Record<string, number> = {};
  for (const { amount } of entries) sums[amount.currency] = (sums[amount.currency] ?? 0) + amount.amount;
  if (Object.values(sums).some((sum) => sum !== 0)) throw new DomainError('ledger.unbalanced', 'A booking must sum to zero.', { sums });
};

const book = (ledger: Ledger, command: LedgerCommand): LedgerEvent[] => {
  if (look(ledger.recent[hourOf(command.valueAt)] ?? {}, command.bookingId)) return [];
  if (hourOf(command.valueAt) < horizon(ledger.latest)) {
    throw new DomainError('ledger.too_old', 'This booking is too old to tell whether it was made before.', {
      bookingId: command.bookingId,
    });
  }
  const entries = command.entries.filter((entry) => entry.amount.amount !== 0);
  mustBalance(entries);
  if (entries.length === 0) return [];
  return [{ ...command, type: 'ledger.booked', entries }];
};

export const ledger: Decider<Ledger, LedgerCommand, LedgerEvent> = {
  category: 'ledger',
  version: 2,
  initial: { balances: {}, recent: {}, latest: '' },
  evolve,
  decide: (command, state) => book(state, command),
};
