// What a route takes from outside: parsed once, checked once, refused with the names of the fields at fault.
import type { Context, MiddlewareHandler } from 'hono';
import { z } from 'zod';
import { DomainError } from '../../domain/error.ts';
import type { Env } from './env.ts';
import { marked } from './marks.ts';
import { bodyText } from './request-body.ts';
import { strict } from './strict.ts';
import { given } from './wire.ts';

/** A field at fault, as problem+json names it. */
export interface FieldError {
  readonly field: string;
  readonly message: string;
}

/** Deeper than any form; unbounded depth would let a small body cost much. */
const maxDepth = 20;
/** The longest line that common proxies let through is 8 KiB. A search's cursor, which names up to 500 products, needs most of it. */
const maxQueryLength = 7 * 1024;
const poisonous = new Set(['__proto__', 'constructor', 'prototype']);

type Target = 'json' | 'query' | 'param';
type Valid<T extends Target, S extends z.ZodType> = { in: { [K in T]: z.input<S> }; out: { [K in T]: z.output<S> } };
type Refused = z.core.$ZodIssue;

/** An answer names so many fields and no more: it must not grow with what was sent. */
const maxFieldErrors = 20;
/** Names of fields and messages are cut to this length: both may hold what was sent. */
const maxTextLength = 1_000;

const cut = (text: string) => (text.length > maxTextLength ? `${text.slice(0, maxTextLength)}…` : text);

const refuse = (found: readonly FieldError[], code = 'request.invalid'): never => {
  const errors = found.slice(0, maxFieldErrors).map(({ field, message }) => ({ field: cut(field), message: cut(message) }));
  const [first] = errors;
  throw new DomainError(code, first ? `${first.field || 'body'}: ${first.message}` : 'The request is not valid.', {
    errors,
    ...(found.length > maxFieldErrors && { more: found.length - maxFieldErrors }),
  });
};

const named = (path: readonly PropertyKey[]) => path.map(String).join('.');

const fieldErrors = (issues: readonly Refused[], above: readonly PropertyKey[] = []): FieldError[] =>
  issues.flatMap((issue) => {
    const path = [...above, ...issue.path];
    if (issue.code === 'unrecognized_keys')
      return issue.keys.map((key) => ({ field: named([...path, key]), message: 'is not a known field' }));
    const closest = issue.code === 'invalid_union' ? [...issue.errors].sort((a, b) => a.length - b.length)[0] : undefined;
    return closest && closest.length > 0 ? fieldErrors(closest, path) : [{ field: named(path), message: issue.message }];
  });

const checked = <S extends z.ZodType>(schema: S, value: unknown): z.output<S> => {
  const result = schema.safeParse(value);
  return result.success ? result.data : refuse(fieldErrors(result.error.issues));
};

/** Refuses what no schema should ever see: names that reach into prototypes, and nesting without end. */
const mustBeTame = (value: unknown, depth = 1): void => {
  if (typeof value !== 'object' || value === null) return;
  if (depth > maxDepth) refuse([{ field: '', message: `is nested deeper than ${maxDepth} levels` }], 'request.too_deep');
  if (Array.isArray(value)) {
    for (const item of value) mustBeTame(item, depth + 1);
    return;
  }
  for (const [key, item] of Object.entries(value)) {
    if (poisonous.has(key)) refuse([{ field: key, message: 'is not allowed as a name' }], 'request.forbidden_key');
    mustBeTame(item, depth + 1);
  }
};

const jsonType = /^application\/(?:[\w.-]+\+)?json\s*(?:;|$)/i;

const parsed = (c: Context<Env>, text: string): unknown => {
  if (text === '') return {};
  if (!jsonType.test(given(c, 'content-type') ?? '')) throw new DomainError('request.not_json', 'Send the body as application/json.');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new DomainError('request.malformed_json', 'The body is not JSON.');
  }
  mustBeTame(value);
  return value;
};

/** Takes a JSON body: `c.req.valid('json')`. No body at all counts as `{}`, so a command without input needs none. */
export const body = <S extends z.ZodType>(schema: S): MiddlewareHandler<Env, string, Valid<'json', S>> => {
  const strictly = strict(schema);
  return marked(
    async (c, next) => {
      c.req.addValidatedData('json', checked(strictly, parsed(c, await bodyText(c))) as object);
      return next();
    },
    { body: strictly },
  );
};

/** For routes that take no body: none, or an empty object. */
const Nothing = z.strictObject({});

/** Refuses a body that says something where nothing is listened to. */
export const mustSayNothing = (c: Context<Env>, text: string): void => {
  checked(Nothing, parsed(c, text));
};

/** What advertisements and mails put behind links, for programs in browsers: nothing that a query here could mean. */
const marketing = new Set(
  'gclid gclsrc gbraid wbraid dclid gad_source gad_campaignid srsltid _ga _gl fbclid fb_action_ids igshid igsh msclkid ttclid twclid li_fat_id yclid ysclid epik scid sccid rdt_cid irclickid mc_cid mc_eid _hsenc _hsmi mkt_tok vero_id wickedid s_kwcid ef_id'.split(
    ' ',
  ),
);
const isMarketing = (name: string) => {
  const lower = name.toLowerCase();
  return lower.startsWith('utm_') || marketing.has(lower);
};

/** A plus sign that nobody encoded has become a blank, which no time has. */
const plusOfTime = /^(\d{4}-\d\d-\d\dT[\d:.]+) (\d\d:\d\d)$/;

/** Whether something that is not UTF-8 was decoded to U+FFFD, rather than sent as that. */
const isReplaced = (decoded: string, raw: string) => decoded.includes('\uFFFD') && !/%EF%BF%BD|\uFFFD/i.test(raw);

const queryOf = (text: string): Record<string, string | string[]> => {
  const found: Record<string, string | string[]> = {};
  if (text.length > maxQueryLength) refuse([{ field: 'query', message: `is longer than ${maxQueryLength} characters` }]);
  for (const [name, sent] of new URLSearchParams(text)) {
    if (name === 'minPosition' || isMarketing(name)) continue; // every query takes them, before its route looks
    if (isReplaced(name + sent, text)) refuse([{ field: name, message: 'is not UTF-8' }], 'request.bad_encoding');
    const value = sent.includes(' ') ? sent.replace(plusOfTime, '$1+$2') : sent;
    if (poisonous.has(name)) refuse([{ field: name, message: 'is not allowed as a name' }], 'request.forbidden_key');
    if (sent === '') continue; // a field of a form that nobody filled in
    const before = Object.hasOwn(found, name) ? found[name] : undefined;
    found[name] = before === undefined ? value : Array.isArray(before) ? [...before, value] : [before, value];
  }
  return found;
};

/** Longer query strings are not kept, so that what is kept stays small. */
const longestKept = 256;

/** `read` with what it has read of the last query strings, dropped all together when there are too many. */
const remembering = <T extends object>(most: number, read: (text: string) => T): ((text: string) => T) => {
  const known = new Map<string, T>();
  return (text) => {
    const before = known.get(text);
    if (before !== undefined) return before;
    const value = Object.freeze(read(text));
    if (text.length > longestKept || text.includes('minPosition=')) return value;
    if (known.size >= most) known.clear();
    known.set(text, value);
    return value;
  };
};

/**
 * Takes the query string: `c.req.valid('query')`. Values arrive as text (a repeated name as an array): numbers are taken by `numbers.ts`.
 * A name without a value (`minRating=`) counts as not given.
 * `remember`: so many query strings are looked at once only, and the same gives the same object; not for those that may name a person.
 */
export const query = <S extends z.ZodType>(
  schema: S,
  { remember = 0 }: { remember?: number } = {},
): MiddlewareHandler<Env, string, Valid<'query', S>> => {
  const strictly = strict(schema);
  const read = (text: string) => checked(strictly, queryOf(text)) as object;
  const known = remember > 0 ? remembering(remember, read) : read;
  return marked(
    (c, next) => {
      const { url } = c.req;
      const start = url.indexOf('?');
      c.req.addValidatedData('query', known(start < 0 ? '' : url.slice(start)));
      return next();
    },
    { query: strictly },
  );
};

/** Takes the path's parameters: `c.req.valid('param')`. */
export const params = <S extends z.ZodType>(schema: S): MiddlewareHandler<Env, string, Valid<'param', S>> =>
  marked(
    (c, next) => {
      c.req.addValidatedData('param', checked(schema, c.req.param()) as object);
      return next();
    },
    { params: schema },
  );
