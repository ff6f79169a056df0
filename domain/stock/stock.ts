// Stock of one variant at one location: no more is kept back than stands on the shelf, and every hold ends exactly once.
import type { Decider } from '../decider.ts';
import { DomainError } from '../error.ts';
import { entries, look } from '../shelf.ts';
import type { StockEvent } from './events.ts';
import { availableOf, evolve, type Hold, isOver, keysOf, mayBeOver, type OpenStock, resolutionOf, type Stock } from './state.ts';

export type StockCommand =
  /** The first one opens the stock and says whose it is. */
  | {
      type: 'receive';
      movementId: string;
      variantId: string;
      location: string;
      productId: string;
      sellerId: string;
      quantity: number;
      reason: string;
      at: string;
    }
  | { type: 'adjust'; movementId: string; delta: number; reason: string; at: string }
  | { type: 'return'; movementId: string; orderId: string | null; quantity: number; condition: 'sellable' | 'damaged'; at: string }
  /** `holdId` = `<checkout line id>.<attempt>`. At `until` it no longer counts. */
  | {
      type: 'hold';
      holdId: string;
      checkoutId: string;
      orderId: string;
      buyerId: string;
      quantity: number;
      until: string;
      /** What the limit counts by, where it is not the buyer. */
      countedFor?: readonly string[];
      /** Paid at the door: it counts as unpaid until it is shipped. */
      cod?: true;
      at: string;
    }
  /** The goods are paid: the hold stands until they are shipped or released. */
  | { type: 'commit'; holdId: string; at: string }
  /** Shipped. */
  | { type: 'consume'; holdId: string; at: string }
  | { type: 'release'; holdId: string; at: string }
  /** Expires what is due, a bounded number at a time. */
  | { type: 'expire'; at: string }
  | { type: 'set_low_level'; level: number; at: string };

type Of<T extends StockCommand['type']> = Extract<StockCommand, { type: T }>;

/** One buyer must not be able to keep a whole SKU from the others by opening checkouts, nor by orders that are paid at the door. */
export const unpaidHoldsPerBuyer = 3;

/** An append takes at most 100 events: this leaves room for what the command itself says. */
const expiriesPerCommand = 90;

/** Where the goods of `lineId` are kept back: the id of the stock's stream. */
export const stockId = (variantId: string, location: string) => `${variantId}.${location}`;

const mustBeOpen = (stock: Stock): OpenStock => {
  if (stock.status === 'none') throw new DomainError('stock.not_found', 'Nothing of this variant was ever received here.');
  return stock;
};

/** What every event says, with the figures after it. */
const facts = (stock: OpenStock, at: string, available: number, onHand = stock.onHand) => {
  const { variantId, location, productId, sellerId } = stock;
  return { variantId, location, productId, sellerId, available, onHand, at };
};

const holdFacts = (holdId: string, { checkoutId, orderId, buyerId, quantity, until }: Hold) => ({
  holdId,
  checkoutId,
  orderId,
  buyerId,
  quantity,
  until,
});

/** The same events, and stock.low if they took what can be sold down to the low level. */
const orLow = (stock: OpenStock, events: StockEvent[]): StockEvent[] => {
  const last = events.at(-1);
  if (!last || stock.lowLevel === null || availableOf(stock) <= stock.lowLevel || last.available > stock.lowLevel) return events;
  return [...events, { type: 'stock.low', ...facts(stock, last.at, last.available, last.onHand), level: stock.lowLevel }];
};

const receive = (stock: Stock, command: Of<'receive'>): StockEvent[] => {
  const { movementId, variantId, location, productId, sellerId, quantity, reason, at } = command;
  if (stock.status === 'none') {
    const ids = { variantId, location, productId, sellerId };
    return [{ type: 'stock.received', ...ids, available: quantity, onHand: quantity, at, movementId, quantity, reason }];
  }
  if (stock.movements.includes(movementId)) return [];
  const after = facts(stock, at, availableOf(stock) + quantity, stock.onHand + quantity);
  return [{ type: 'stock.received', ...after, movementId, quantity, reason }];
};

const adjust = (stock: OpenStock, { movementId, delta, reason, at }: Of<'adjust'>): StockEvent[] => {
  if (delta === 0 || stock.movements.includes(movementId)) return [];
  const available = availableOf(stock) + delta;
  if (available < 0) {
    throw new DomainError('stock.below_zero', 'What is kept back for buyers cannot be taken away.', {
      available: availableOf(stock),
      delta,
    });
  }
  return orLow(stock, [{ type: 'stock.adjusted', ...facts(stock, at, available, stock.onHand + delta), movementId, delta, reason }]);
};

const giveBack = (stock: OpenStock, { movementId, orderId, quantity, condition, at }: Of<'return'>): StockEvent[] => {
  if (stock.movements.includes(movementId)) return [];
  const sellable = condition === 'sellable' ? quantity : 0;
  const after = facts(stock, at, availableOf(stock) + sellable, stock.onHand + sellable);
  return [{ type: 'stock.returned', ...after, movementId, orderId, quantity, condition }];
};

const hold = (stock: Stock, command: Of<'hold'>): StockEvent[] => {
  const { holdId, quantity, until, countedFor: keys, cod, at } = command;
  if (stock.status === 'none') throw outOfStock(0, quantity);
  const resolution = resolutionOf(stock, holdId);
  if (isKept(stock, holdId) || (resolution && resolution !== 'expired')) return [];
  // NOTE: this is what makes it safe to forget a hold once its `until` has passed.
  if (until <= at || resolution) throw new DomainError('stock.hold_too_late', 'This hold would be over already.', { until });
  const countedFor = keysOf(command);
  const expired = expiries(stock, at, countedFor);
  const available = expired.at(-1)?.available ?? availableOf(stock);
  if (available < quantity) throw outOfStock(available, quantity);
  const gone = expired.map((event) => keysOf(look(stock.held, event.holdId) ?? event));
  const unpaid = (key: string) => (look(stock.unpaidBy, key) ?? 0) - gone.filter((each) => each.includes(key)).length;
  if (countedFor.some((key) => unpaid(key) >= unpaidHoldsPerBuyer)) {
    throw new DomainError('stock.too_many_holds', 'Pay or cancel an open checkout of this article first.', { limit: unpaidHoldsPerBuyer });
  }
  const held: StockEvent = {
    type: 'stock.held',
    ...facts(stock, at, available - quantity),
    ...holdFacts(holdId, command),
    ...(keys && { countedFor: [...keys] }),
    ...(cod && { cod }),
  };
  return orLow(stock, [...expired, held]);
};

const isKept = (stock: OpenStock, holdId: string) => look(stock.held, holdId) !== undefined || look(stock.committed, holdId) !== undefined;

const outOfStock = (available: number, quantity: number) =>
  new DomainError('stock.insufficient', `Only ${available} left.`, { available, quantity });

type Expired = Extract<StockEvent, { type: 'stock.hold_expired' }>;

/** The expiry of unpaid holds that are over, those of one buyer (`firstOf`) and then the oldest first; none is looked for before one can be over. */
const expiries = (stock: OpenStock, at: string, firstOf: readonly string[] = []): Expired[] => {
  if (!mayBeOver(stock, at)) return [];
  const due: [string, Hold][] = [];
  for (const entry of entries(stock.held)) if (isOver(entry[1], at)) due.push(entry);
  const turn = ([id, hold]: [string, Hold]) => `${keysOf(hold).some((key) => firstOf.includes(key)) ? 0 : 1}${hold.until}${id}`;
  due.sort((a, b) => (turn(a) < turn(b) ? -1 : 1));
  let available = availableOf(stock);
  return due.slice(0, expiriesPerCommand).map(([holdId, each]) => {
    available += each.quantity;
    return { type: 'stock.hold_expired', ...facts(stock, at, available), ...holdFacts(holdId, each) };
  });
};

const commit = (stock: OpenStock, { holdId, at }: Of<'commit'>): StockEvent[] => {
  const held = look(stock.held, holdId);
  if (held && !isOver(held, at)) return [committed(stock, holdId, held, at)];
  if (look(stock.committed, holdId)) return [];
  const resolution = resolutionOf(stock, holdId);
  if (resolution === 'consumed') return [];
  if (resolution === 'released') throw new DomainError('stock.hold_released', 'This hold was released.', { holdId });
  throw new DomainError('stock.hold_expired', 'This hold is over: its goods may be sold to others.', { holdId });
};

const committed = (stock: OpenStock, holdId: string, held: Hold, at: string): StockEvent => ({
  type: 'stock.hold_committed',
  ...facts(stock, at, availableOf(stock)),
  ...holdFacts(holdId, held),
});

/** NOTE: a hold that stands nowhere any more was resolved long ago, so that a late repeat must change nothing. */
const consume = (stock: OpenStock, { holdId, at }: Of<'consume'>): StockEvent[] => {
  const sold = look(stock.committed, holdId);
  if (sold) return [consumed(stock, holdId, sold, at)];
  const held = look(stock.held, holdId);
  if (held) throw new DomainError('stock.hold_not_committed', 'These goods are not paid yet.', { holdId });
  if (resolutionOf(stock, holdId) === 'released') throw new DomainError('stock.hold_released', 'This hold was released.', { holdId });
  return [];
};

const consumed = (stock: OpenStock, holdId: string, sold: Hold, at: string): StockEvent => ({
  type: 'stock.hold_consumed',
  ...facts(stock, at, availableOf(stock), stock.onHand - sold.quantity),
  ...holdFacts(holdId, sold),
});

const release = (stock: OpenStock, { holdId, at }: Of<'release'>): StockEvent[] => {
  const held = look(stock.held, holdId);
  const kept = held ?? look(stock.committed, holdId);
  if (!kept) return [];
  const type = held && isOver(held, at) ? 'stock.hold_expired' : 'stock.hold_released';
  return [{ type, ...facts(stock, at, availableOf(stock) + kept.quantity), ...holdFacts(holdId, kept) }];
};

const setLowLevel = (stock: OpenStock, { level, at }: Of<'set_low_level'>): StockEvent[] => {
  if (stock.lowLevel === level) return [];
  const after = facts(stock, at, availableOf(stock));
  const set: StockEvent = { type: 'stock.low_level_set', ...after, level };
  return after.available > level ? [set] : [set, { type: 'stock.low', ...after, level }];
};

export const stock: Decider<Stock, StockCommand, StockEvent> = {
  category: 'stock',
  version: 2,
  initial: { status: 'none' },
  evolve,
  decide: (command, state) => {
    switch (command.type) {
      case 'receive':
        return receive(state, command);
      case 'adjust':
        return adjust(mustBeOpen(state), command);
      case 'return':
        return giveBack(mustBeOpen(state), command);
      case 'hold':
        return hold(state, command);
      case 'commit':
        return commit(mustBeOpen(state), command);
      case 'consume':
        return consume(mustBeOpen(state), command);
      case 'release':
        return state.status === 'none' ? [] : release(state, command);
      case 'expire':
        return state.status === 'none' ? [] : expiries(state, command.at);
      case 'set_low_level':
        return setLowLevel(mustBeOpen(state), command);
      default:
        return command satisfies never;
    }
  },
};
