// What a stock's events mean: how many pieces stand on the shelf, and which of them are kept back for whom.

import { isAhead } from '../id.ts';
import { entries, look, put, type Shelf, take } from '../shelf.ts';
import type { StockEvent } from './events.ts';

export interface Hold {
  readonly checkoutId: string;
  readonly orderId: string;
  readonly buyerId: string;
  readonly quantity: number;
  readonly until: string;
  /** When it was made. */
  readonly at: string;
  readonly countedFor?: readonly string[];
  readonly cod?: true;
}

/** What the limit of unpaid holds counts a hold for. */
export const keysOf = ({ buyerId, countedFor }: Pick<Hold, 'buyerId' | 'countedFor'>): readonly string[] => countedFor ?? [buyerId];

/**
 * `heldPieces` and `committedPieces` sum up `held` (not paid yet) and `committed`; `unpaidBy` counts each buyer's unpaid holds, and those to be paid at the door until they are shipped.
 * No unpaid hold expires before `firstExpiry`; it may be too early, and is put right when the clock passes it. None was made after
 * `lastHold`; it may be too late, and is put right when a clock that was ahead is.
 * `resolved`: how holds ended, by the first 15 characters of their `until` (ten minutes). What is over is forgotten when there are many,
 * for a hold that would be over is refused anyway; some are kept all the same, for the clock may have been wrong.
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
  readonly lastHold: string | null;
  readonly resolved: Readonly<Record<string, Readonly<Record<string, Resolution>>>>;
  readonly movements: readonly string[];
}

type Resolution = 'released' | 'consumed' | 'expired';

export type Stock = { readonly status: 'none' } | OpenStock;

/** Movements are rare beside holds, so that this reaches back much further than the command ids that every stream remembers. */
const keptMovements = 200;
/** Holds that have ended and are remembered, however long ago. */
const keptResolutions = 200;

export const availableOf = (stock: OpenStock) => stock.onHand - stock.heldPieces - stock.committedPieces;

export const resolutionOf = (stock: OpenStock, holdId: string) => {
  for (const slot in stock.resolved) {
    const resolution = stock.resolved[slot]?.[holdId];
    if (resolution) return resolution;
  }
  return undefined;
};

/** Whether an unpaid hold counts no more: its time is over, or it was made by a clock that was ahead, and would stand until that time comes. */
export const isOver = ({ until, at: madeAt }: Hold, at: string) => until <= at || isAhead(madeAt, at);

/** Whether some unpaid hold may count no more, so that more may be free than the figures say. */
export const mayBeOver = ({ firstExpiry, lastHold }: OpenStock, at: string) =>
  (firstExpiry !== null && at >= firstExpiry) || (lastHold !== null && isAhead(lastHold, at));

export const evolve = (stock: Stock, event: StockEvent): Stock => {
  const open = stock.status === 'open' ? stock : opened(event);
  const next = change(open, event);
  // Not while holds expire, of which there may be many.
  return event.type !== 'stock.hold_expired' && mayBeOver(next, event.at) ? { ...next, ...bounds(next.held) } : next;
};

const opened = ({ variantId, location, productId, sellerId }: StockEvent): OpenStock => ({
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
  lastHold: null,
  resolved: {},
  movements: [],
});

const change = (stock: OpenStock, event: StockEvent): OpenStock => {
  switch (event.type) {
    case 'stock.received':
    case 'stock.adjusted':
    case 'stock.returned':
      return { ...stock, onHand: event.onHand, movements: [...stock.movements.slice(1 - keptMovements), event.movementId] };
    case 'stock.held': {
      const { holdId, checkoutId, orderId, buyerId, quantity, until, at, countedFor, cod } = event;
      const held: Hold = { checkoutId, orderId, buyerId, quantity, until, at, ...(countedFor && { countedFor }), ...(cod && { cod }) };
      return {
        ...stock,
        heldPieces: stock.heldPieces + quantity,
        held: put(stock.held, holdId, held),
        unpaidBy: countedUp(stock.unpaidBy, keysOf(held)),
        firstExpiry: stock.firstExpiry !== null && stock.firstExpiry < until ? stock.firstExpiry : until,
        lastHold: stock.lastHold !== null && stock.lastHold > at ? stock.lastHold : at,
      };
    }
    case 'stock.hold_committed': {
      const { holdId, checkoutId, orderId, buyerId, quantity, until, at } = event;
      const kept = look(stock.held, holdId) ?? { checkoutId, orderId, buyerId, quantity, until, at };
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
      return remember(noLongerHeld(stock, event), event, 'expired');
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

const remember = (stock: OpenStock, { holdId, until, at }: OfHold & { at: string }, how: Resolution): OpenStock => {
  const slot = until.slice(0, 15);
  const known = stock.resolved[slot];
  if (known) return { ...stock, resolved: { ...stock.resolved, [slot]: { ...known, [holdId]: how } } };
  return { ...stock, resolved: { ...withoutOld(stock.resolved, at.slice(0, 15)), [slot]: { [holdId]: how } } };
};

/** Without those that were over before `slot`, the oldest first, as far as many are left. */
const withoutOld = (resolved: OpenStock['resolved'], slot: string): OpenStock['resolved'] => {
  let left = Object.values(resolved).reduce((count, each) => count + Object.keys(each).length, 0);
  const still: Record<string, Readonly<Record<string, Resolution>>> = {};
  for (const [each, holds] of Object.entries(resolved).toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    const without = left - Object.keys(holds).length;
    if (each < slot && without >= keptResolutions) left = without;
    else still[each] = holds;
  }
  return still;
};

const bounds = (held: Shelf<Hold>): Pick<OpenStock, 'firstExpiry' | 'lastHold'> => {
  let firstExpiry: string | null = null;
  let lastHold: string | null = null;
  for (const [, { until, at }] of entries(held)) {
    if (firstExpiry === null || until < firstExpiry) firstExpiry = until;
    if (lastHold === null || at > lastHold) lastHold = at;
  }
  return { firstExpiry, lastHold };
};
