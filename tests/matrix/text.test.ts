// Every text that a write route takes: nothing in it hides or breaks a line that is one, whatever the route.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import { type Market, openMarket } from '../market.ts';
import { isWrite, nameOf, routesOf } from '../support/probe.ts';

let market: Market;
beforeAll(async () => {
  market = await openMarket();
});
afterAll(() => market.close());

type Schema = z.core.$ZodTypes;
interface Leaf {
  readonly path: string;
  readonly schema: z.core.$ZodType;
}

/** The texts of a body, with their paths; the keys of records too. */
const textsOf = (schema: z.core.$ZodType, path = ''): Leaf[] => {
  const { def } = (schema as Schema)._zod;
  switch (def.type) {
    case 'string':
      return [{ path, schema }];
    case 'object':
      return Object.entries(def.shape).flatMap(([name, field]) => textsOf(field, path === '' ? name : `${path}.${name}`));
    case 'array':
      return textsOf(def.element, path);
    case 'union':
      return def.options.flatMap((option) => textsOf(option, path));
    case 'record':
      return [...textsOf(def.keyType, `${path}.key`), ...textsOf(def.valueType, `${path}.value`)];
    case 'optional':
    case 'nullable':
    case 'default':
    case 'prefault':
    case 'readonly':
    case 'nonoptional':
    case 'catch':
      return textsOf(def.innerType, path);
    case 'pipe':
      return textsOf(def.in, path);
    default:
      return [];
  }
};

/** Secrets and queries, which are compared or run and never shown. */
const unseen = /(^|\.)(password|currentPassword|newPassword|token|refreshToken|deviceToken|sql)$/;
/** Compared with what is kept, and never kept themselves. */
const compared = ['POST /api/v1/auth/login email', 'POST /api/v1/auth/forgot-password email', 'POST /api/v1/guest/links email'];
const severalLines = /(^|\.)(description|body|note|alt)$/;
const hidden = ['\0', '\u0007', '\u200b', '\u200d', '\u2060', '\ufeff', '\u202e', '\u2066', '\u200f', '\u2028', '\ud800', '\u3164'];
const breaks = ['\r\n', '\n', '\t'];

it('takes nothing that is not seen, and no line break where there is one line', () => {
  const leaves = routesOf(market.app)
    .filter((route) => isWrite(route) && route.body)
    .flatMap((route) => (route.body ? textsOf(route.body) : []).map((leaf) => ({ ...leaf, name: `${nameOf(route)} ${leaf.path}` })))
    .filter(({ path, name }) => !unseen.test(path) && !compared.includes(name));
  expect(leaves.length).toBeGreaterThan(60);
  const wrong = leaves.flatMap(({ schema, path, name }) =>
    [...hidden, ...(severalLines.test(path) ? [] : breaks)]
      .filter((text) => ['ab', '0811000111', 'a@b'].some((word) => z.core.safeParse(schema, `${word}${text}${word}.example`).success))
      .map((text) => `${name}: ${JSON.stringify(text)}`),
  );
  expect(wrong).toEqual([]);
});
