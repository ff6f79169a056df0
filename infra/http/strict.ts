// Schemas of the edge refuse unknown keys at every depth, also where they reuse a schema of the domain that would drop them.
import { z } from 'zod';

type Def = z.core.$ZodTypes['_zod']['def'];

const inner = (schema: z.core.$ZodType): z.core.$ZodType => rebuilt(schema as z.core.$ZodTypes);

const shape = (fields: z.core.$ZodShape): z.core.$ZodShape =>
  Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, inner(field)]));

const strictDef = (def: Def): Def | null => {
  switch (def.type) {
    case 'object':
      return { ...def, shape: shape(def.shape), catchall: def.catchall ?? z.never() };
    case 'array':
      return { ...def, element: inner(def.element) };
    case 'union':
      return { ...def, options: def.options.map(inner) };
    case 'record':
      return { ...def, valueType: inner(def.valueType) };
    case 'optional':
    case 'nullable':
    case 'default':
    case 'prefault':
    case 'readonly':
    case 'nonoptional':
    case 'catch':
      return { ...def, innerType: inner(def.innerType) };
    case 'pipe':
      return { ...def, in: inner(def.in), out: inner(def.out) };
    default:
      return null;
  }
};

const rebuilt = (schema: z.core.$ZodTypes): z.core.$ZodType => {
  const def = strictDef(schema._zod.def);
  return def ? z.core.clone(schema, def as typeof schema._zod.def) : schema;
};

/** `schema`, with every object in it refusing keys that it does not name. Objects that say `loose` or `catchall` keep their word. */
export const strict = <S extends z.ZodType>(schema: S): S => inner(schema) as S;
