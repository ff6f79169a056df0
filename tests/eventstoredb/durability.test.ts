// What was acknowledged is there after a restart, also if the process was killed; what was half written is gone as a whole.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, stat, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { ErrorType, type EventStoreDBClient, type Position } from '@eventstore/db-client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { append, collect, connect, credentials, event, events, newStream, numbers, revisions } from './client.ts';
import { startEventStoreStandIn } from './stand-in.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'eventstore-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

/** Does some work with a stand-in of this folder. */
const session = async <T>(work: (client: EventStoreDBClient) => Promise<T>, end: 'close' | 'kill' = 'close'): Promise<T> => {
  const standIn = await startEventStoreStandIn({ directory });
  const client = connect(standIn.url);
  try {
    return await work(client);
  } finally {
    await client.dispose();
    await standIn[end]();
  }
};

describe('after a restart', () => {
  it('every event is where it was', async () => {
    const before = await session(async (client) => {
      for (const stream of [newStream(), newStream()]) await append(client, stream, events(3), 'no_stream');
      return collect(client.readAll());
    });
    expect(await session((client) => collect(client.readAll()))).toEqual(before);
  });

  it('revisions, repeats, metadata and deletions are known', async () => {
    const [stream, cut, deleted, ended] = [newStream(), newStream(), newStream(), newStream()];
    const written = events(3);
    const answer = await session(async (client) => {
      for (const each of [cut, deleted, ended]) await append(client, each, events(3), 'no_stream');
      await client.setStreamMetadata(cut, { truncateBefore: 2 }, { credentials });
      await client.deleteStream(deleted);
      await client.tombstoneStream(ended);
      return append(client, stream, written, 'no_stream');
    });
    await session(async (client) => {
      expect(await append(client, stream, written, 'no_stream')).toEqual(answer);
      expect(await append(client, stream, event(3), 2n)).toMatchObject({ nextExpectedRevision: 3n });
      expect(numbers(await collect(client.readStream(cut)))).toEqual([2]);
      await expect(collect(client.readStream(deleted))).rejects.toMatchObject({ type: ErrorType.STREAM_NOT_FOUND });
      await expect(collect(client.readStream(ended))).rejects.toMatchObject({ type: ErrorType.STREAM_DELETED });
    });
  });

  it('ids are not known any more without an exact revision, as on the server', async () => {
    const stream = newStream();
    const written = event(1);
    await session((client) => append(client, stream, written, 'any'));
    expect(await session((client) => append(client, stream, written, 'any'))).toMatchObject({ nextExpectedRevision: 1n });
  });

  it('an append that was half written is gone as a whole, and the next one takes its place', async () => {
    const stream = newStream();
    const path = join(directory, 'events.log');
    await session((client) => append(client, stream, events(2), 'no_stream'));
    const { size } = await stat(path);
    await session((client) => append(client, stream, events(3), 1n));
    await truncate(path, (await stat(path)).size - 1);
    await session(async (client) => {
      expect(numbers(await collect(client.readStream(stream)))).toEqual([0, 1]);
      expect(await append(client, stream, event(9), 1n)).toMatchObject({ nextExpectedRevision: 2n, position: { commit: BigInt(size) } });
    });
  });

  it('an acknowledged append is there, though the stand-in was torn down', async () => {
    const stream = newStream();
    await session((client) => append(client, stream, events(2), 'no_stream'), 'kill');
    expect(numbers(await session((client) => collect(client.readStream(stream))))).toEqual([0, 1]);
  });
});

describe('as a process of its own', () => {
  const start = async (): Promise<{ child: ChildProcess; url: string }> => {
    const main = join(import.meta.dirname, 'main.ts');
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', main], {
      env: { ...process.env, DIRECTORY: directory, PORT: '0' },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [url] = await once(createInterface({ input: child.stdout! }), 'line');
    return { child, url: String(url) };
  };
  const end = async (child: ChildProcess, signal: NodeJS.Signals) => {
    const exited = once(child, 'exit');
    child.kill(signal);
    return exited;
  };

  it('it loses nothing that it acknowledged when it is killed amid appends', async () => {
    const first = await start();
    const acknowledged = new Map<string, Position[]>();
    const writing = connect(first.url);
    const enough = Promise.withResolvers<void>();
    let count = 0;
    const writers = Array.from({ length: 8 }, async () => {
      const stream = newStream();
      const positions: Position[] = [];
      acknowledged.set(stream, positions);
      for (;;) {
        const { position } = await append(
          writing,
          stream,
          event(positions.length),
          positions.length === 0 ? 'no_stream' : BigInt(positions.length - 1),
        );
        positions.push(position!);
        count += 1;
        if (count === 200) enough.resolve();
      }
    });
    const broken = Promise.allSettled(writers);
    await enough.promise;
    await end(first.child, 'SIGKILL');
    await broken;
    await writing.dispose();

    const second = await start();
    const client = connect(second.url);
    for (const [stream, positions] of acknowledged) {
      const read = await collect(client.readStream(stream));
      expect(read.length).toBeGreaterThanOrEqual(positions.length);
      expect(read.length).toBeLessThanOrEqual(positions.length + 1);
      expect(revisions(read)).toEqual(read.map((_, n) => BigInt(n)));
      expect(read.slice(0, positions.length).map(({ event: recorded }) => recorded?.position)).toEqual(positions);
    }
    await client.dispose();
    expect(await end(second.child, 'SIGTERM')).toEqual([0, null]);
  });
});
