// How far a refund on its way through the gateway is. One that gets no answer is asked after, ever more seldom.
import { hours, later, minutes } from '../id.ts';
import type { Money } from '../money.ts';
import { type Process, type Tasks, tasksAfter } from '../process.ts';
import type { RefundEvent } from './events.ts';

export interface Refund {
  readonly status: 'none' | 'requested' | 'sent' | 'unknown' | 'refunded' | 'failed' | 'closed';
  readonly terms: {
    refundId: string;
    paymentId: string;
    checkoutId: string;
    buyerId: string;
    orderId: string;
    amount: Money;
    booked: boolean;
  } | null;
  readonly wakeAt: string | null;
  readonly attempts: number;
  readonly tasks: Tasks;
}

/** An outcome that is not known is asked after soon; a refund under way may take the provider days. */
const firstWait = { sent: hours(1), unknown: minutes(5) };
const longestWait = hours(24);

const waitAfter = (attempt: number) => Math.min(firstWait.unknown * 2 ** attempt, longestWait);

/** The gateway has said something: what it was asked is answered; bookings are not its affair. */
const answered = (tasks: Refund['tasks']): Refund['tasks'] =>
  Object.fromEntries(Object.entries(tasks).map(([key, task]) => [key, isBooking(key) ? task : 'done']));

const isBooking = (key: string) => key === 'owed' || key === 'paid_back';

const evolve = (state: Refund, event: RefundEvent): Refund => {
  switch (event.type) {
    case 'refund.send_requested': {
      const { refundId, paymentId, checkoutId, buyerId, orderId, amount, booked } = event;
      const terms = { refundId, paymentId, checkoutId, buyerId, orderId, amount, booked };
      return { ...state, status: 'requested', terms, tasks: { ...state.tasks, [event.key]: 'open' } };
    }
    case 'refund.booking_requested':
      return { ...state, tasks: { ...state.tasks, [event.key]: 'open' } };
    case 'refund.status_requested': {
      // Of the questions only the last is kept: each is a repeat of the one before.
      const { [`status.${event.attempt - 1}`]: _previous, ...tasks } = state.tasks;
      return {
        ...state,
        attempts: event.attempt,
        wakeAt: later(event.at, waitAfter(event.attempt)),
        tasks: { ...tasks, [event.key]: 'open' },
      };
    }
    case 'refund.stepped': {
      const ends = event.to === 'refunded' || event.to === 'failed';
      const wakeAt = ends ? null : later(event.at, firstWait[event.to === 'sent' ? 'sent' : 'unknown']);
      return { ...state, status: event.to, wakeAt, tasks: answered(state.tasks) };
    }
    case 'refund.done':
      return { ...state, tasks: { ...state.tasks, [event.key]: 'done' } };
    case 'refund.command_refused':
      return { ...state, tasks: { ...state.tasks, [event.key]: 'refused' } };
    case 'refund.resolved':
      return { ...state, status: state.status === 'failed' ? 'closed' : state.status, tasks: tasksAfter(state.tasks, event.decision) };
    default:
      return event satisfies never;
  }
};

const isOver = ({ status }: Refund) => status === 'refunded' || status === 'failed' || status === 'closed';

export const refund: Process<Refund, RefundEvent> = {
  category: 'refund',
  version: 1,
  initial: { status: 'none', terms: null, wakeAt: null, attempts: 0, tasks: {} },
  evolve,
  isIntent: (event) => 'key' in event && event.type !== 'refund.done' && event.type !== 'refund.command_refused',
  isOpen: (intent, state) =>
    'key' in intent && state.tasks[intent.key] === 'open' && (intent.type === 'refund.booking_requested' || !isOver(state)),
  isRefused: (intent, state) => 'key' in intent && state.tasks[intent.key] === 'refused',
  wakeAt: (state) => state.wakeAt,
  outcome: (state) => {
    if (state.status === 'none') return 'NotStarted';
    if (state.status === 'failed' || Object.values(state.tasks).includes('refused')) return 'NeedsHuman';
    return state.status === 'refunded' || state.status === 'closed' ? 'Completed' : 'Running';
  },
};
