import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createOutages } from './outages.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

describe('an outage', () => {
  it('is told once when it begins, and once when it is over, with what it has cost', () => {
    const lines: unknown[] = [];
    const note = (...line: unknown[]) => void lines.push(line);
    const outages = createOutages({ warn: note, info: note });
    const lost = Object.assign(new Error('The log cannot be reached.'), { cause: new Error('14 UNAVAILABLE') });
    for (let n = 0; n < 568; n += 1) {
      outages.failed('the log', lost);
      vi.advanceTimersByTime(50);
    }
    expect(lines).toEqual([[{ what: 'the log', reason: lost.message, cause: '14 UNAVAILABLE' }, 'fails; tried again until it works']]);
    vi.advanceTimersByTime(12_000);
    expect(lines.slice(1)).toEqual([[{ what: 'the log', failures: 568, seconds: 28.4 }, 'works again']]);
    outages.failed('the log', lost);
    expect(lines).toHaveLength(3);
  });

  it('of one thing says nothing about another', () => {
    const lines: unknown[] = [];
    const note = (...line: unknown[]) => void lines.push(line);
    const outages = createOutages({ warn: note, info: note });
    outages.failed('the log', new Error('a'));
    outages.failed('Redis', new Error('b'));
    outages.failed('Redis', new Error('b'));
    expect(lines).toHaveLength(2);
    expect(outages.count()).toBe(2);
    outages.stop();
  });
});
