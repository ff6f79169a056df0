// The writing side of product search on SQLite's FTS5: one file, a set of tables per build, documents and checkpoint in one transaction.
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { DomainError } from '../../domain/error.ts';
import { inTransaction } from '../sqlite.ts';
import { displaysOf, indexedKeywords, keywordsOf, tailsOf } from './document.ts';
import { indexedWords } from './indonesian.ts';
import type { SearchCheckpoint, SearchDocument, SearchIndex, SearchWrite } from './port.ts';

/**
 * Per build N:
 * - `products_N`: one row per product (`id` is the row id of all the other tables; `categories` the path joined with '/'; `change` rises with
 *   every write, so that a reader can ask for what is new; `document` the whole of it as JSON);
 * - `terms_N`: FTS5 without content, over the words that indonesian.ts makes of name, keywords (brand, seller, suggest, article numbers) and
 *   description; it only takes them apart at the blanks, which of its tokenizers is `ascii`: all that is not ASCII belongs to a word;
 * - `vocabulary_N`: its terms; `suggestions_N`: each name and keyword, from each of its words on.
 */
const tables = (build: number) => `
  CREATE TABLE products_${build} (
    id INTEGER PRIMARY KEY, product_id TEXT NOT NULL UNIQUE, position INTEGER NOT NULL, change INTEGER NOT NULL, active INTEGER NOT NULL,
    categories TEXT NOT NULL, brand TEXT, city TEXT NOT NULL, seller_id TEXT NOT NULL,
    price INTEGER NOT NULL, currency TEXT NOT NULL, rating REAL NOT NULL, sold INTEGER NOT NULL, created_at TEXT NOT NULL, document TEXT NOT NULL);
  CREATE UNIQUE INDEX products_${build}_change ON products_${build} (change);
  CREATE VIRTUAL TABLE terms_${build} USING fts5 (name, keywords, description, content='', contentless_delete=1, tokenize='ascii');
  INSERT INTO terms_${build} (terms_${build}, rank) VALUES ('rank', 'bm25(10.0, 5.0, 1.0)');
  CREATE VIRTUAL TABLE vocabulary_${build} USING fts5vocab (terms_${build}, row);
  CREATE TABLE suggestions_${build} (folded TEXT NOT NULL, id INTEGER NOT NULL, display TEXT NOT NULL, PRIMARY KEY (folded, id, display)) WITHOUT ROWID;
  CREATE INDEX suggestions_${build}_id ON suggestions_${build} (id);`;

const everyBuild = `
  CREATE TABLE IF NOT EXISTS builds (build INTEGER PRIMARY KEY, live INTEGER NOT NULL, log_id TEXT, position INTEGER NOT NULL);`;

/** Opens (and makes) the file for either side. The index can be rebuilt from the log, so it is not synced on every commit. */
export const openSearchFile = (file: string): DatabaseSync => {
  const database = new DatabaseSync(file, { timeout: 5_000 });
  database.exec(`PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; ${everyBuild}`);
  return database;
};

export const openSearchIndex = (file: string): SearchIndex => {
  const database = openSearchFile(file);
  const readBuild = database.prepare('SELECT log_id AS logId, position FROM builds WHERE build = ?');
  const readLive = database.prepare('SELECT build FROM builds WHERE live = 1');
  const advance = database.prepare('UPDATE builds SET log_id = ?, position = max(position, ?) WHERE build = ?');
  const writers = new Map<number, BuildWriter>();

  const writerOf = (build: number) => {
    const known = writers.get(build) ?? buildWriter(database, build);
    writers.set(build, known);
    return known;
  };
  const checkpointOf = (build: number): SearchCheckpoint | null => {
    const row = readBuild.get(build);
    if (!row) throw new DomainError('search.unknown_build', `There is no build ${build} of the search index.`, { build });
    return row.logId === null ? null : { logId: String(row.logId), position: Number(row.position) };
  };
  const liveBuild = () => {
    const row = readLive.get();
    return row ? Number(row.build) : null;
  };
  const dropTables = (build: number) => {
    writers.delete(build);
    for (const table of ['vocabulary', 'terms', 'products', 'suggestions']) database.exec(`DROP TABLE IF EXISTS ${table}_${build}`);
    database.prepare('DELETE FROM builds WHERE build = ?').run(build);
  };

  return {
    create: async (build) => {
      if (!Number.isSafeInteger(build) || build < 0) throw new RangeError('a build is a whole number');
      if (readBuild.get(build)) return;
      inTransaction(database, () => {
        database.exec(tables(build));
        database.prepare('INSERT INTO builds (build, live, position) VALUES (?, ?, -1)').run(build, liveBuild() === null ? 1 : 0);
      });
    },
    write: async (build, writes, checkpoint) => {
      const before = checkpointOf(build);
      if (before !== null && before.logId !== checkpoint.logId)
        throw new DomainError('search.other_log', 'The search index was built from another log: rebuild it.', {
          build,
          logId: before.logId,
        });
      const writer = writerOf(build);
      inTransaction(database, () => {
        for (const write of writes) writer.write(write);
        advance.run(checkpoint.logId, checkpoint.position, build);
      });
    },
    checkpoint: async (build) => checkpointOf(build),
    live: async () => liveBuild(),
    swap: async (build, oldIsAhead = false) => {
      const next = checkpointOf(build);
      const old = liveBuild();
      if (old === build) return;
      const reached = old === null ? null : checkpointOf(old);
      if (!oldIsAhead && reached !== null && (next === null || (next.logId === reached.logId && next.position < reached.position)))
        throw new DomainError('search.build_behind', 'The new search index has not read as far as the old one.', { build, old });
      database.exec(`INSERT INTO terms_${build} (terms_${build}) VALUES ('optimize')`);
      inTransaction(database, () => {
        if (old !== null) dropTables(old);
        database.prepare('UPDATE builds SET live = 1 WHERE build = ?').run(build);
      });
    },
    drop: async (build) => {
      if (liveBuild() === build) throw new DomainError('search.build_live', 'The live search index cannot be dropped.', { build });
      inTransaction(database, () => dropTables(build));
    },
    close: async () => database.close(),
  };
};

interface BuildWriter {
  write(write: SearchWrite): void;
}

const buildWriter = (database: DatabaseSync, build: number): BuildWriter => {
  const prepare = (sql: string): StatementSync => database.prepare(sql.replaceAll('_N', `_${build}`));
  const find = prepare('SELECT id, position, active, document FROM products_N WHERE product_id = ?');
  const nextChange = prepare('SELECT coalesce(max(change), 0) + 1 AS change FROM products_N');
  const save = prepare(`
    INSERT INTO products_N (product_id, position, change, active, categories, brand, city, seller_id, price, currency, rating, sold, created_at, document)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (product_id) DO UPDATE SET position = excluded.position, change = excluded.change, active = excluded.active,
      categories = excluded.categories, brand = excluded.brand, city = excluded.city, seller_id = excluded.seller_id, price = excluded.price,
      currency = excluded.currency, rating = excluded.rating, sold = excluded.sold, created_at = excluded.created_at, document = excluded.document
    RETURNING id`);
  const removeTerms = prepare('DELETE FROM terms_N WHERE rowid = ?');
  const addTerms = prepare('INSERT INTO terms_N (rowid, name, keywords, description) VALUES (?, ?, ?, ?)');
  const removeSuggestions = prepare('DELETE FROM suggestions_N WHERE id = ?');
  const addSuggestion = prepare('INSERT OR IGNORE INTO suggestions_N (folded, id, display) VALUES (?, ?, ?)');

  const index = (id: number, document: SearchDocument) => {
    addTerms.run(id, indexedWords(document.name).join(' '), indexedKeywords(document), indexedWords(document.description).join(' '));
    for (const display of displaysOf(document)) for (const folded of tailsOf(display)) addSuggestion.run(folded, id, display);
  };

  return {
    write: (write) => {
      const productId = 'deleted' in write ? write.deleted : write.document.productId;
      const stored = find.get(productId);
      if (stored && Number(stored.position) >= write.position) return;
      const before: SearchDocument | null = stored ? JSON.parse(String(stored.document)) : null;
      const after: SearchDocument = 'deleted' in write ? { ...(before ?? unknown(productId)), active: false } : write.document;
      const id = Number(
        save.get(
          productId,
          write.position,
          Number(nextChange.get()?.change),
          after.active ? 1 : 0,
          after.categoryIds.join('/'),
          after.brand,
          after.city,
          after.sellerId,
          after.price.amount,
          after.price.currency,
          after.rating.average,
          after.sold,
          after.createdAt,
          JSON.stringify(after),
        )?.id,
      );
      const wasFound = before?.active === true;
      if (wasFound && after.active && sameWords(before, after)) return;
      if (wasFound) {
        removeTerms.run(id);
        removeSuggestions.run(id);
      }
      if (after.active) index(id, after);
    },
  };
};

/** A deletion may come before anything else is known of the product: its version must be remembered nevertheless. */
const unknown = (productId: string): SearchDocument => ({
  productId,
  sellerId: '',
  sellerName: '',
  name: '',
  description: '',
  categoryIds: [],
  brand: null,
  price: { amount: 0, currency: 'IDR' },
  rating: { average: 0, count: 0 },
  city: '',
  sold: 0,
  createdAt: '',
  image: null,
  active: false,
  suggest: [],
  skus: [],
});

/** A change of price, rating or stock, by far the most frequent, leaves the full-text index alone. */
const sameWords = (a: SearchDocument, b: SearchDocument) =>
  a.name === b.name && a.description === b.description && keywordsOf(a).join('\n') === keywordsOf(b).join('\n');
