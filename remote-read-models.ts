// The read models as the other processes of a fleet see them: the process of role projections keeps them, and is asked over HTTP.
import { timingSafeEqual } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { Hono } from 'hono';
import { z } from 'zod';
import { DomainError } from './domain/error.ts';
import type { Env } from './infra/http/env.ts';
import { allow } from './infra/http/policy.ts';
import { bodyText } from './infra/http/request-body.ts';
import type { Reached } from './infra/tables/reached.ts';
import type { Request } from './projector.ts';
import type { Answers, ReadModels } from './read-models.ts';

/** Where the process that keeps them listens to its siblings. */
const path = '/internal/projections';

/** Milliseconds between two looks of somebody who waits: short, for whoever has just written wants to read it. */
const lookEvery = 8;

const Asked = z.discriminatedUnion('ask', [
  z.strictObject({ ask: z.enum(['status', 'parked', 'readers']) }),
  z.strictObject({ ask: z.enum(['retry', 'skip']), projection: z.string(), key: z.string() }),
  z.strictObject({ ask: z.literal('rebuild'), projections: z.array(z.string()) }),
  z.strictObject({ ask: z.literal('analytics'), position: z.number(), milliseconds: z.number() }),
]);

const isSibling = (header: string | undefined, token: string): boolean => {
  const shown = Buffer.from(header ?? '');
  const expected = Buffer.from(`Bearer ${token}`);
  return shown.length === expected.length && timingSafeEqual(shown, expected);
};

/** Lets siblings ask what is kept here. They prove themselves by a token that all who know the master key can derive. */
export const siblingRoutes = (readModels: ReadModels, token: string) =>
  new Hono<Env>().post(
    path,
    allow('public', { summary: 'Asks the process that keeps the read models.', internal: true, exempt: true, load: 'probe', rate: 'none' }),
    async (c) => {
      if (!isSibling(c.req.header('x-sibling'), token)) throw new DomainError('auth.bad_token', 'Only processes of this fleet may ask.');
      return c.json({ answer: await readModels.ask(Asked.parse(JSON.parse(await bodyText(c)))) });
    },
  );

export interface RemoteReadModelsOptions {
  readonly logId: string;
  readonly reached: Reached;
  /** Of the process of role projections. */
  readonly address: string;
  readonly token: string;
  /** Whether every read model of this release is built. */
  readonly isBuilt: () => Promise<boolean>;
}

export const openRemoteReadModels = ({ logId, reached, address, token, isBuilt }: RemoteReadModelsOptions): ReadModels => {
  let known = 0;
  let looking: Promise<number> | null = null;
  const closed = new AbortController();
  /** One look for all who wait at the same time. */
  const look = async () => {
    looking ??= reached.position().finally(() => {
      looking = null;
    });
    known = await looking;
    return known;
  };
  const ask = async <R extends Request>(request: R): Promise<Answers[R['ask']]> => {
    const response = await fetch(`${address}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-sibling': `Bearer ${token}` },
      body: JSON.stringify(request),
      signal: closed.signal,
    }).catch((error: unknown) => {
      throw new DomainError('server.store_unavailable', 'The process that keeps the read models cannot be reached.', {
        cause: String(error),
      });
    });
    if (!response.ok)
      throw new DomainError('server.store_unavailable', `The process that keeps the read models answered ${response.status}.`);
    return ((await response.json()) as { answer: Answers[R['ask']] }).answer;
  };
  return {
    logId,
    ask,
    position: () => known,
    ready: async () => {
      while (!(await isBuilt().catch(() => false))) await pause(200, undefined, { signal: closed.signal });
    },
    passed: async (position, milliseconds) => {
      const until = performance.now() + milliseconds;
      while (known < position) {
        if ((await look().catch(() => 0)) >= position) return true;
        if (performance.now() >= until || closed.signal.aborted) return false;
        await pause(lookEvery);
      }
      return true;
    },
    factsPassed: (position, milliseconds) => ask({ ask: 'analytics', position, milliseconds }),
    close: async () => {
      closed.abort();
      await reached.close();
    },
  };
};
