// Server-sent events out of the feed: one subscription for all streams, each of which hears its own topics and resumes by position.
import type { Context } from 'hono';
import { DomainError } from '../../domain/error.ts';
import type { Recorded } from '../../domain/metadata.ts';
import { positionOf, positionText } from '../../domain/position.ts';
import type { EventFeed } from '../event-feed/port.ts';
import type { EventStore } from '../event-store/port.ts';
import type { Env } from './env.ts';

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
  /** Milliseconds between signs of life, at which the right to listen is looked at again too. */
  readonly beat?: number;
}

export interface Wanted {
  readonly topics: readonly string[];
  /** What the client is told of an event, or null for nothing. No personal data: whoever may see it reads it from the resource. */
  readonly show: (recorded: Recorded) => object | null;
}

export interface EventStreams {
  /** Answers with a stream. Throws gateway.overloaded when there are too many. */
  open(c: Context<Env>, wanted: Wanted): Promise<Response>;
  readonly count: number;
  /** Ends every stream: clients come again, to whoever serves them then. */
  close(): Promise<void>;
}

/** A client that is further behind is told to read anew instead of being sent the past. */
const longestPast = 10_000;
const pageSize = 1_000;
/** Messages that may wait for a slow client before its stream is ended. */
const longestQueue = 500;

interface Stream {
  readonly wanted: Wanted;
  readonly request: Request;
  readonly controller: ReadableStreamDefaultController<Uint8Array>;
  /** Null once the past was sent; until then what comes meanwhile waits here. */
  waiting: Recorded[] | null;
}

const encoder = new TextEncoder();

export const createEventStreams = async (options: EventStreamsOptions): Promise<EventStreams> => {
  const { feed, readAll, topicsOf, onCount = () => {}, most = 1_000, beat = 5_000, authenticate = () => {} } = options;
  const streams = new Set<Stream>();
  const listening = new Map<string, Set<Stream>>();
  let position = await feed.head();
  let closed = false;

  const end = (stream: Stream) => {
    if (!streams.delete(stream)) return;
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

  const hears = ({ wanted }: Stream, recorded: Recorded) =>
    wanted.topics.includes(everything) || topicsOf(recorded).some((topic) => wanted.topics.includes(topic));

  const subscription = feed.subscribe(position, (events) => {
    for (const recorded of events) {
      if (listening.size > 0) {
        const heard = new Set([everything, ...topicsOf(recorded)].flatMap((topic) => [...(listening.get(topic) ?? [])]));
        for (const stream of heard) {
          if (stream.waiting) stream.waiting.push(recorded);
          else send(stream, recorded);
        }
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

  /** Sends what the client has missed since `from`, then what came meanwhile, each event once. */
  const resume = async (stream: Stream, from: number) => {
    let sent = from;
    let passed = 0;
    const until = position;
    while (sent < until && streams.has(stream)) {
      const page = await readAll(sent, pageSize);
      passed += page.length;
      if (passed > longestPast) {
        write(stream, 'event: reset\ndata: {}\n\n');
        break;
      }
      for (const recorded of page) if (recorded.position <= until && hears(stream, recorded)) send(stream, recorded);
      sent = page[page.length - 1]?.position ?? until;
    }
    const waiting = stream.waiting ?? [];
    stream.waiting = null;
    for (const recorded of waiting) if (recorded.position > until) send(stream, recorded);
  };

  return {
    get count() {
      return streams.size;
    },
    async open(c, wanted) {
      if (closed || streams.size >= most) throw new DomainError('gateway.overloaded', 'Too many streams are open.', { retryAfter: 5 });
      const last = c.req.header('last-event-id');
      const from = last === undefined || last === '' ? null : positionOf(feed.logId, last);
      let stream: Stream | undefined;
      const body = new ReadableStream<Uint8Array>({
        start(controller) {
          stream = { wanted, request: c.req.raw, controller, waiting: [] };
          streams.add(stream);
          for (const topic of wanted.topics) {
            const others = listening.get(topic);
            if (others) others.add(stream);
            else listening.set(topic, new Set([stream]));
          }
          onCount(streams.size);
        },
        cancel() {
          if (stream) end(stream);
        },
      });
      if (stream) {
        const opened = stream;
        // NOTE: the id comes first, so that a client that loses the line before any event resumes from here.
        write(opened, `retry: 2000\nid: ${positionText(feed.logId, from ?? position)}\n\n`);
        if (from === null) opened.waiting = null;
        else void resume(opened, Math.min(from, position)).catch(() => end(opened));
      }
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
