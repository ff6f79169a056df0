// docs/asyncapi.json says what the contracts of the public messages say.
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { publicMessages } from '../../domain/public-messages.ts';
import { asyncapi } from '../../infra/http/asyncapi.ts';

const document = asyncapi({ title: 'TokoBapak events', version: '1' }, 'tokobapak');

/** Everything that a `$ref` anywhere in it points at. */
const references = (value: unknown): string[] => {
  if (Array.isArray(value)) return value.flatMap(references);
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => (name === '$ref' ? [String(inner)] : references(inner)));
};

const found = (pointer: string): unknown =>
  pointer
    .slice(2)
    .split('/')
    .reduce<unknown>(
      (inside, name) => (inside instanceof Object ? Object.entries(inside).find(([key]) => key === name)?.[1] : undefined),
      document,
    );

it('docs/asyncapi.json is what the code says; if not: npx vitest run tests/docs -u', async () => {
  const text = `${JSON.stringify(document, null, 2)}\n`;
  await expect(text).toMatchFileSnapshot(fileURLToPath(new URL('../../docs/asyncapi.json', import.meta.url)));
});

it('has a channel for every public message, and every reference leads somewhere', () => {
  expect(Object.keys(document.channels ?? {})).toHaveLength(Object.keys(publicMessages).length);
  expect(references(document).filter((pointer) => found(pointer) === undefined)).toEqual([]);
});
