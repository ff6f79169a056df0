// Queries of accounts: the own open sessions; and the public keys by which anybody can check our tokens.
import { Hono } from 'hono';
import { z } from 'zod';
import { Id } from '../domain/id.ts';
import { Erased, Moment } from '../infra/http/answers.ts';
import type { Env } from '../infra/http/env.ts';
import { jsonText } from '../infra/http/json.ts';
import { allow, principalOf } from '../infra/http/policy.ts';
import type { TableReader } from '../infra/tables/port.ts';
import type { AccessTokens } from '../infra/tokens/port.ts';
import type { Seals } from '../infra/vault/port.ts';
import type { SessionsRow } from '../projections/auth/sessions.ts';
import { json } from './http.ts';

const Device = z.object({ userAgent: z.string(), address: z.string() }).or(Erased).nullable();
const Session = z.object({
  sessionId: Id,
  method: z.enum(['password', 'totp', 'oauth']),
  device: Device,
  openedAt: Moment,
  current: z.boolean(),
});

export const authQueries = (tables: TableReader, seals: Seals) =>
  new Hono<Env>().get(
    '/auth/sessions',
    allow('signed-in', {
      summary: 'The own open sessions, newest first.',
      owner: 'self',
      operation: 'listMySessions',
      answer: z.object({ items: z.array(Session) }).meta({ id: 'Sessions' }),
    }),
    async (c) => {
      const { id, sessionId: current } = principalOf(c);
      const text = await tables.get('auth-sessions', id);
      const open = text === null ? [] : (JSON.parse(text) as SessionsRow).sessions;
      const items = await Promise.all(
        open.map(async (session) => ({
          ...session,
          device: session.device && ((await seals.open(session.device)) as z.output<typeof Device>),
          current: session.sessionId === current,
        })),
      );
      return json(c, jsonText({ items: items.reverse() }));
    },
  );

const SigningKeys = z
  .object({
    keys: z.array(
      z.object({
        kty: z.literal('RSA'),
        kid: z.string(),
        alg: z.literal('RS256'),
        use: z.literal('sig'),
        n: z.string(),
        e: z.string(),
      }),
    ),
  })
  .meta({ id: 'SigningKeys' });

/** Outside `/api/v1`, where verifiers look for it. */
export const keyRoutes = (tokens: Pick<AccessTokens, 'jwks'>) =>
  new Hono<Env>().get(
    '/.well-known/jwks.json',
    allow('public', {
      summary: 'The public keys of our access tokens (RFC 7517).',
      operation: 'getSigningKeys',
      answer: SigningKeys,
    }),
    async (c) => {
      // Verifiers ask again for a key that they do not know, so a minute is short enough for a rotation.
      if (!c.get('principal')) c.header('cache-control', 'public, max-age=60');
      return json(c, jsonText(await tokens.jwks()));
    },
  );
