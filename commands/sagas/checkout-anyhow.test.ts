// The saga and the real aggregates in one small world: commands and acknowledgements take their effect in any order, and twice.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Cart, cart } from '../../domain/cart/cart.ts';
import { checkout as checkoutDecider, type StartCheckout } from '../../domain/checkout/checkout.ts';
import { CheckoutEvent } from '../../domain/checkout/events.ts';
import { checkoutProcess } from '../../domain/checkout/process.ts';
import { type Checkout, isIntent, isOpen, isPurchase } from '../../domain/checkout/state.ts';
import type { Decider } from '../../domain/decider.ts';
import { DomainError } from '../../domain/error.ts';
import { ledger } from '../../domain/ledger/ledger.ts';
import type { Recorded } from '../../domain/metadata.ts';
import { order } from '../../domain/order/order.ts';
import { payment } from '../../domain/payment/payment.ts';
import { entries } from '../../domain/shelf.ts';
import { availableOf, type Stock } from '../../domain/stock/state.ts';
import { stock } from '../../domain/stock/stock.ts';
import { recorded } from '../../tests/given-saga.ts';
import { lines, noon, quote, soon, start } from '../../tests/sample-purchase.ts';
import { checkout } from './checkout.ts';
import type { Send, Settled } from './saga.ts';

type AnyEvent = { readonly type: string };
type AnyCommand = { readonly type: string; readonly [more: string]: unknown };
interface AnyStream {
  readonly state: unknown;
  readonly decide: (command: AnyCommand) => readonly AnyEvent[];
}

/** One stream of any category, with its types kept inside. */
const stream = <State, Command extends { readonly type: string }, Event extends AnyEvent>(
  decider: Decider<State, Command, Event>,
): AnyStream => {
  let state = decider.initial;
  return {
    get state() {
      return state;
    },
    decide: (command) => {
      // The saga's own types promise that a target understands what it is sent; here they are forgotten.
      const events = decider.decide(command as Command, state);
      state = events.reduce((now, event) => decider.evolve(now, event), state);
      return events;
    },
  };
};

const deciders: Record<string, () => AnyStream> = {
  order: () => stream(order),
  stock: () => stream(stock),
  payment: () => stream(payment),
  ledger: () => stream(ledger),
  cart: () => stream(cart),
};

class World {
  state: Checkout = checkoutDecider.initial;
  readonly #streams = new Map<string, AnyStream>();
  /** What may happen next: an intent's command is sent, or an event is taken in. */
  readonly #possible: (() => void)[] = [];
  readonly #at: string;

  constructor(at: string, by: Partial<StartCheckout> = {}) {
    this.#at = at;
    this.append(checkoutDecider.decide(quote, this.state));
    this.append(checkoutDecider.decide({ ...start, ...by }, this.state));
  }

  get(category: string, id: string): AnyStream {
    const known = this.#streams.get(`${category}-${id}`);
    if (known) return known;
    const fresh = deciders[category]?.();
    if (!fresh) throw new Error(`nothing decides ${category}`);
    this.#streams.set(`${category}-${id}`, fresh);
    return fresh;
  }

  tell(category: string, id: string, command: AnyCommand) {
    for (const event of this.get(category, id).decide(command)) this.#noted(event);
  }

  append(events: readonly CheckoutEvent[]) {
    for (const event of events) {
      this.state = checkoutProcess.evolve(this.state, CheckoutEvent.parse(event));
      if (isIntent(event)) this.#possible.push(() => this.#send(event));
    }
  }

  wake(at: string) {
    this.append(checkout.react(this.state, { type: 'timer.due', at }));
  }

  /** Lets things happen in the order that `choices` says until nothing is left to happen, or `most` things have. */
  run(choices: Iterator<number>, most = Number.POSITIVE_INFINITY) {
    for (let done = 0; done < most && this.#possible.length > 0; done++) {
      const choice = choices.next();
      const [next] = this.#possible.splice((choice.done ? 0 : choice.value) % this.#possible.length, 1);
      next?.();
    }
  }

  #noted(event: AnyEvent) {
    const trigger = recorded(event, this.#at);
    if (checkout.correlate(trigger) !== 'k1' || !checkout.reads.includes(event.type)) return;
    this.#possible.push(() => this.#take(trigger));
    this.#possible.push(() => this.#take(trigger));
  }

  #take(trigger: Recorded) {
    this.append(checkout.react(this.state, trigger));
  }

  /**
   * Commands of one event are sent together and told together; or only some of them, as happens when others have to be tried again.
   * What was sent may be sent again before it was told, as happens after a crash, and what was told may be told again.
   */
  #send(intent: CheckoutEvent, times = 3) {
    if (times === 0 || !isIntent(intent) || !isOpen(this.state, intent)) return;
    const open = checkout.sends(intent, this.state).filter(({ part }) => isOpen(this.state, intent, part));
    const outcomes = open.slice(0, Math.ceil(open.length / times)).map((send) => this.#outcome(send));
    this.#possible.push(() => this.#tell(intent, outcomes));
    this.#possible.push(() => this.#tell(intent, outcomes));
    this.#possible.push(() => this.#send(intent, times - 1));
  }

  #tell(intent: CheckoutEvent, [first, ...more]: Settled[]) {
    if (first) this.append(checkout.settled(intent, this.state, [first, ...more]));
  }

  #outcome({ target, id, command, part = '' }: Send): Settled {
    const ended = (code: string): Settled => ({ part, code, details: {}, at: this.#at });
    try {
      const events = this.get(target, id).decide({ ...command, at: this.#at });
      for (const event of events) this.#noted(event);
      return ended(events.length > 0 ? 'done' : 'already_so');
    } catch (error) {
      if (!(error instanceof DomainError)) throw error;
      return ended(error.code);
    }
  }
}

const stocked = (at: string, quantities: Readonly<Record<string, number>>, by: Partial<StartCheckout> = {}) => {
  const world = new World(at, by);
  for (const { lineId, variantId, location, productId, sellerId, quantity } of lines) {
    const facts = { variantId, location, productId, sellerId, quantity: quantities[lineId] ?? 10, reason: 'delivery', at: noon };
    world.tell('stock', `${variantId}.${location}`, { type: 'receive', movementId: 'm1', ...facts });
    const item = { type: 'add', cartId: 'b1', lineId: `cart-${lineId}`, additionId: lineId, currency: 'IDR', ownSellerId: null, at: noon };
    world.tell('cart', 'b1', { ...item, productId, variantId, sellerId, quantity });
  }
  return world;
};

const capture = (world: World, at: string) =>
  world.tell('payment', 'pay1', {
    ...{ type: 'note', providerEventId: 'e1', status: 'captured', currency: 'IDR', at },
    amount: isPurchase(world.state) ? world.state.plan.totals.total.amount : 0,
  });

/** How everything stands, apart from the order in which it came about. */
const ending = (world: World) => {
  const { state } = world;
  if (!isPurchase(state)) throw new Error('not started');
  const { status, orders, holds, payment: step, open, booked, refunded, missing } = state;
  const sorted = (of: object) => Object.fromEntries(Object.entries(of).sort(([a], [b]) => (a < b ? -1 : 1)));
  return {
    ...{ status, step, open, orders: sorted(orders), holds: sorted(holds) },
    ...{ booked: [...booked].sort(), refunded: [...refunded].sort(), missing: missing.map(({ lineId }) => lineId).sort() },
    stocks: lines.map(({ variantId, location }) => {
      const now = world.get('stock', `${variantId}.${location}`).state as Stock;
      return now.status === 'none'
        ? null
        : [now.onHand, availableOf(now), [...entries(now.held)].length, [...entries(now.committed)].length];
    }),
    cart: ((now: Cart) => (now.status === 'none' ? [] : now.lines.map(({ lineId }) => lineId)))(world.get('cart', 'b1').state as Cart),
    orderStreams: ['o1', 'o2'].map((id) => (world.get('order', id).state as { status: string }).status),
    payment: (world.get('payment', 'pay1').state as { status: string }).status,
  };
};

const anyOrder = fc.array(fc.nat({ max: 1_000 }), { minLength: 120, maxLength: 120 });
const inAnyOrder = (story: (choices: Iterator<number>) => World, expected: ReturnType<typeof ending>) =>
  fc.assert(
    fc.property(anyOrder, (choices) => {
      expect(ending(story(choices.values()))).toEqual(expected);
    }),
  );

const unlessRefused = (action: () => void) => {
  try {
    action();
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
  }
};

const straight = () => [].values();

describe('in any order, and twice', () => {
  it('a paid purchase is completed', () => {
    const story = (choices: Iterator<number>) => {
      const world = stocked(soon, {});
      world.run(choices);
      capture(world, soon);
      world.run(choices);
      return world;
    };
    const end = ending(story(straight()));
    expect(end).toMatchObject({ status: 'Completed', cart: [], open: {}, payment: 'Captured', orderStreams: ['Confirmed', 'Confirmed'] });
    expect(end.stocks).toEqual([
      [10, 9, 0, 1],
      [10, 7, 0, 1],
      [10, 9, 0, 1],
    ]);
    inAnyOrder(story, end);
  });

  it('cash on delivery is completed before it is paid', () => {
    const story = (choices: Iterator<number>) => {
      const world = stocked(soon, {}, { method: 'cod' });
      world.run(choices);
      return world;
    };
    const end = ending(story(straight()));
    expect(end).toMatchObject({ status: 'Completed', booked: [], orderStreams: ['Confirmed', 'Confirmed'], payment: 'Pending' });
    inAnyOrder(story, end);
  });

  it('a purchase that lacks goods leaves nothing behind', () => {
    const story = (choices: Iterator<number>) => {
      const world = stocked(soon, { l2: 1 });
      world.run(choices);
      return world;
    };
    const end = ending(story(straight()));
    expect(end).toMatchObject({ status: 'Failed', missing: ['l2'], orderStreams: ['Cancelled', 'Cancelled'], payment: 'none' });
    expect(end.stocks).toEqual([
      [10, 10, 0, 0],
      [1, 1, 0, 0],
      [10, 10, 0, 0],
    ]);
    // Whether a line was held before the other was refused depends on the order; that it ends released does not.
    fc.assert(
      fc.property(anyOrder, (choices) => {
        const { holds: _steps, ...rest } = ending(story(choices.values()));
        const { holds: _same, ...expected } = end;
        expect(rest).toEqual(expected);
      }),
    );
  });

  it('a purchase that its buyer leaves at any moment goes through whole, or leaves nothing behind', () => {
    fc.assert(
      fc.property(anyOrder, fc.nat({ max: 60 }), fc.nat({ max: 10 }), fc.boolean(), (choices, moment, pause, pays) => {
        const world = stocked(soon, {});
        const all = choices.values();
        world.run(all, moment);
        if (pays) unlessRefused(() => capture(world, soon));
        world.run(all, pause);
        unlessRefused(() => world.append(checkoutDecider.decide({ type: 'cancel', buyerId: 'b1', at: soon }, world.state)));
        world.run(all);
        const end = ending(world);
        expect(end.open).toEqual({});
        expect(end.stocks.map((each) => each?.[2])).toEqual([0, 0, 0]);
        if (end.status === 'Completed') {
          expect(end).toMatchObject({ payment: 'Captured', orderStreams: ['Confirmed', 'Confirmed'], cart: [] });
        } else {
          expect(end.status).toBe('Failed');
          expect(end.stocks.map((each) => each?.[1])).toEqual([10, 10, 10]);
          expect(['none', 'Voided', 'RefundDue']).toContain(end.payment);
          expect(end.orderStreams).not.toContain('Confirmed');
        }
      }),
      { numRuns: 500 },
    );
  });

  it('a purchase that nobody pays expires', () => {
    const until = '2026-01-01T12:31:00.000Z';
    const story = (choices: Iterator<number>) => {
      const world = stocked(soon, {});
      world.run(choices);
      world.wake(until);
      world.run(choices);
      return world;
    };
    const end = ending(story(straight()));
    expect(end).toMatchObject({ status: 'Expired', open: {}, payment: 'Voided', orderStreams: ['Cancelled', 'Cancelled'] });
    expect(end.cart).toHaveLength(3);
    inAnyOrder(story, end);
  });
});
