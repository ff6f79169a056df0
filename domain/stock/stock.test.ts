import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { given } from '../../tests/given.ts';
import { DomainError } from '../error.ts';
import { later, minutes } from '../id.ts';
import { entries } from '../shelf.ts';
import { StockEvent } from './events.ts';
import { availableOf, type OpenStock, type Stock } from './state.ts';
import { type StockCommand, stock, unpaidHoldsPerBuyer } from './stock.ts';

const noon = '2026-01-01T12:00:00.000Z';
const half = '2026-01-01T12:30:00.000Z';
const one = '2026-01-01T13:00:00.000Z';
const two = '2026-01-01T14:00:00.000Z';
const ids = { variantId: 'v1', location: 'main', productId: 'p1', sellerId: 's1' };
const of = { checkoutId: 'c1', orderId: 'o1', buyerId: 'b1' };

const receive = { type: 'receive', movementId: 'm1', ...ids, quantity: 5, reason: 'delivery', at: noon } as const;
const received = {
  type: 'stock.received',
  ...ids,
  available: 5,
  onHand: 5,
  at: noon,
  movementId: 'm1',
  quantity: 5,
  reason: 'delivery',
} as const;
const hold = { type: 'hold', holdId: 'l1.1', ...of, quantity: 3, until: one, at: noon } as const;
const kept = { ...ids, holdId: 'l1.1', ...of, quantity: 3, until: one };
const held = { type: 'stock.held', ...kept, available: 2, onHand: 5, at: noon } as const;
const committed = { type: 'stock.hold_committed', ...kept, available: 2, onHand: 5, at: half } as const;
const consumed = { type: 'stock.hold_consumed', ...kept, available: 2, onHand: 2, at: half } as const;
const released = { type: 'stock.hold_released', ...kept, available: 5, onHand: 5, at: half } as const;
const expired = { type: 'stock.hold_expired', ...kept, available: 5, onHand: 5, at: one } as const;

describe('goods move', () => {
  it('in, which opens the stock', () => given(stock).when(receive).then(received));
  it('in again, by another delivery', () =>
    given(stock, received)
      .when({ ...receive, movementId: 'm2', quantity: 2 })
      .then({ ...received, movementId: 'm2', quantity: 2, available: 7, onHand: 7 }));
  it('by a count', () =>
    given(stock, received)
      .when({ type: 'adjust', movementId: 'm2', delta: -2, reason: 'count', at: half })
      .then({ type: 'stock.adjusted', ...ids, available: 3, onHand: 3, at: half, movementId: 'm2', delta: -2, reason: 'count' }));
  it('but never those that are kept back for buyers', () =>
    given(stock, received, held)
      .when({ type: 'adjust', movementId: 'm2', delta: -3, reason: 'count', at: half })
      .refuses('stock.below_zero', { available: 2 }));
  it('back, on the shelf when they can be sold', () =>
    given(stock, received)
      .when({ type: 'return', movementId: 'm2', orderId: 'o1', quantity: 1, condition: 'sellable', at: half })
      .then({
        type: 'stock.returned',
        ...ids,
        available: 6,
        onHand: 6,
        at: half,
        movementId: 'm2',
        orderId: 'o1',
        quantity: 1,
        condition: 'sellable',
      }));
  it('back, noted only when damaged', () =>
    given(stock, received)
      .when({ type: 'return', movementId: 'm2', orderId: 'o1', quantity: 1, condition: 'damaged', at: half })
      .then({
        type: 'stock.returned',
        ...ids,
        available: 5,
        onHand: 5,
        at: half,
        movementId: 'm2',
        orderId: 'o1',
        quantity: 1,
        condition: 'damaged',
      }));
  it('not where nothing was ever received', () =>
    given(stock).when({ type: 'adjust', movementId: 'm2', delta: 1, reason: 'count', at: noon }).refuses('stock.not_found'));
});

describe('a hold', () => {
  it('keeps goods back until its time', () => given(stock, received).when(hold).then(held));
  it('is refused beyond what is left', () =>
    given(stock, received, held)
      .when({ ...hold, holdId: 'l2.1' })
      .refuses('stock.insufficient', { available: 2 }));
  it('is refused where nothing was ever received', () => given(stock).when(hold).refuses('stock.insufficient', { available: 0 }));
  it('is refused when it would be over at once', () =>
    given(stock, received)
      .when({ ...hold, at: one })
      .refuses('stock.hold_too_late'));
  it('is made once the clock is right that was ahead', () =>
    given(stock, { ...received, at: two })
      .when(hold)
      .then(held));
  it('counts no more when the clock is right that made it, and its goods are sold', () => {
    const ahead = { ...held, quantity: 5, available: 0, until: '2026-01-31T13:00:00.000Z', at: '2026-01-31T12:00:00.000Z' };
    const over = { ...expired, quantity: 5, until: ahead.until, at: noon };
    const wanted = { ...hold, holdId: 'l2.1' };
    const past = given(stock, received, ahead);
    past.when(wanted).then(over, { ...held, holdId: 'l2.1' });
    past.when({ type: 'commit', holdId: 'l1.1', at: noon }).refuses('stock.hold_expired');
    past.when({ type: 'release', holdId: 'l1.1', at: noon }).then(over);
    expect(given(stock, received, ahead, over, { ...held, holdId: 'l2.1' }).state()).toMatchObject({ heldPieces: 3, lastHold: noon });
  });
  it('is not held again after a clock that was ahead has ended it', () => {
    const late = { ...expired, at: '2026-01-31T12:00:00.000Z' };
    given(stock, received, held, late)
      .when({ ...hold, at: half })
      .refuses('stock.hold_too_late');
    given(stock, received, held, { ...released, at: late.at })
      .when({ ...hold, at: half })
      .then();
  });
  it('no longer counts at the next command once its time is over, though no timer ran', () =>
    given(stock, received, held)
      .when({ ...hold, holdId: 'l2.1', quantity: 5, until: two, at: one })
      .then(expired, { ...held, holdId: 'l2.1', quantity: 5, until: two, available: 0, at: one }));
  it('expires when a timer asks', () => given(stock, received, held).when({ type: 'expire', at: one }).then(expired));
  it('does not expire before its time', () => given(stock, received, held).when({ type: 'expire', at: half }).then());
  it(`is refused to a buyer who has ${unpaidHoldsPerBuyer} unpaid ones`, () => {
    const some = ['l1.1', 'l2.1', 'l3.1'].map((holdId, n) => ({ ...held, holdId, quantity: 1, available: 4 - n }));
    const small = { ...hold, holdId: 'l4.1', quantity: 1 };
    given(stock, received, ...some)
      .when(small)
      .refuses('stock.too_many_holds', { limit: unpaidHoldsPerBuyer });
    given(stock, received, ...some)
      .when({ ...small, buyerId: 'b2' })
      .then({ ...held, buyerId: 'b2', holdId: 'l4.1', quantity: 1, available: 1 });
    given(stock, received, ...some, { ...committed, quantity: 1, available: 2 })
      .when({ ...small, at: half })
      .then({ ...held, holdId: 'l4.1', quantity: 1, available: 1, at: half });
  });
  it('counts what is paid at the door until it is shipped or given back', () => {
    const holdIds = ['l1.1', 'l2.1', 'l3.1'];
    const atDoor = holdIds.flatMap((holdId, n): StockEvent[] => [
      { ...held, holdId, quantity: 1, available: 4 - n, cod: true },
      { ...committed, holdId, quantity: 1, available: 4 - n },
    ]);
    const small = { ...hold, holdId: 'l4.1', quantity: 1, at: half } as const;
    const next: StockEvent = { ...held, holdId: 'l4.1', quantity: 1, available: 1, at: half };
    given(stock, received, ...atDoor)
      .when(small)
      .refuses('stock.too_many_holds', { limit: unpaidHoldsPerBuyer });
    given(stock, received, ...atDoor, { ...consumed, quantity: 1, onHand: 4 })
      .when(small)
      .then({ ...next, onHand: 4 });
    given(stock, received, ...atDoor, { ...released, quantity: 1, available: 3 })
      .when(small)
      .then({ ...next, available: 2 });
  });
  it('counts a guest by address and number, not by who the guest says to be', () => {
    const some = ['l1.1', 'l2.1', 'l3.1'].map(
      (holdId, n): StockEvent => ({
        ...held,
        holdId,
        buyerId: `g${n}`,
        quantity: 1,
        available: 4 - n,
        countedFor: [`email.${n}`, 'phone.1'],
      }),
    );
    const small = { ...hold, holdId: 'l4.1', buyerId: 'g9', quantity: 1 } as const;
    given(stock, received, ...some)
      .when({ ...small, countedFor: ['email.9', 'phone.1'] })
      .refuses('stock.too_many_holds');
    given(stock, received, ...some)
      .when({ ...small, countedFor: ['email.9', 'phone.9'] })
      .then({ ...held, holdId: 'l4.1', buyerId: 'g9', quantity: 1, available: 1, countedFor: ['email.9', 'phone.9'] });
    const over = some.map(
      ({ at: _at, ...each }, n): StockEvent => ({
        ...kept,
        holdId: `l${n + 1}.1`,
        buyerId: `g${n}`,
        quantity: 1,
        available: 3 + n,
        onHand: each.onHand,
        type: 'stock.hold_expired',
        at: one,
      }),
    );
    const late = { ...small, until: two, at: one, countedFor: ['email.9', 'phone.1'] };
    given(stock, received, ...some)
      .when(late)
      .then(...over, { ...held, ...late, type: 'stock.held', available: 4 });
  });
});

describe('a hold ends once', () => {
  const commit = { type: 'commit', holdId: 'l1.1', at: half } as const;
  const consume = { type: 'consume', holdId: 'l1.1', at: half } as const;
  const release = { type: 'release', holdId: 'l1.1', at: half } as const;

  it('paid: it is committed', () => given(stock, received, held).when(commit).then(committed));
  it('committed: it no longer expires', () => given(stock, received, held, committed).when({ type: 'expire', at: two }).then());
  it('shipped: it is consumed', () => given(stock, received, held, committed).when(consume).then(consumed));
  it('given up: it is released', () => given(stock, received, held).when(release).then(released));
  it('cancelled after it was paid: it is released', () => given(stock, received, held, committed).when(release).then(released));
  it('released too late: it expired', () =>
    given(stock, received, held)
      .when({ ...release, at: one })
      .then(expired));
  it('paid too late: the commit is refused', () =>
    given(stock, received, held)
      .when({ ...commit, at: one })
      .refuses('stock.hold_expired'));
  it('paid after it expired: the commit is refused', () =>
    given(stock, received, held, expired).when(commit).refuses('stock.hold_expired'));
  it('paid after it was released: the commit is refused', () =>
    given(stock, received, held, released).when(commit).refuses('stock.hold_released'));
  it('not shipped before it is paid', () => given(stock, received, held).when(consume).refuses('stock.hold_not_committed'));
  it('not shipped after it was released', () => given(stock, received, held, released).when(consume).refuses('stock.hold_released'));
  it('and none of its commands has an effect after that', () => {
    const past = [received, held, committed, consumed] as const;
    given(stock, ...past)
      .when(hold)
      .then();
    given(stock, ...past)
      .when(commit)
      .then();
    given(stock, ...past)
      .when(consume)
      .then();
    given(stock, ...past)
      .when(release)
      .then();
    given(stock, received, held, released).when(hold).then();
  });
  it('and is forgotten only when a repeat would be refused, and many others ended since', () => {
    const time = (minute: number) => later(noon, minutes(minute));
    const ended = (n: number) => {
      const each = { ...kept, holdId: `n${n}.1`, until: time(60 + 10 * n), quantity: 1 };
      return [
        { ...held, ...each, available: 4, at: time(59 + 10 * n) },
        { ...released, ...each, available: 5, at: time(59 + 10 * n) },
      ] as const;
    };
    const past = [received, held, released, ...Array.from({ length: 200 }, (_, n) => ended(n + 1)).flat()] as const;
    expect(JSON.stringify(given(stock, ...past).state())).toContain('l1.1');
    const more = given(stock, ...past, ...ended(201));
    expect(JSON.stringify(more.state())).not.toContain('l1.1');
    more.when({ ...hold, at: two }).refuses('stock.hold_too_late');
  });
});

describe('the low level', () => {
  const set = { type: 'stock.low_level_set', ...ids, available: 5, onHand: 5, at: noon, level: 2 } as const;
  it('is set', () => given(stock, received).when({ type: 'set_low_level', level: 2, at: noon }).then(set));
  it('is noticed when it is reached, once', () => {
    const low = { type: 'stock.low', ...ids, available: 2, onHand: 5, at: noon, level: 2 } as const;
    given(stock, received, set).when(hold).then(held, low);
    given(stock, received, set, held, low)
      .when({ ...hold, holdId: 'l2.1', quantity: 1 })
      .then({ ...held, holdId: 'l2.1', quantity: 1, available: 1 });
  });
});

/** Any sequence of commands about six holds of three buyers, on a clock that mostly goes forward. */
const anyCommand = (): fc.Arbitrary<(now: number) => StockCommand> => {
  const time = (ms: number) => new Date(Date.parse(noon) + ms).toISOString();
  const holdId = fc.integer({ min: 1, max: 6 }).map((n) => `l${n}.1`);
  const movementId = fc.integer({ min: 1, max: 4 }).map((n) => `m${n}`);
  const few = fc.integer({ min: 1, max: 4 });
  return fc.oneof(
    fc.tuple(movementId, few).map(([id, quantity]) => (now: number) => ({ ...receive, movementId: id, quantity, at: time(now) })),
    fc.tuple(movementId, fc.integer({ min: -4, max: 2 })).map(([id, delta]) => (now: number) => ({
      type: 'adjust' as const,
      movementId: `a${id}`,
      delta,
      reason: 'count',
      at: time(now),
    })),
    fc
      .tuple(holdId, few, fc.integer({ min: 1, max: 3 }), fc.integer({ min: -1, max: 40 }))
      .map(([id, quantity, buyer, length]) => (now: number) => ({
        ...hold,
        holdId: id,
        buyerId: `b${buyer}`,
        quantity,
        until: time(now + length * 60_000),
        at: time(now),
      })),
    fc.tuple(fc.constantFrom('commit' as const, 'consume' as const, 'release' as const), holdId).map(([type, id]) => (now: number) => ({
      type,
      holdId: id,
      at: time(now),
    })),
    fc.constant((now: number) => ({ type: 'expire' as const, at: time(now) })),
    fc.integer({ min: 0, max: 3 }).map((level) => (now: number) => ({ type: 'set_low_level' as const, level, at: time(now) })),
  );
};

const refusedOr = (command: StockCommand, state: Stock) => {
  try {
    return stock.decide(command, state);
  } catch (error) {
    if (error instanceof DomainError) return [];
    throw error;
  }
};

describe('whatever happens (I4)', () => {
  const steps = fc.array(fc.tuple(anyCommand(), fc.integer({ min: -5, max: 20 })), { minLength: 1, maxLength: 60 });

  it('on hand = available + held + committed, never below zero, and the events say so', () => {
    fc.assert(
      fc.property(steps, (all) => {
        let state = stock.initial;
        let now = 0;
        for (const [make, passed] of all) {
          now += passed * 60_000;
          for (const event of refusedOr(make(now), state)) {
            state = stock.evolve(state, StockEvent.parse(event));
            if (state.status === 'none') throw new Error('an event opens the stock');
            const pieces = (shelf: OpenStock['held']) => [...entries(shelf)].reduce((sum, [, each]) => sum + each.quantity, 0);
            expect(state.heldPieces).toBe(pieces(state.held));
            expect(state.committedPieces).toBe(pieces(state.committed));
            expect([event.onHand, event.available]).toEqual([state.onHand, availableOf(state)]);
            expect(availableOf(state)).toBeGreaterThanOrEqual(0);
            expect([...entries(state.unpaidBy)].reduce((sum, [, count]) => sum + count, 0)).toBe([...entries(state.held)].length);
          }
        }
      }),
    );
  });

  it('each hold takes its goods once and ends once, however often it is asked', () => {
    fc.assert(
      fc.property(steps, (all) => {
        let state = stock.initial;
        let now = 0;
        const ends = new Map<string, string[]>();
        for (const [make, passed] of all) {
          now += passed * 60_000;
          const command = make(now);
          for (let times = 0; times < 2; times++) {
            const events = refusedOr(command, state);
            if (times === 1) expect(events).toEqual([]);
            for (const event of events) {
              state = stock.evolve(state, event);
              if ('holdId' in event && event.type !== 'stock.hold_committed') {
                const key = `${event.holdId} ${event.until}`;
                ends.set(key, [...(ends.get(key) ?? []), event.type]);
              }
            }
          }
        }
        for (const [first, ...rest] of ends.values()) {
          expect(first).toBe('stock.held');
          expect(rest.length).toBeLessThanOrEqual(1);
        }
      }),
    );
  });

  it('a hundred pieces go to exactly a hundred of ten thousand buyers', () => {
    let state = stock.evolve(stock.initial, { ...received, quantity: 100, available: 100, onHand: 100 });
    let holds = 0;
    for (let n = 0; n < 10_000; n++) {
      for (const event of refusedOr({ ...hold, holdId: `l${n}.1`, buyerId: `b${n}`, quantity: 1 }, state)) {
        state = stock.evolve(state, event);
        holds++;
      }
    }
    expect(holds).toBe(100);
  });
});
