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
 * `balances`: minor units by `<account>.<currency>`. `recent`: the booking ids of the last 30 days, by the hour of their value time; the last
 * thousand are kept for longer, for the clock may be wrong. `forgotten`: the last hour that is not kept any more.
 * NOTE: that is how a booking stays booked once without keeping all ids for ever. A repeat carries the same `valueAt` as the first time
 * (it comes from the event that caused it), so it can only stand in that one hour; what stands in an hour that is forgotten, or in one
 * before it, is refused, never booked twice.
 */
export interface Ledger {
  readonly balances: Readonly<Record<string, number>>;
  readonly recent: Readonly<Record<string, Shelf<1>>>;
  readonly forgotten: string;
}

const kept = days(30);
const fewest = 1_000;
const hourOf = (at: string) => at.slice(0, 13);

const sizeOf = (hour: Shelf<1>) => Object.values(hour).reduce((count, box) => count + Object.keys(box).length, 0);

const remember = (ledger: Ledger, { bookingId, valueAt: at }: { bookingId: string; valueAt: string }): Omit<Ledger, 'balances'> => {
  const { recent, forgotten } = ledger;
  const hour = hourOf(at);
  const known = recent[hour];
  if (known) return { recent: { ...recent, [hour]: put(known, bookingId, 1) }, forgotten };
  return withoutOld({ recent: { ...recent, [hour]: put<1>({}, bookingId, 1) }, forgotten }, hourOf(later(at, -kept)));
};

/** Without the hours before `oldest`, the first ones first, as long as enough are left. */
const withoutOld = ({ recent, forgotten }: Omit<Ledger, 'balances'>, oldest: string): Omit<Ledger, 'balances'> => {
  const old = Object.keys(recent)
    .filter((hour) => hour < oldest)
    .sort();
  if (old.length === 0) return { recent, forgotten };
  let left = Object.values(recent).reduce((count, hour) => count + sizeOf(hour), 0);
  const still = { ...recent };
  let last = forgotten;
  for (const hour of old) {
    left -= sizeOf(still[hour] ?? {});
    if (left < fewest) break;
    delete still[hour];
    if (hour > last) last = hour;
  }
  return { recent: still, forgotten: last };
};

const evolve = (ledger: Ledger, event: LedgerEvent): Ledger => {
  const balances = { ...ledger.balances };
  for (const { account, amount } of event.entries) {
    const key = `${account}.${amount.currency}`;
    balances[key] = (balances[key] ?? 0) + amount.amount;
  }
  return { balances, ...remember(ledger, event) };
};

const mustBalance = (entries: readonly Entry[]) => {
  const sums: Record<string, number> = {};
  for (const { amount } of entries) sums[amount.currency] = (sums[amount.currency] ?? 0) + amount.amount;
  if (Object.values(sums).some((sum) => sum !== 0)) throw new DomainError('ledger.unbalanced', 'A booking must sum to zero.', { sums });
};

const book = (ledger: Ledger, command: LedgerCommand): LedgerEvent[] => {
  if (look(ledger.recent[hourOf(command.valueAt)] ?? {}, command.bookingId)) return [];
  if (hourOf(command.valueAt) <= ledger.forgotten) {
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
  version: 3,
  initial: { balances: {}, recent: {}, forgotten: '' },
  evolve,
  decide: (command, state) => book(state, command),
};
