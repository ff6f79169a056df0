// What becomes of a stream that was deleted for now, deleted for ever, or cut by its metadata.
import { ErrorType, type EventStoreDBClient } from '@eventstore/db-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { append, collect, connect, credentials, event, events, newStream, numbers, revisions } from './client.ts';
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
const gone = { type: ErrorType.STREAM_DELETED };
const missing = { type: ErrorType.STREAM_NOT_FOUND };

describe('a deleted stream', () => {
  it('cannot be found', async () => {
    const stream = await written(3);
    const { position } = await client.deleteStream(stream, { expectedRevision: 2n });
    expect(position?.commit).toBeTypeOf('bigint');
    await expect(collect(client.readStream(stream))).rejects.toMatchObject(missing);
  });

  it('can be written again as if it were new, and its revisions go on', async () => {
    const stream = await written(3);
    await client.deleteStream(stream);
    expect(await append(client, stream, event(9), 'no_stream')).toMatchObject({ nextExpectedRevision: 3n });
    expect(revisions(await collect(client.readStream(stream)))).toEqual([3n]);
  });

  it('can be written again at its last revision, and at any', async () => {
    const [exact, any] = [await written(3), await written(3)];
    await client.deleteStream(exact);
    await client.deleteStream(any);
    expect(await append(client, exact, event(9), 2n)).toMatchObject({ nextExpectedRevision: 3n });
    expect(await append(client, any, event(9), 'any')).toMatchObject({ nextExpectedRevision: 3n });
    expect(numbers(await collect(client.readStream(exact)))).toEqual([9]);
  });

  it('does not exist', async () => {
    const stream = await written(3);
    await client.deleteStream(stream);
    await expect(append(client, stream, event(9), 'stream_exists')).rejects.toMatchObject({ ...gone, streamName: stream });
  });

  it('still knows a repeat of its first events', async () => {
    const stream = newStream();
    const first = events(2);
    await append(client, stream, first, 'no_stream');
    await client.deleteStream(stream);
    expect(await append(client, stream, first, 'no_stream')).toMatchObject({ nextExpectedRevision: 1n });
    await expect(collect(client.readStream(stream))).rejects.toMatchObject(missing);
  });

  it('is not deleted at a wrong revision', async () => {
    const stream = await written(3);
    await expect(client.deleteStream(stream, { expectedRevision: 0n })).rejects.toMatchObject({
      type: ErrorType.WRONG_EXPECTED_VERSION,
      streamName: stream,
      expectedVersion: 0n,
      actualVersion: 2n,
    });
  });

  it('must have been there', async () => {
    await expect(client.deleteStream(newStream())).rejects.toMatchObject({ type: ErrorType.WRONG_EXPECTED_VERSION });
  });
});

describe('a tombstoned stream', () => {
  it('can neither be read nor written nor deleted', async () => {
    const stream = await written(3);
    await client.tombstoneStream(stream);
    await expect(collect(client.readStream(stream))).rejects.toMatchObject({ ...gone, streamName: stream });
    for (const expected of ['any', 'no_stream', 'stream_exists', 2n] as const)
      await expect(append(client, stream, event(9), expected)).rejects.toMatchObject({ ...gone, streamName: stream });
    await expect(client.deleteStream(stream)).rejects.toMatchObject(gone);
    await expect(client.tombstoneStream(stream)).rejects.toMatchObject(gone);
  });

  it('refuses even a repeat', async () => {
    const stream = newStream();
    const first = event(1);
    await append(client, stream, first, 'no_stream');
    await client.tombstoneStream(stream);
    await expect(append(client, stream, first, 'no_stream')).rejects.toMatchObject(gone);
  });

  it('ends with an event of the server in $all', async () => {
    const stream = await written(1);
    const [first] = await collect(client.readStream(stream));
    await client.tombstoneStream(stream, { expectedRevision: 0n });
    const all = await collect(client.readAll({ fromPosition: first!.event!.position! }));
    const types = all.filter(({ event: recorded }) => recorded?.streamId === stream).map(({ event: recorded }) => recorded?.type);
    expect(types).toEqual(['test.happened', '$streamDeleted']);
  });

  it('need not have been there', async () => {
    const stream = newStream();
    await client.tombstoneStream(stream);
    await expect(append(client, stream, event(0), 'no_stream')).rejects.toMatchObject(gone);
  });
});

describe('metadata', () => {
  it('is read back as it was set', async () => {
    const stream = newStream();
    await client.setStreamMetadata(stream, { maxCount: 5, colour: 'blue' }, { credentials });
    expect((await client.getStreamMetadata(stream)).metadata).toEqual({ maxCount: 5, colour: 'blue' });
  });

  it('is nothing where none was set', async () => {
    expect(await client.getStreamMetadata(newStream())).not.toHaveProperty('metadata');
  });

  it('hides what lies before its truncation', async () => {
    const stream = await written(5);
    await client.setStreamMetadata(stream, { truncateBefore: 3 }, { credentials });
    expect(numbers(await collect(client.readStream(stream)))).toEqual([3, 4]);
    expect(numbers(await collect(client.readStream(stream, { direction: 'backwards', fromRevision: 'end' })))).toEqual([4, 3]);
  });

  it('hides more than it may hold', async () => {
    const stream = await written(5);
    await client.setStreamMetadata(stream, { maxCount: 2 }, { credentials });
    expect(numbers(await collect(client.readStream(stream)))).toEqual([3, 4]);
  });

  it('of a stream is a stream of which only the newest event shows', async () => {
    const stream = newStream();
    await client.setStreamMetadata(stream, { maxCount: 5 }, { credentials });
    await client.setStreamMetadata(stream, { maxCount: 6 }, { credentials });
    expect(revisions(await collect(client.readStream(`$$${stream}`)))).toEqual([1n]);
  });

  it('set on a deleted stream lets it begin anew', async () => {
    const stream = await written(3);
    await client.deleteStream(stream);
    await client.setStreamMetadata(stream, { colour: 'blue' }, { credentials });
    expect((await client.getStreamMetadata(stream)).metadata).toEqual({ colour: 'blue', truncateBefore: 3 });
  });

  it('makes an event of the server in $all', async () => {
    const stream = await written(1);
    const [first] = await collect(client.readStream(stream));
    await client.setStreamMetadata(stream, { maxCount: 5 }, { credentials });
    const all = await collect(client.readAll({ fromPosition: first!.event!.position! }));
    expect(all.find(({ event: recorded }) => recorded?.streamId === `$$${stream}`)?.event).toMatchObject({ type: '$metadata' });
  });
});
