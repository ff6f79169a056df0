// The one command of search: building its index anew.
import { Hono } from 'hono';
import { z } from 'zod';
import { allow } from '../infra/http/policy.ts';
import { reply, type WriteEnv } from './http.ts';

const Reindexing = z.object({ status: z.literal('building') }).meta({ id: 'Reindexing' });

/** `reindex` answers when the new index is searched; nobody waits for that here. */
export const searchCommands = (reindex: () => Promise<unknown>, report: (error: Error) => void) => {
  let isRunning = false;
  return new Hono<WriteEnv>().post(
    '/admin/search/reindex',
    allow('ADMIN', {
      operation: 'reindexSearch',
      summary: 'Build the search index anew beside the one in use, and swap.',
      answer: Reindexing,
      status: 202,
      load: 'reports',
    }),
    (c) => {
      if (!isRunning) {
        isRunning = true;
        void reindex()
          .catch(report)
          .finally(() => {
            isRunning = false;
          });
      }
      const told = { status: 'building' } as const;
      const keyed = c.get('keyed');
      if (keyed) keyed.keep = JSON.stringify({ status: 202, body: JSON.stringify(told), headers: { 'content-type': 'application/json' } });
      return reply(c, 202, told);
    },
  );
};
