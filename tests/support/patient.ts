// A client as it should be: what it is told to send again, it sends again, with the same key, after the time that it is told.
import { setTimeout as wait } from 'node:timers/promises';
import type { Answer } from '../market.types.ts';

/** Refusals of a machine that is busy: nothing was done, and the same succeeds when there is room. */
const passing = new Set(['gateway.overloaded', 'request.contended', 'request.projection_behind']);
/** Times that a request is sent at most: a machine that is busy for longer than a minute is a fault worth seeing. */
const maxTries = 60;

/** Sends until the answer is one that stays. `send` must send the same each time, its Idempotency-Key included. */
export const patiently = async (send: () => Promise<Answer>): Promise<Answer> => {
  for (let tries = 1; ; tries += 1) {
    const answer = await send();
    if (answer.status !== 503 || !passing.has(answer.body.code) || tries === maxTries) return answer;
    await wait(Number(answer.headers.get('retry-after') ?? 1) * 1_000);
  }
};

/** A checkout that takes longer than its buyer is kept waiting for is answered 202: the same is asked so many times more. */
const maxPlaces = 5;

/** Sends a checkout until it is known how it went, or for as long as a provider that does not answer is worth waiting for. */
export const placedPatiently = async (send: () => Promise<Answer>): Promise<Answer> => {
  let answer = await send();
  for (let tries = 1; answer.status === 202 && tries < maxPlaces; tries += 1) answer = await send();
  return answer;
};
