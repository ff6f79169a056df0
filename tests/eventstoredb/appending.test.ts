// What an append must name, and when a repeat is known as one: every row of the server's rules.
import { randomUUID } from 'node:crypto';
import { ErrorType, type EventStoreDBClient, jsonEvent } from '@eventstore/db-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { append, collect, connect, credentials, event, events, newStream, numbers, positions } from './client.ts';
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

const wrong = (actualVersion: bigint | 'no_stream') => ({ type: ErrorType.WRONG_EXPECTED_VERSION, actualVersion });
const length = async (stream: string) => (await collect(client.readStream(stream))).length;

describe('an append', () => {
  it('to a new stream begins at revision 0', async () => {
    const stream = newStream();
    expect(await append(client, stream, event(0), 'no_stream')).toMatchObject({ success: true, nextExpectedRevision: 0n });
  });

  it('answers the last revision and the position of the last event', async () => {
    const stream = newStream();
    const answer = await append(client, stream, events(3), 'no_stream');
    const read = await collect(client.readStream(stream));
    expect(answer.nextExpectedRevision).toBe(2n);
    expect(answer.position?.commit).toBe(positions(read).at(-1));
    expect(answer.position?.prepare).toBe(answer.position?.commit);
  });

  it('at the exact revision goes on', async () => {
    const stream = newStream();
    await append(client, stream, events(2), 'no_stream');
    expect(await append(client, stream, event(2), 1n)).toMatchObject({ nextExpectedRevision: 2n });
  });

  it('keeps data, metadata, id and type', async () => {
    const stream = newStream();
    const written = event(7, { type: 'test.kept' });
    await append(client, stream, written, 'no_stream');
    const [read] = await collect(client.readStream(stream));
    expect(read?.event).toMatchObject({
      id: written.id,
      type: 'test.kept',
      streamId: stream,
      isJson: true,
      data: { n: 7 },
      metadata: { note: 'note 7' },
    });
  });

  it('of nothing succeeds at the end of the stream', async () => {
    const stream = newStream();
    await append(client, stream, events(2), 'no_stream');
    expect(await append(client, stream, [], 1n)).toMatchObject({ success: true, nextExpectedRevision: 1n });
    expect(await length(stream)).toBe(2);
  });

  it('of nothing behind the end is refused', async () => {
    const stream = newStream();
    await append(client, stream, events(2), 'no_stream');
    await expect(append(client, stream, [], 0n)).rejects.toMatchObject(wrong(1n));
  });
});

describe('a wrong revision', () => {
  it('too low is told the current one', async () => {
    const stream = newStream();
    await append(client, stream, events(3), 'no_stream');
    await expect(append(client, stream, event(9), 0n)).rejects.toMatchObject({ ...wrong(2n), expectedVersion: 0n, streamName: stream });
  });

  it('too high is told the current one', async () => {
    const stream = newStream();
    await append(client, stream, events(3), 'no_stream');
    await expect(append(client, stream, event(9), 7n)).rejects.toMatchObject(wrong(2n));
  });

  it('of a stream that is not there is told so', async () => {
    await expect(append(client, newStream(), event(9), 0n)).rejects.toMatchObject(wrong('no_stream'));
  });

  it('no stream, where there is one, is told the current one', async () => {
    const stream = newStream();
    await append(client, stream, events(3), 'no_stream');
    await expect(append(client, stream, event(9), 'no_stream')).rejects.toMatchObject({ ...wrong(2n), expectedVersion: 'no_stream' });
  });

  it('some stream, where there is none, is refused', async () => {
    await expect(append(client, newStream(), event(9), 'stream_exists')).rejects.toMatchObject(wrong('no_stream'));
  });

  it('some stream, where there is only metadata, is accepted', async () => {
    const stream = newStream();
    await client.setStreamMetadata(stream, { maxCount: 10 }, { credentials });
    expect(await append(client, stream, event(0), 'stream_exists')).toMatchObject({ nextExpectedRevision: 0n });
  });

  it('lets one of two writers win', async () => {
    const stream = newStream();
    const both = await Promise.allSettled([append(client, stream, event(1), 'no_stream'), append(client, stream, event(2), 'no_stream')]);
    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(await length(stream)).toBe(1);
  });
});

describe('a repeat at an exact revision', () => {
  it('is answered as the first attempt was, and writes nothing', async () => {
    const stream = newStream();
    const written = events(3);
    await append(client, stream, event(0), 'no_stream');
    const first = await append(client, stream, written, 0n);
    await append(client, stream, event(9), 3n);
    expect(await append(client, stream, written, 0n)).toEqual(first);
    expect(await length(stream)).toBe(5);
  });

  it('of no stream too', async () => {
    const stream = newStream();
    const written = events(2);
    const first = await append(client, stream, written, 'no_stream');
    await append(client, stream, event(9), 1n);
    expect(await append(client, stream, written, 'no_stream')).toEqual(first);
  });

  it('compares ids alone: other bytes under the same id are a repeat', async () => {
    const stream = newStream();
    const id = randomUUID();
    const first = await append(client, stream, event(1, { id }), 'no_stream');
    expect(await append(client, stream, event(2, { id, type: 'test.other' }), 'no_stream')).toEqual(first);
    expect(numbers(await collect(client.readStream(stream)))).toEqual([1]);
  });

  it('of the first part of an append is a repeat of that part', async () => {
    const stream = newStream();
    const written = events(3);
    await append(client, stream, written, 'no_stream');
    const [first] = await collect(client.readStream(stream));
    expect(await append(client, stream, written.slice(0, 1), 'no_stream')).toMatchObject({
      nextExpectedRevision: 0n,
      position: first?.event?.position,
    });
  });

  it('of which only the first events stand there is refused', async () => {
    const stream = newStream();
    const written = events(2);
    await append(client, stream, written, 'no_stream');
    await expect(append(client, stream, [...written, event(9)], 'no_stream')).rejects.toMatchObject(wrong(1n));
    await expect(append(client, stream, [written[0]!, event(9)], 'no_stream')).rejects.toMatchObject(wrong(1n));
  });

  it('of which only the later events stand there is refused', async () => {
    const stream = newStream();
    const written = events(2);
    await append(client, stream, written, 'no_stream');
    await expect(append(client, stream, [event(9), written[1]!], 'no_stream')).rejects.toMatchObject(wrong(1n));
  });

  it('that names another revision than the first attempt is refused', async () => {
    const stream = newStream();
    const written = events(2);
    await append(client, stream, event(0), 'no_stream');
    await append(client, stream, written, 0n);
    await expect(append(client, stream, written, 'no_stream')).rejects.toMatchObject(wrong(2n));
    await expect(append(client, stream, written, 1n)).rejects.toMatchObject(wrong(2n));
  });

  it('that names the end of the stream is written a second time', async () => {
    const stream = newStream();
    const written = event(1);
    await append(client, stream, written, 'no_stream');
    expect(await append(client, stream, written, 0n)).toMatchObject({ nextExpectedRevision: 1n });
    expect(await length(stream)).toBe(2);
  });

  it('in another stream is no repeat', async () => {
    const written = event(1);
    await append(client, newStream(), written, 'no_stream');
    for (const expected of ['no_stream', 'any'] as const) {
      const other = newStream();
      expect(await append(client, other, written, expected)).toMatchObject({ nextExpectedRevision: 0n });
      expect(await length(other)).toBe(1);
    }
  });

  it('that runs together with the first attempt takes effect once', async () => {
    const stream = newStream();
    const written = events(2);
    const twice = await Promise.allSettled([append(client, stream, written, 'no_stream'), append(client, stream, written, 'no_stream')]);
    const again = await append(client, stream, written, 'no_stream');
    // The second is dropped while the first is being written, and times out.
    for (const one of twice) {
      if (one.status === 'fulfilled') expect(one.value).toEqual(again);
      else expect(one.reason).toMatchObject({ type: ErrorType.TIMEOUT });
    }
    expect(twice.map(({ status }) => status)).toContain('fulfilled');
    expect(await length(stream)).toBe(2);
  });
});

describe('a repeat at any revision', () => {
  it('is known by its ids', async () => {
    const stream = newStream();
    const written = events(2);
    const first = await append(client, stream, written, 'any');
    await append(client, stream, event(9), 1n);
    expect(await append(client, stream, written, 'any')).toEqual(first);
    expect(await append(client, stream, written, 'stream_exists')).toEqual(first);
    expect(await length(stream)).toBe(3);
  });

  it('of which a later event is new is refused', async () => {
    const stream = newStream();
    const written = events(2);
    await append(client, stream, written, 'any');
    await expect(append(client, stream, [written[0]!, event(9)], 'any')).rejects.toMatchObject(wrong(1n));
    await expect(append(client, stream, [written[0]!, event(9), written[1]!], 'any')).rejects.toMatchObject(wrong(1n));
  });

  it('of which the first event is new is written', async () => {
    const stream = newStream();
    const written = events(2);
    await append(client, stream, written, 'any');
    expect(await append(client, stream, [event(9), written[1]!], 'any')).toMatchObject({ nextExpectedRevision: 3n });
  });
});

describe('the size of an append', () => {
  // The server counts the data alone, which are a text in quotes here.
  const sized = (bytes: number) =>
    jsonEvent({ type: 'a.type.of.some.length', data: 'x'.repeat(bytes - 2), metadata: { note: 'n'.repeat(1000) } });
  const limit = 1024 * 1024;

  it('may be 1 MiB', async () => {
    const answer = await client.appendToStream(newStream(), sized(limit), { expectedRevision: 'no_stream', credentials });
    expect(answer.success).toBe(true);
  });

  it('may not be more, over all events together', async () => {
    const stream = newStream();
    const halves = [sized(limit / 2), sized(limit / 2 + 1)];
    await expect(client.appendToStream(stream, halves, { expectedRevision: 'no_stream', credentials })).rejects.toMatchObject({
      type: ErrorType.MAXIMUM_APPEND_SIZE_EXCEEDED,
      maxAppendSize: limit,
    });
    await expect(collect(client.readStream(stream))).rejects.toMatchObject({ type: ErrorType.STREAM_NOT_FOUND });
  });
});

describe('without credentials the client appends in batches', () => {
  it('which obey the same rules', async () => {
    const stream = newStream();
    const written = event(1);
    const first = await client.appendToStream(stream, written, { expectedRevision: 'no_stream' });
    expect(first).toMatchObject({ success: true, nextExpectedRevision: 0n });
    expect(await client.appendToStream(stream, written, { expectedRevision: 'no_stream' })).toEqual(first);
    await expect(client.appendToStream(stream, event(2), { expectedRevision: 5n })).rejects.toMatchObject(wrong(0n));
    await client.tombstoneStream(stream);
    await expect(client.appendToStream(stream, event(2))).rejects.toMatchObject({ type: ErrorType.STREAM_DELETED, streamName: stream });
  });
});
