// What goes wrong on request, as the official client tells it; and what is counted.
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ErrorType, type EventStoreDBClient } from '@eventstore/db-client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { append, collect, connect, credentials, event, events, newStream, numbers } from './client.ts';
import { type EventStoreStandIn, startEventStoreStandIn } from './stand-in.ts';

let directory: string;
let standIn: EventStoreStandIn;
let client: EventStoreDBClient;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'eventstore-'));
  standIn = await startEventStoreStandIn({ directory });
  client = connect(standIn.url);
});
afterEach(async () => {
  await client.dispose();
  await standIn.close();
  await rm(directory, { recursive: true, force: true });
});

describe('a lost reply', () => {
  it('leaves the writer in doubt, and the events durable: a repeat tells', async () => {
    const stream = newStream();
    const written = events(2);
    standIn.faults.loseNextReply();
    await expect(append(client, stream, written, 'no_stream')).rejects.toMatchObject({ type: ErrorType.UNAVAILABLE });
    expect(await append(client, stream, written, 'no_stream')).toMatchObject({ success: true, nextExpectedRevision: 1n });
    expect(numbers(await collect(client.readStream(stream)))).toEqual([0, 1]);
  });

  it('can be one that never comes', async () => {
    const stream = newStream();
    const written = event(1);
    // The connection stands already: the call must reach the server within its deadline.
    await append(client, newStream(), event(0), 'no_stream');
    standIn.faults.loseNextReply(1, 'never');
    const waiting = client.appendToStream(stream, written, { expectedRevision: 'no_stream', credentials, deadline: 500 });
    await expect(waiting).rejects.toMatchObject({ type: ErrorType.DEADLINE_EXCEEDED });
    expect(await append(client, stream, written, 'no_stream')).toMatchObject({ nextExpectedRevision: 0n });
  });

  it('can be several', async () => {
    const stream = newStream();
    const written = event(1);
    standIn.faults.loseNextReply(2);
    await expect(append(client, stream, written, 'no_stream')).rejects.toMatchObject({ type: ErrorType.UNAVAILABLE });
    // A repeat is an append like any other: its reply can be lost too.
    await expect(append(client, stream, written, 'no_stream')).rejects.toMatchObject({ type: ErrorType.UNAVAILABLE });
    expect(await append(client, stream, written, 'no_stream')).toMatchObject({ success: true });
  });
});

describe('a fault without effect', () => {
  const nothingWritten = (stream: string) =>
    expect(collect(client.readStream(stream))).rejects.toMatchObject({ type: ErrorType.STREAM_NOT_FOUND });

  it('can be a refusal', async () => {
    const stream = newStream();
    standIn.faults.refuseNext();
    await expect(append(client, stream, event(1), 'no_stream')).rejects.toMatchObject({ type: ErrorType.UNAVAILABLE });
    await nothingWritten(stream);
    expect(await append(client, stream, event(1), 'no_stream')).toMatchObject({ success: true });
  });

  it('can be another leader, whom the client then asks', async () => {
    const stream = newStream();
    standIn.faults.notLeaderNext();
    await expect(append(client, stream, event(1), 'no_stream')).rejects.toMatchObject({
      type: ErrorType.NOT_LEADER,
      leader: { address: '127.0.0.1', port: standIn.port },
    });
    await nothingWritten(stream);
    expect(await append(client, stream, event(1), 'no_stream')).toMatchObject({ success: true });
  });

  it('can be a time-out of the server', async () => {
    const stream = newStream();
    standIn.faults.timeOutNext();
    await expect(append(client, stream, event(1), 'no_stream')).rejects.toMatchObject({ type: ErrorType.TIMEOUT });
    await nothingWritten(stream);
  });

  it('can be a missing right', async () => {
    const stream = newStream();
    standIn.faults.denyNext();
    await expect(append(client, stream, event(1), 'no_stream')).rejects.toMatchObject({ type: ErrorType.ACCESS_DENIED });
    await nothingWritten(stream);
  });

  it('can be a delay that the writer does not wait for', async () => {
    const stream = newStream();
    standIn.faults.delayNext(200);
    const waiting = client.appendToStream(stream, event(1), { expectedRevision: 'no_stream', credentials, deadline: 50 });
    await expect(waiting).rejects.toMatchObject({ type: ErrorType.DEADLINE_EXCEEDED });
    // The next append waits as long, so that the first one would have been written by its end.
    standIn.faults.delayNext(200);
    expect(await append(client, stream, event(2), 'no_stream')).toMatchObject({ nextExpectedRevision: 0n });
    expect(numbers(await collect(client.readStream(stream)))).toEqual([2]);
  });

  it('can meet a read, a subscription or a deletion', async () => {
    const stream = newStream();
    await append(client, stream, event(1), 'no_stream');
    standIn.faults.refuseNext(1, 'read');
    await expect(collect(client.readStream(stream))).rejects.toMatchObject({ type: ErrorType.UNAVAILABLE });
    standIn.faults.denyNext('subscribe');
    await expect(collect(client.subscribeToAll())).rejects.toMatchObject({ type: ErrorType.ACCESS_DENIED });
    standIn.faults.notLeaderNext('delete');
    await expect(client.deleteStream(stream)).rejects.toMatchObject({ type: ErrorType.NOT_LEADER });
    standIn.faults.timeOutNext('tombstone');
    await expect(client.tombstoneStream(stream)).rejects.toMatchObject({ type: ErrorType.TIMEOUT });
    expect(numbers(await collect(client.readStream(stream)))).toEqual([1]);
  });
});

describe('dropped subscriptions', () => {
  it('end with an error, all of them, and can be taken up again', async () => {
    const stream = newStream();
    await append(client, stream, event(1), 'no_stream');
    const all = client.subscribeToAll();
    const one = client.subscribeToStream(stream);
    const ended = [all, one].map((subscription) => expect(collect(subscription)).rejects.toMatchObject({ type: ErrorType.UNAVAILABLE }));
    await Promise.all([once(all, 'caughtUp'), once(one, 'caughtUp')]);
    standIn.faults.dropSubscriptions();
    await Promise.all(ended);
    expect(numbers(await collect(client.subscribeToStream(stream), 1))).toEqual([1]);
  });
});

describe('calls', () => {
  it('are counted by method', async () => {
    const stream = newStream();
    await append(client, stream, event(1), 'no_stream');
    await client.appendToStream(stream, event(2));
    await collect(client.readStream(stream));
    await collect(client.readAll());
    await collect(client.subscribeToStream(stream), 1);
    await client.deleteStream(stream);
    await client.tombstoneStream(stream);
    expect(standIn.calls).toEqual({
      append: 1,
      batchAppend: 1,
      read: 2,
      subscribe: 1,
      delete: 1,
      tombstone: 1,
      getSupportedMethods: 1,
      gossip: 0,
    });
  });
});

describe('discovery', () => {
  it('finds the one node from its own address', async () => {
    const discovering = connect(`esdb+discover://127.0.0.1:${standIn.port}?tls=false`);
    expect(await append(discovering, newStream(), event(1), 'no_stream')).toMatchObject({ success: true });
    expect(standIn.calls.gossip).toBe(1);
    await discovering.dispose();
  });

  it('finds it among addresses where nobody answers', async () => {
    const other = await startEventStoreStandIn({ directory: join(directory, 'other') });
    await other.close();
    const searching = connect(`esdb://127.0.0.1:${other.port},127.0.0.1:${standIn.port}?tls=false`);
    expect(await append(searching, newStream(), event(1), 'no_stream')).toMatchObject({ success: true });
    await searching.dispose();
  });
});
