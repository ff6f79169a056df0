// The OpenAPI 3.1 document, built from what the routes say about themselves.
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { commonErrors, errorOf, errors } from './errors.ts';
import { exampleOf } from './example.ts';
import type { Route } from './routes.ts';
import { hostCookie } from './session-cookies.ts';

export interface Info {
  readonly title: string;
  readonly version: string;
  readonly description?: string;
  /** By its SPDX identifier. */
  readonly license?: { readonly name: string; readonly identifier: string };
}

type Json = { [key: string]: unknown };

export interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly required: boolean;
  readonly schema: { readonly type?: string; readonly default?: unknown; readonly enum?: readonly unknown[] };
}

export interface Operation extends Json {
  summary: string;
  tags: string[];
  operationId: string;
  parameters: (Parameter | { readonly $ref: string })[];
  responses: Record<string, Json>;
}

export interface Document extends Json {
  openapi: '3.1.0';
  info: Info;
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Json>; parameters: Readonly<Record<string, Parameter>> } & Json;
}

/** A schema of zod as JSON Schema; what JSON Schema cannot say becomes "anything". */
export const schemaOf = (schema: z.ZodType, io: 'input' | 'output'): Json => {
  const { $schema: _, ...json } = z.toJSONSchema(schema, { io, unrepresentable: 'any', reused: 'inline' });
  return json;
};

/** Schemas by their names, as they are met. */
type Named = Map<string, Json>;

const toComponents = (json: unknown): unknown => {
  if (Array.isArray(json)) return json.map(toComponents);
  if (typeof json !== 'object' || json === null) return json;
  return Object.fromEntries(
    Object.entries(json).map(([key, value]) => [
      key,
      key === '$ref' && typeof value === 'string' ? value.replace('#/$defs/', '#/components/schemas/') : toComponents(value),
    ]),
  );
};

/** The schema of an answer: what has a name is described once, in `named`, and referred to. Throws when two schemas have one name. */
const answerSchema = (schema: z.ZodType, named: Named): Json => {
  const { $defs = {}, ...json } = toComponents(schemaOf(schema, 'output')) as Json & { $defs?: Record<string, Json> };
  for (const [id, definition] of Object.entries($defs)) {
    const known = named.get(id);
    if (known && !isDeepStrictEqual(known, definition)) throw new Error(`Two schemas of answers are called ${id}.`);
    named.set(id, definition);
  }
  return json;
};

/** `json`, with every schema in it that is described under a name replaced by a reference to that name. */
const referring = (json: unknown, names: ReadonlyMap<string, string>): unknown => {
  if (typeof json !== 'object' || json === null) return json;
  if (Array.isArray(json)) return json.map((item) => referring(item, names));
  const name = names.get(JSON.stringify(json));
  if (name !== undefined) return { $ref: `#/components/schemas/${name}` };
  return Object.fromEntries(Object.entries(json).map(([key, value]) => [key, referring(value, names)]));
};

const templated = (path: string) => path.replace(/:(\w+)(\{[^}]*\})?/g, '{$1}');

/** A route that has not said its own is known by its method and path. */
const operationId = ({ operation, method, path }: Route) =>
  operation || `${method.toLowerCase()}${path.replace(/[^\w]+(\w)/g, (_, letter: string) => letter.toUpperCase()).replace(/\W/g, '')}`;

const fieldsOf = (schema: z.ZodType | null): { name: string; schema: Json; required: boolean }[] => {
  if (!schema) return [];
  // NOTE: what is coerced from text has no type on its way in, and what has a default is not required there.
  const { properties = {} } = schemaOf(schema, 'output') as { properties?: Record<string, Json> };
  const { required = [] } = schemaOf(schema, 'input') as { required?: string[] };
  return Object.entries(properties).map(([name, field]) => ({ name, schema: field, required: required.includes(name) }));
};

/** What many routes take, described once. */
const parameters = {
  IdempotencyKey: {
    name: 'Idempotency-Key',
    in: 'header',
    required: true,
    description: 'Any new text of your own, such as a UUID, and the same one when you send the same again: it is then done once.',
    schema: { type: 'string', pattern: '^[!-~]{1,128}$' },
    example: '0198c2f0-6f2e-7c3a-9d21-3c8b8f0a4e11',
  },
  IfMatch: {
    name: 'If-Match',
    in: 'header',
    required: false,
    description: 'The ETag of an earlier answer about this resource: the command is refused (412) when it has changed since.',
    schema: { type: 'string' },
    example: '"3"',
  },
  IfNoneMatch: {
    name: 'If-None-Match',
    in: 'header',
    required: false,
    description: 'The ETag of an earlier answer: 304 without a body while it is still true.',
    schema: { type: 'string' },
  },
  MinPosition: {
    name: 'minPosition',
    in: 'query',
    required: false,
    description: 'The position of an earlier answer: this one shows at least what was true there, or is refused (503) until it can.',
    schema: { type: 'string' },
  },
  Limit: {
    name: 'limit',
    in: 'query',
    required: false,
    description: 'How many items a page has at most.',
    schema: { type: 'integer', minimum: 1, maximum: 100, default: 20 },
  },
  Cursor: {
    name: 'cursor',
    in: 'query',
    required: false,
    description: 'The `next` of the page before, unchanged.',
    schema: { type: 'string', maxLength: 512 },
  },
} as const;

const headers = {
  ETag: { description: 'The version of what is answered, for If-Match and If-None-Match.', schema: { type: 'string' } },
  Position: { description: 'Where the log stood, for `minPosition` of a read.', schema: { type: 'string' } },
  IdempotentReplayed: {
    description: 'This Idempotency-Key came before, and this is the answer that was given then.',
    schema: { type: 'string', const: 'true' },
  },
  RetryAfter: { description: 'Seconds after which to try again.', schema: { type: 'integer', minimum: 1 } },
} as const;

const parameter = (name: keyof typeof parameters) => ({ $ref: `#/components/parameters/${name}` });
const header = (name: keyof typeof headers) => ({ $ref: `#/components/headers/${name}` });

const inQuery = (field: ReturnType<typeof fieldsOf>[number]) => {
  if (field.name === 'limit' && isDeepStrictEqual(field.schema, parameters.Limit.schema)) return parameter('Limit');
  if (field.name === 'cursor' && isDeepStrictEqual(field.schema, parameters.Cursor.schema)) return parameter('Cursor');
  return { ...field, in: 'query' };
};

const parametersOf = (route: Route): Operation['parameters'] => {
  const described = new Map(fieldsOf(route.params).map((field) => [field.name, field.schema]));
  const inPath = [...route.path.matchAll(/:(\w+)/g)].map(([, name = '']) => ({
    name,
    in: 'path',
    required: true,
    schema: described.get(name) ?? { type: 'string' },
  }));
  const isRead = route.method === 'GET' && route.service !== 'system';
  return [
    ...inPath,
    ...fieldsOf(route.query)
      .filter(({ name }) => name !== 'minPosition')
      .map(inQuery),
    ...(isRead ? [parameter('MinPosition')] : []),
    ...(route.isKept ? [parameter('IfNoneMatch')] : []),
    ...(route.keyed ? [parameter('IdempotencyKey'), parameter('IfMatch')] : []),
  ];
};

/** Codes of refusals that follow from what the route takes, whoever wrote it. */
const impliedCodes = (route: Route): string[] => {
  const { who, keyed, body, query, params, method, service } = route;
  const isRead = method === 'GET';
  const hasCursor = fieldsOf(query).some(({ name }) => name === 'cursor');
  return [
    ...(who === 'public' ? [] : ['auth.bad_token', 'auth.session_ended']),
    ...(who === 'public' || who === 'guest' ? [] : ['auth.required']),
    ...(Array.isArray(who) ? ['auth.forbidden', 'gateway.address_not_allowed'] : []),
    ...(isRead ? [] : ['gateway.origin_not_allowed', 'request.too_large']),
    ...(service === 'system' ? [] : ['gateway.service_unavailable', 'server.store_unavailable']),
    ...(service !== 'system' && isRead ? ['request.bad_position', 'request.other_log', 'request.projection_behind'] : []),
    ...(query || params ? ['request.bad_encoding', 'request.forbidden_key'] : []),
    ...(hasCursor ? ['request.bad_cursor'] : []),
    ...(keyed
      ? [
          'idempotency.key_missing',
          'idempotency.key_invalid',
          'idempotency.key_reused',
          'idempotency.in_progress',
          'request.bad_if_match',
          'request.contended',
          'request.precondition_failed',
          'log.stream_damaged',
        ]
      : []),
    ...(body || keyed
      ? ['request.bad_encoding', 'request.forbidden_key', 'request.malformed_json', 'request.not_json', 'request.too_deep']
      : []),
  ];
};

const codesOf = (route: Route): string[] => [...new Set([...route.errors, ...impliedCodes(route), ...commonErrors])];

const text = { schema: { type: 'string' } };

const contentOf = ({ answer, alsoAs }: Route, named: Named): { readonly content?: Json } => {
  if (answer === null) return {};
  const others = Object.fromEntries(alsoAs.map((type) => [type, text]));
  if (typeof answer === 'string') return { content: { [answer]: text, ...others } };
  const schema = answerSchema(answer, named);
  return { content: { 'application/json': { schema, example: exampleOf(schema, named) }, ...others } };
};

const headersOf = (route: Route): Json => {
  if (route.service === 'system') return {};
  const replayed = route.keyed ? { 'Idempotent-Replayed': header('IdempotentReplayed') } : {};
  return { headers: { ETag: header('ETag'), Position: header('Position'), ...replayed } };
};

const refusalOf = (codes: readonly string[]) => ({
  description: `Refused: ${codes.map((code) => `\`${code}\``).join(', ')}.`,
  'x-codes': codes,
  ...(codes.some((code) => [429, 503].includes(errorOf(code).status)) && { headers: { 'Retry-After': header('RetryAfter') } }),
  content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
});

const responsesOf = (route: Route, named: Named): Record<string, Json> => {
  const byStatus = new Map<number, string[]>();
  for (const code of codesOf(route)) {
    const { status } = errorOf(code);
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  const content = contentOf(route, named);
  const success = { description: 'The answer.', ...headersOf(route), ...content };
  const refusals = [...byStatus]
    .sort(([a], [b]) => a - b)
    .map(([status, codes]) => {
      const refusal = refusalOf(codes);
      // A route may answer with such a status too, as a check does that says what is missing.
      const both = route.statuses.includes(status) ? { content: { ...content.content, ...refusal.content } } : {};
      return [String(status), { ...refusal, ...both }];
    });
  return {
    ...Object.fromEntries(route.statuses.map((status) => [String(status), success])),
    ...(route.isKept && { '304': { description: 'What was kept is still true.', ...headersOf(route) } }),
    ...Object.fromEntries(refusals),
  };
};

/** How callers prove who they are; none of it is asked where anybody may call. */
const securityOf = ({ who }: Route): Json => {
  if (who === 'public') return { security: [] };
  if (who === 'guest') return { security: [{}, { guest: [] }, { bearer: [] }, { cookie: [] }] };
  return who === 'buyer' ? { security: [{ guest: [] }, { bearer: [] }, { cookie: [] }] } : {};
};

const operationOf = (route: Route, named: Named): Operation => ({
  summary: route.summary,
  tags: [route.service],
  operationId: operationId(route),
  'x-policy': { who: route.who, ...(route.owner && { owner: route.owner }) },
  'x-rate': route.rate,
  ...securityOf(route),
  parameters: parametersOf(route),
  ...(route.body && { requestBody: { content: { 'application/json': { schema: schemaOf(route.body, 'input') } } } }),
  responses: responsesOf(route, named),
});

const problemSchema = {
  type: 'object',
  required: ['type', 'title', 'status', 'detail', 'code'],
  properties: {
    type: { type: 'string' },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string' },
    code: {
      type: 'string',
      description: 'Stable; `<service>.<reason>`.',
      oneOf: Object.entries(errors).map(([code, { meaning }]) => ({ const: code, description: meaning })),
    },
    requestId: { type: 'string' },
    errors: {
      type: 'array',
      items: { type: 'object', properties: { field: { type: 'string' }, message: { type: 'string' } }, required: ['field', 'message'] },
    },
    details: { type: 'object' },
  },
};

/** What each service is about; an operation's tag is its service. */
const services: Readonly<Record<string, string>> = {
  analytics: 'Reports, figures and the audit of the log.',
  auth: 'Accounts, sessions and passwords.',
  cart: 'What a visitor or customer is about to buy.',
  catalog: 'Categories and brands.',
  inventory: 'Stock of articles, and how it moved.',
  notification: 'Mails, where they are kept to be read.',
  order: 'Checkouts, orders, returns, and the purchases of guests.',
  payment: 'Payments and refunds, and what providers report.',
  product: 'Products, variants, prices and pictures.',
  review: 'Reviews of products and sellers.',
  search: 'Search in the catalogue.',
  seller: 'Shops, their members, balances and statements.',
  shipping: 'Couriers, rates and shipments.',
  system: 'Health, metrics, documentation and pages of the server itself.',
  user: 'Profiles, addresses, personal data and roles.',
};

/** The document of all `routes`. `secure`: whether browsers reach them by TLS, which the names of our cookies say. */
export const openapi = (routes: readonly Route[], info: Info, secure: boolean): Document => {
  const paths: Document['paths'] = {};
  const named: Named = new Map();
  for (const route of routes) {
    const path = templated(route.path);
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operationOf(route, named) };
  }
  const names = new Map([...named].map(([id, definition]) => [JSON.stringify(definition), id]));
  const schemas = [...named].map(([id, definition]) => {
    const parts = Object.entries(definition).map(([key, value]) => [key, referring(value, names)]);
    return [id, Object.fromEntries(parts)] as const;
  });
  const tags = [...new Set(routes.map(({ service }) => service))].sort();
  return {
    openapi: '3.1.0',
    info,
    servers: [{ url: '/', description: 'The server that this document comes from.' }],
    tags: tags.map((name) => ({ name, ...(services[name] !== undefined && { description: services[name] }) })),
    paths: referring(paths, names) as Document['paths'],
    components: {
      schemas: { Problem: problemSchema, ...Object.fromEntries(schemas.sort(([a], [b]) => (a < b ? -1 : 1))) },
      parameters,
      headers,
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
        cookie: { type: 'apiKey', in: 'cookie', name: hostCookie('access', secure) },
        guest: { type: 'apiKey', in: 'cookie', name: hostCookie('guest', secure) },
      },
    },
    security: [{ bearer: [] }, { cookie: [] }],
  };
};
