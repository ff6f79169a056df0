// A log in EventStoreDB as bytes: what the event store, the copy and the verification share. No engine-specific word gets out of here.
import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { DomainError } from '../../domain/error.ts';
import { type Appended, Connection, mayPass, type Read } from './eventstoredb-connection.ts';
import { idOf, metadataWithHash, withoutHash } from './eventstoredb-form.ts';
import type { Raw } from './raw.ts';

/** The stream that names the log. Its one event is none of the log's own. */
const identity = 'log';

const isOurs = ({ streamId }: { readonly streamId: string }) => !streamId.startsWith('$') && streamId !== identity;

/** What is to be appended; its revision follows from its place. */
export type Unplaced = Pick<Raw, 'type' | 'metadata' | 'data' | 'hash'>;

export interface Patience {
  /** Milliseconds after which a call that found no answer is given up. */
  readonly total: number;
  /** Milliseconds that one try of it may take. */
  readonly once: number;
}

/** A command gets its answer, or a refusal, within two seconds. */
export const patient: Patience = { total: 2_000, once: 800 };
/** A process that starts may find EventStoreDB starting too. */
const starting: Patience = { total: 15_000, once: 2_000 };

const unavailable = (cause: unknown) => {
  const error = new DomainError('server.store_unavailable', 'The log cannot be reached at the moment.');
  error.cause = cause;
  return error;
};

/** NOTE: deadlines of calls begin when there is a connection; the search for a node of a cluster is bounded by this. */
const inTime = async <T>(work: Promise<T>, within: number): Promise<T> => {
  const timer = new AbortController();
  const late = pause(within + 50, null, { signal: timer.signal }).then(() => {
    throw new Error('no answer in time');
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    timer.abort();
    late.catch(() => {});
    work.catch(() => {});
  }
};

const rawOf = ({ streamId, revision, position, type, metadata, data }: Read): Raw => {
  if (Number.isNaN(position))
    throw new Error(`the position of ${streamId}@${revision} is not known: this needs EventStoreDB 22.10 or newer`);
  try {
    return { streamId, revision, position, type, data, ...withoutHash(metadata) };
  } catch (error) {
    throw new Error(`${streamId}@${revision} cannot be read`, { cause: error });
  }
};

const pageSize = 1_000;

export const openEventStoreDbLog = (url: string, patience: Patience = patient) => {
  const connection = new Connection(url);

  /** Asks again, a little later each time, while a failure may pass. Throws server.store_unavailable when the time is over. */
  const persist = async <T>(ask: (within: number, again: boolean) => Promise<T>, { total, once } = patience): Promise<T> => {
    const end = performance.now() + total;
    for (let [again, wait] = [false, 20]; ; [again, wait] = [true, Math.min(wait * 2, 250)]) {
      const within = Math.min(once, end - performance.now());
      try {
        return await inTime(ask(within, again), within);
      } catch (error) {
        if (!mayPass(error)) throw error;
        if (performance.now() + wait >= end) {
          await connection.renew();
          throw unavailable(error);
        }
        await pause(wait);
      }
    }
  };

  /** Whether exactly these events stand after `expected`: then a refusal was the echo of our own append. */
  const standsThere = async (streamId: string, expected: number, ids: readonly string[], within: number): Promise<boolean> => {
    const there = await connection.pageOfStream(streamId, expected + 1, { limit: ids.length, within });
    return there.length === ids.length && there.every(({ id }, index) => id === ids[index]);
  };

  /** Pages of $all from the end, or from before a place, without what is not ours. */
  async function* backwards(before: number | null, firstPage: number) {
    for (let [limit, place] = [firstPage, before]; ; limit = Math.min(limit * 4, pageSize)) {
      const page = await persist((within) => connection.pageOfAllBackwards(place, { limit, within }));
      yield page.filter(isOurs).map(rawOf);
      const last = page[page.length - 1];
      if (!last || page.length < limit) return;
      place = last.position;
    }
  }

  return {
    connection,
    isOurs,
    rawOf,
    backwards,

    /** The name of this log, which whoever comes first gives it. */
    async identify(): Promise<string> {
      const named = Buffer.from(JSON.stringify({ id: randomUUID().replaceAll('-', '') }));
      const event = { id: randomUUID(), type: 'log.named', metadata: Buffer.from('{}'), data: named };
      for (;;) {
        const [found] = await persist((within) => connection.pageOfStream(identity, 0, { limit: 1, within }), starting);
        if (found) return String((JSON.parse(found.data) as { id: unknown }).id);
        await persist((within) => connection.appendEvents(identity, -1, [event], within), starting);
      }
    },

    /**
     * Appends at exactly this revision. After an unknown outcome the same ids and bytes go out again at the same revision, until it is known
     * or the time is over: server.store_unavailable.
     */
    append(streamId: string, expected: number, events: readonly Unplaced[]): Promise<Appended> {
      const proposed = events.map(({ type, metadata, data, hash }) => ({
        id: idOf(hash),
        type,
        metadata: Buffer.from(metadataWithHash(metadata, hash)),
        data: Buffer.from(data),
      }));
      return persist(async (within, again) => {
        const answer = await connection.appendEvents(streamId, expected, proposed, within);
        if (answer.ok || !again || answer.actual < expected + proposed.length) return answer;
        const ids = proposed.map(({ id }) => id);
        return (await standsThere(streamId, expected, ids, within)) ? { ok: true, position: null } : answer;
      });
    },

    /** Events of a stream from revision `from` on. */
    async read(streamId: string, from: number, limit: number): Promise<Raw[]> {
      return (await persist((within) => connection.pageOfStream(streamId, from, { limit, within }))).map(rawOf);
    },

    /** The last event of a stream, or null where there is no stream. */
    async last(streamId: string): Promise<Raw | null> {
      const last = await persist((within) => connection.lastOfStream(streamId, within));
      return last && rawOf(last);
    },

    /** Events of the log after a position (0, or that of an event), at most `limit`. */
    async readAll(after: number, limit: number): Promise<Raw[]> {
      const found: Raw[] = [];
      for (let place = after === 0 ? null : after; found.length < limit; ) {
        // One more than is missing, for the page begins with the event at its place.
        const wanted = Math.min(pageSize, limit - found.length) + 1;
        const page = await persist((within) => connection.pageOfAll(place, { limit: wanted, within }));
        for (const event of page) {
          if (isOurs(event) && event.position > after && event.position !== place && found.length < limit) found.push(rawOf(event));
        }
        if (page.length < wanted) break;
        place = page[page.length - 1]?.position ?? place;
      }
      return found;
    },

    /** Position of the last event; 0: there is none. */
    async head(): Promise<number> {
      for await (const page of backwards(null, 16)) if (page[0]) return page[0].position;
      return 0;
    },

    close: () => connection.close(),
  };
};
export type EventStoreDbLog = ReturnType<typeof openEventStoreDbLog>;
