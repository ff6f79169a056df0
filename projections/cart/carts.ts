// Each cart as it stands: which articles, how many, which are selected. Prices are looked up when it is read.
import type { CartEvent } from '../../domain/cart/events.ts';
import type { Currency } from '../../domain/money.ts';
import type { Projection } from '../projection.ts';

export interface CartRowLine {
  readonly lineId: string;
  readonly productId: string;
  readonly variantId: string;
  readonly sellerId: string;
  readonly quantity: number;
  readonly selected: boolean;
}

export interface CartRow {
  readonly cartId: string;
  readonly currency: Currency;
  readonly lines: readonly CartRowLine[];
  readonly updatedAt: string;
}

const withLine = (row: CartRow, lineId: string, change: (line: CartRowLine) => CartRowLine): CartRow => ({
  ...row,
  lines: row.lines.map((line) => (line.lineId === lineId ? change(line) : line)),
});

/** An empty cart needs no row. */
const withLines = (row: CartRow, lines: readonly CartRowLine[]): CartRow | null => (lines.length === 0 ? null : { ...row, lines });

const changed = (row: CartRow, event: Exclude<CartEvent, { type: 'cart.line_added' }>): CartRow | null => {
  switch (event.type) {
    case 'cart.quantity_changed':
      return withLine(row, event.lineId, (line) => ({ ...line, quantity: event.quantity }));
    case 'cart.line_selected':
    case 'cart.line_deselected':
      return withLine(row, event.lineId, (line) => ({ ...line, selected: event.type === 'cart.line_selected' }));
    case 'cart.line_removed':
      return withLines(
        row,
        row.lines.filter((line) => line.lineId !== event.lineId),
      );
    case 'cart.lines_removed': {
      const left = new Map(event.lines.map((line) => [line.lineId, line.left]));
      const lines = row.lines.map((line) => ({ ...line, quantity: left.get(line.lineId) ?? line.quantity }));
      return withLines(
        row,
        lines.filter((line) => line.quantity > 0),
      );
    }
    case 'cart.cleared':
      return null;
    case 'cart.checked_out':
    case 'cart.closed':
      return row;
    default:
      return event satisfies never;
  }
};

export const carts: Projection<CartRow, CartEvent> = {
  name: 'cart-carts',
  service: 'cart',
  version: 3,
  own: { category: 'cart', alsoReads: ['cart.checked_out', 'cart.closed'] },
  reads: [
    'cart.line_added',
    'cart.quantity_changed',
    'cart.line_removed',
    'cart.line_selected',
    'cart.line_deselected',
    'cart.cleared',
    'cart.lines_removed',
  ],
  key: ({ event }) => event.cartId,
  evolve: (row, { event }) => {
    if (event.type === 'cart.line_added') {
      const { cartId, currency, lineId, productId, variantId, sellerId, quantity, at } = event;
      const line = { lineId, productId, variantId, sellerId, quantity, selected: true };
      return { cartId, currency, lines: [...(row?.lines ?? []), line], updatedAt: at };
    }
    const next = row && changed(row, event);
    return next && { ...next, updatedAt: event.at };
  },
};
