// An example value for a JSON Schema, so that the documentation shows bodies that the API accepts.

interface Schema {
  $ref?: string;
  type?: string | string[];
  const?: unknown;
  enum?: unknown[];
  default?: unknown;
  examples?: unknown[];
  format?: string;
  pattern?: string;
  minimum?: number;
  exclusiveMinimum?: number;
  minLength?: number;
  properties?: Record<string, Schema>;
  items?: Schema;
  anyOf?: Schema[];
  oneOf?: Schema[];
  allOf?: Schema[];
}

const texts: Readonly<Record<string, string>> = {
  'date-time': '2026-01-31T09:30:00.000Z',
  date: '2026-01-31',
  email: 'ani@example.com',
  uuid: '0198c2f0-6f2e-7c3a-9d21-3c8b8f0a4e11',
  uri: 'https://example.com/a.webp',
};

const textOf = (schema: Schema): string => {
  if (schema.format && texts[schema.format]) return texts[schema.format] ?? '';
  if (schema.pattern?.includes('HJKMNP')) return '01JZ0000000000000000000000';
  return 'text'.padEnd(schema.minLength ?? 0, ' text');
};

const numberOf = (schema: Schema): number => schema.minimum ?? (schema.exclusiveMinimum === undefined ? 1 : schema.exclusiveMinimum + 1);

/**
 * A value that fits `schema` as far as JSON Schema says; patterns other than ids are not solved. `named`: what `$ref` refers to, by the
 * last word of the reference.
 */
export const exampleOf = (schema: Schema, named: ReadonlyMap<string, Schema> = new Map(), depth = 0): unknown => {
  const referred = schema.$ref === undefined ? undefined : named.get(schema.$ref.split('/').at(-1) ?? '');
  if (referred) return exampleOf(referred, named, depth);
  if (schema.examples?.length) return schema.examples[0];
  if (schema.const !== undefined) return schema.const;
  if (schema.enum) return schema.enum[0];
  if (schema.default !== undefined) return schema.default;
  const choice = (schema.anyOf ?? schema.oneOf ?? schema.allOf)?.[0];
  if (choice) return exampleOf(choice, named, depth);
  const type = Array.isArray(schema.type) ? schema.type[0] : schema.type;
  switch (type) {
    case 'object':
      if (depth > 6) return {};
      return Object.fromEntries(Object.entries(schema.properties ?? {}).map(([name, field]) => [name, exampleOf(field, named, depth + 1)]));
    case 'array':
      return schema.items && depth <= 6 ? [exampleOf(schema.items, named, depth + 1)] : [];
    case 'string':
      return textOf(schema);
    case 'integer':
    case 'number':
      return Math.max(numberOf(schema), 1);
    case 'boolean':
      return true;
    default:
      return null;
  }
};
