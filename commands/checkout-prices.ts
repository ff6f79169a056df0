// What a purchase costs at this moment: prices, taxes and commissions from the streams of products and sellers, shipping from the couriers.
import { z } from 'zod';
import type { QuotedLine, ShippingOption } from '../domain/checkout/plan.ts';
import { defaultCommission, defaultTax } from '../domain/checkout/pricing.ts';
import { DomainError } from '../domain/error.ts';
import { days, later } from '../domain/id.ts';
import type { Sealed } from '../domain/privacy.ts';
import { type Offer, offerAt, type Variant } from '../domain/product/listing.ts';
import { type Product, product } from '../domain/product/product.ts';
import { commissionAt, type Seller, seller } from '../domain/seller/seller.ts';
import type { Courier } from '../infra/outbound/courier.port.ts';
import { ProviderRefused } from '../infra/outbound/errors.port.ts';
import type { Seals } from '../infra/vault/port.ts';
import type { Handle } from './handle.ts';

/** What pricing asks besides the streams: what parcels cost, and where an address is. */
export interface PricingNeeds {
  readonly handle: Handle;
  readonly courier: Pick<Courier, 'provider' | 'rates'>;
  readonly seals: Pick<Seals, 'open'>;
}

/** A line that is wanted; everything else about it is looked up. */
export interface WantedLine {
  readonly lineId: string;
  readonly cartLineId: string | null;
  readonly productId: string;
  readonly variantId: string;
  readonly sellerId: string;
  readonly location: string;
  readonly quantity: number;
  readonly selected?: boolean;
}

/** A paid order may wait a day for its payment, two for its seller's word, and one to be handed over. */
const timeToShip = days(4);

type Selling = Exclude<Seller, { status: 'None' } | { status: 'Rejected' } | { status: 'Closed' }>;
type Listed = Exclude<Product, { status: 'None' } | { status: 'Archived' }>;
interface Found {
  readonly line: WantedLine;
  readonly listing: Listed;
  readonly revision: number;
  readonly variant: Variant;
  readonly offer: Offer;
}

const find = async (handle: Handle, line: WantedLine, at: string): Promise<Found | null> => {
  const { state, revision } = await handle.load(product, line.productId);
  if (state.status !== 'Active') return null;
  const variant = state.variants.find(({ variantId }) => variantId === line.variantId);
  const offer = variant ? offerAt(state, variant, at) : null;
  return variant && offer ? { line, listing: state, revision, variant, offer } : null;
};

const activeSellers = async (handle: Handle, lines: readonly WantedLine[]): Promise<ReadonlyMap<string, Selling>> => {
  const found = new Map<string, Selling>();
  const resting = new Set<string>();
  for (const { sellerId } of lines) {
    if (found.has(sellerId) || resting.has(sellerId)) continue;
    const { state } = await handle.load(seller, sellerId);
    if (state.status === 'Active') found.set(sellerId, state);
    else resting.add(sellerId);
  }
  if (resting.size > 0) {
    const named = lines.filter(({ sellerId }) => resting.has(sellerId)).map(naming);
    throw new DomainError('checkout.seller_unavailable', 'A seller takes no orders at the moment.', { lines: named });
  }
  return found;
};

const naming = ({ lineId, cartLineId, productId, variantId }: WantedLine) => ({ lineId, cartLineId, productId, variantId });

const quoted = ({ line, listing, revision, variant, offer }: Found, store: Selling, at: string): QuotedLine => {
  const rule = commissionAt(store, at);
  return {
    ...line,
    sellerId: listing.sellerId,
    sku: variant.sku,
    name: listing.name,
    unitPrice: offer.price,
    priceVersion: revision,
    weightGrams: variant.weightGrams ?? 0,
    tax: defaultTax(offer.price.currency),
    commission: rule ? { ruleId: rule.ruleId, version: rule.version, rate: rule.basisPoints } : defaultCommission,
  };
};

/** NOTE: by who works in the shop now: a token may be older than that. */
const mustNotBeOwn = (stores: ReadonlyMap<string, Selling>, lines: readonly WantedLine[], buyerId: string) => {
  const isOwn = ({ sellerId }: WantedLine) => {
    const store = stores.get(sellerId);
    return store !== undefined && (store.userId === buyerId || store.members.includes(buyerId));
  };
  const own = lines.filter(isOwn).map(naming);
  if (own.length > 0) throw new DomainError('checkout.own_goods', 'Sellers do not buy their own goods.', { lines: own });
};

/**
 * The lines at the prices of `at`, for that buyer. Throws checkout.product_unavailable, checkout.seller_unavailable and
 * checkout.own_goods, which name the lines.
 */
export const priceLines = async (handle: Handle, lines: readonly WantedLine[], buyerId: string, at: string) => {
  const stores = await activeSellers(handle, lines);
  mustNotBeOwn(stores, lines, buyerId);
  const found = await Promise.all(lines.map((line) => find(handle, line, at)));
  const gone = lines.filter((_, n) => found[n] === null).map(naming);
  if (gone.length > 0) throw new DomainError('checkout.product_unavailable', 'Some lines are not on sale any more.', { lines: gone });
  const priced = found.flatMap((each) => {
    const store = each && stores.get(each.line.sellerId);
    return each && store ? [quoted(each, store, at)] : [];
  });
  return { lines: priced, stores };
};

const Destination = z.object({ city: z.string().min(1) });

/** The city of a sealed address; couriers need no more of it. Throws user.address_not_found when its person was erased. */
const cityOf = async (seals: PricingNeeds['seals'], address: Sealed): Promise<string> => {
  const opened = Destination.safeParse(await seals.open(address));
  if (!opened.success) throw new DomainError('user.address_not_found', 'This address cannot be used.');
  return opened.data.city;
};

const optionsOf = async (
  courier: PricingNeeds['courier'],
  store: Selling,
  lines: readonly QuotedLine[],
  destinationCity: string,
  at: string,
): Promise<ShippingOption[]> => {
  const { sellerId, city } = store;
  const weightGrams = lines.reduce((sum, line) => sum + line.weightGrams * line.quantity, 0);
  const currency = lines[0]?.unitPrice.currency ?? 'IDR';
  const shipBy = later(at, timeToShip);
  const rates = await courier.rates({ originCity: city, destinationCity, weightGrams, currency });
  return rates.map((rate) => ({
    sellerId,
    optionId: `${rate.courier}.${rate.service}`,
    courier: rate.courier,
    service: rate.service,
    weightGrams,
    price: rate.price,
    rule: `${courier.provider}:${rate.courier}.${rate.service}`,
    freight: null,
    promisedAt: later(shipBy, days(rate.maxDays)),
    shipBy,
  }));
};

const unshippable = (error: unknown, sellerId: string) =>
  error instanceof ProviderRefused
    ? new DomainError('shipping.no_rate', 'No courier goes there with this parcel.', { sellerId })
    : new DomainError('shipping.provider_failed', 'The couriers cannot be asked at the moment; try again.', { sellerId, retryAfter: 2 });

/** Every way to ship every seller's part. Throws shipping.no_rate, shipping.provider_failed. */
export const shippingFor = async (
  { courier, seals }: PricingNeeds,
  stores: ReadonlyMap<string, Selling>,
  lines: readonly QuotedLine[],
  address: Sealed,
  at: string,
): Promise<ShippingOption[]> => {
  const destination = await cityOf(seals, address);
  const perSeller = await Promise.all(
    [...stores.values()].map((store) => {
      const own = lines.filter(({ sellerId }) => sellerId === store.sellerId);
      return optionsOf(courier, store, own, destination, at).catch((error: unknown) => {
        throw unshippable(error, store.sellerId);
      });
    }),
  );
  return perSeller.flat();
};
