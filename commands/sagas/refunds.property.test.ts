// Whatever sellers, buyers and couriers do to a paid order, and in whatever order: its saga ends, nobody is asked for help, and no more goes back than came in.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DomainError } from '../../domain/error.ts';
import type { FulfilmentEvent } from '../../domain/fulfilment/events.ts';
import type { Fulfilment } from '../../domain/fulfilment/fulfilment.ts';
import type { OrderCommand } from '../../domain/order/commands.ts';
import { order } from '../../domain/order/order.ts';
import type { PaymentCommand, RequestRefund } from '../../domain/payment/commands.ts';
import { payment } from '../../domain/payment/payment.ts';
import { address, createPayment, first, noon, total, until } from '../../domain/payment/sale.fixture.ts';
import { type ReturnCommand, returns } from '../../domain/return/return.ts';
import { fulfilment } from './fulfilment.ts';
import { recorded } from './recorded.fixture.ts';
import type { Send } from './saga.ts';

const holds = first.lines.map(({ lineId, quantity }) => ({ lineId, stockId: `${lineId}.main`, holdId: `${lineId}.1`, quantity }));

/** The paid and confirmed order, and all that happens to it at once: every event reaches the saga, every command its aggregate. */
const market = () => {
  const states = { order: order.initial, payment: payment.initial, return: returns.initial };
  let saga: Fulfilment = fulfilment.process.initial;
  const events: { type: string }[] = [];

  const hear = (event: { type: string }) => {
    events.push(event);
    take(fulfilment.react(saga, recorded(event)));
    if (event.type === 'payment.refund_requested' && 'refundId' in event)
      tell({ type: 'refund_result', refundId: String(event.refundId), result: 'refunded', at: noon });
  };
  const take = (said: readonly FulfilmentEvent[]) => {
    saga = said.reduce(fulfilment.process.evolve, saga);
    for (const intent of said.filter(fulfilment.process.isIntent)) {
      for (const send of fulfilment.sends(intent, saga)) {
        const code = carry(send);
        if (code !== 'done' && fulfilment.process.isOpen(intent, saga))
          take(fulfilment.settled(intent, saga, [{ code, details: {}, at: noon }]));
      }
    }
  };
  const heard = (happened: readonly { type: string }[]) => {
    for (const event of happened) hear(event);
    return happened.length > 0 ? 'done' : 'already_so';
  };
  const tell = (command: PaymentCommand) => {
    const happened = payment.decide(command, states.payment);
    states.payment = happened.reduce(payment.evolve, states.payment);
    return heard(happened);
  };
  const move = (command: OrderCommand) => {
    const happened = order.decide(command, states.order);
    states.order = happened.reduce(order.evolve, states.order);
    return heard(happened);
  };
  const bring = (command: ReturnCommand) => {
    const happened = returns.decide(command, states.return);
    states.return = happened.reduce(returns.evolve, states.return);
    return heard(happened);
  };
  /** Stock, books and courier do as they are asked. */
  const carry = ({ target, command }: Send): string => {
    try {
      if (target === 'payment') return tell(command as PaymentCommand);
      if (target === 'order') return move(command as OrderCommand);
      if (target === 'return') return bring(command as ReturnCommand);
      return 'already_so';
    } catch (error) {
      if (error instanceof DomainError) return error.code;
      throw error;
    }
  };
  tell(createPayment);
  tell({ type: 'note', providerEventId: 'e1', status: 'captured', amount: total.amount, currency: 'IDR', at: noon });
  const whose = { checkoutId: 'c1', buyerId: 'b1', paymentId: 'p1', cod: false };
  move({ type: 'create', ...whose, ...first, address, payUntil: until, at: noon });
  move({ type: 'confirm', holds, at: noon });
  return { tell, move, bring, states, outcome: () => fulfilment.process.outcome(saga), hear };
};

type Act = (into: ReturnType<typeof market>, n: number) => unknown;
const bySeller = { sellerId: 's1', at: noon };

const wish = fc.oneof(
  fc.constant('rest' as const),
  fc.record({
    lines: fc.uniqueArray(fc.record({ lineId: fc.constantFrom('l1', 'l2'), quantity: fc.integer({ min: 1, max: 3 }) }), {
      selector: ({ lineId }) => lineId,
      maxLength: 2,
    }),
    shipping: fc.boolean(),
  }),
);
const refund =
  (of: RequestRefund['of']): Act =>
  (into, n) =>
    into.tell({
      type: 'request_refund',
      refundId: `goodwill.${n}`,
      orderId: 'o1',
      ...{ sellerId: 's1', of, reason: 'goodwill', at: noon },
    });
const returning =
  (quantity: number): Act =>
  (into) => {
    const [line] = holds;
    if (!line || into.states.order.status !== 'Delivered') return;
    const lines = [{ lineId: line.lineId, stockId: line.stockId, quantity }];
    const ids = { returnId: 'r1', orderId: 'o1', checkoutId: 'c1', buyerId: 'b1', sellerId: 's1' };
    into.bring({ type: 'request', ...ids, lines, reason: 'damaged', returnUntil: '2027-01-01T00:00:00.000Z', at: noon });
    into.bring({ type: 'approve', ...bySeller });
  };
const inspecting =
  (resolution: 'refund' | 'replace' | 'deny', shipping: boolean): Act =>
  (into) => {
    into.bring({ type: 'receive', ...bySeller });
    into.bring({ type: 'inspect', ...bySeller, conditions: [{ lineId: 'l1', condition: 'sellable' }], resolution, shipping });
  };
const moving =
  (command: OrderCommand): Act =>
  (into) =>
    into.move(command);

const act: fc.Arbitrary<Act> = fc.oneof(
  wish.map(refund),
  fc
    .constantFrom<OrderCommand>(
      { type: 'accept', ...bySeller },
      { type: 'pack', ...bySeller },
      { type: 'ship', ...bySeller },
      { type: 'deliver', buyerId: 'b1', at: noon },
      { type: 'complete', buyerId: 'b1', at: noon },
      { type: 'cancel', by: 'seller', ...bySeller, reason: 'sold_out' },
      { type: 'cancel', by: 'buyer', buyerId: 'b1', reason: 'changed_mind', at: noon },
    )
    .map(moving),
  fc.integer({ min: 1, max: 3 }).map(returning),
  fc.tuple(fc.constantFrom('refund', 'replace', 'deny'), fc.boolean()).map(([resolution, shipping]) => inspecting(resolution, shipping)),
);

/** The good way on, which most runs need in order to get anywhere. */
const way: readonly Act[] = (['accept', 'pack', 'ship'] as const).map((type) => moving({ type, ...bySeller }));

const mayRefuse = (what: () => unknown) => {
  try {
    what();
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
  }
};

describe('a paid order, its refunds and its returns', () => {
  it('end by themselves, and give back no more than came in', () =>
    fc.assert(
      fc.property(fc.array(act, { maxLength: 12 }), fc.boolean(), (acts, isDelivered) => {
        const into = market();
        const all = isDelivered ? [...way, moving({ type: 'deliver', at: noon }), ...acts] : acts;
        all.forEach((each, n) => {
          mayRefuse(() => each(into, n));
        });
        expect(into.outcome()).not.toBe('NeedsHuman');
        const { payment: paid, order: sold, return: brought } = into.states;
        if (paid.status === 'none' || sold.status === 'none') throw new Error('nothing was bought');
        const back = Object.values(paid.refunds).filter(({ status }) => status === 'Refunded');
        const sum = back.reduce((amount, refunded) => amount + refunded.amount.amount, 0);
        expect(sum).toBeLessThanOrEqual(first.totals.total.amount);
        if (sum === first.totals.total.amount) expect(['Confirmed', 'Accepted', 'Packed']).not.toContain(sold.status);
        expect(brought.status).not.toBe('Inspected');
      }),
      { numRuns: 2_000 },
    ));
});
