// Notices about money that did not fit what they name, so that they can be counted.
import type { PaymentEvent } from '../domain/payment/events.ts';
import type { Result } from './handle.ts';

/** What was wrong with the notices that this command took in for the first time. */
export const anomaliesIn = ({ events, replayed }: Result<PaymentEvent>): string[] =>
  replayed ? [] : events.flatMap(({ event }) => (event.type === 'payment.anomaly_noted' ? [event.reason] : []));
