// Which server a test talks to: the one that EVENTSTORE_URL names, if it is set, else a stand-in of its own.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Calls, Faults } from './faults.ts';
import { startEventStoreStandIn } from './stand-in.ts';

export interface Opened {
  url: string;
  /** null: a real server cannot be made to err. */
  faults: Faults | null;
  /** null: a real server does not count for us. */
  calls: Readonly<Calls> | null;
  close(): Promise<void>;
}

export const openServer = async (): Promise<Opened> => {
  const real = process.env.EVENTSTORE_URL;
  if (real) return { url: real, faults: null, calls: null, close: async () => {} };
  const directory = await mkdtemp(join(tmpdir(), 'eventstore-'));
  const { url, faults, calls, close } = await startEventStoreStandIn({ directory });
  return {
    url,
    faults,
    calls,
    close: async () => {
      await close();
      await rm(directory, { recursive: true, force: true });
    },
  };
};
