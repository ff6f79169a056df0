// The OpenAPI 3.1 document, built from what the routes say about themselves.
import { z } from 'zod';
import { commonErrors, errorOf } from './errors.ts';
import type { Route } from './routes.ts';

export interface Info {
  readonly title: string;
  readonly version: string;
  readonly description?: string;
}

type Json = { [key: string]: unknown };

export interface Operation extends Json {
  summary: string;
  tags: string[];
  operationId: string;
  responses: Record<string, Json>;
}

export interface Document extends Json {
  openapi: '3.1.0';
  info: Info;
  paths: Record<string, Record<string, Operation>>;
}

/** A schema of zod as JSON Schema; what JSON Schema cannot say becomes "anything". */
export const schemaOf = (schema: z.ZodType, io: 'input' | 'output'): Json => {
  const { $schema: _, ...json } = z.toJSONSchema(schema, { io, unrepresentable: 'any', reused: 'inline' });
  return json;
};

/** The service of a path: the first word after `/api/v1`. */
export const serviceOf = (path: string): string => {
  const words = path.split('/').filter((word) => word !== '' && !word.startsWith(':'));
  return (words[0] === 'api' ? words[2] : words[0]) ?? 'root';
};

const templated = (path: string) => path.replace(/:(\w+)(\{[^}]*\})?/g, '{$1}');

const operationId = ({ method, path }: Route) =>
  `${method.toLowerCase()}${path.replace(/[^\w]+(\w)/g, (_, letter: string) => letter.toUpperCase()).replace(/\W/g, '')}`;

const fieldsOf = (schema: z.ZodType | null): { name: string; schema: unknown; required: boolean }[] => {
  if (!schema) return [];
  // NOTE: what is coerced from text has no type on its way in, and what has a default is not required there.
  const { properties = {} } = schemaOf(schema, 'output') as { properties?: Json };
  const { required = [] } = schemaOf(schema, 'input') as { required?: string[] };
  return Object.entries(properties).map(([name, field]) => ({ name, schema: field, required: required.includes(name) }));
};

const parametersOf = (route: Route): Json[] => {
  const described = new Map(fieldsOf(route.params).map((field) => [field.name, field.schema]));
  const inPath = [...route.path.matchAll(/:(\w+)/g)].map(([, name = '']) => ({
    name,
    in: 'path',
    required: true,
    schema: described.get(name) ?? { type: 'string' },
  }));
  const inQuery = fieldsOf(route.query).map((field) => ({ ...field, in: 'query' }));
  const key = { name: 'Idempotency-Key', in: 'header', required: true, schema: { type: 'string', minLength: 1, maxLength: 128 } };
  const ifMatch = {
    name: 'If-Match',
    in: 'header',
    required: false,
    description: 'The ETag of an earlier answer about this resource: the command is refused (412) when it has changed since.',
    schema: { type: 'string' },
  };
  return [...inPath, ...inQuery, ...(route.keyed ? [key, ifMatch] : [])];
};

const codesOf = (route: Route): string[] => {
  const implied = [
    ...(route.who === 'public' || route.who === 'guest' ? [] : ['auth.required', 'auth.bad_token']),
    ...(Array.isArray(route.who) ? ['auth.forbidden'] : []),
    ...(route.keyed
      ? [
          'idempotency.key_missing',
          'idempotency.key_reused',
          'idempotency.in_progress',
          'request.bad_if_match',
          'request.precondition_failed',
        ]
      : []),
    ...(route.body ? ['request.malformed_json', 'request.not_json', 'request.too_large'] : []),
  ];
  return [...new Set([...route.errors, ...implied, ...commonErrors])];
};

const responsesOf = (route: Route): Record<string, Json> => {
  const byStatus = new Map<number, string[]>();
  for (const code of codesOf(route)) {
    const { status } = errorOf(code);
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  const refusals = [...byStatus]
    .sort(([a], [b]) => a - b)
    .map(([status, codes]) => [
      String(status),
      {
        description: codes.map((code) => `\`${code}\`: ${errorOf(code).meaning}`).join('\n\n'),
        'x-codes': codes,
        content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
      },
    ]);
  const { answer } = route;
  const success =
    answer === null || typeof answer === 'string'
      ? { description: answer ?? 'Done.' }
      : { description: 'The answer.', content: { 'application/json': { schema: schemaOf(answer, 'output') } } };
  return { [String(route.status)]: success, ...Object.fromEntries(refusals) };
};

const operationOf = (route: Route): Operation => ({
  summary: route.summary,
  tags: [serviceOf(route.path)],
  operationId: operationId(route),
  'x-policy': { who: route.who, ...(route.owner && { owner: route.owner }) },
  'x-rate': route.rate,
  ...(route.who === 'public' ? { security: [] } : {}),
  parameters: parametersOf(route),
  ...(route.body && { requestBody: { content: { 'application/json': { schema: schemaOf(route.body, 'input') } } } }),
  responses: responsesOf(route),
});

const problemSchema = {
  type: 'object',
  required: ['type', 'title', 'status', 'detail', 'code'],
  properties: {
    type: { type: 'string' },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string' },
    code: { type: 'string', description: 'Stable; `<service>.<reason>`.' },
    requestId: { type: 'string' },
    errors: {
      type: 'array',
      items: { type: 'object', properties: { field: { type: 'string' }, message: { type: 'string' } }, required: ['field', 'message'] },
    },
    details: { type: 'object' },
  },
};

/** The document of all `routes`. */
export const openapi = (routes: readonly Route[], info: Info): Document => {
  const paths: Document['paths'] = {};
  for (const route of routes) {
    const path = templated(route.path);
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operationOf(route) };
  }
  return {
    openapi: '3.1.0',
    info,
    paths,
    components: {
      schemas: { Problem: problemSchema },
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
        cookie: { type: 'apiKey', in: 'cookie', name: '__Host-session' },
      },
    },
    security: [{ bearer: [] }, { cookie: [] }],
  };
};
