// How long work waits for an engine that is away, and what it says meanwhile.
import { expect, it } from 'vitest';
import { DomainError } from '../domain/error.ts';
import { createPatience } from './patience.ts';

const away = () => Promise.reject(new DomainError('server.store_unavailable', 'The log cannot be reached.'));
const minute = 60_000;

/** With a clock that only waiting moves. */
const patient = (longestMs: number) => {
  const said: string[] = [];
  let time = 0;
  const pause = async (milliseconds: number) => {
    time += milliseconds;
  };
  const patience = createPatience({ longestMs, say: (line) => said.push(line), now: () => time, pause });
  return { patience, said, time: () => time };
};

it('waits until it is answered, and says so once', async () => {
  const { patience, said } = patient(10 * minute);
  await patience(async () => 'there');
  let left = 40;
  const [one, other] = await Promise.all(['a', 'b'].map((name) => patience(() => (left-- > 0 ? away() : Promise.resolve(name)))));
  expect([one, other]).toEqual(['a', 'b']);
  expect(said).toEqual([
    'The log cannot be reached. Waiting, for 10 min at most.',
    expect.stringMatching(/^It answers again, after [\d.]+ s\.$/),
  ]);
});

it('ends after so long', async () => {
  const { patience, time } = patient(10 * minute);
  await patience(async () => 'there');
  await expect(patience(away)).rejects.toThrow('cannot be reached');
  expect(time()).toBeGreaterThanOrEqual(10 * minute);
  expect(time()).toBeLessThan(10.1 * minute);
});

it('ends soon where nothing has ever answered: it may be named wrongly', async () => {
  const { patience, time, said } = patient(10 * minute);
  await expect(patience(away)).rejects.toThrow('cannot be reached');
  expect(time()).toBeLessThan(minute / 2);
  expect(said).toEqual(['The log cannot be reached. Waiting, for 15 s at most.']);
});

it('waits for nothing that stays as it is', async () => {
  const { patience, time } = patient(minute);
  for (const error of [new DomainError('user.erased', 'Gone.'), new Error('a fault of ours')])
    await expect(patience(() => Promise.reject(error))).rejects.toBe(error);
  expect(time()).toBe(0);
});
