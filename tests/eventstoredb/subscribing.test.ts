// Subscriptions: what was, then what comes, each event once and in order; filters, and how far a filtered subscription says it has come.
import { randomUUID } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import {
  type AllStreamSubscription,
  ErrorType,
  type EventStoreDBClient,
  eventTypeFilter,
  excludeSystemEvents,
  type Position,
  streamNameFilter,
} from '@eventstore/db-client';
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

/** Events of a type of their own, so that a subscription can be told from all else on the server. */
const written = async (count: number) => {
  const type = `test.${randomUUID()}`;
  const stream = newStream();
  const write = async (from: number, to: number) => {
    for (let n = from; n < to; n += 1) await append(client, stream, event(n, { type }), n === 0 ? 'no_stream' : BigInt(n - 1));
  };
  await write(0, count);
  return { type, stream, write };
};
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, n) => from + n);

describe('a subscription to $all', () => {
  it('brings what was and then what comes, once and in order', async () => {
    const { type, write } = await written(5);
    const subscription = client.subscribeToAll({ filter: eventTypeFilter({ prefixes: [type] }) });
    const found = collect(subscription, 20);
    await once(subscription, 'caughtUp');
    await write(5, 20);
    expect(numbers(await found)).toEqual(range(0, 20));
  });

  it('misses nothing that is written while it catches up', async () => {
    const { type, write } = await written(10);
    const writing = write(10, 60);
    const found = await collect(client.subscribeToAll({ filter: eventTypeFilter({ prefixes: [type] }) }), 60);
    await writing;
    expect(numbers(found)).toEqual(range(0, 60));
  });

  it('confirms itself, and has an id', async () => {
    const subscription = client.subscribeToAll();
    await once(subscription, 'confirmation');
    expect(subscription.id).toMatch(/^[0-9a-f-]{36}$/);
    await subscription.unsubscribe();
  });

  it('begins after the position that it names', async () => {
    const { type, stream } = await written(5);
    const read = await collect(client.readStream(stream));
    const subscription = client.subscribeToAll({ fromPosition: read[2]!.event!.position!, filter: eventTypeFilter({ prefixes: [type] }) });
    expect(numbers(await collect(subscription, 2))).toEqual([3, 4]);
  });

  it('from the end brings only what comes', async () => {
    const { type, write } = await written(5);
    const subscription = client.subscribeToAll({ fromPosition: 'end', filter: eventTypeFilter({ prefixes: [type] }) });
    const found = collect(subscription, 2);
    await once(subscription, 'caughtUp');
    await write(5, 7);
    expect(numbers(await found)).toEqual([5, 6]);
  });

  it('cannot begin where no event does', async () => {
    const { stream } = await written(2);
    const [first] = await collect(client.readStream(stream));
    const { commit, prepare } = first!.event!.position!;
    const subscription = client.subscribeToAll({ fromPosition: { commit: commit + 1n, prepare: prepare + 1n } });
    await expect(collect(subscription)).rejects.toMatchObject({
      message: expect.stringContaining('Trying to read from an invalid position.'),
    });
  });

  it('brings events of the server too, unless they are excluded', async () => {
    const { stream } = await written(1);
    const [first] = await collect(client.readStream(stream));
    const fromPosition = first!.event!.position!;
    await client.setStreamMetadata(stream, { maxCount: 9 }, { credentials });
    await append(client, stream, event(1), 0n);
    const [next] = await collect(client.subscribeToAll({ fromPosition }), 1);
    expect(next?.event?.streamId).toBe(`$$${stream}`);
    const [users] = await collect(client.subscribeToAll({ fromPosition, filter: excludeSystemEvents() }), 1);
    expect(users?.event).toMatchObject({ streamId: stream, revision: 1n });
  });

  it('can be told the names of streams by their beginning or by a pattern', async () => {
    const category = `c${randomUUID()}`;
    const [one, two] = [newStream(category), newStream(category)];
    await append(client, one, event(1), 'no_stream');
    await append(client, newStream(), event(2), 'no_stream');
    await append(client, two, event(3), 'no_stream');
    const byPrefix = client.subscribeToAll({ filter: streamNameFilter({ prefixes: [`${category}-`] }) });
    expect(numbers(await collect(byPrefix, 2))).toEqual([1, 3]);
    const byPattern = client.subscribeToAll({ filter: streamNameFilter({ regex: `^${two}$` }) });
    expect(numbers(await collect(byPattern, 1))).toEqual([3]);
  });

  it('serves many at a time', async () => {
    const { type, write } = await written(1);
    const subscriptions = range(0, 20).map(() => client.subscribeToAll({ filter: eventTypeFilter({ prefixes: [type] }) }));
    const found = subscriptions.map((subscription) => collect(subscription, 10));
    await Promise.all(subscriptions.map((subscription) => once(subscription, 'caughtUp')));
    await write(1, 10);
    for (const each of await Promise.all(found)) expect(numbers(each)).toEqual(range(0, 10));
  });

  it('waits for a client that takes its time, and loses nothing', async () => {
    const { type, stream } = await written(1);
    await append(
      client,
      stream,
      range(1, 3000).map((n) => event(n, { type })),
      0n,
    );
    const found: number[] = [];
    for await (const resolved of client.subscribeToAll({ filter: eventTypeFilter({ prefixes: [type] }) })) {
      if (found.length % 100 === 0) await new Promise(setImmediate);
      found.push(...numbers([resolved]));
      if (found.length === 3000) break;
    }
    expect(found).toEqual(range(0, 3000));
  });
});

describe('a checkpoint', () => {
  /** Follows events of no known type from here: all that comes is checkpoints. */
  const follow = async (fromPosition: Position, options: { maxSearchWindow?: number; checkpointInterval?: number }) => {
    const found: Position[] = [];
    const news = new EventEmitter();
    const checkpointReached = (_: AllStreamSubscription, position: Position) => {
      found.push(position);
      news.emit('checkpoint');
    };
    const filter = eventTypeFilter({ prefixes: [`none.${randomUUID()}`], checkpointReached, ...options });
    const subscription = client.subscribeToAll({ fromPosition, filter });
    subscription.resume();
    const reached = async (count: number) => {
      while (found.length < count) await once(news, 'checkpoint');
    };
    await once(subscription, 'caughtUp');
    return { found, reached, stop: () => subscription.unsubscribe() };
  };

  it('is told when the subscription has caught up, though no event was wanted', async () => {
    const { stream } = await written(5);
    const [first] = await collect(client.readStream(stream));
    const { found, reached, stop } = await follow(first!.event!.position!, {});
    await reached(1);
    expect(found).toHaveLength(1);
    await stop();
  });

  it('is told every so many windows, and a subscription from there misses nothing', async () => {
    const { stream, type } = await written(40);
    const read = await collect(client.readStream(stream));
    const { found, reached, stop } = await follow(read[0]!.event!.position!, { maxSearchWindow: 5, checkpointInterval: 2 });
    await reached(3);
    await stop();
    const commits = found.map(({ commit }) => commit);
    expect(commits).toEqual([...commits].sort((a, b) => Number(a - b)));
    for (const fromPosition of found) {
      const rest = read.filter(({ event: recorded }) => {
        const { commit, prepare } = recorded!.position!;
        return commit > fromPosition.commit || (commit === fromPosition.commit && prepare > fromPosition.prepare);
      });
      const again = client.subscribeToAll({ fromPosition, filter: eventTypeFilter({ prefixes: [type] }) });
      expect(numbers(await collect(again, rest.length))).toEqual(numbers(rest));
    }
  });

  it('can stand before the event at its commit position: then its prepare position is lower', async () => {
    const { stream } = await written(40);
    const read = await collect(client.readStream(stream));
    const { found, reached, stop } = await follow(read[0]!.event!.position!, { maxSearchWindow: 5, checkpointInterval: 2 });
    await reached(3);
    await stop();
    const places = new Set(read.map(({ event: recorded }) => recorded!.position!.commit));
    const between = found.filter(({ commit, prepare }) => prepare < commit);
    expect(between.length).toBeGreaterThan(0);
    expect(between.some(({ commit }) => places.has(commit))).toBe(true);
  });

  it('is told while events come, too', async () => {
    const { stream, write } = await written(2);
    const [first] = await collect(client.readStream(stream));
    const { reached, stop } = await follow(first!.event!.position!, { maxSearchWindow: 4, checkpointInterval: 1 });
    await reached(1);
    await write(2, 10);
    await reached(3);
    await stop();
  });
});

describe('a subscription to a stream', () => {
  it('brings what was and then what comes', async () => {
    const { stream, write } = await written(3);
    const subscription = client.subscribeToStream(stream);
    const found = collect(subscription, 6);
    await once(subscription, 'caughtUp');
    await write(3, 6);
    expect(numbers(await found)).toEqual(range(0, 6));
  });

  it('begins after the revision that it names', async () => {
    const { stream } = await written(5);
    expect(revisions(await collect(client.subscribeToStream(stream, { fromRevision: 2n }), 2))).toEqual([3n, 4n]);
  });

  it('from the end brings only what comes', async () => {
    const { stream, write } = await written(3);
    const subscription = client.subscribeToStream(stream, { fromRevision: 'end' });
    const found = collect(subscription, 1);
    await once(subscription, 'caughtUp');
    await write(3, 4);
    expect(numbers(await found)).toEqual([3]);
  });

  it('can wait for a stream that is not there yet', async () => {
    const stream = newStream();
    const subscription = client.subscribeToStream(stream);
    const found = collect(subscription, 2);
    await once(subscription, 'caughtUp');
    await append(client, stream, events(2), 'no_stream');
    expect(numbers(await found)).toEqual([0, 1]);
  });

  it('ends when the stream is tombstoned', async () => {
    const { stream } = await written(1);
    const subscription = client.subscribeToStream(stream);
    const found: string[] = [];
    const reading = (async () => {
      for await (const { event: recorded } of subscription) found.push(recorded!.type);
    })();
    const ended = expect(reading).rejects.toMatchObject({ type: ErrorType.STREAM_DELETED, streamName: stream });
    await once(subscription, 'caughtUp');
    await client.tombstoneStream(stream);
    await ended;
    expect(found.at(-1)).toBe('$streamDeleted');
  });

  it('of a tombstoned stream is refused', async () => {
    const { stream } = await written(1);
    await client.tombstoneStream(stream);
    await expect(collect(client.subscribeToStream(stream))).rejects.toMatchObject({ type: ErrorType.STREAM_DELETED });
  });
});
