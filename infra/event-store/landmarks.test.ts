// Remembered places spare a search the way from the end; a place too close to the time might be on the wrong side of it.
import { describe, expect, it } from 'vitest';
import { createLandmarks } from './landmarks.ts';

const minute = 60_000;

describe('landmarks', () => {
  it('name the first place that is surely after a time, in whatever order they were noted', () => {
    const landmarks = createLandmarks();
    expect(landmarks.after(0)).toBeNull();
    for (const [position, at] of [
      [300, 30],
      [100, 10],
      [200, 20],
    ] as const) {
      landmarks.note(position, at * minute);
      landmarks.note(position, at * minute);
    }
    expect(landmarks.after(9 * minute)).toBe(100);
    expect(landmarks.after(9.5 * minute)).toBe(200);
    expect(landmarks.after(29 * minute)).toBe(300);
    expect(landmarks.after(30 * minute)).toBeNull();
  });

  it.each([
    ['as they were noted', 10],
    ['though every second one was dropped', 4],
  ])('take a time for wrong that stands before an earlier one, %s', (_how, most) => {
    const landmarks = createLandmarks(most);
    for (const [position, at] of [
      [100, 10],
      [200, 40_000],
      [300, 20],
      [400, 50],
      [500, 60],
    ] as const)
      landmarks.note(position, at * minute);
    expect(landmarks.after(55 * minute)).toBe(500);
    expect(landmarks.after(30 * minute)).toBeGreaterThanOrEqual(400);
    expect(landmarks.after(9 * minute)).toBeGreaterThanOrEqual(100);
    landmarks.note(500, 25 * minute);
    expect(landmarks.after(30 * minute)).toBeNull();
  });

  it('stay few, however many are noted', () => {
    const landmarks = createLandmarks(8);
    for (let n = 1; n <= 1_000; n += 1) landmarks.note(n, n * 10 * minute);
    const found = landmarks.after(0) ?? 0;
    expect(found).toBeGreaterThan(0);
    expect(new Set(Array.from({ length: 1_000 }, (_, n) => landmarks.after(n * 10 * minute))).size).toBeLessThanOrEqual(9);
  });
});
