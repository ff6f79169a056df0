import { Hono } from 'hono';
import { expect, it } from 'vitest';
import { positionText } from '../../domain/position.ts';
import type { Env } from '../../infra/http/env.ts';
import { onError } from '../../infra/http/problem.ts';
import { freshEnough } from '../../read-api/http.ts';

const logId = '01JZLOGLOGLOGLOGLOGLOGLOGL';

it('readers who wait for a position that is far away do not fill the places of all who read', async () => {
  const come = Promise.withResolvers<boolean>();
  const app = new Hono<Env>()
    .onError(onError(() => {}))
    .use(freshEnough({ logId, position: () => 5, passed: () => come.promise }))
    .get('/', (c) => c.text('read'));
  const at = (position: number) => app.request(`/?minPosition=${positionText(logId, position)}`);
  const waiting = Array.from({ length: 1_000 }, () => at(9));
  const refused = await Promise.all(Array.from({ length: 100 }, () => at(9)));
  expect(new Set(refused.map(({ status }) => status))).toEqual(new Set([503]));
  expect((await at(5)).status).toBe(200);
  come.resolve(true);
  expect(new Set((await Promise.all(waiting)).map(({ status }) => status))).toEqual(new Set([200]));
  expect((await at(9)).status).toBe(200);
});
