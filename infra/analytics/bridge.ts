// Lets another thread feed the analytics that this thread has opened: a directory has one opener, and the projections run in a worker.
import type { MessagePort } from 'node:worker_threads';
import { DomainError } from '../../domain/error.ts';
import type { Analytics, AnalyticsCheckpoint } from './port.ts';
import type { Facts } from './schema.ts';

/** What a projection needs of analytics. */
export type AnalyticsFeed = Pick<Analytics, 'create' | 'insert' | 'checkpoint' | 'live' | 'swap'>;

type Call =
  | { readonly method: 'create' | 'checkpoint' | 'swap'; readonly build: number }
  | { readonly method: 'insert'; readonly build: number; readonly facts: Facts; readonly checkpoint: AnalyticsCheckpoint }
  | { readonly method: 'live' };
type Request = Call & { readonly id: number };
/** Nothing, a build or a checkpoint: what the members of the feed answer. */
interface Reply {
  readonly id: number;
  readonly build?: number | null;
  readonly checkpoint?: AnalyticsCheckpoint | null;
  readonly error?: { readonly code: string; readonly message: string; readonly details: Readonly<Record<string, unknown>> };
}

/** Answers the requests that come over `port`. */
export const serveAnalytics = (analytics: AnalyticsFeed, port: MessagePort) => {
  const answer = async (call: Call): Promise<Omit<Reply, 'id'>> => {
    switch (call.method) {
      case 'create':
        await analytics.create(call.build);
        return {};
      case 'swap':
        await analytics.swap(call.build);
        return {};
      case 'insert':
        await analytics.insert(call.build, call.facts, call.checkpoint);
        return {};
      case 'checkpoint':
        return { checkpoint: await analytics.checkpoint(call.build) };
      case 'live':
        return { build: await analytics.live() };
      default:
        return call satisfies never;
    }
  };
  port.on('message', async (request: Request) => {
    try {
      port.postMessage({ id: request.id, ...(await answer(request)) } satisfies Reply);
    } catch (error) {
      port.postMessage({ id: request.id, error: describe(error) } satisfies Reply);
    }
  });
};

/** What is not a refusal of ours counts as unavailable: the projection tries again. */
const describe = (error: unknown): NonNullable<Reply['error']> =>
  error instanceof DomainError
    ? { code: error.code, message: error.message, details: error.details }
    : { code: 'analytics.unavailable', message: error instanceof Error ? error.message : String(error), details: {} };

/** The feed on the other side of `port`. */
export const analyticsOver = (port: MessagePort): AnalyticsFeed => {
  const waiting = new Map<number, (reply: Reply) => void>();
  let nextId = 0;
  port.on('message', (reply: Reply) => {
    waiting.get(reply.id)?.(reply);
    waiting.delete(reply.id);
  });
  const ask = async (call: Call): Promise<Reply> => {
    const id = nextId++;
    const reply = await new Promise<Reply>((resolve) => {
      waiting.set(id, resolve);
      port.postMessage({ ...call, id } satisfies Request);
    });
    if (reply.error) throw new DomainError(reply.error.code, reply.error.message, reply.error.details);
    return reply;
  };
  return {
    create: async (build) => {
      await ask({ method: 'create', build });
    },
    swap: async (build) => {
      await ask({ method: 'swap', build });
    },
    insert: async (build, facts, checkpoint) => {
      await ask({ method: 'insert', build, facts, checkpoint });
    },
    checkpoint: async (build) => (await ask({ method: 'checkpoint', build })).checkpoint ?? null,
    live: async () => (await ask({ method: 'live' })).build ?? null,
  };
};
