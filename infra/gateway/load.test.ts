import { describe, expect, it } from 'vitest';
import { loadClasses } from '../http/marks.ts';
import { loadGate } from './load.ts';

describe('under load', () => {
  it('the last class is refused first, the first one last', () => {
    const gate = loadGate({ most: 100 });
    const refusedAt = new Map<string, number>();
    for (let n = 0; n < 101; n += 1) {
      for (const load of loadClasses) {
        try {
          gate.enter(load);
          gate.leave();
        } catch {
          if (!refusedAt.has(load)) refusedAt.set(load, n);
        }
      }
      if (n < 100) gate.enter('payment');
    }
    expect(Object.fromEntries(refusedAt)).toEqual({ reports: 30, browsing: 60, cart: 75, checkout: 90, payment: 100 });
    expect(gate.inFlight).toBe(100);
  });

  it('a refusal says when to come back', () => {
    const gate = loadGate({ most: 0 });
    expect(() => gate.enter('checkout')).toThrow(expect.objectContaining({ code: 'gateway.overloaded', details: { retryAfter: 2 } }));
    expect(gate.shed.checkout).toBe(1);
  });

  it('fewer are let in when the loop lags, and more again when it does not', () => {
    const gate = loadGate({ most: 1_000, fewest: 10 });
    for (let n = 0; n < 100; n += 1) gate.enter('payment');
    gate.feel(400);
    expect(gate.places).toBe(80);
    for (let n = 0; n < 500; n += 1) gate.feel(0);
    expect(gate.places).toBe(1_000);
  });

  it('a lag that lasts closes one class after the other', () => {
    const gate = loadGate();
    const open = () =>
      loadClasses.filter((load) => {
        try {
          gate.enter(load);
          gate.leave();
          return true;
        } catch {
          return false;
        }
      });
    for (let n = 0; n < 10; n += 1) gate.feel(200);
    expect(open()).toEqual(['probe', 'payment', 'checkout', 'cart', 'browsing']);
    for (let n = 0; n < 10; n += 1) gate.feel(1_000);
    expect(open()).toEqual(['probe', 'payment', 'checkout']);
    for (let n = 0; n < 20; n += 1) gate.feel(0);
    expect(open()).toEqual([...loadClasses]);
  });

  it('whoever stops waits for those who are inside', async () => {
    const gate = loadGate();
    gate.enter('cart');
    let empty = false;
    const drained = gate.drain().then(() => {
      empty = true;
    });
    await Promise.resolve();
    expect([empty, gate.draining]).toEqual([false, true]);
    gate.leave();
    await drained;
    expect(empty).toBe(true);
  });
});
