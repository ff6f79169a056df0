// The feed straight from the embedded log keeps what every feed promises.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { testContract } from '../event-store/contract.ts';
import { createSqliteEventStore } from '../event-store/sqlite.ts';
import { eventFeedContract } from './contract.ts';
import { createLogFeed } from './log.ts';

eventFeedContract('the embedded log', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'feed-'));
  const store = await createSqliteEventStore({ file: join(directory, 'log.db'), contract: testContract });
  return {
    store,
    feed: createLogFeed(store),
    async close() {
      await store.close();
      await rm(directory, { recursive: true });
    },
  };
});
