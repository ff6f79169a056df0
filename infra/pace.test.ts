// How much work is under way at once follows how fast it is answered.
import { expect, it } from 'vitest';
import { createPace } from './pace.ts';

/** A log that answers after so many milliseconds of a clock of its own, and counts what it has to do at once. */
const answering = () => {
  let [time, most, underWay] = [0, 0, 0];
  const pace = createPace({ most: 64, now: () => time });
  const round = async (count: number, took: number) => {
    most = 0;
    const task = async () => {
      underWay += 1;
      most = Math.max(most, underWay);
      await Promise.resolve();
      underWay -= 1;
      time += took / Math.max(1, underWay + 1);
    };
    await Promise.all(Array.from({ length: count }, () => pace.run(task)));
    return most;
  };
  /** One after the other, each taking exactly so long. */
  const each = async (count: number, took: number) => {
    for (let n = 0; n < count; n += 1)
      await pace.run(async () => {
        time += took;
      });
    return pace.atOnce();
  };
  return { pace, round, each };
};

it('grows while answers stay fast, and never beyond the most', async () => {
  const { pace, round, each } = answering();
  expect(pace.atOnce()).toBe(8);
  expect(await each(5_000, 10)).toBe(64);
  expect(await round(1_000, 10)).toBe(64);
});

it('halves when answers take more than twice as long, again and again, down to one', async () => {
  const { each } = answering();
  await each(5_000, 20);
  expect(await each(70, 100)).toBeLessThanOrEqual(32);
  expect(await each(400, 100)).toBe(1);
});

it('comes back when answers are fast again', async () => {
  const { each } = answering();
  await each(5_000, 20);
  await each(500, 100);
  expect(await each(5_000, 20)).toBe(64);
});

it('goes on with one after a failure', async () => {
  const { pace, each } = answering();
  await each(2_000, 10);
  await expect(pace.run(() => Promise.reject(new Error('away')))).rejects.toThrow('away');
  expect(pace.atOnce()).toBe(1);
});

it('thinks of what is fast for a person as fast, however much faster it once was', async () => {
  const { each } = answering();
  await each(5_000, 1);
  expect(await each(1_000, 20)).toBe(64);
});
