// A cache in this process's memory, bounded by count and size; the oldest unused entry goes first.
import { LRUCache } from 'lru-cache';
import { admitted, type Cache, type Ticket } from './port.ts';

export interface MemoryCacheOptions {
  /** In UTF-16 code units of keys and values together. */
  maxSize?: number;
  /** Subjects whose rate is watched at once; one beyond that is forgotten, which is kinder than growing. */
  maxRates?: number;
  /** Milliseconds; for expiry in tests. */
  now?: () => number;
}

interface Entry {
  readonly value: string;
  readonly filledAt: number;
  readonly ttl: number;
}

/** Loads under way at once; the value of one beyond that is not kept. */
const maxTickets = 10_000;

export const memoryCache = ({ maxSize = 64 * 1024 * 1024, maxRates = 100_000, now = Date.now }: MemoryCacheOptions = {}): Cache => {
  const entries = new LRUCache<string, Entry>({ maxSize, sizeCalculation: ({ value }, key) => value.length + key.length + 64 });
  const tickets = new LRUCache<string, Ticket>({ max: maxTickets });
  // The theoretical arrival time of each subject's next request: all that GCRA has to remember.
  const arrivals = new LRUCache<string, number>({ max: maxRates });
  let given = 0;

  const ticketFor = (key: string): Ticket => {
    const known = tickets.get(key);
    if (known !== undefined) return known;
    given += 1;
    const ticket = { id: String(given) };
    tickets.set(key, ticket);
    return ticket;
  };

  return {
    lookup: (key) => {
      const entry = entries.get(key);
      if (entry === undefined) return ticketFor(key);
      const age = now() - entry.filledAt;
      if (age >= 0 && age < entry.ttl) return entry.value; // below zero: by a clock that was ahead, which says nothing of its age
      entries.delete(key);
      return ticketFor(key);
    },
    fill: (key, ticket, value, ttl) => {
      if (tickets.peek(key)?.id !== ticket.id) return;
      tickets.delete(key);
      entries.set(key, { value, filledAt: now(), ttl });
    },
    delete: (keys) => {
      for (const key of keys) {
        entries.delete(key);
        tickets.delete(key);
      }
    },
    gcra: (key, interval, burst, at) => {
      const known = arrivals.get(key) ?? at;
      // What lies beyond a full burst was told by a clock that was ahead: it must keep nobody out until then.
      const arrival = known > at + interval * (burst + 1) ? at : Math.max(known, at);
      const early = arrival - at - interval * (burst - 1);
      if (early > 0) return { allowed: false, retryAfter: early };
      arrivals.set(key, arrival + interval);
      return admitted;
    },
  };
};
