// Every saga of the marketplace, and the aggregates that their intents may command.
import { account } from '../../domain/account/account.ts';
import { cart } from '../../domain/cart/cart.ts';
import type { Decider } from '../../domain/decider.ts';
import { ledger } from '../../domain/ledger/ledger.ts';
import { order } from '../../domain/order/order.ts';
import { payment } from '../../domain/payment/payment.ts';
import { returns } from '../../domain/return/return.ts';
import { shipment } from '../../domain/shipment/shipment.ts';
import { stock } from '../../domain/stock/stock.ts';
import { checkout } from './checkout.ts';
import { erasure } from './erasure.ts';
import { fulfilment } from './fulfilment.ts';
import { collection } from './payment.ts';
import { reconciliation } from './reconciliation.ts';
import { refund } from './refund.ts';
import type { AnySaga } from './run.ts';
import { sellerRole } from './seller-role.ts';

export const sagas: readonly AnySaga[] = [checkout, collection, erasure, fulfilment, reconciliation, refund, sellerRole];

type AnyDecider = Decider<unknown, unknown, { type: string }>;

const all: readonly AnyDecider[] = [account, cart, ledger, order, payment, returns, shipment, stock];

/** By category. */
export const targets: ReadonlyMap<string, AnyDecider> = new Map(all.map((decider) => [decider.category, decider]));
