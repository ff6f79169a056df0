// Server-sent events out of the feed: one subscription for all streams, each of which hears its own topics and resumes by position.
import { setTimeout } from 'node:timers/promises';
import type { Context } from 'hono';
import { DomainError } from '../../domain/error.ts';
import type { Recorded } from '../../domain/metadata.ts';
import { positionOf, positionText } from '../../domain/position.ts';
import type { EventFeed } from '../event-feed/port.ts';
import type { EventStore } from '../event-store/port.ts';
import { networkOf } from '../gateway/address.ts';
import { type Env, isStaff, type Principal } from './env.ts';

/** A topic that hears every event, for the audit's tail. */
export const everything = '*';

export interface EventStreamsOptions {
  readonly feed: EventFeed;
  readonly readAll: EventStore['readAll'];
  /** Whom an event concerns, such as `order:<id>`; nobody: []. */
  readonly topicsOf: (recorded: Recorded) => readonly string[];
  /** Throws when the request that opened a stream would not be let in any more. */
  readonly authenticate?: (request: Request) => unknown;
  readonly onCount?: (open: number) => void;
  /** Streams at once: each holds a connection and a queue. */
  readonly most?: number;
  /** Streams at once of one person. A browser opens six connections to a host, and somebody may use several. */
  readonly maxPerSubject?: number;
  /** Streams at once from one address: offices have one for many people. */
  readonly maxPerAddress?: number;
  /** Milliseconds between signs of life, at which the right to listen is looked at again too. */
  readonly beat?: number;
}

export interface Wanted {
  readonly topics: readonly string[];
  /** What the client is told of an event, or null for nothing. No personal data: whoever may see it reads it from the resource. */
  readonly show: (recorded: Recorded) => object | null;
}

export interface EventStreams {
  /** Answers with a stream. Throws gateway.too_many_streams for a person or an address with too many, gateway.overloaded when there are too many in all. */
  open(c: Context<Env>, wanted: Wanted): Promise<Response>;
  readonly count: number;
  /** Ends every stream: clients come again, to whoever serves them then. */
  close(): Promise<void>;
}

/** A client that is further behind is told to read anew instead of being sent the past. */
const longestPast = 10_000;
/** Events that are read at once for all who are behind. */
const pageSize = 250;
/** Milliseconds between two such pages: in them clients take the last one, so that the next one is read for all, and others are served. */
const pauseMs = 20;
/** Messages that may wait for a slow client before its stream is ended. */
const longestQueue = 500;

/** Who may not be shut out by others: each has a fifth of the streams for itself. */
type Audience = 'customers' | 'sellers' | 'staff';
const audiences: readonly Audience[] = ['customers', 'sellers', 'staff'];
const reservedShare = 0.2;

const audienceOf = ({ roles }: Pick<Principal, 'roles'>): Audience => {
  if (roles.some(isStaff)) return 'staff';
  return roles.includes('SELLER') ? 'sellers' : 'customers';
};

interface Stream {
  readonly wanted: Wanted;
  readonly audience: Audience;
  readonly subject: string;
  readonly network: string;
  readonly request: Request;
  readonly controller: ReadableStreamDefaultController<Uint8Array>;
  /** Position up to which it has been sent everything; of a stream that is not behind, the one at which it caught up. */
  sent: number;
  /** Events that were read for it while it was behind. */
  passed: number;
}

const encoder = new TextEncoder();

export const createEventStreams = async (options: EventStreamsOptions): Promise<EventStreams> => {
  const { feed, readAll, topicsOf, onCount = () => {}, most = 1_000, beat = 5_000, authenticate = () => {} } = options;
  const { maxPerSubject = 10, maxPerAddress = 100 } = options;
  const streams = new Set<Stream>();
  /** Those that have not been sent all of the past yet; what comes meanwhile they read after it. */
  const behind = new Set<Stream>();
  const listening = new Map<string, Set<Stream>>();
  let position = await feed.head();
  let closed = false;

  const end = (stream: Stream) => {
    if (!streams.delete(stream)) return;
    behind.delete(stream);
    for (const topic of stream.wanted.topics) {
      const others = listening.get(topic);
      others?.delete(stream);
      if (others?.size === 0) listening.delete(topic);
    }
    onCount(streams.size);
    try {
      stream.controller.close();
    } catch {
      // the client has gone already
    }
  };

  const write = (stream: Stream, text: string) => {
    if ((stream.controller.desiredSize ?? 0) <= -longestQueue) end(stream);
    else stream.controller.enqueue(encoder.encode(text));
  };

  const send = (stream: Stream, recorded: Recorded) => {
    const shown = stream.wanted.show(recorded);
    if (shown === null) return;
    const id = positionText(feed.logId, recorded.position);
    write(stream, `id: ${id}\nevent: ${recorded.event.type}\ndata: ${JSON.stringify(shown)}\n\n`);
  };

  const listenersOf = (recorded: Recorded): Iterable<Stream> =>
    new Set([everything, ...topicsOf(recorded)].flatMap((topic) => [...(listening.get(topic) ?? [])]));

  const subscription = feed.subscribe(position, (events) => {
    for (const recorded of events) {
      if (listening.size > 0) {
        for (const stream of listenersOf(recorded)) if (!behind.has(stream) && recorded.position > stream.sent) send(stream, recorded);
      }
      position = recorded.position;
    }
  });

  const timer = setInterval(() => {
    for (const stream of streams) {
      void Promise.resolve()
        .then(() => authenticate(stream.request))
        .then(
          () => streams.has(stream) && write(stream, ': beat\n\n'),
          () => end(stream),
        );
    }
  }, beat);
  timer.unref();

  /** Notes that a stream was sent all up to `sent`. It is behind no more where nothing has come since, or where it is told to read anew. */
  const advance = (stream: Stream, sent: number, read: number) => {
    stream.passed += read;
    stream.sent = sent;
    if (stream.passed > longestPast) {
      write(stream, 'event: reset\ndata: {}\n\n');
      stream.sent = position;
    }
    // NOTE: nothing comes between this look at the position and the next event of the feed, which is then sent as it comes.
    if (stream.sent >= position) behind.delete(stream);
  };

  /** Reads one page for all of these, from where the last of them is: many who come back at once cost what one costs. */
  const sendPage = async (readers: ReadonlySet<Stream>) => {
    const from = Math.min(...[...readers].map(({ sent }) => sent));
    const until = position;
    const page = await readAll(from, pageSize);
    for (const recorded of page) {
      for (const stream of listenersOf(recorded)) if (readers.has(stream) && recorded.position > stream.sent) send(stream, recorded);
    }
    const last = page.at(-1)?.position ?? from;
    const seen = page.length < pageSize ? Math.max(last, until) : last;
    for (const stream of readers) {
      if (!streams.has(stream) || stream.sent >= seen) continue;
      advance(stream, seen, page.filter((recorded) => recorded.position > stream.sent).length);
    }
  };

  /** Who has taken what was sent before: a slow client waits for itself alone. */
  const ready = () => new Set([...behind].filter(({ controller }) => (controller.desiredSize ?? 0) > 0));

  let isCatchingUp = false;
  /** Sends what clients have missed, each event once. Called again whenever a client has taken what it was sent. */
  const catchUp = async () => {
    if (isCatchingUp) return;
    isCatchingUp = true;
    try {
      for (let readers = ready(); readers.size > 0; readers = ready()) {
        await sendPage(readers);
        await setTimeout(pauseMs);
      }
    } catch {
      // The log cannot be read: clients come again, and say where they were.
      for (const stream of behind) end(stream);
    } finally {
      isCatchingUp = false;
    }
  };

  /** Throws where this person, this address or this audience has as many streams as it may have, or there are too many in all. */
  const mustHaveRoom = ({ subject, network, audience }: Pick<Stream, 'subject' | 'network' | 'audience'>) => {
    const count = { subject: 0, network: 0, customers: 0, sellers: 0, staff: 0 };
    for (const other of streams) {
      if (other.subject === subject) count.subject += 1;
      if (other.network === network) count.network += 1;
      count[other.audience] += 1;
    }
    if (count.subject >= maxPerSubject || (network !== '' && count.network >= maxPerAddress)) {
      throw new DomainError('gateway.too_many_streams', 'Close one of your event streams first.', { retryAfter: 5 });
    }
    const kept = audiences
      .filter((other) => other !== audience)
      .map((other) => Math.max(0, Math.ceil(most * reservedShare) - count[other]));
    if (closed || streams.size + kept.reduce((sum, places) => sum + places, 0) >= most) {
      throw new DomainError('gateway.overloaded', 'Too many event streams are open.', { retryAfter: 5 });
    }
  };

  return {
    get count() {
      return streams.size;
    },
    async open(c, wanted) {
      const principal = c.get('principal');
      const subject = principal?.id ?? '';
      const who = { subject, network: networkOf(c.get('clientAddress') ?? ''), audience: audienceOf(principal ?? { roles: [] }) };
      mustHaveRoom(who);
      const last = c.req.header('last-event-id');
      const from = last === undefined || last === '' ? null : positionOf(feed.logId, last);
      const start = (controller: Stream['controller']): Stream => {
        const stream: Stream = {
          ...who,
          wanted,
          request: c.req.raw,
          controller,
          sent: Math.min(from ?? position, position),
          passed: 0,
        };
        streams.add(stream);
        if (stream.sent < position) behind.add(stream);
        for (const topic of wanted.topics) {
          const others = listening.get(topic);
          if (others) others.add(stream);
          else listening.set(topic, new Set([stream]));
        }
        onCount(streams.size);
        // NOTE: the id comes first, so that a client that loses the line before any event resumes from here.
        write(stream, `retry: 2000\nid: ${positionText(feed.logId, from ?? position)}\n\n`);
        return stream;
      };
      let opened: Stream | undefined;
      const body = new ReadableStream<Uint8Array>({
        start(controller) {
          opened = start(controller);
        },
        pull() {
          // NOTE: not awaited, or the stream would not ask again while others are being read for.
          if (behind.size > 0) void catchUp();
        },
        cancel() {
          if (opened) end(opened);
        },
      });
      return c.body(body, 200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store', 'x-accel-buffering': 'no' });
    },
    async close() {
      closed = true;
      clearInterval(timer);
      for (const stream of [...streams]) end(stream);
      await subscription.stop();
    },
  };
};
