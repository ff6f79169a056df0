// Reading: streams and $all, both ways, from where one says and not more than one asks for.
import { randomUUID } from 'node:crypto';
import { ErrorType, type EventStoreDBClient } from '@eventstore/db-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { append, collect, connect, credentials, event, events, newStream, numbers, positions, revisions } from './client.ts';
import { type Opened, openServer } from './server.ts';

let server: Opened;
let client: EventStoreDBClient;
beforeAll(async () => {
  server = await openServer();
  client = connect(server.url);
});
afterAll(async () => {
  await client.dispose();
  await server.close();
});

const written = async (count: number) => {
  const stream = newStream();
  await append(client, stream, events(count), 'no_stream');
  return stream;
};

describe('a stream', () => {
  it('is read forwards from its start', async () => {
    expect(numbers(await collect(client.readStream(await written(5))))).toEqual([0, 1, 2, 3, 4]);
  });

  it('is read from a revision on, which is included', async () => {
    const stream = await written(5);
    expect(revisions(await collect(client.readStream(stream, { fromRevision: 3n })))).toEqual([3n, 4n]);
  });

  it('is read backwards from its end', async () => {
    const stream = await written(5);
    expect(numbers(await collect(client.readStream(stream, { direction: 'backwards', fromRevision: 'end' })))).toEqual([4, 3, 2, 1, 0]);
  });

  it('is read backwards from a revision, which is included, and from one that is yet to come', async () => {
    const stream = await written(5);
    const from = async (fromRevision: bigint) =>
      numbers(await collect(client.readStream(stream, { direction: 'backwards', fromRevision })));
    expect(await from(2n)).toEqual([2, 1, 0]);
    expect(await from(9n)).toEqual([4, 3, 2, 1, 0]);
  });

  it('is read only as far as asked', async () => {
    const stream = await written(5);
    expect(numbers(await collect(client.readStream(stream, { maxCount: 2 })))).toEqual([0, 1]);
    expect(numbers(await collect(client.readStream(stream, { maxCount: 1, direction: 'backwards', fromRevision: 'end' })))).toEqual([4]);
  });

  it('has nothing behind its end', async () => {
    expect(await collect(client.readStream(await written(5), { fromRevision: 5n }))).toEqual([]);
  });

  it('that nobody wrote is not found', async () => {
    const streamName = newStream();
    await expect(collect(client.readStream(streamName))).rejects.toMatchObject({ type: ErrorType.STREAM_NOT_FOUND, streamName });
  });

  it('is read whole, however long it is', async () => {
    const stream = newStream();
    for (let n = 0; n < 2000; n += 500) await append(client, stream, events(500), n === 0 ? 'no_stream' : BigInt(n - 1));
    expect(revisions(await collect(client.readStream(stream)))).toEqual(Array.from({ length: 2000 }, (_, n) => BigInt(n)));
  });

  it('may have a name and a body in any script', async () => {
    const stream = newStream('toko-бапак-商店');
    await append(client, stream, event(1, { type: 'test.日本' }), 'no_stream');
    const [read] = await collect(client.readStream(stream));
    expect(read?.event).toMatchObject({ streamId: stream, type: 'test.日本' });
  });
});

describe('$all', () => {
  /** Three streams written in turn, and the position of their first event. */
  const three = async () => {
    const streams = [newStream(), newStream(), newStream()];
    for (const stream of streams) await append(client, stream, events(2), 'no_stream');
    const [first] = await collect(client.readStream(streams[0]!));
    return { streams, from: first!.event!.position! };
  };
  const ofThese = (streams: string[], read: Awaited<ReturnType<typeof collect<{ event?: { streamId: string } }>>>) =>
    read.map(({ event: recorded }) => recorded!.streamId).filter((stream) => streams.includes(stream));

  it('has every event in the order of the log, at rising positions with gaps', async () => {
    const { streams, from } = await three();
    const read = await collect(client.readAll({ fromPosition: from }));
    expect(ofThese(streams, read)).toEqual(streams.flatMap((stream) => [stream, stream]));
    const places = positions(read).map(Number);
    expect(places).toEqual([...places].sort((a, b) => a - b));
    expect(places.some((place, index) => index > 0 && place - places[index - 1]! > 1)).toBe(true);
    expect(read.every(({ commitPosition, event: recorded }) => commitPosition === recorded?.position?.commit)).toBe(true);
  });

  it('is read forwards from a position, which is included', async () => {
    const { streams, from } = await three();
    const [read] = await collect(client.readAll({ fromPosition: from, maxCount: 1 }));
    expect(read?.event).toMatchObject({ streamId: streams[0], revision: 0n, position: from });
  });

  it('is read backwards from a position, which is not included', async () => {
    const { streams } = await three();
    const [, second] = await collect(client.readStream(streams[1]!));
    const [read] = await collect(client.readAll({ fromPosition: second!.event!.position!, direction: 'backwards', maxCount: 1 }));
    expect(read?.event).toMatchObject({ streamId: streams[1], revision: 0n });
  });

  it('is read backwards from its end', async () => {
    const { streams } = await three();
    const read = await collect(client.readAll({ fromPosition: 'end', direction: 'backwards', maxCount: 200 }));
    expect(ofThese(streams, read)).toEqual([...streams].reverse().flatMap((stream) => [stream, stream]));
  });

  it('begins with events of the server', async () => {
    const [first] = await collect(client.readAll({ maxCount: 1 }));
    expect(first?.event?.streamId).toMatch(/^\$/);
  });

  it('has nothing behind its end', async () => {
    const far = { commit: 2n ** 52n, prepare: 2n ** 52n };
    expect(await collect(client.readAll({ fromPosition: far }))).toEqual([]);
  });

  it('cannot be read from where no event begins', async () => {
    const { from } = await three();
    const between = { commit: from.commit + 1n, prepare: from.prepare + 1n };
    await expect(collect(client.readAll({ fromPosition: between }))).rejects.toMatchObject({ type: ErrorType.UNKNOWN });
  });

  it('has no event for an append of nothing, though it takes a position', async () => {
    const stream = newStream();
    const nothing = await append(client, stream, [], 'no_stream');
    const something = await append(client, stream, event(1), 'no_stream');
    expect(Number(something.position?.commit)).toBeGreaterThan(Number(nothing.position?.commit));
    const read = await collect(client.readAll({ fromPosition: nothing.position! }));
    expect(positions(read.filter(({ event: recorded }) => recorded?.streamId === stream))).toEqual([something.position?.commit]);
  });
});

describe('two thousand events', () => {
  it('are all there, page after page', async () => {
    const stream = newStream();
    const run = randomUUID();
    for (let n = 0; n < 2000; n += 500)
      await append(
        client,
        stream,
        Array.from({ length: 500 }, (_, i) => event(n + i, { type: run })),
        n === 0 ? 'no_stream' : BigInt(n - 1),
      );
    const [first] = await collect(client.readStream(stream, { maxCount: 1 }));
    const read = await collect(client.readAll({ fromPosition: first!.event!.position!, credentials }));
    expect(numbers(read.filter(({ event: recorded }) => recorded?.type === run))).toEqual(Array.from({ length: 2000 }, (_, n) => n));
  });
});
