// How long a buyer has to pay, by method: the one table of these times.
import { hours, later, minutes } from '../id.ts';

export const methods = ['card', 'qris', 'ewallet', 'va', 'retail', 'cod'] as const;
export type Method = (typeof methods)[number];

/** Milliseconds from the checkout to the payment's expiry; null: paid at the door, nothing expires. */
export const timeToPay: Readonly<Record<Method, number | null>> = {
  card: minutes(15),
  qris: minutes(15),
  ewallet: minutes(15),
  va: hours(24),
  retail: hours(24),
  cod: null,
};

/** Holds outlive the payment's expiry by this, so that a capture that was under way at the expiry still finds its goods. */
export const holdGrace = minutes(15);

/** A COD checkout confirms at once: its holds need no longer than a checkout can take. */
const codHold = minutes(15);

/** When a payment begun `at` expires, and until when its holds stand: a capture by then is reinstated, a later one refunded. */
export const deadlines = (method: Method, at: string): { expiresAt: string; until: string } => {
  const expiresAt = later(at, timeToPay[method] ?? codHold);
  return { expiresAt, until: later(expiresAt, holdGrace) };
};
