// A buyer sends goods back in the return window; the seller inspects them, and somebody above decides where the two disagree.
import type { Decider } from '../decider.ts';
import { DomainError } from '../error.ts';
import type { Sealed } from '../privacy.ts';
import type { ReturnEvent, ReturnLine } from './events.ts';

export type ReturnCommand =
  | {
      type: 'request';
      returnId: string;
      orderId: string;
      checkoutId: string;
      buyerId: string;
      sellerId: string;
      lines: readonly ReturnLine[];
      reason: string;
      note?: Sealed;
      /** The end of the order's return window, as its stream says. */
      returnUntil: string;
      at: string;
    }
  | { type: 'approve'; sellerId: string; at: string }
  | { type: 'reject'; sellerId: string; reason: string; at: string }
  | { type: 'escalate'; buyerId: string; at: string }
  /** An administrator's decision about an escalated return. */
  | { type: 'decide'; approve: boolean; reason: string; at: string }
  | { type: 'send'; buyerId: string; trackingNumber?: Sealed; at: string }
  | { type: 'receive'; sellerId: string; at: string }
  | {
      type: 'inspect';
      sellerId: string;
      conditions: readonly { lineId: string; condition: 'sellable' | 'damaged' }[];
      resolution: 'refund' | 'replace' | 'deny';
      shipping: boolean;
      reason?: string;
      at: string;
    }
  /** The money is back with the buyer. */
  | { type: 'settle'; at: string };

export type ReturnStatus =
  | 'Requested'
  | 'Approved'
  | 'Rejected'
  | 'Escalated'
  | 'InTransit'
  | 'Received'
  | 'Inspected'
  | 'Refunded'
  | 'Replaced'
  | 'Denied';

export type Return =
  | { readonly status: 'none' }
  | {
      readonly status: ReturnStatus;
      readonly returnId: string;
      readonly orderId: string;
      readonly checkoutId: string;
      readonly buyerId: string;
      readonly sellerId: string;
      readonly lines: readonly ReturnLine[];
    };

type Existing = Exclude<Return, { status: 'none' }>;
type Of<T extends ReturnCommand['type']> = Extract<ReturnCommand, { type: T }>;

const evolve = (state: Return, event: ReturnEvent): Return => {
  if (event.type === 'return.requested') {
    const { returnId, orderId, checkoutId, buyerId, sellerId, lines } = event;
    return { status: 'Requested', returnId, orderId, checkoutId, buyerId, sellerId, lines };
  }
  if (state.status === 'none') return state;
  switch (event.type) {
    case 'return.approved':
      return { ...state, status: 'Approved' };
    case 'return.rejected':
      return { ...state, status: 'Rejected' };
    case 'return.escalated':
      return { ...state, status: 'Escalated' };
    case 'return.sent':
      return { ...state, status: 'InTransit' };
    case 'return.received':
      return { ...state, status: 'Received' };
    case 'return.inspected':
      return { ...state, status: 'Inspected' };
    case 'return.refunded':
      return { ...state, status: 'Refunded' };
    case 'return.replaced':
      return { ...state, status: 'Replaced' };
    case 'return.denied':
      return { ...state, status: 'Denied' };
    default:
      return event satisfies never;
  }
};

/** Somebody else's return is answered like one that does not exist. */
const mustSee = (state: Return, actor: { buyerId?: string; sellerId?: string }): Existing => {
  const isMine =
    state.status !== 'none' &&
    (actor.buyerId === undefined || actor.buyerId === state.buyerId) &&
    (actor.sellerId === undefined || actor.sellerId === state.sellerId);
  if (!isMine) throw new DomainError('return.not_found', 'There is no such return.');
  return state;
};

const common = ({ returnId, orderId, checkoutId, buyerId, sellerId }: Existing, { at }: { at: string }) => ({
  returnId,
  orderId,
  checkoutId,
  buyerId,
  sellerId,
  at,
});

/** Whether `state` is one of `from`; where it is one of `beyond`, the command is already so; anything else refuses. */
const moves = (state: Existing, from: readonly ReturnStatus[], beyond: readonly ReturnStatus[]): boolean => {
  if (from.includes(state.status)) return true;
  if (beyond.includes(state.status)) return false;
  throw new DomainError('return.wrong_status', `This return is ${state.status}.`, { status: state.status });
};

const inspectedOrLater: readonly ReturnStatus[] = ['Inspected', 'Refunded', 'Replaced', 'Denied'];
const receivedOrLater: readonly ReturnStatus[] = ['Received', ...inspectedOrLater];
const sentOrLater: readonly ReturnStatus[] = ['InTransit', ...receivedOrLater];

const request = (state: Return, command: Of<'request'>): ReturnEvent[] => {
  if (state.status !== 'none') return [];
  const { returnUntil, ...fields } = command;
  if (command.at >= returnUntil) throw new DomainError('order.return_window_closed', 'The return window is over.', { returnUntil });
  return [{ ...fields, type: 'return.requested', lines: [...command.lines] }];
};

const approve = (state: Return, command: Of<'approve'>): ReturnEvent[] => {
  const found = mustSee(state, command);
  return moves(found, ['Requested', 'Rejected', 'Escalated'], ['Approved', ...sentOrLater])
    ? [{ type: 'return.approved', ...common(found, command), by: 'seller' }]
    : [];
};

const reject = (state: Return, command: Of<'reject'>): ReturnEvent[] => {
  const found = mustSee(state, command);
  return moves(found, ['Requested'], ['Rejected', 'Escalated'])
    ? [{ type: 'return.rejected', ...common(found, command), reason: command.reason }]
    : [];
};

const escalate = (state: Return, command: Of<'escalate'>): ReturnEvent[] => {
  const found = mustSee(state, command);
  return moves(found, ['Rejected'], ['Escalated']) ? [{ type: 'return.escalated', ...common(found, command) }] : [];
};

const decideEscalated = (state: Return, command: Of<'decide'>): ReturnEvent[] => {
  const found = mustSee(state, {});
  if (!moves(found, ['Escalated'], command.approve ? ['Approved', ...sentOrLater] : ['Denied'])) return [];
  return command.approve
    ? [{ type: 'return.approved', ...common(found, command), by: 'admin' }]
    : [{ type: 'return.denied', ...common(found, command), reason: command.reason }];
};

const send = (state: Return, command: Of<'send'>): ReturnEvent[] => {
  const found = mustSee(state, command);
  if (!moves(found, ['Approved'], sentOrLater)) return [];
  const { trackingNumber } = command;
  return [{ type: 'return.sent', ...common(found, command), ...(trackingNumber !== undefined && { trackingNumber }) }];
};

const receive = (state: Return, command: Of<'receive'>): ReturnEvent[] => {
  const found = mustSee(state, command);
  return moves(found, ['Approved', 'InTransit'], receivedOrLater) ? [{ type: 'return.received', ...common(found, command) }] : [];
};

const inspect = (state: Return, command: Of<'inspect'>): ReturnEvent[] => {
  const found = mustSee(state, command);
  if (!moves(found, ['Received'], inspectedOrLater)) return [];
  const { resolution, shipping, conditions, reason = 'not_as_agreed' } = command;
  const lines = found.lines.map((line) => {
    const seen = conditions.find((each) => each.lineId === line.lineId);
    if (!seen) throw new DomainError('return.not_inspected', 'Every line must be inspected.', { lineId: line.lineId });
    return { ...line, condition: seen.condition };
  });
  const inspected: ReturnEvent = { type: 'return.inspected', ...common(found, command), lines, resolution, shipping };
  if (resolution === 'refund') return [inspected];
  return resolution === 'replace'
    ? [inspected, { type: 'return.replaced', ...common(found, command) }]
    : [inspected, { type: 'return.denied', ...common(found, command), reason }];
};

const settle = (state: Return, command: Of<'settle'>): ReturnEvent[] => {
  const found = mustSee(state, {});
  return moves(found, ['Inspected'], ['Refunded']) ? [{ type: 'return.refunded', ...common(found, command) }] : [];
};

export const returns: Decider<Return, ReturnCommand, ReturnEvent> = {
  category: 'return',
  version: 1,
  initial: { status: 'none' },
  evolve,
  decide: (command, state) => {
    switch (command.type) {
      case 'request':
        return request(state, command);
      case 'approve':
        return approve(state, command);
      case 'reject':
        return reject(state, command);
      case 'escalate':
        return escalate(state, command);
      case 'decide':
        return decideEscalated(state, command);
      case 'send':
        return send(state, command);
      case 'receive':
        return receive(state, command);
      case 'inspect':
        return inspect(state, command);
      case 'settle':
        return settle(state, command);
      default:
        return command satisfies never;
    }
  },
};
