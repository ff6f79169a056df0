// Each product as a list shows it: a slim card that goes out as it is stored, and behind it what the next event is folded into.
import type { Recorded } from '../../domain/metadata.ts';
import type { Money } from '../../domain/money.ts';
import { offerAt } from '../../domain/product/listing.ts';
import type { StockEvent } from '../../domain/stock/events.ts';
import { averageOf, cheapest, evolveListing, type Listed, type ListingEvent, listingKey, listingReads } from '../listing.ts';
import type { Projection } from '../projection.ts';

/**
 * NOTE: readers cut the text: it begins with the seller's id, and nobody is shown what stands from `fold` on, which is last.
 * `price` is the lowest of its variants; `sale` what that one costs instead from `from` until `until`.
 */
export interface CardRow {
  readonly sellerId: string;
  readonly productId: string;
  readonly slug: string;
  readonly name: string;
  readonly image: string | null;
  readonly price: Money | null;
  readonly sale: { readonly price: Money; readonly from: string; readonly until: string } | null;
  readonly rating: { readonly average: number; readonly count: number };
  readonly sold: number;
  readonly inStock: boolean;
  readonly status: Listed['status'];
  readonly brandId: string | null;
  readonly categoryId: string | null;
  readonly createdAt: string;
  /** `stocked`: variants, each with its location, of which some can be sold. */
  readonly fold: { readonly listed: Listed; readonly stocked: readonly string[] };
}

type CardEvent = ListingEvent | StockEvent;

const stockReads = [
  'stock.received',
  'stock.adjusted',
  'stock.returned',
  'stock.held',
  'stock.hold_released',
  'stock.hold_expired',
] as const satisfies readonly StockEvent['type'][];
type StockChange = Extract<StockEvent, { type: (typeof stockReads)[number] }>;

const isStockChange = (event: CardEvent): event is StockChange => (stockReads as readonly string[]).includes(event.type);

const cardOf = (listed: Listed, stocked: readonly string[]): CardRow => {
  const { sellerId, productId, slug, name, pictures, variants, discount, ratings, sold, status, brandId, categoryId, createdAt } = listed;
  const variant = cheapest(variants);
  const offer = variant && discount ? offerAt(listed, variant, discount.from) : null;
  return {
    sellerId,
    productId,
    slug,
    name,
    image: pictures[0]?.url ?? null,
    price: variant?.price ?? null,
    sale: offer && discount ? { price: offer.price, from: discount.from, until: discount.until } : null,
    rating: { average: averageOf(ratings), count: ratings.count },
    sold,
    inStock: stocked.length > 0,
    status,
    brandId,
    categoryId,
    createdAt,
    fold: { listed, stocked },
  };
};

const evolve = (row: CardRow | null, recorded: Recorded<CardEvent>): CardRow | null => {
  const { event } = recorded;
  if (isStockChange(event)) {
    if (!row) return null;
    const place = `${event.variantId}.${event.location}`;
    const others = row.fold.stocked.filter((known) => known !== place);
    return cardOf(row.fold.listed, event.available > 0 ? [...others, place] : others);
  }
  const listed = evolveListing(row?.fold.listed ?? null, recorded as Recorded<ListingEvent>);
  // Texts that no card shows would only be carried along.
  return listed && cardOf({ ...listed, description: '', attributes: {} }, row?.fold.stocked ?? []);
};

export const productCards: Projection<CardRow, CardEvent> = {
  name: 'product-cards',
  service: 'product',
  version: 1,
  reads: [...listingReads, ...stockReads],
  key: (recorded) => {
    const { event } = recorded;
    // Of the many holds only the one that takes the last piece changes a card.
    if (isStockChange(event)) return event.type === 'stock.held' && event.available > 0 ? null : event.productId;
    return listingKey(recorded as Recorded<ListingEvent>);
  },
  evolve,
  shape: {
    columns: {
      sellerId: 'text',
      status: 'text',
      categoryId: 'text',
      brandId: 'text',
      price: 'integer',
      sold: 'integer',
      createdAt: 'text',
    },
    indexes: [
      ['status', 'createdAt'],
      ['status', 'price'],
      ['status', 'sold'],
      ['categoryId', 'status', 'createdAt'],
      ['sellerId', 'createdAt'],
      ['brandId', 'createdAt'],
    ],
    partition: { by: 'categoryId', kind: 'hash', into: 8 },
  },
  columns: ({ sellerId, status, categoryId, brandId, price, sold, createdAt }) => ({
    sellerId,
    status,
    categoryId,
    brandId,
    price: price?.amount ?? null,
    sold,
    createdAt,
  }),
};
