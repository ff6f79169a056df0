// Request bodies out of a route's schema: those that fit, and those with something wrong in one place.
import fc, { type Arbitrary } from 'fast-check';
import type { z } from 'zod';
import { schemaOf } from '../../infra/http/openapi.ts';

interface Schema {
  readonly type?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly format?: string;
  readonly pattern?: string;
  readonly minimum?: number;
  readonly exclusiveMinimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | Schema;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
}

/** Values that mean something in the market, by the names of the fields that hold them: ids of things that exist. */
export type Known = Readonly<Record<string, string>>;

const idPattern = 'HJKMNP';
const letters = fc.constantFrom(...'0123456789ABCDEFGHJKMNPQRSTVWXYZ');
const id = fc.array(letters, { minLength: 25, maxLength: 25 }).map((rest) => `0${rest.join('')}`);

const formats: Readonly<Record<string, Arbitrary<string>>> = {
  'date-time': fc.integer({ min: 0, max: 4_000_000_000_000 }).map((ms) => new Date(ms).toISOString()),
  date: fc.integer({ min: 0, max: 40_000 }).map((day) => new Date(day * 86_400_000).toISOString().slice(0, 10)),
  email: fc.nat(99_999).map((n) => `person${n}@example.com`),
  uri: fc.nat(999).map((n) => `https://example.com/${n}.webp`),
  uuid: fc.uuid(),
};

/** Ordinary words most of the time, else any characters that exist. */
const text = ({ minLength = 0, maxLength = 200 }: Schema): Arbitrary<string> => {
  const max = Math.max(minLength, Math.min(maxLength, 300));
  return fc.oneof(
    { weight: 3, arbitrary: fc.string({ minLength, maxLength: Math.max(minLength, Math.min(max, 20)) }) },
    { weight: 1, arbitrary: fc.string({ unit: 'binary', minLength, maxLength: max }) },
  );
};

const string = (schema: Schema): Arbitrary<string> => {
  const known = schema.format === undefined ? undefined : formats[schema.format];
  if (known) return known;
  if (schema.pattern?.includes(idPattern)) return id;
  if (schema.pattern) {
    const pattern = new RegExp(schema.pattern);
    const { minLength = 0, maxLength = 1_000 } = schema;
    return fc.stringMatching(pattern).filter(({ length }) => length >= minLength && length <= maxLength);
  }
  return text(schema);
};

const integer = (schema: Schema): Arbitrary<number> => {
  const min = Math.max(schema.minimum ?? (schema.exclusiveMinimum ?? Number.MIN_SAFE_INTEGER - 1) + 1, Number.MIN_SAFE_INTEGER);
  const max = Math.min(schema.maximum ?? Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
  return fc.oneof(fc.integer({ min, max }), fc.constantFrom(min, max));
};

const object = (schema: Schema, known: Known): Arbitrary<object> => {
  const { properties = {}, required = [], additionalProperties } = schema;
  const fields = Object.entries(properties);
  const open = typeof additionalProperties === 'object' ? additionalProperties : null;
  if (fields.length === 0 && open) return fc.dictionary(fc.string({ minLength: 1, maxLength: 20 }), fitting(open, known), { maxKeys: 5 });
  return fc.record(Object.fromEntries(fields.map(([name, field]) => [name, fitting(field, known, name)])), {
    requiredKeys: [...required],
    noNullPrototype: true,
  });
};

const fitting = (schema: Schema, known: Known, name = ''): Arbitrary<unknown> => {
  const there = known[name];
  if (there !== undefined) return fc.constant(there);
  if (schema.const !== undefined) return fc.constant(schema.const);
  if (schema.enum) return fc.constantFrom(...schema.enum);
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices) return fc.oneof(...choices.map((choice) => fitting(choice, known, name)));
  switch (schema.type) {
    case 'object':
      return object(schema, known);
    case 'array': {
      const { minItems = 0, maxItems = 5, items = {} } = schema;
      return fc.array(fitting(items, known, name.replace(/s$/, '')), {
        minLength: minItems,
        maxLength: Math.max(minItems, Math.min(maxItems, 4)),
      });
    }
    case 'string':
      return string(schema);
    case 'integer':
    case 'number':
      return integer(schema);
    case 'boolean':
      return fc.boolean();
    case 'null':
      return fc.constant(null);
    default:
      return fc.jsonValue({ maxDepth: 3 });
  }
};

/** Bodies that this schema takes, as far as JSON Schema can say. */
export const bodiesOf = (schema: z.ZodType, known: Known = {}): Arbitrary<unknown> => fitting(schemaOf(schema, 'input'), known);

const deep = (levels: number): unknown => (levels === 0 ? 1 : [deep(levels - 1)]);

/** What nobody should send, whatever the field. */
const nonsense: Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(null, true, false, '', ' ', 0, -1, 1.5, 1e308, 2 ** 53, -(2 ** 53), [], {}, [[]], [null], { $ne: 1 }),
  fc.constantFrom(
    '\u0000',
    "'; DROP TABLE events; --",
    '../../etc/passwd',
    '#{7*7}',
    'NaN',
    '💥'.repeat(300),
    '\ud800',
    'x'.repeat(30_000),
  ),
  fc.constantFrom(
    deep(12),
    Array.from({ length: 2_000 }, (_, n) => n),
    { type: 'order.created', length: 3, toString: 1 },
  ),
  fc.jsonValue({ maxDepth: 2 }),
);

const oddName = fc.constantFrom(
  'price',
  'total',
  'role',
  'roles',
  'sellerId',
  'status',
  'userId',
  'isAdmin',
  'toString',
  '',
  '$where',
  'x'.repeat(500),
);

type Path = readonly (string | number)[];

const pathsIn = (value: unknown, above: Path = []): Path[] => {
  if (typeof value !== 'object' || value === null) return [above];
  const inside = Object.entries(value).flatMap(([key, item]) => pathsIn(item, [...above, Array.isArray(value) ? Number(key) : key]));
  return [above, ...inside];
};

/** A copy of `value` in which what stands at `path` has been changed. */
const changedAt = (value: unknown, [first, ...rest]: Path, change: (at: unknown) => unknown): unknown => {
  if (first === undefined) return change(value);
  if (Array.isArray(value)) return value.map((item, n) => (n === first ? changedAt(item, rest, change) : item));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, key === first ? changedAt(item, rest, change) : item]));
};

const without = (value: unknown, path: Path): unknown =>
  changedAt(value, path.slice(0, -1), (at) => {
    const last = path.at(-1);
    if (Array.isArray(at)) return at.filter((_, n) => n !== last);
    return Object.fromEntries(Object.entries(at ?? {}).filter(([key]) => key !== last));
  });

/** Bodies of this schema with one thing changed: another type or size, a field that is missing, a field that nobody knows. */
export const spoiltBodiesOf = (schema: z.ZodType, known: Known = {}): Arbitrary<unknown> =>
  bodiesOf(schema, known).chain((body) => {
    const paths = pathsIn(body);
    const [anywhere, below] = [fc.constantFrom(...paths), paths.filter((path) => path.length > 0)];
    const objects = paths.filter((path) => {
      let is = false;
      changedAt(body, path, (at) => {
        is = typeof at === 'object' && at !== null && !Array.isArray(at);
        return at;
      });
      return is;
    });
    return fc.oneof(
      { weight: 4, arbitrary: fc.tuple(anywhere, nonsense).map(([path, value]) => changedAt(body, path, () => value)) },
      ...(below.length > 0 ? [{ weight: 2, arbitrary: fc.constantFrom(...below).map((path) => without(body, path)) }] : []),
      ...(objects.length > 0
        ? [
            {
              weight: 2,
              arbitrary: fc
                .tuple(fc.constantFrom(...objects), oddName, nonsense)
                .map(([path, name, value]) => changedAt(body, path, (at) => ({ ...(at as object), [name]: value }))),
            },
          ]
        : []),
    );
  });
