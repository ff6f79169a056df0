// The one command of search: building its index anew.
import { Hono } from 'hono';
import { allow } from '../infra/http/policy.ts';
import type { WriteEnv } from './http.ts';

/** `reindex` answers when the new index is searched; nobody waits for that here. */
export const searchCommands = (reindex: () => Promise<unknown>, report: (error: Error) => void) => {
  let isRunning = false;
  return new Hono<WriteEnv>().post(
    '/admin/search/reindex',
    allow('ADMIN', { summary: 'Build the search index anew beside the one in use, and swap.', status: 202, load: 'reports' }),
    (c) => {
      if (!isRunning) {
        isRunning = true;
        void reindex()
          .catch(report)
          .finally(() => {
            isRunning = false;
          });
      }
      const told = JSON.stringify({ status: 'building' });
      const headers = { 'content-type': 'application/json' };
      const keyed = c.get('keyed');
      if (keyed) keyed.keep = JSON.stringify({ status: 202, body: told, headers });
      return c.body(told, 202, headers);
    },
  );
};
