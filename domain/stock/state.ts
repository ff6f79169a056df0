// What a stock's events mean: how many pieces stand on the shelf, and which of them are kept back for whom.

import { entries, look, put, type Shelf, take } from '../shelf.ts';
import type { StockEvent } from './events.ts';

export interface Hold {
  readonly checkoutId: string;
  readonly orderId: string;
  readonly buyerId: string;
  readonly quantity: number;
  readonly until: string;
  readonly countedFor?: readonly string[];
  readonly cod?: true;
}

/** What the limit of unpaid holds counts a hold for. */
export const keysOf = ({ buyerId, countedFor }: Pick<Hold, 'buyerId' | 'countedFor'>): readonly string[] => countedFor ?? [buyerId];

/**
 * `heldPieces` and `committedPieces` sum up `held` (not paid yet) and `committed`; `unpaidBy` counts each buyer's unpaid holds, and those to be paid at the door until they are shipped.
 * No unpaid hold expires before `firstExpiry`; it may be too early, and is put right when the clock passes it.
 * `resolved`: holds that were released or consumed before their `until`, by its first 15 characters (ten minutes). Once all of those
 * minutes lie before `clock` (the latest time seen) they are forgotten: a hold that would end by then is refused anyway.
 * `movements`: the last ids of what was received, adjusted or returned.
 */
export interface OpenStock {
  readonly status: 'open';
  readonly variantId: string;
  readonly location: string;
  readonly productId: string;
  readonly sellerId: string;
  readonly onHand: number;
  readonly heldPieces: number;
  readonly committedPieces: number;
  readonly lowLevel: number | null;
  readonly held: Shelf<Hold>;
  readonly committed: Shelf<Hold>;
  readonly unpaidBy: Shelf<number>;
  readonly firstExpiry: string | null;
  readonly resolved: Readonly<Record<string, Readonly<Record<string, 'released' | 'consumed'>>>>;
  readonly movements: readonly string[];
  readonly clock: string;
}

export type Stock = { readonly status: 'none' } | OpenStock;

/** Movements are rare beside holds, so that this reaches back much further than the command ids that every stream remembers. */
const keptMovements = 200;

export const availableOf = (stock: OpenStock) => stock.onHand - stock.heldPieces - stock.committedPieces;

export const resolutionOf = (stock: OpenStock, holdId: string) => {
  for (const slot in stock.resolved) {
    const resolution = stock.resolved[slot]?.[holdId];
    if (resolution) return resolution;
  }
  return undefined;
};

const laterOf = (a: string, b: string) => (a < b ? b : a);

export const evolve = (stock: Stock, event: StockEvent): Stock => {
  const open = stock.status === 'open' ? stock : opened(event);
  const next = change(open, event);
  const clock = laterOf(event.at, open.clock);
  const isPassed = next.firstExpiry !== null && clock >= next.firstExpiry && event.type !== 'stock.hold_expired';
  return { ...next, clock, ...(isPassed && { firstExpiry: earliest(next.held) }) };
};

const opened = ({ variantId, location, productId, sellerId, at }: StockEvent): OpenStock => ({
  status: 'open',
  variantId,
  location,
  productId,
  sellerId,
  onHand: 0,
  heldPieces: 0,
  committedPieces: 0,
  lowLevel: null,
  held: {},
  committed: {},
  unpaidBy: {},
  firstExpiry: null,
  resolved: {},
  movements: [],
  clock: at,
});

const change = (stock: OpenStock, event: StockEvent): OpenStock => {
  switch (event.type) {
    case 'stock.received':
    case 'stock.adjusted':
    case 'stock.returned':
      return { ...stock, onHand: event.onHand, movements: [...stock.movements.slice(1 - keptMovements), event.movementId] };
    case 'stock.held': {
      const { holdId, checkoutId, orderId, buyerId, quantity, until, countedFor, cod } = event;
      const held: Hold = { checkoutId, orderId, buyerId, quantity, until, ...(countedFor && { countedFor }), ...(cod && { cod }) };
      return {
        ...stock,
        heldPieces: stock.heldPieces + quantity,
        held: put(stock.held, holdId, held),
        unpaidBy: countedUp(stock.unpaidBy, keysOf(held)),
        firstExpiry: stock.firstExpiry !== null && stock.firstExpiry < until ? stock.firstExpiry : until,
      };
    }
    case 'stock.hold_committed': {
      const { holdId, checkoutId, orderId, buyerId, quantity, until } = event;
      const kept = look(stock.held, holdId) ?? { checkoutId, orderId, buyerId, quantity, until };
      return {
        ...noLongerHeld(stock, event, kept.cod === true),
        committedPieces: stock.committedPieces + quantity,
        committed: put(stock.committed, holdId, kept),
      };
    }
    case 'stock.hold_consumed':
      return remember({ ...noLongerCommitted(stock, event), onHand: event.onHand }, event, 'consumed');
    case 'stock.hold_released':
      return remember(look(stock.held, event.holdId) ? noLongerHeld(stock, event) : noLongerCommitted(stock, event), event, 'released');
    case 'stock.hold_expired':
      return noLongerHeld(stock, event);
    case 'stock.low_level_set':
      return { ...stock, lowLevel: event.level };
    case 'stock.low':
      return stock;
    default:
      return event satisfies never;
  }
};

interface OfHold {
  readonly holdId: string;
  readonly buyerId: string;
  readonly quantity: number;
  readonly until: string;
}

const countedUp = (unpaidBy: Shelf<number>, keys: readonly string[]): Shelf<number> =>
  keys.reduce((counts, key) => put(counts, key, (look(counts, key) ?? 0) + 1), unpaidBy);

const countedDown = (unpaidBy: Shelf<number>, keys: readonly string[]): Shelf<number> =>
  keys.reduce((counts, key) => {
    const left = (look(counts, key) ?? 1) - 1;
    return left > 0 ? put(counts, key, left) : take(counts, key);
  }, unpaidBy);

const noLongerHeld = (stock: OpenStock, event: OfHold, isStillUnpaid = false): OpenStock => ({
  ...stock,
  heldPieces: stock.heldPieces - event.quantity,
  held: take(stock.held, event.holdId),
  unpaidBy: isStillUnpaid ? stock.unpaidBy : countedDown(stock.unpaidBy, keysOf(look(stock.held, event.holdId) ?? event)),
});

const noLongerCommitted = (stock: OpenStock, { holdId, quantity }: OfHold): OpenStock => {
  const kept = look(stock.committed, holdId);
  return {
    ...stock,
    committedPieces: stock.committedPieces - quantity,
    committed: take(stock.committed, holdId),
    unpaidBy: kept?.cod ? countedDown(stock.unpaidBy, keysOf(kept)) : stock.unpaidBy,
  };
};

const remember = (stock: OpenStock, { holdId, until, at }: OfHold & { at: string }, how: 'released' | 'consumed'): OpenStock => {
  const now = laterOf(at, stock.clock);
  if (until <= now) return stock;
  const slot = until.slice(0, 15);
  const known = stock.resolved[slot];
  if (known) return { ...stock, resolved: { ...stock.resolved, [slot]: { ...known, [holdId]: how } } };
  const current = now.slice(0, 15);
  const still = Object.entries(stock.resolved).filter(([each]) => each >= current);
  return { ...stock, resolved: { ...Object.fromEntries(still), [slot]: { [holdId]: how } } };
};

const earliest = (held: Shelf<Hold>): string | null => {
  let first: string | null = null;
  for (const [, { until }] of entries(held)) if (first === null || until < first) first = until;
  return first;
};
