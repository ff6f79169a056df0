import { describe, expect, it } from 'vitest';
import { loadClasses } from '../http/marks.ts';
import { type LoadGate, loadGate } from './load.ts';

describe('under load', () => {
  it('the last class is refused first, the first one last', () => {
    const gate = loadGate({ most: 100 });
    const refusedAt = new Map<string, number>();
    // What each class has for itself is in use already.
    for (const load of ['payment', 'checkout', 'cart', 'browsing', 'reports'] as const) for (let n = 0; n < 2; n += 1) gate.enter(load);
    for (let n = 10; n < 101; n += 1) {
      for (const load of loadClasses) {
        if (gate.enter(load) === null) gate.leave(load);
        else if (!refusedAt.has(load)) refusedAt.set(load, n);
      }
      if (n < 100) gate.enter('payment');
    }
    expect(Object.fromEntries(refusedAt)).toEqual({ reports: 30, browsing: 60, cart: 75, checkout: 90, payment: 95 });
    expect(gate.inFlight).toBe(95);
  });

  it('each class has a few places that no other can take', () => {
    const gate = loadGate({ most: 100 });
    while (gate.enter('payment') === null);
    expect(gate.inFlight).toBe(95);
    const more = loadClasses.filter((load) => load !== 'probe').map((load) => [gate.enter(load), gate.enter(load), gate.enter(load)]);
    const shed = (n: number) => ({ retryAfter: n });
    expect(more).toEqual([
      [shed(1), shed(1), shed(1)],
      [null, null, shed(2)],
      [null, null, shed(3)],
      [null, null, shed(4)],
      [null, null, shed(5)],
    ]);
  });

  it('nobody comes in once it is drained', async () => {
    const gate = loadGate();
    await gate.drain();
    expect([gate.enter('payment'), gate.enter('probe')]).toEqual([{ retryAfter: 1 }, null]);
  });

  it('a refusal says when to come back', () => {
    const gate = loadGate({ most: 0 });
    expect(gate.enter('checkout')).toEqual({ retryAfter: 2 });
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

  /** So many samples of this lag. Meanwhile everybody who is inside leaves, again and again, and another comes in. */
  const lagging = (gate: LoadGate, lag: number, samples: number, inside: number) => {
    for (let sample = 0; sample < samples; sample += 1) {
      for (let n = 0; n < inside * 10; n += 1) {
        gate.leave('payment');
        gate.enter('payment');
      }
      gate.feel(lag);
    }
  };

  it('as many are let in as before when the loop lags and those inside leave soon: the lag is that of refusals', () => {
    const gate = loadGate({ most: 1_000, fewest: 10 });
    for (let n = 0; n < 100; n += 1) gate.enter('payment');
    lagging(gate, 200, 20, 100);
    expect(gate.places).toBe(1_000);
  });

  it('a lag that lasts closes one class after the other', () => {
    const gate = loadGate({ fewest: 10 });
    for (let n = 0; n < 10; n += 1) gate.enter('payment');
    const open = () =>
      loadClasses.filter((load) => {
        const isIn = gate.enter(load) === null;
        if (isIn) gate.leave(load);
        return isIn;
      });
    lagging(gate, 200, 10, 10);
    expect(open()).toEqual(['probe', 'payment', 'checkout', 'cart', 'browsing']);
    lagging(gate, 1_000, 10, 10);
    expect(open()).toEqual(['probe', 'payment', 'checkout']);
    lagging(gate, 0, 20, 10);
    expect(open()).toEqual([...loadClasses]);
  });

  it('the fewest places stay open whatever the lag, so that something always passes', () => {
    const gate = loadGate({ fewest: 10 });
    gate.feel(10_000);
    expect(gate.enter('reports')).toBe(null);
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
    gate.leave('cart');
    await drained;
    expect(empty).toBe(true);
  });
});
