// Which server a test talks to: the one that EVENTSTORE_URL names, if it is set, else a stand-in of its own.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { binaryEvent, EventStoreDBClient, jsonEvent } from '@eventstore/db-client';
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

/** What other programs have left on the server: a stream in use, one that was deleted, one that was deleted for good, and bytes. */
const writeAsOthers = async (url: string) => {
  const client = EventStoreDBClient.connectionString`${url}`;
  const event = (n: number) => jsonEvent({ type: 'InvoiceSent', data: { n } });
  for (const name of ['in-use', 'deleted', 'ended']) await client.appendToStream(`billing-${name}`, [event(1), event(2)]);
  await client.deleteStream('billing-deleted');
  await client.tombstoneStream('billing-ended');
  await client.appendToStream('thumbnails', binaryEvent({ type: 'image', data: Buffer.from([0xff, 0xd8, 0xff]) }));
  await client.dispose();
};

export const openServer = async (): Promise<Opened> => {
  const real = process.env.EVENTSTORE_URL;
  if (real) return { url: real, faults: null, calls: null, close: async () => {} };
  const directory = await mkdtemp(join(tmpdir(), 'eventstore-'));
  const { url, faults, calls, close } = await startEventStoreStandIn({ directory });
  await writeAsOthers(url);
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
