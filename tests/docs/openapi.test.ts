// The document of all routes can be made: each schema of an answer has its own name.
import { expect, it } from 'vitest';
import type { Document } from '../../infra/http/openapi.ts';
import { openMarket } from '../market.ts';

it('is made, and every operation has a name of its own', async () => {
  const market = await openMarket();
  try {
    const answer = await market.app.request('/openapi.json');
    expect(answer.status).toBe(200);
    const { paths } = (await answer.json()) as Document;
    const names = Object.values(paths).flatMap((methods) => Object.values(methods).map(({ operationId }) => operationId));
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
  } finally {
    await market.close();
  }
});
