// The document of all routes: each schema of an answer and each operation has its own name, and examples are what they are examples of.
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { beforeAll, expect, it } from 'vitest';
import type { Document, Operation } from '../../infra/http/openapi.ts';
import { openMarket } from '../market.ts';

let document: Document;
let operations: Operation[];
beforeAll(async () => {
  const market = await openMarket();
  const answer = await market.app.request('/openapi.json');
  expect(answer.status).toBe(200);
  document = (await answer.json()) as Document;
  operations = Object.values(document.paths).flatMap((methods) => Object.values(methods));
  await market.close();
});

it('names every operation once', () => {
  const names = operations.map(({ operationId }) => operationId);
  expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
});

it('shows examples that its schemas take', () => {
  const ajv = new Ajv2020({ strict: false });
  addFormats.default(ajv);
  const faults = operations.flatMap(({ operationId, responses }) =>
    Object.entries(responses).flatMap(([status, { content = {} }]) => {
      const { schema, example } = (content as Record<string, { schema: object; example?: unknown }>)['application/json'] ?? {};
      if (!schema || example === undefined) return [];
      const validate = ajv.compile({ ...schema, components: document.components });
      return validate(example) ? [] : [`${operationId} ${status}: ${ajv.errorsText(validate.errors)}`];
    }),
  );
  expect(faults).toEqual([]);
});
