// A log in EventStoreDB as bytes: what the event store, the copy and the verification share. No engine-specific word gets out of here.
import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { DomainError } from '../../domain/error.ts';
import type { Proposed } from './eventstoredb-batches.ts';
import { type Appended, Connection, isDeleted, mayPass, type Read } from './eventstoredb-connection.ts';
import { idOf, metadataWithHash, withoutHash } from './eventstoredb-form.ts';
import { retentionIn } from './eventstoredb-retention.ts';
import { createLogHealth, type LogHealth, streamDamaged } from './health.ts';
import type { Raw } from './raw.ts';

/** The stream that names the log. Its one event is none of the log's own. */
const identity = 'log';
const named = 'log.named';

/** Whether the stream may hold events of this log: those of the server itself and the log's name do not. */
const mayBeOurs = ({ streamId }: Pick<Read, 'streamId'>) => !streamId.startsWith('$') && streamId !== identity;

/** What is to be appended; its revision follows from its place. */
export type Unplaced = Pick<Raw, 'type' | 'metadata' | 'data' | 'hash'>;

export interface Patience {
  /** Milliseconds for which a call that failed is tried again. */
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

/** The event as this log has written it, or null for one that another program has written. */
const rawOf = ({ streamId, revision, position, type, metadata, data }: Read): Raw | null => {
  if (Number.isNaN(position))
    throw new Error(`the position of ${streamId}@${revision} is not known: this needs EventStoreDB 22.10 or newer`);
  const written = withoutHash(metadata);
  return written && { streamId, revision, position, type, data, ...written };
};

/** An event as it goes over the wire. */
export const proposedOf = ({ type, metadata, data, hash }: Unplaced): Proposed => ({
  id: idOf(hash),
  type,
  metadata: Buffer.from(metadataWithHash(metadata, hash)),
  data: Buffer.from(data),
});

const notOurs = 'was not written by this log';

const pageSize = 1_000;

export interface EventStoreDbLogOptions {
  readonly patience?: Patience;
  readonly health?: LogHealth;
  /** Looks for limits on each stream that is read, for who does not follow the log. */
  readonly checksLimits?: boolean;
}

export const openEventStoreDbLog = (url: string, options: EventStoreDbLogOptions = {}) => {
  const { patience = patient, health = createLogHealth({ owns: () => false }), checksLimits = false } = options;
  const connection = new Connection(url);
  /** Of the newest metadata that was seen of a stream. */
  const metadataAt = new Map<string, number>();

  const noteRetention = (event: Read) => {
    const found = retentionIn(event);
    if (!found || !health.owns(found.streamId) || event.position < (metadataAt.get(found.streamId) ?? 0)) return;
    metadataAt.set(found.streamId, event.position);
    health.limit(found.streamId, found.retention);
  };

  /** The events of a page of $all that are ours; what is not is noted and passed over. */
  const oursOf = (page: readonly Read[]): Raw[] =>
    page.flatMap((event) => {
      noteRetention(event);
      if (!mayBeOurs(event) || event.type.startsWith('$')) return [];
      const raw = rawOf(event);
      if (!raw) health.pass({ streamId: event.streamId, revision: event.revision, reason: notOurs });
      return raw ?? [];
    });

  const mustBeOurs = (event: Read): Raw => {
    const raw = rawOf(event);
    if (raw) return raw;
    health.pass({ streamId: event.streamId, revision: event.revision, reason: notOurs });
    throw streamDamaged(event.streamId, `revision ${event.revision} ${notOurs}`);
  };

  /** Throws log.stream_damaged where these events of a stream, read from revision `from` on, leave one out or hold one of another program. */
  const mustBeWhole = (streamId: string, from: number, page: readonly Read[]): Raw[] =>
    page.map((event, index) => {
      if (event.revision === from + index) return mustBeOurs(event);
      health.pass({ streamId, revision: from + index, reason: 'is missing' });
      throw streamDamaged(streamId, `revision ${from + index} is missing`);
    });

  /** Asks again, a little later each time, while a failure may pass. Throws server.store_unavailable when the time is over. */
  const persist = async <T>(ask: (within: number, again: boolean) => Promise<T>, { total, once } = patience): Promise<T> => {
    const end = performance.now() + total;
    for (let [again, wait] = [false, 20]; ; [again, wait] = [true, Math.min(wait * 2, 250)]) {
      const within = again ? Math.min(once, end - performance.now()) : once;
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

  /** Throws log.stream_damaged for a stream of which it is known that others have changed it. */
  const mustBeSound = (streamId: string) => {
    const damage = health.damageOf(streamId);
    if (damage) throw streamDamaged(streamId, damage);
  };

  /** Asks about one stream; one that was deleted for good is damaged. */
  const ofStream = <T>(streamId: string, ask: (within: number) => Promise<T>): Promise<T> =>
    persist(ask).catch((error: unknown) => {
      if (!isDeleted(error)) throw error;
      health.limit(streamId, { truncateBefore: Number.POSITIVE_INFINITY });
      throw streamDamaged(streamId, 'is deleted');
    });

  /** Whether exactly these events stand after `expected`: then a refusal was the echo of our own append. */
  const standsThere = async (streamId: string, expected: number, ids: readonly string[], within: number): Promise<boolean> => {
    const there = await connection.pageOfStream(streamId, expected + 1, { limit: ids.length, within });
    return there.length === ids.length && there.every(({ id }, index) => id === ids[index]);
  };

  /** Pages of $all from the end, or from before a place, without what is not ours. */
  async function* backwardsOfAll(before: number | null, firstPage: number) {
    for (let [limit, place] = [firstPage, before]; ; limit = Math.min(limit * 4, pageSize)) {
      const page = await persist((within) => connection.pageOfAllBackwards(place, { limit, within }));
      yield page;
      const last = page[page.length - 1];
      if (!last || page.length < limit) return;
      place = last.position;
    }
  }

  async function* backwards(before: number | null, firstPage: number) {
    for await (const page of backwardsOfAll(before, firstPage)) yield page.filter(mayBeOurs).flatMap((event) => rawOf(event) ?? []);
  }

  /** The newest event of all that was looked at for `head`, and the newest of ours that was found. */
  let seen = { newest: 0, head: 0 };

  return {
    connection,
    health,
    oursOf,
    backwards,

    /**
     * The name of this log: the last one that was given, which whoever comes first does. A log that was set back gets another, so that
     * nothing that was made of what it held before is taken for its own: `not` is the name that it must not have any more.
     * Another program may have written to a stream of that name too.
     */
    async identify(not?: string): Promise<string> {
      let name: string | undefined;
      for (let from = 0; ; ) {
        const page = await persist((within) => connection.pageOfStream(identity, from, { limit: pageSize, within }), starting);
        const given = page.findLast(({ type }) => type === named);
        if (given) name = String((JSON.parse(given.data) as { id: unknown }).id);
        from = (page.at(-1)?.revision ?? from - 1) + 1;
        if (page.length === pageSize) continue;
        if (name !== undefined && name !== not) return name;
        const data = Buffer.from(JSON.stringify({ id: randomUUID().replaceAll('-', ''), ...(not !== undefined && { setBackFrom: not }) }));
        const event = { id: randomUUID(), type: named, metadata: Buffer.from('{}'), data };
        await persist((within) => connection.appendEvents(identity, from - 1, [event], within), starting);
      }
    },

    /** The name of the log as it is now; undefined where it has none any more. */
    async name(): Promise<string | undefined> {
      const last = await persist((within) => connection.lastOfStream(identity, within));
      return last?.type === named ? String((JSON.parse(last.data) as { id: unknown }).id) : undefined;
    },

    /** Notes every limit on a stream of ours that was set after a position (0, or that of an event). */
    async findLimits(after: number): Promise<void> {
      for (let place = after === 0 ? null : after; ; ) {
        const page = await persist((within) => connection.pageOfMetadata(place, { limit: pageSize, within }), starting);
        for (const event of page) noteRetention(event);
        const last = page.at(-1)?.position;
        if (page.length < pageSize || last === undefined || last === place) return;
        place = last;
      }
    },

    /**
     * Appends at exactly this revision. After an unknown outcome the same ids and bytes go out again at the same revision, until it is known
     * or the time is over: server.store_unavailable.
     */
    append(streamId: string, expected: number, events: readonly Unplaced[]): Promise<Appended> {
      const proposed = events.map(proposedOf);
      mustBeSound(streamId);
      return persist(async (within, again) => {
        const answer = await connection.appendEvents(streamId, expected, proposed, within);
        if (answer.ok || !again || answer.actual < expected + proposed.length) return answer;
        const ids = proposed.map(({ id }) => id);
        return (await standsThere(streamId, expected, ids, within)) ? { ok: true, position: null } : answer;
      });
    },

    /** Events of a stream from revision `from` on. Throws log.stream_damaged where the stream is not whole. */
    async read(streamId: string, from: number, limit: number): Promise<Raw[]> {
      mustBeSound(streamId);
      const page = await ofStream(streamId, (within) => connection.pageOfStream(streamId, from, { limit, within }));
      if (checksLimits && from === 0) {
        const metadata = await persist((within) => connection.lastOfStream(`$$${streamId}`, within));
        if (metadata) noteRetention(metadata);
      }
      mustBeSound(streamId);
      return mustBeWhole(streamId, from, page);
    },

    /** The last event of a stream, or null where there is no stream. */
    async last(streamId: string): Promise<Raw | null> {
      mustBeSound(streamId);
      const last = await ofStream(streamId, (within) => connection.lastOfStream(streamId, within));
      return last && mustBeOurs(last);
    },

    /** Events of the log after a position (0, or that of an event), at most `limit`. */
    async readAll(after: number, limit: number): Promise<Raw[]> {
      const found: Raw[] = [];
      for (let place = after === 0 ? null : after; found.length < limit; ) {
        // One more than is missing, for the page begins with the event at its place.
        const wanted = Math.min(pageSize, limit - found.length) + 1;
        const page = await persist((within) => connection.pageOfAll(place, { limit: wanted, within }));
        for (const raw of oursOf(page)) if (raw.position > after && raw.position !== place && found.length < limit) found.push(raw);
        if (page.length < wanted) break;
        place = page[page.length - 1]?.position ?? place;
      }
      return found;
    },

    /** Position of the last event; 0: there is none. What was looked at before is not looked at again, however much of it is not ours. */
    async head(): Promise<number> {
      let newest = 0;
      for await (const page of backwardsOfAll(null, 16)) {
        newest ||= page[0]?.position ?? 0;
        const ours = page.find((event) => event.position > seen.newest && mayBeOurs(event) && rawOf(event) !== null);
        if (ours) {
          seen = { newest, head: ours.position };
          break;
        }
        if ((page.at(-1)?.position ?? 0) <= seen.newest) {
          seen = { newest: Math.max(newest, seen.newest), head: seen.head };
          break;
        }
      }
      return seen.head;
    },

    close: () => connection.close(),
  };
};
export type EventStoreDbLog = ReturnType<typeof openEventStoreDbLog>;
