// The storage contract as a whole: every event is registered, tagged, named for its folder, and has a golden example that still decodes.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { open, pii } from '../../domain/privacy.ts';
import { deciders, eventContract, eventSchemas, privacyOf } from '../../domain/registry.ts';

const domain = join(import.meta.dirname, '..', '..', 'domain');
const folders = readdirSync(domain, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && existsSync(join(domain, entry.name, 'events.ts')))
  .map((entry) => entry.name);

/** The event schemas that a folder's events.ts exports as a union by `type`. */
const schemasOf = async (folder: string): Promise<z.ZodObject[]> => {
  const exported: unknown[] = Object.values(await import(join(domain, folder, 'events.ts')));
  return exported
    .filter((value) => value instanceof z.ZodDiscriminatedUnion)
    .filter((union) => union.def.discriminator === 'type')
    .flatMap((union) => union.options.filter((option) => option instanceof z.ZodObject));
};

const typeOf = (schema: z.ZodObject) => z.object({ value: z.string() }).parse(schema.shape.type).value;

const fixturesOf = (folder: string): { type: string }[] => {
  const path = join(domain, folder, 'fixtures.json');
  return existsSync(path) ? z.array(z.looseObject({ type: z.string() })).parse(JSON.parse(readFileSync(path, 'utf8'))) : [];
};

/** The schemas one level inside. */
const inside = (schema: unknown): unknown[] => {
  if (schema instanceof z.ZodObject) return Object.values(schema.shape);
  if (schema instanceof z.ZodArray) return [schema.element];
  if (schema instanceof z.ZodRecord) return [schema.valueType];
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodNullable) return [schema.unwrap()];
  if (schema instanceof z.ZodUnion) return [...schema.options];
  return [];
};

const holdsPii = (schema: unknown): boolean =>
  (schema instanceof z.ZodType && privacyOf(schema) === 'pii') || inside(schema).some(holdsPii);

/** What is wrong with the tags of an event: none, a secret, or personal data inside a public field, where the codec would not see it. */
const badlyTagged = (schema: z.ZodObject): string[] =>
  Object.entries(schema.shape)
    .filter(([name]) => name !== 'type')
    .flatMap(([name, field]) => {
      const tag = field instanceof z.ZodType ? privacyOf(field) : undefined;
      if (tag !== 'public' && tag !== 'pii') return [`${name} is tagged ${String(tag)}`];
      return tag === 'public' && inside(field).some(holdsPii) ? [`${name} is public and holds personal data`] : [];
    });

describe.each(folders)('the events of %s', async (folder) => {
  const schemas = await schemasOf(folder);
  const fixtures = fixturesOf(folder);
  it('are there', () => expect(schemas).not.toEqual([]));
  it('bear its name', () =>
    expect(schemas.map(typeOf).filter((type) => !/^[a-z]+\.[a-z_]+$/.test(type) || !type.startsWith(`${folder}.`))).toEqual([]));
  it('are all registered, each with its own schema', () => {
    for (const schema of schemas) expect(eventSchemas.get(typeOf(schema))?.schema, typeOf(schema)).toBe(schema);
  });
  it('have a tag on every field, and none is secret', () =>
    expect(schemas.flatMap((schema) => badlyTagged(schema).map((finding) => `${typeOf(schema)}: ${finding}`))).toEqual([]));
  it('have a golden example each', () => {
    const examples = new Set(fixtures.map(({ type }) => type));
    expect(schemas.map(typeOf).filter((type) => !examples.has(type))).toEqual([]);
  });
  it('decode from their golden examples, and lose nothing', () => {
    for (const example of fixtures) expect(eventSchemas.get(example.type)?.schema.parse(example), example.type).toEqual(example);
  });
  it('can be folded', () => expect(deciders.get(folder)?.category).toBe(folder));
});

describe('the registry', () => {
  it('names no event whose folder is gone', () =>
    expect([...eventSchemas.keys()].filter((type) => !folders.includes(type.split('.')[0] ?? ''))).toEqual([]));
  it('folds no category whose folder is gone', () =>
    expect([...deciders.keys()].filter((category) => !folders.includes(category))).toEqual([]));
  it('has as many upcasters as an event has older versions', () => {
    for (const [type, { version, upcasters }] of eventSchemas) expect(upcasters.length, type).toBe(version - 1);
  });
  it('knows which fields are sealed', () => {
    expect(eventContract.personal('user.address_changed')).toEqual(['label', 'address']);
    expect(eventContract.personal('brand.created')).toEqual([]);
  });
  it('shows the tracking number of a return no more that version 1 kept in plain text', () => {
    expect(eventContract.upcast('return.sent', 1, { returnId: 'r1', trackingNumber: 'JNE0002' })).toEqual({ returnId: 'r1' });
    expect(eventContract.version('return.sent')).toBe(2);
  });
  it('knows no version of an event that does not exist', () => expect(eventContract.version('brand.eaten')).toBe(null));
  it('folds a stream to the state that its decider decides on', () => {
    const [created, renamed] = fixturesOf('brand');
    expect(deciders.get('brand')?.stateAfter([created, renamed])).toMatchObject({ status: 'Active', name: 'Keris' });
  });
});

describe('the check of the tags finds', () => {
  const planted = (field: z.ZodType) => badlyTagged(z.object({ type: z.literal('planted.event'), field }));
  it('nothing where all is well', () => {
    expect(planted(open(z.string().optional()))).toEqual([]);
    expect(planted(pii().nullable())).toEqual([]);
    expect(planted(pii().optional())).toEqual([]);
  });
  it('a field without a tag', () => {
    expect(planted(z.string())).toEqual(['field is tagged undefined']);
    expect(planted(z.object({ name: open(z.string()) }))).toEqual(['field is tagged undefined']);
  });
  it('a secret', () => expect(planted(z.string().meta({ privacy: 'secret' }))).toEqual(['field is tagged secret']));
  it('personal data inside a public field', () => {
    expect(planted(open(z.array(z.object({ name: pii() }))))).toEqual(['field is public and holds personal data']);
    expect(planted(open(pii().nullable()))).toEqual(['field is public and holds personal data']);
  });
});
