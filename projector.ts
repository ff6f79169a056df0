// The thread that keeps the read models: it has its own connections, so that folding costs the requests nothing.
import { type MessagePort, parentPort } from 'node:worker_threads';
import { eventContract } from './domain/registry.ts';
import type { Config } from './infra/config.ts';
import { connectFacts, connectProjections } from './infra/connect-reads.ts';
import { analyticsFollower } from './projections/analytics-feed.ts';
import { projections } from './projections/registry.ts';
import type { ProjectionStatus } from './projections/run.ts';
import { Projector } from './projections/run.ts';
import { searchFollower } from './projections/search-index.ts';
import { invalidate } from './read-api/invalidation.ts';

/** What the marketplace asks of the thread; every request is answered by a `Reply` with the same number. */
export type Request =
  | { readonly ask: 'status' }
  | { readonly ask: 'parked' }
  | { readonly ask: 'readers' }
  | { readonly ask: 'retry' | 'skip'; readonly projection: string; readonly key: string }
  | { readonly ask: 'rebuild'; readonly projections: readonly string[] }
  /** Whether analytics has come this far, or does so in time. */
  | { readonly ask: 'analytics'; readonly position: number; readonly milliseconds: number }
  | { readonly ask: 'close' };

export type ToThread =
  | { readonly kind: 'grown'; readonly head: number }
  | { readonly kind: 'request'; readonly n: number; readonly request: Request };

export type FromThread =
  | { readonly kind: 'ready' }
  | { readonly kind: 'advanced'; readonly position: number; readonly changed: ReadonlyMap<string, readonly string[]> }
  | { readonly kind: 'swapped'; readonly projection: string }
  | { readonly kind: 'progress'; readonly projection: string; readonly position: number; readonly head: number }
  | { readonly kind: 'error' | 'fenced'; readonly message: string }
  | { readonly kind: 'reply'; readonly n: number; readonly value?: unknown; readonly error?: string };

export interface ParkedRowStatus {
  readonly projection: string;
  readonly key: string;
  readonly firstPosition: number;
  readonly reason: string;
}
export type { ProjectionStatus };

/** Milliseconds that read models wait for a search engine elsewhere before they go on without it. */
const searchPatience = 1_000;

/** What the thread is started with. */
export interface ProjectorData {
  readonly role: 'projector';
  readonly config: Config;
  /** The embedded engine of analytics, which lives in the main thread: where it takes its facts. */
  readonly facts: MessagePort | null;
  /** The lease under which a database that others reach too is written. */
  readonly fence: { readonly name: string; readonly epoch: number } | null;
}

/** Runs in the worker thread until it is asked to close. */
export const runProjector = async ({ config, facts: factsPort, fence }: ProjectorData): Promise<void> => {
  const port = parentPort;
  if (!port) throw new Error('the projector runs in a worker thread');
  const tell = (message: FromThread) => port.postMessage(message);
  const onError = (error: Error) => tell({ kind: 'error', message: error.message });
  const connected = await connectProjections(config, { contract: eventContract, fence, onError });
  const { answers } = connected;
  // Whoever kept them before may have died between a commit and what follows from it.
  await answers?.invalidateAll();
  const analytics = await connectFacts(config, factsPort);
  const every = config.ANALYTICS_INTERVAL_SECONDS * 1_000;
  const facts = analytics && analyticsFollower({ analytics, log: connected.log, every, onError });
  const search = searchFollower({
    ...{ index: connected.searchIndex, writer: connected.tables, reader: connected.rows, logId: connected.log.logId, onError },
    ...(config.ELASTICSEARCH_URL && { patience: searchPatience }),
  });
  const projector = new Projector({
    ...connected,
    projections,
    followers: facts ? [search, facts] : [search],
    // What is kept of the rows elsewhere goes before anybody hears of the position, so that whoever waits for it finds nothing older.
    onAdvanced: async (position, changed) => {
      if (answers) await invalidate(answers, changed);
      await connected.reached?.tell(position);
      tell({ kind: 'advanced', position, changed });
    },
    onSwapped: (projection) => {
      void answers?.invalidateAll();
      tell({ kind: 'swapped', projection });
    },
    onProgress: (projection, position, head) => tell({ kind: 'progress', projection, position, head }),
    onError: (error) => {
      // A commit whose outcome was lost may have changed what nobody is told of.
      void answers?.invalidateAll();
      onError(error);
    },
    onFenced: ({ message }) => tell({ kind: 'fenced', message }),
  });

  const act = async (request: Request): Promise<unknown> => {
    switch (request.ask) {
      case 'status':
        return projector.status();
      case 'readers':
        return projector.readers();
      case 'parked':
        return projector.parked();
      case 'retry':
        return projector.retry(request.projection, request.key);
      case 'skip':
        return projector.skip(request.projection, request.key);
      case 'rebuild':
        return projector.rebuild(request.projections);
      case 'analytics':
        return facts ? facts.passed(request.position, request.milliseconds) : false;
      case 'close':
        await facts?.stop();
        await analytics?.close();
        await search.stop();
        await projector.close();
        await connected.close();
        return null;
      default:
        return request satisfies never;
    }
  };
  port.on('message', (message: ToThread) => {
    if (message.kind === 'grown') {
      connected.grown(message.head);
      return;
    }
    act(message.request).then(
      (value) => tell({ kind: 'reply', n: message.n, value }),
      (error: Error) => tell({ kind: 'reply', n: message.n, error: error.message }),
    );
  });
  await projector.start();
  tell({ kind: 'ready' });
};
