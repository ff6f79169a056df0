// The checkout as a process: which of its events are intents, when it wants to be woken, and how it stands.
import { later } from '../id.ts';
import type { Process } from '../process.ts';
import type { CheckoutEvent } from './events.ts';
import { isForward, patience } from './progress.ts';
import { type Checkout, evolve, isIntent, isOpen, isPurchase, type Purchase } from './state.ts';

const isOver = ({ status }: Purchase) => status === 'Failed' || status === 'Expired';

/** While it waits for the buyer: the end of the holds, which outlive the payment's own time. While it waits for other parts of the system: the end of its patience. */
export const wakeAt = (checkout: Checkout): string | null => {
  if (!isPurchase(checkout) || checkout.human !== null || isOver(checkout)) return null;
  const { status, plan, since, open } = checkout;
  if (status === 'Completed') return Object.keys(open).length > 0 ? later(since, patience) : null;
  if (isForward(checkout) || status === 'Confirmed' || status === 'Compensating') return later(since, patience);
  return plan.holdUntil;
};

const outcome = (checkout: Checkout) => {
  if (!isPurchase(checkout)) return 'NotStarted';
  if (checkout.human !== null) return 'NeedsHuman';
  if (isOver(checkout)) return 'Compensated';
  return checkout.status === 'Completed' ? 'Completed' : 'Running';
};

export const checkoutProcess: Process<Checkout, CheckoutEvent> = {
  category: 'checkout',
  version: 1,
  initial: { status: 'None' },
  evolve,
  isIntent,
  isOpen: (intent, state, part) => isIntent(intent) && isOpen(state, intent, part),
  wakeAt,
  outcome,
};
