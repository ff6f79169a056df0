// Rate limits per class of route, per person where there is one and per address else.
import { DomainError } from '../../domain/error.ts';
import type { Admission, Limiter } from '../cache/port.ts';
import type { RateClass } from '../http/marks.ts';

/** Requests per minute; that many may also come at once. */
export type Rates = Readonly<Record<RateClass, number>>;

export const defaultRates: Rates = { login: 5, checkout: 10, search: 60, other: 300 };

/** Counts one request of `subject`. Throws gateway.rate_limited with the seconds to wait. */
export type Limit = (rate: RateClass, subject: string) => void | Promise<void>;

const judge = (admission: Admission): void => {
  if (admission.allowed) return;
  const retryAfter = Math.ceil(admission.retryAfter / 1000);
  throw new DomainError('gateway.rate_limited', `Try again in ${retryAfter} s.`, { retryAfter });
};

/** `shared` counts for all processes; while it cannot be reached `own` counts for this one, so that there is never no limit. */
export const rateLimit = (rates: Rates, shared: Limiter, own: Limiter, now: () => number = Date.now): Limit => {
  return (rate, subject) => {
    const perMinute = rates[rate];
    const interval = 60_000 / perMinute;
    const key = `rate:${rate}:${subject}`;
    const admission = shared.gcra(key, interval, perMinute, now());
    if (!(admission instanceof Promise)) return judge(admission);
    return admission.catch(() => own.gcra(key, interval, perMinute, now())).then(judge);
  };
};
