// The ceilings of the engines, without anything of ours in between: appends to the log's tables, and a search of the index's tables.
import { hash, randomUUID } from 'node:crypto';
import { DatabaseSync } from 'node:sqlite';
import type { Recorded } from '../domain/metadata.ts';
import { openLog } from '../infra/event-store/sqlite-schema.ts';
import { searchOf } from './names.ts';

const transactionSize = 1_000;

/** Events per second that the engine takes in transactions of 1,000, with texts as long as those of `sample`; on a new file. */
export const rawAppends = (file: string, sample: readonly Recorded[], seconds: number): number => {
  const database = openLog(file);
  const texts = sample.map(({ event, metadata }) => ({ metadata: JSON.stringify(metadata), data: JSON.stringify(event) }));
  const digest = hash('sha256', 'a hash of 32 bytes', 'buffer');
  const addStream = database.prepare('INSERT INTO streams (name) VALUES (?) RETURNING id');
  const add = database.prepare(
    'INSERT INTO events (position, stream, revision, type, recorded_at, metadata, data, hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
  );
  database.exec("INSERT INTO types (name) VALUES ('test.happened')");
  const begin = performance.now();
  let position = 0;
  while (performance.now() - begin < seconds * 1_000) {
    database.exec('BEGIN IMMEDIATE');
    // Streams of ten events: about what an order or a product has.
    for (let stream = 0; stream < transactionSize / 10; stream++) {
      const id = Number(addStream.get(`bench-${randomUUID()}`)?.id);
      for (let revision = 0; revision < 10; revision++) {
        const text = texts[position % texts.length]!;
        position += 1;
        add.run(position, id, revision, 1, 1_700_000_000_000, text.metadata, text.data, digest);
      }
    }
    database.exec('COMMIT');
  }
  const perSecond = position / ((performance.now() - begin) / 1_000);
  database.close();
  return perSecond;
};

/** The words of a search as FTS5 takes them: all of them, or any. */
const expression = (text: string, between: ' ' | ' OR ') =>
  text
    .split(' ')
    .map((word) => `"${word}"`)
    .join(between);

const matchesOf = (build: number) => `
  SELECT t.rowid, t.rank, p.categories, p.brand, p.city, p.price, p.rating FROM terms_${build} t JOIN products_${build} p ON p.id = t.rowid
  WHERE terms_${build} MATCH ? AND p.active = 1 AND p.price <= ?`;
const documentOf = (build: number) => `SELECT document FROM products_${build} WHERE id = ?`;

const priceSteps = [50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000];
type Row = readonly [id: number, rank: number, category: string, brand: string, city: string, price: number, rating: number];

const countUp = <Key>(counts: Map<Key, number>, key: Key) => counts.set(key, (counts.get(key) ?? 0) + 1);

/** What a page shows of its matches: the best 20, and how many there are of each facet's values. */
const pageOf = (rows: readonly Row[], document: (id: number) => unknown): string => {
  const [categories, brands, cities] = [new Map<string, number>(), new Map<string, number>(), new Map<string, number>()];
  const [prices, ratings] = [new Map<number, number>(), new Map<number, number>()];
  for (const [, , category, brand, city, price, rating] of rows) {
    countUp(categories, category);
    countUp(brands, brand);
    countUp(cities, city);
    countUp(
      prices,
      priceSteps.findIndex((step) => price < step),
    );
    countUp(ratings, Math.floor(rating));
  }
  const hits = [...rows]
    .sort((x, y) => x[1] - y[1])
    .slice(0, 20)
    .map(([id]) => document(id));
  const facets = [categories, brands, cities, prices, ratings].map((counts) => [...counts].sort((x, y) => y[1] - x[1]));
  return JSON.stringify({ total: rows.length, hits, facets });
};

/**
 * Searches per second of the engine alone, in this thread: the same index, the same searches from the `first` on, each a page of 20 with
 * its facets as JSON. One pass over the matches: facets counted by SQL take twice as long.
 */
export const rawSearch = (file: string, first: number, seconds: number): { perSecond: number; next: number } => {
  const database = new DatabaseSync(file, { readOnly: true });
  database.exec('PRAGMA cache_size = -65536; PRAGMA mmap_size = 268435456');
  const build = Number(database.prepare('SELECT build FROM builds WHERE live = 1').get()?.build);
  const matches = database.prepare(matchesOf(build));
  matches.setReturnArrays(true);
  const stored = database.prepare(documentOf(build));
  const document = (id: number): unknown => JSON.parse(String(stored.get(id)?.document));
  const found = (expressed: string, most: number): Row[] => {
    const rows: unknown = matches.all(expressed, most);
    return rows as Row[];
  };
  const begin = performance.now();
  let n = first;
  for (; performance.now() - begin < seconds * 1_000; n++) {
    const { text, maxPrice } = searchOf(n);
    const most = maxPrice ?? Number.MAX_SAFE_INTEGER;
    const all = found(expression(text, ' '), most);
    pageOf(all.length > 0 ? all : found(expression(text, ' OR '), most), document);
  }
  const perSecond = (n - first) / ((performance.now() - begin) / 1_000);
  database.close();
  return { perSecond, next: n };
};
