// Commands of a checkout over HTTP: quote, start, cancel. Prices never come from the client; the address is sealed here.
import { Hono } from 'hono';
import { z } from 'zod';
import { type CheckoutNeeds, cancelCheckout, quoteCheckout, type Started, startCheckout } from '../commands/checkout.ts';
import { type BlindIndex, contactsOf } from '../commands/contact.ts';
import { newId, type Result } from '../commands/handle.ts';
import type { CheckoutEvent } from '../domain/checkout/events.ts';
import { QuotedLine as DomainQuotedLine, ShippingOption as DomainShippingOption, type ShippingOption } from '../domain/checkout/plan.ts';
import { lineTerms } from '../domain/checkout/pricing.ts';
import { purchaseStatuses } from '../domain/checkout/state.ts';
import { DomainError } from '../domain/error.ts';
import { Id } from '../domain/id.ts';
import type { Recorded } from '../domain/metadata.ts';
import { Currency } from '../domain/money.ts';
import { Tax } from '../domain/order/terms.ts';
import { methods } from '../domain/payment/deadlines.ts';
import type { PaymentEvent } from '../domain/payment/events.ts';
import type { Instructions as HowToPay } from '../domain/payment/shares.ts';
import { positionText } from '../domain/position.ts';
import type { EventStore } from '../infra/event-store/port.ts';
import { Instructions, Moment, Money, Totals } from '../infra/http/answers.ts';
import type { Principal } from '../infra/http/env.ts';
import { guestBuyerId } from '../infra/http/guest.ts';
import { body, params } from '../infra/http/input.ts';
import { allow, principalOf } from '../infra/http/policy.ts';
import { Email, line, Phone } from '../infra/http/text.ts';
import type { Seals } from '../infra/vault/port.ts';
import { Address } from './address.ts';
import { everyChannel, mustBeOffered } from './channels.ts';
import { answer, context, idAs, reply, type WriteEnv, written } from './http.ts';

const Contact = z.object({ email: Email, phone: Phone, language: z.enum(['id', 'en']).default('id') });
const Quote = z.object({
  address: z.union([z.object({ addressId: Id }), Address]),
  /** How a guest is reached, who has to say so. */
  contact: Contact.optional(),
  /** Lines of the cart; left out: the selected ones. */
  lineIds: z.array(Id).min(1).max(40).optional(),
});
const Start = z.object({
  quoteId: Id,
  /** One choice for every seller. */
  shipping: z
    .array(z.object({ sellerId: Id, optionId: line(80) }))
    .min(1)
    .max(40),
  method: z.enum(methods),
  /** One of the method's channels, as GET /payments/methods lists them: the bank, wallet or shop to pay through. */
  channel: z.enum(everyChannel).optional(),
});

const publicOption = ({ sellerId, optionId, courier, service, weightGrams, price, rule, promisedAt, shipBy }: ShippingOption) => ({
  ...{ sellerId, optionId, courier, service, weightGrams, price, rule, promisedAt, shipBy },
});

const QuotedLine = DomainQuotedLine.pick({
  lineId: true,
  cartLineId: true,
  productId: true,
  variantId: true,
  sellerId: true,
  sku: true,
  name: true,
  quantity: true,
  unitPrice: true,
  weightGrams: true,
})
  .extend({ amount: Money, tax: Tax })
  .meta({ id: 'QuotedLine' });
const QuotedShipping = DomainShippingOption.omit({ freight: true }).meta({ id: 'QuotedShipping' });
const QuotedCheckout = written('QuotedCheckout', {
  quoteId: Id,
  currency: Currency,
  lines: z.array(QuotedLine),
  shipping: z.array(QuotedShipping).describe('The ways to ship; choose one for each seller.'),
  totals: Totals,
  expiresAt: Moment,
});
const StartedCheckout = written('StartedCheckout', {
  checkoutId: Id,
  status: z.enum(purchaseStatuses),
  orders: z.array(z.object({ orderId: Id, sellerId: Id, total: Money })),
  payment: z.object({
    paymentId: Id,
    method: z.enum(methods),
    amount: Money,
    expiresAt: Moment,
    instructions: z.array(Instructions).describe('How to pay, one for each part, as far as they are known.'),
  }),
  totals: Totals,
});
const CancelledCheckout = written('CancelledCheckout', { checkoutId: Id });

/** What the buyer sees of a quote: no commissions, which are between the seller and the market. */
const quoteIn = ({ id, events }: Result<CheckoutEvent>) => {
  const event = events[0]?.event;
  if (event?.type !== 'checkout.quoted') throw new Error('A quote is one event.');
  const { lines, shipping, currency, totals, expiresAt } = event;
  return {
    quoteId: id,
    currency,
    lines: lines.map((line) => {
      const { lineId, cartLineId, productId, variantId, sellerId, sku, name, quantity, unitPrice, weightGrams } = line;
      const { amount, tax } = lineTerms(line);
      return { lineId, cartLineId, productId, variantId, sellerId, sku, name, quantity, unitPrice, amount, tax, weightGrams };
    }),
    shipping: shipping.map(publicOption),
    totals,
    expiresAt,
  };
};

const startedIn = ({ purchase }: Started, instructions: readonly HowToPay[]) => {
  const { checkoutId, status, plan } = purchase;
  return {
    checkoutId,
    status,
    orders: plan.orders.map(({ orderId, sellerId, totals }) => ({ orderId, sellerId, total: totals.total })),
    payment: { paymentId: plan.paymentId, method: plan.method, amount: plan.totals.total, expiresAt: plan.paymentExpiresAt, instructions },
    totals: plan.totals,
  };
};

const refusalOf = ({ giveUp, missing, status }: Started['purchase']): DomainError => {
  const reason = giveUp?.reason ?? (status === 'Expired' ? 'checkout.expired' : 'checkout.failed');
  return new DomainError(reason, 'The checkout could not be completed; nothing is held and nothing is owed.', { lines: missing });
};

const startErrors = [
  'checkout.amount_too_large',
  'checkout.already_started',
  'auth.email_not_verified',
  'checkout.cancelled',
  'checkout.cart_changed',
  'checkout.cod_limit',
  'checkout.expired',
  'checkout.failed',
  'checkout.hold_limit',
  'checkout.out_of_stock',
  'checkout.own_goods',
  'checkout.payment_failed',
  'checkout.product_unavailable',
  'checkout.quote_changed',
  'checkout.quote_expired',
  'checkout.quote_not_found',
  'checkout.seller_unavailable',
  'checkout.shipping_choice_invalid',
  'checkout.shipping_choice_missing',
  'payment.channel_unknown',
  'shipping.no_rate',
  'shipping.provider_failed',
];
const quoteErrors = [
  'checkout.amount_too_large',
  'cart.line_not_found',
  'checkout.cart_empty',
  'checkout.contact_missing',
  'checkout.mixed_currencies',
  'checkout.out_of_stock',
  'checkout.own_goods',
  'checkout.product_unavailable',
  'checkout.seller_unavailable',
  'checkout.too_many_lines',
  'shipping.no_rate',
  'shipping.provider_failed',
  'user.address_not_found',
  'user.erased',
];

export interface CheckoutRoutesNeeds extends CheckoutNeeds {
  readonly seals: Pick<Seals, 'open' | 'seal'>;
  readonly blindIndex: BlindIndex;
  readonly store: Pick<EventStore, 'read'>;
}

/** A payment is instructed among its first events, one per part. */
const beginning = 50;

/** How to pay what has been started, as far as the provider has said so by now. */
const instructionsFor = async (store: Pick<EventStore, 'read'>, { plan }: Started['purchase']): Promise<HowToPay[]> => {
  const events = (await store.read(`payment-${plan.paymentId}`, 0, beginning)) as readonly Recorded<PaymentEvent>[];
  return events.flatMap(({ event }) => (event.type === 'payment.pending' && event.instructions ? [event.instructions] : []));
};

/** Under whose id this caller buys what becomes this checkout. */
const buyerIdOf = ({ blindIndex }: Pick<CheckoutRoutesNeeds, 'blindIndex'>, { kind, id, purchaseId }: Principal, checkoutId: string) =>
  kind === 'guest' && purchaseId === undefined ? guestBuyerId(blindIndex, id, checkoutId) : id;

type AskedContact = z.output<typeof Contact>;

/** What is kept of a guest, sealed under a key of its own. */
const guestOf = async ({ seals, blindIndex }: CheckoutRoutesNeeds, buyerId: string, contact: AskedContact | undefined) => {
  if (!contact) throw new DomainError('checkout.contact_missing', 'Say at which e-mail address and telephone number you can be reached.');
  const [email, phone] = await Promise.all([seals.seal(buyerId, contact.email), seals.seal(buyerId, contact.phone)]);
  return { email, phone, language: contact.language, countedFor: contactsOf(blindIndex, contact) };
};

export const checkoutCommands = (needs: CheckoutRoutesNeeds) =>
  new Hono<WriteEnv>()
    .post(
      '/checkouts/quote',
      allow('buyer', {
        ...{ operation: 'quoteCheckout', answer: QuotedCheckout },
        ...{ summary: 'Ask what the selected lines cost, and how they can be shipped.', status: 201, errors: quoteErrors },
        ...{ rate: 'checkout', load: 'checkout' },
      }),
      body(Quote),
      async (c) => {
        const principal = principalOf(c);
        const { id: cartId, sellerId = null } = principal;
        const { address, contact, lineIds = null } = c.req.valid('json');
        const asked = context(c);
        const buyerId = buyerIdOf(needs, principal, newId(asked, 0));
        const guest = principal.kind === 'guest' ? { guest: await guestOf(needs, buyerId, contact) } : {};
        const where = 'addressId' in address ? address : { sealed: await needs.seals.seal(buyerId, address) };
        const input = { buyerId, cartId, ownSellerId: sellerId, address: where, lineIds, ...guest };
        return answer(c, 201, await quoteCheckout(needs, input, asked), quoteIn);
      },
    )
    .post(
      '/checkouts',
      allow('buyer', {
        ...{ operation: 'startCheckout', answer: StartedCheckout },
        ...{
          summary:
            'Buy what was quoted, while the cart still holds it; pieces added since stay there. 201: pay now; 202: still under way, look at Location.',
          status: [201, 202],
          errors: startErrors,
        },
        ...{ rate: 'checkout', load: 'checkout' },
      }),
      body(Start),
      async (c) => {
        const asked = c.req.valid('json');
        mustBeOffered(asked.method, asked.channel);
        const started = await startCheckout(needs, { ...asked, buyerId: buyerIdOf(needs, principalOf(c), asked.quoteId) }, context(c));
        const { purchase, revision } = started;
        if (purchase.status === 'Failed' || purchase.status === 'Expired') throw refusalOf(purchase);
        const position = positionText(c.get('logId') ?? '', started.position);
        const headers = { location: `/api/v1/checkouts/${purchase.checkoutId}`, etag: `"${revision}"`, position };
        const instructions = await instructionsFor(needs.store, purchase);
        return reply(c, started.isTold ? 201 : 202, { ...startedIn(started, instructions), revision, position }, headers);
      },
    )
    .post(
      '/checkouts/:checkoutId/cancellation',
      allow('buyer', {
        ...{ operation: 'cancelCheckout', answer: CancelledCheckout },
        ...{ summary: 'Leave a checkout before it is paid.', owner: 'buyer', load: 'checkout' },
        errors: ['checkout.already_paid', 'checkout.not_found'],
      }),
      params(z.object({ checkoutId: Id })),
      async (c) => {
        const { checkoutId } = c.req.valid('param');
        return answer(
          c,
          200,
          await cancelCheckout(needs.handle, checkoutId, buyerIdOf(needs, principalOf(c), checkoutId), context(c)),
          idAs('checkoutId'),
        );
      },
    );
