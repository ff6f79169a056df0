// Ids of what comes from the Olist files: derived from file and row, so that a second run finds everything that the first one made.
import { derivedId, derivedUuid } from '../ids.ts';

export const source = 'olist';

/** The id of a command that a row causes. */
export const commandOf = (...row: readonly (string | number)[]): string => derivedUuid('import', source, ...row);

/** The n-th thing that this command creates: what `newId` makes of its context. */
const made = (commandId: string, n: number) => derivedId(commandId, n);

export const idOf = (...row: readonly (string | number)[]): string => derivedId('import', source, ...row);
export const userIdOf = (personId: string) => idOf('people', personId);
export const ownerIdOf = (sellerId: string) => idOf('owners', sellerId);
export const sellerIdOf = (sellerId: string) => made(commandOf('sellers', sellerId), 0);
export const categoryIdOf = (slug: string) => made(commandOf('categories', slug), 0);
/** A listing is a product of one seller: several sellers may offer the same product. */
export const productIdOf = (productId: string, sellerId: string) => made(commandOf('listings', productId, sellerId), 0);
export const variantIdOf = (productId: string, sellerId: string) => made(commandOf('listings', productId, sellerId), 1);
export const checkoutIdOf = (orderId: string) => idOf('orders', orderId, 'checkout');
export const paymentIdOf = (orderId: string) => idOf('orders', orderId, 'payment');
export const orderIdOf = (orderId: string, sellerId: string) => idOf('orders', orderId, 'seller', sellerId);
export const lineIdOf = (orderId: string, productId: string, sellerId: string) => idOf('orders', orderId, 'line', productId, sellerId);
export const returnIdOf = (orderId: string, sellerId: string) => idOf('orders', orderId, 'return', sellerId);
export const reviewIdOf = (orderId: string) => idOf('orders', orderId, 'review');
/** The stream of what an order's rows were not taken as. */
export const importIdOf = (orderId: string) => `${source}.${idOf('orders', orderId, 'import')}`;
