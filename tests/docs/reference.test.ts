// docs/reference.md says what the code says.
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { deciders, eventSchemas } from '../../domain/registry.ts';
import { reference } from './reference.ts';

it('docs/reference.md is what the code says; if not: npx vitest run tests/docs -u', async () => {
  await expect(reference()).toMatchFileSnapshot(fileURLToPath(new URL('../../docs/reference.md', import.meta.url)));
});

it('every event type begins with the category of its stream, so that the reference leaves none out', () => {
  const categories = new Set(deciders.keys());
  expect([...eventSchemas.keys()].filter((type) => !categories.has(type.slice(0, type.indexOf('.'))))).toEqual([]);
});
