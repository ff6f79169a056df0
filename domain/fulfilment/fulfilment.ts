// How far the fulfilment of one confirmed order is: what is open, what it waits for, and how much of the seller's money is still pending.
import { days, later } from '../id.ts';
import { type Money, minus, zero } from '../money.ts';
import type { HeldLine } from '../order/terms.ts';
import { type Process, type Tasks, tasksAfter } from '../process.ts';
import type { FulfilmentEvent, Step } from './events.ts';

export type ReturnStep = Extract<Step, { step: 'return' }>['now'];
type Status = Fulfilment['status'];

/** Triggers may come again, long after: none of them takes a fulfilment back. */
const statusRank: Readonly<Record<Status, number>> = {
  none: 0,
  confirmed: 1,
  accepted: 2,
  packed: 3,
  shipped: 4,
  delivery_failed: 5,
  delivered: 6,
  returned: 7,
  completed: 8,
  cancelled: 9,
};
const courierRank = { failed: 1, returned: 2, delivered: 3 } as const;
const returnRank = { requested: 1, rejected: 2, escalated: 3, approved: 4, closed: 5 } as const;

/** Whether `step` says anything that `state` does not know. */
export const isNews = (state: Fulfilment, step: Step): boolean => {
  switch (step.step) {
    case 'courier':
      return state.courier === null || courierRank[step.says] > courierRank[state.courier];
    case 'return': {
      const before = state.returns[step.returnId];
      return before === undefined || returnRank[step.now] > returnRank[before];
    }
    case 'captured':
      return !state.captured;
    case 'refunded':
      return state.tasks[`booked.${step.refundId}`] === undefined;
    default:
      return statusRank[step.step] > statusRank[state.status];
  }
};

/** An undecided return keeps its order from being completed. */
export const hasOpenReturn = (state: Fulfilment) => Object.values(state.returns).some((now) => now !== 'rejected' && now !== 'closed');

/** Who and what an order is about; known from order.confirmed on. */
export interface FulfilmentTerms {
  readonly orderId: string;
  readonly checkoutId: string;
  readonly buyerId: string;
  readonly sellerId: string;
  readonly paymentId: string;
  readonly cod: boolean;
  readonly holds: readonly HeldLine[];
}

/**
 * `net`: what is left of the seller's part after refunds; below zero only until the order's start is learnt. `wakeAt`: the time to accept,
 * later the return window, later the wait for the cash of a COD order, is over. `courier`: what the courier says. `returns`: how far each is. `tasks`: all that was asked for.
 */
export interface Fulfilment {
  readonly terms: FulfilmentTerms | null;
  readonly status:
    | 'none'
    | 'confirmed'
    | 'accepted'
    | 'packed'
    | 'shipped'
    | 'delivered'
    | 'completed'
    | 'cancelled'
    | 'delivery_failed'
    | 'returned';
  readonly captured: boolean;
  readonly refundedInFull: boolean;
  readonly net: Money | null;
  readonly wakeAt: string | null;
  readonly courier: 'delivered' | 'failed' | 'returned' | null;
  readonly returns: Readonly<Record<string, ReturnStep>>;
  readonly tasks: Tasks;
}

/** How long the courier may take to tell of the cash of an order that is completed on the buyer's word alone. */
const collectionWait = days(7);

const stepped = (state: Fulfilment, step: Step, at: string): Fulfilment => {
  switch (step.step) {
    case 'delivered':
      return { ...state, status: 'delivered', wakeAt: step.returnUntil };
    case 'courier':
      return { ...state, courier: step.says };
    case 'return':
      return { ...state, returns: { ...state.returns, [step.returnId]: step.now } };
    case 'refunded':
      return {
        ...state,
        net: minus(state.net ?? zero(step.sellerNet.currency), step.sellerNet),
        refundedInFull: state.refundedInFull || step.all === true,
      };
    case 'captured':
      return { ...state, captured: true };
    case 'completed':
      return { ...state, status: 'completed', wakeAt: later(at, collectionWait) };
    default:
      return { ...state, status: step.step, wakeAt: null };
  }
};

const started = (state: Fulfilment, event: Extract<FulfilmentEvent, { type: 'fulfilment.started' }>): Fulfilment => {
  const { orderId, checkoutId, buyerId, sellerId, paymentId, cod, holds, sellerNet, acceptBy } = event;
  const net = state.net ? { ...sellerNet, amount: sellerNet.amount + state.net.amount } : sellerNet;
  const terms = { orderId, checkoutId, buyerId, sellerId, paymentId, cod, holds };
  return { ...state, terms, status: 'confirmed', captured: state.captured || !cod, net, wakeAt: acceptBy };
};

const evolve = (state: Fulfilment, event: FulfilmentEvent): Fulfilment => {
  switch (event.type) {
    case 'fulfilment.started':
      return started(state, event);
    case 'fulfilment.stepped':
      return stepped(state, event.step, event.at);
    case 'fulfilment.requested':
      return { ...state, tasks: { ...state.tasks, [event.key]: 'open' } };
    case 'fulfilment.done':
      return { ...state, tasks: { ...state.tasks, [event.key]: 'done' } };
    case 'fulfilment.command_refused':
      return { ...state, tasks: { ...state.tasks, [event.key]: 'refused' } };
    case 'fulfilment.resolved':
      return { ...state, tasks: tasksAfter(state.tasks, event.decision) };
    default:
      return event satisfies never;
  }
};

/** Cash at the door that nobody has brought: only the courier's word moves it. */
const isUncollected = ({ terms, captured, courier }: Fulfilment) => terms?.cod === true && !captured && courier !== 'delivered';

const isOver = (state: Fulfilment) => state.status === 'completed' || state.status === 'cancelled' || state.status === 'returned';

export const fulfilment: Process<Fulfilment, FulfilmentEvent> = {
  category: 'fulfilment',
  version: 2,
  initial: {
    terms: null,
    status: 'none',
    captured: false,
    refundedInFull: false,
    net: null,
    wakeAt: null,
    courier: null,
    returns: {},
    tasks: {},
  },
  evolve,
  isIntent: (event) => event.type === 'fulfilment.requested',
  isOpen: (intent, state) => intent.type === 'fulfilment.requested' && state.tasks[intent.key] === 'open',
  isRefused: (intent, state) => intent.type === 'fulfilment.requested' && state.tasks[intent.key] === 'refused',
  /** An order is not completed under a return that is not decided; each wait asks once. */
  wakeAt: (state) => {
    if (state.status === 'confirmed') return state.tasks.expire ? null : state.wakeAt;
    if (state.status === 'delivered') return state.tasks.complete || hasOpenReturn(state) ? null : state.wakeAt;
    if (state.status === 'completed') return isUncollected(state) && !state.tasks.ask_courier ? state.wakeAt : null;
    return null;
  },
  outcome: (state) => {
    const tasks = Object.values(state.tasks);
    if (state.status === 'none' && tasks.length === 0) return 'NotStarted';
    if (tasks.includes('refused')) return 'NeedsHuman';
    const isWaiting = state.status === 'completed' && isUncollected(state) && !state.tasks.void_part;
    return isOver(state) && !isWaiting && !tasks.includes('open') ? 'Completed' : 'Running';
  },
};
