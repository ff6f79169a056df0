// Requests by hand, for tests that go over every route: text as body, any header, and streams that are not read to their end.
import { randomBytes, randomUUID } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import type { Hono } from 'hono';
import { ulidText } from '../../domain/id.ts';
import type { Env } from '../../infra/http/env.ts';
import { describeRoutes, type Route } from '../../infra/http/routes.ts';
import type { Answer } from '../market.ts';
import { patiently } from './patient.ts';

export interface Probe {
  readonly method: string;
  readonly path: string;
  readonly token?: string | undefined;
  /** A guest's id, sent as the cookie. */
  readonly guest?: string | undefined;
  /** Sent as it is; `json` is for what can be written as JSON. */
  readonly text?: string | undefined;
  readonly json?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

type App = Pick<Hono<Env>, 'request'>;

/**
 * Sends it with a fresh Idempotency-Key and answers; of a stream that would never end only the head.
 * NOTE: a long run of requests in one process lets its loop lag until it sheds them; then the same is sent again.
 */
export const probe = async (app: App, request: Probe): Promise<Answer> => {
  await setImmediate();
  const headers = { ...(request.method !== 'GET' && { 'idempotency-key': randomUUID() }), ...request.headers };
  return patiently(() => probeOnce(app, { ...request, headers }));
};

const probeOnce = async (app: App, { method, path, token, guest, text, json, headers = {} }: Probe): Promise<Answer> => {
  const body = text ?? (json === undefined ? undefined : JSON.stringify(json));
  const response = await app.request(path, {
    method,
    headers: {
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(guest !== undefined && { cookie: `guest=${guest}` }),
      ...headers,
    },
    ...(body !== undefined && { body }),
  });
  if (response.headers.get('content-type')?.startsWith('text/event-stream')) {
    await response.body?.cancel();
    return { status: response.status, headers: response.headers, body: '' };
  }
  const told = await response.text();
  const isJson = response.headers.get('content-type')?.includes('json') === true && told !== '';
  return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(told) : told };
};

export const freshId = (): string => ulidText(randomBytes(16));

/** The route's address with its parameters filled in: from `ids` by their names, else with ids that name nothing. */
export const addressOf = ({ path }: Pick<Route, 'path'>, ids: Readonly<Record<string, string>> = {}): string =>
  path.replace(/:(\w+)(\{[^}]*\})?/g, (_, name: string) => encodeURIComponent(ids[name] ?? freshId()));

export const parametersOf = ({ path }: Pick<Route, 'path'>): string[] => [...path.matchAll(/:(\w+)/g)].map(([, name = '']) => name);

export const nameOf = ({ method, path }: Pick<Route, 'method' | 'path'>): string => `${method} ${path}`;

export const routesOf = (app: Pick<Hono<Env>, 'routes'>): Route[] => describeRoutes(app);

export const isWrite = ({ method }: Pick<Route, 'method'>): boolean => method !== 'GET' && method !== 'HEAD';
