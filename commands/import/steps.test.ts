import { describe, expect, it } from 'vitest';
import { inOrder, inParallel } from './steps.ts';

const turns = async (count: number) => {
  for (let n = 0; n < count; n++) await Promise.resolve();
};

describe('many at once', () => {
  it('are never more than were allowed, and all are done', async () => {
    let now = 0;
    let most = 0;
    const done: number[] = [];
    await inParallel([5, 1, 3, 2, 4], 2, async (n) => {
      most = Math.max(most, ++now);
      await turns(n);
      now -= 1;
      done.push(n);
    });
    expect([most, done.sort()]).toEqual([2, [1, 2, 3, 4, 5]]);
  });
  it('end with the first failure', async () => {
    const begun: number[] = [];
    const work = async (n: number) => {
      begun.push(n);
      await turns(1);
      if (n === 2) throw new Error('no');
    };
    await expect(inParallel([1, 2, 3, 4, 5, 6, 7, 8], 2, work)).rejects.toThrow('no');
    expect(begun.length).toBeLessThan(8);
  });
});

describe('steps that share something', () => {
  const run = async (steps: readonly { name: string; keys: string[]; turns: number }[]) => {
    const log: string[] = [];
    await inOrder(
      steps,
      10,
      ({ keys }) => keys,
      async ({ name, turns: count }) => {
        log.push(`${name} begins`);
        await turns(count);
        log.push(`${name} ends`);
      },
    );
    return log;
  };
  it('are done one after the other, however long each takes', async () =>
    expect(
      await run([
        { name: 'a', keys: ['stock', 'order a'], turns: 50 },
        { name: 'b', keys: ['stock', 'order b'], turns: 1 },
        { name: 'c', keys: ['order a'], turns: 1 },
      ]),
    ).toEqual(['a begins', 'a ends', 'b begins', 'c begins', 'b ends', 'c ends']));
  it('wait for all that they share', async () => {
    const log = await run([
      { name: 'a', keys: ['one'], turns: 50 },
      { name: 'b', keys: ['two'], turns: 20 },
      { name: 'c', keys: ['one', 'two'], turns: 1 },
    ]);
    expect(log.slice(-2)).toEqual(['c begins', 'c ends']);
  });
  it('do not hold up the others', async () => {
    const log = await run([
      { name: 'a', keys: ['one'], turns: 50 },
      { name: 'b', keys: ['one'], turns: 1 },
      { name: 'c', keys: ['two'], turns: 1 },
    ]);
    expect(log.indexOf('c ends')).toBeLessThan(log.indexOf('a ends'));
  });
});
