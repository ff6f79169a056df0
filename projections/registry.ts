// Every read model of the marketplace, by service.
import { sales } from './analytics/sales.ts';
import { emails } from './auth/emails.ts';
import { sessions } from './auth/sessions.ts';
import { carts } from './cart/carts.ts';
import { brands } from './catalog/brands.ts';
import { categories } from './catalog/categories.ts';
import { checkouts } from './checkout/checkouts.ts';
import { importFigures } from './figures/imports.ts';
import { lineFigures } from './figures/lines.ts';
import { orderFigures } from './figures/orders.ts';
import { paymentFigures } from './figures/payments.ts';
import { productCategories } from './figures/products.ts';
import { purchaseFigures } from './figures/purchases.ts';
import { reviewFigures } from './figures/reviews.ts';
import { inventoryLevels } from './inventory/levels.ts';
import { inventoryMovements } from './inventory/movements.ts';
import { orders } from './order/orders.ts';
import { timelines } from './order/timelines.ts';
import { payments } from './payment/payments.ts';
import { refunds } from './payment/refunds.ts';
import { productCards } from './product/cards.ts';
import { productDetails } from './product/details.ts';
import { productStores } from './product/stores.ts';
import type { AnyProjection } from './projection.ts';
import { returns } from './return/returns.ts';
import { ratings } from './review/ratings.ts';
import { reviews } from './review/reviews.ts';
import { allSagaInstances } from './sagas/all.ts';
import { balances } from './seller/balances.ts';
import { invitations } from './seller/invitations.ts';
import { pages } from './seller/pages.ts';
import { statements } from './seller/statements.ts';
import { stores } from './seller/stores.ts';
import { trialBalance } from './seller/trial-balance.ts';
import { shipments } from './shipping/shipments.ts';
import { guests } from './user/guests.ts';
import { profiles } from './user/profiles.ts';

export const projections: readonly AnyProjection[] = [
  sales,
  emails,
  sessions,
  balances,
  invitations,
  pages,
  statements,
  stores,
  trialBalance,
  guests,
  profiles,
  allSagaInstances,
  brands,
  carts,
  categories,
  checkouts,
  importFigures,
  lineFigures,
  orderFigures,
  paymentFigures,
  productCategories,
  purchaseFigures,
  reviewFigures,
  inventoryLevels,
  inventoryMovements,
  orders,
  timelines,
  payments,
  productCards,
  productDetails,
  productStores,
  ratings,
  refunds,
  returns,
  reviews,
  shipments,
];
