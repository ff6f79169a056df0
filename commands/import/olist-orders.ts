// Sends one step of one order, with everything that follows from it.
import { checkout } from '../../domain/checkout/checkout.ts';
import type { QuotedLine } from '../../domain/checkout/plan.ts';
import { later } from '../../domain/id.ts';
import type { Recorded } from '../../domain/metadata.ts';
import type { OrderCommand } from '../../domain/order/commands.ts';
import { order, returnWindow } from '../../domain/order/order.ts';
import { payment } from '../../domain/payment/payment.ts';
import { product } from '../../domain/product/product.ts';
import { type ReturnCommand, returns } from '../../domain/return/return.ts';
import { review } from '../../domain/review/review.ts';
import { stockId } from '../../domain/stock/stock.ts';
import type { Context } from '../handle.ts';
import { creating, type ImportNeeds, importContext } from './needs.ts';
import { commandOf, returnIdOf } from './olist-ids.ts';
import type { PartialAddress, Purchase, SellerPart } from './olist-purchases.ts';
import type { ImportedReview } from './olist-reviews.ts';
import type { Step } from './olist-timeline.ts';
import type { Moment } from './olist-times.ts';

const contextOf = ({ source, correlationId }: { source: string; correlationId: string }, at: string, ...step: string[]): Context =>
  importContext(at, commandOf('orders', source, ...step), correlationId);

/** The address as far as the source tells; `partial` says that the rest is not missing by mistake. */
const addressOf = ({ city, province, postalCode }: PartialAddress) => ({
  ...{ recipient: '', phone: '', street: '', city, province, postalCode, country: 'BR' },
  partial: true,
});

/** What only the source knows of an order goes with its first command. */
const carryAll = (needs: ImportNeeds, results: readonly { events: readonly Recorded[] }[], { status }: Purchase) =>
  needs.carry(
    results.flatMap(({ events }) => events),
    (send) =>
      send.target === 'order' && send.command.type === 'create'
        ? { ...send, command: { ...send.command, sourceStatus: status } as typeof send.command }
        : send,
  );

/** The lines with the revision of the product at which each price was set. */
const pricedLines = async ({ handle }: ImportNeeds, purchase: Purchase, priced: readonly string[]): Promise<QuotedLine[]> =>
  Promise.all(
    purchase.lines.map(async (line) => {
      const { productId, sellerId, variantId, unitPrice } = line;
      if (priced.includes(variantId)) {
        const context = contextOf(purchase, purchase.times.bought.at, 'price', variantId);
        await handle(product, productId, { type: 'change_price', sellerId, variantId, price: unitPrice }, context);
      }
      return { ...line, priceVersion: (await handle.load(product, productId)).revision };
    }),
  );

/** An external quote: freight, interest and the parts of the payment are what they were. */
const buy = async (needs: ImportNeeds, purchase: Purchase, priced: readonly string[]) => {
  const { checkoutId, buyerId, parts, platform, paymentId, payments, method, times } = purchase;
  const { at } = times.bought;
  const lines = await pricedLines(needs, purchase, priced);
  const prices = { lines, shipping: parts.map(({ option }) => option), platform };
  const address = await needs.seals.seal(buyerId, addressOf(purchase.address));
  const choices = parts.map(({ orderId, sellerId, option }) => ({ orderId, sellerId, optionId: option.optionId }));
  const results = await Promise.all([
    needs.handle(
      checkout,
      checkoutId,
      { type: 'quote', checkoutId, buyerId, cartId: buyerId, ownSellerId: null, address, ...prices, at },
      creating(contextOf(purchase, at, 'quote'), needs),
    ),
    needs.handle(
      checkout,
      checkoutId,
      { type: 'start', buyerId, choices, method, paymentId, parts: payments, fresh: prices, payBy: times.paid.at, at },
      contextOf(purchase, at, 'start'),
    ),
  ]);
  await carryAll(needs, results, purchase);
};

/** Captured when all of its parts are. */
const pay = async (needs: ImportNeeds, purchase: Purchase, { at }: Moment) => {
  const { source, paymentId, payments } = purchase;
  const notices = payments.map(({ partId, amount: { amount, currency } }) =>
    needs.handle(
      payment,
      paymentId,
      { type: 'note', providerEventId: `${source}.${partId}`, status: 'captured', partId, amount, currency, at },
      contextOf(purchase, at, 'paid', partId),
    ),
  );
  await carryAll(needs, await Promise.all(notices), purchase);
};

/** The same of every seller's order of the purchase. */
const tell = (needs: ImportNeeds, purchase: Purchase, { at }: Moment, commandsOf: (part: SellerPart) => readonly OrderCommand[]) =>
  Promise.all(
    purchase.parts.map(async (part) => {
      const told = commandsOf(part).map((command) =>
        needs.handle(order, part.orderId, command, contextOf(purchase, at, command.type, part.orderId)),
      );
      await carryAll(needs, await Promise.all(told), purchase);
    }),
  );

/** The goods had arrived, so that they come back by a return. */
const giveBack = (needs: ImportNeeds, purchase: Purchase, { at }: Moment) =>
  Promise.all(
    purchase.parts.map(async ({ orderId, sellerId }) => {
      const { source, checkoutId, buyerId } = purchase;
      const own = purchase.lines.filter((line) => line.sellerId === sellerId);
      const lines = own.map(({ lineId, variantId, location, quantity }) => ({ lineId, stockId: stockId(variantId, location), quantity }));
      const returnId = returnIdOf(source, sellerId);
      const about = { returnId, orderId, checkoutId, buyerId, sellerId, lines };
      const conditions = lines.map(({ lineId }) => ({ lineId, condition: 'sellable' as const }));
      const commands: ReturnCommand[] = [
        { type: 'request', ...about, reason: 'CANCELED', returnUntil: later(at, returnWindow), at },
        { type: 'approve', sellerId, at },
        { type: 'receive', sellerId, at },
        { type: 'inspect', sellerId, conditions, resolution: 'refund', shipping: true, at },
      ];
      const told = commands.map((command) => needs.handle(returns, returnId, command, contextOf(purchase, at, command.type, returnId)));
      await carryAll(needs, await Promise.all(told), purchase);
    }),
  );

const record = async (needs: ImportNeeds, imported: ImportedReview) => {
  const { sourceReviewId, at, ...said } = imported;
  const { reviewId, authorId, orderId, rating } = said;
  const seal = (text: string) => (text === '' ? null : needs.seals.seal(authorId, text));
  const [title, body] = await Promise.all([seal(said.title), seal(said.body)]);
  const about = {
    ...{ reviewId, kind: 'order' as const, authorId, orderId },
    productIds: [...said.productIds],
    sellerIds: [...said.sellerIds],
  };
  const says = { rating, title, body, images: [] };
  const context = creating(contextOf(imported, at, 'review', sourceReviewId), needs);
  await needs.handle(review, reviewId, { type: 'record', about, says, sourceReviewId, at }, context);
};

const timed = ({ at, sourceAt, timeInferred }: Moment) => ({
  at,
  ...(sourceAt !== undefined && { sourceAt }),
  ...(timeInferred && { timeInferred }),
});

/** Throws what a rule refuses: nothing of an import may be refused. */
export const send = async (needs: ImportNeeds, step: Step): Promise<void> => {
  const { moment } = step;
  const time = timed(moment);
  if (step.do === 'review') return record(needs, step.review);
  const { purchase } = step;
  switch (step.do) {
    case 'buy':
      return buy(needs, purchase, step.priced);
    case 'pay':
      return pay(needs, purchase, moment);
    case 'accept':
      await tell(needs, purchase, moment, ({ sellerId }) => [{ type: 'accept', sellerId, ...time }]);
      return;
    case 'ship':
      await tell(needs, purchase, moment, ({ sellerId }) => [
        { type: 'pack', sellerId, at: moment.at },
        { type: 'ship', sellerId, ...time },
      ]);
      return;
    case 'deliver':
      await tell(needs, purchase, moment, () => [{ type: 'deliver', ...time }]);
      return;
    case 'cancel':
      await tell(needs, purchase, moment, () => [{ type: 'cancel', by: 'system', reason: purchase.status.toUpperCase(), ...time }]);
      return;
    case 'bring_back':
      await tell(needs, purchase, moment, () => [
        { type: 'fail_delivery', reason: 'CANCELED', ...time },
        { type: 'return', ...time },
      ]);
      return;
    case 'give_back':
      await giveBack(needs, purchase, moment);
      return;
    default:
      step satisfies never;
  }
};
