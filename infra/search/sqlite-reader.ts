// The reading side of product search on SQLite: FTS5 says which products match, the shelf in memory filters, counts and sorts them.
import type { StatementSync } from 'node:sqlite';
import { hitOf } from './document.ts';
import { fold, meaning, oneTypoAway, words } from './indonesian.ts';
import type { SearchPage, SearchReader, SearchRequest } from './port.ts';
import { emptyShelf, type Matches, put, type Shelf, slice } from './shelf.ts';
import { openSearchFile } from './sqlite-fts.ts';
import { synonyms } from './words.ts';

/** Opens a reader with its own connection; several may read while the index writes. Every search sees the newest commit. */
export const openSearchReader = (file: string): SearchReader => {
  const database = openSearchFile(file);
  database.exec('PRAGMA query_only = 1');
  const dataVersion = database.prepare('PRAGMA data_version');
  const readLive = database.prepare('SELECT build, log_id AS logId, position FROM builds WHERE live = 1');
  const begin = database.prepare('BEGIN');
  const commit = database.prepare('COMMIT');
  let seenVersion = -1;
  let current: LiveBuild | null = null;

  /** The live build with all that is committed. SQLite changes the data version whenever another connection commits, so asking is cheap. */
  const fresh = (): LiveBuild | null => {
    const version = Number(dataVersion.get()?.data_version);
    if (version === seenVersion) return current;
    const row = readLive.get();
    if (!row) current = null;
    else if (current?.build !== Number(row.build)) current = openBuild((sql) => database.prepare(sql), Number(row.build));
    current?.load();
    seenVersion = version;
    return current;
  };

  /** One snapshot for all that a request reads, so that a swap by the index cannot take a table away in between. */
  const inSnapshot = <T>(read: (live: LiveBuild | null) => T): T => {
    begin.run();
    try {
      return read(fresh());
    } finally {
      commit.run();
    }
  };

  return {
    search: async (request) =>
      inSnapshot((live) =>
        live === null ? { ...slice(emptyShelf(), null, request), corrected: null, relaxed: false } : find(live, request),
      ),
    suggest: async (prefix, limit = 10) => {
      const folded = fold(prefix);
      return folded.length < 2 ? [] : inSnapshot((live) => live?.suggest(folded, limit) ?? []);
    },
    checkpoint: async () => {
      const row = readLive.get();
      return row && row.logId !== null ? { logId: String(row.logId), position: Number(row.position) } : null;
    },
    close: async () => database.close(),
  };
};

interface LiveBuild {
  readonly build: number;
  readonly shelf: Shelf;
  /** Takes what was written since the last call onto the shelf. */
  load(): void;
  match(expression: string, ranked: boolean): Matches;
  knows(term: string): boolean;
  /** The most frequent of the terms that begin with `prefix`, or null. */
  completes(prefix: string): string | null;
  mostFrequent(terms: readonly string[]): string | null;
  suggest(folded: string, limit: number): string[];
}

const openBuild = (prepare: (sql: string) => StatementSync, build: number): LiveBuild => {
  const statement = (sql: string) => prepare(sql.replaceAll('_N', `_${build}`));
  const changed = statement('SELECT id, change, active, document FROM products_N WHERE change > ? ORDER BY change');
  const ranked = statement('SELECT rowid, rank FROM terms_N WHERE terms_N MATCH ?');
  const unranked = statement('SELECT rowid FROM terms_N WHERE terms_N MATCH ?');
  ranked.setReturnArrays(true);
  unranked.setReturnArrays(true);
  const term = statement('SELECT 1 FROM vocabulary_N WHERE term = ?');
  const completion = statement('SELECT term FROM vocabulary_N WHERE term >= ? AND term < ? ORDER BY doc DESC, term LIMIT 1');
  const frequency = statement('SELECT doc FROM vocabulary_N WHERE term = ?');
  const suggestions = statement(`
    SELECT s.display FROM suggestions_N s JOIN products_N p ON p.id = s.id
    WHERE s.folded >= ? AND s.folded < ? GROUP BY s.display ORDER BY sum(p.sold) DESC, s.display LIMIT ?`);
  const shelf = emptyShelf();
  let lastChange = 0;

  return {
    build,
    shelf,
    load: () => {
      for (const row of changed.iterate(lastChange)) {
        put(shelf, Number(row.id), row.active === 1 ? hitOf(JSON.parse(String(row.document))) : null);
        lastChange = Number(row.change);
      }
    },
    match: (expression, wantsRank) => {
      const ids: number[] = [];
      const ranks: number[] = [];
      const rows: unknown = (wantsRank ? ranked : unranked).all(expression);
      for (const row of Array.isArray(rows) ? rows : []) {
        ids.push(row[0]);
        if (wantsRank) ranks.push(row[1]);
      }
      return { ids, ranks: wantsRank ? ranks : null };
    },
    knows: (word) => term.get(word) !== undefined,
    completes: (prefix) => {
      const row = completion.get(prefix, `${prefix}\u{10ffff}`);
      return row ? String(row.term) : null;
    },
    mostFrequent: (terms) => {
      let best: string | null = null;
      let most = 0;
      for (const word of terms) {
        const count = Number(frequency.get(word)?.doc ?? 0);
        if (count > most) [best, most] = [word, count];
      }
      return best;
    },
    suggest: (folded, limit) => suggestions.all(folded, `${folded}\u{10ffff}`, limit).map((row) => String(row.display)),
  };
};

const find = (live: LiveBuild, request: SearchRequest): SearchPage => {
  const asked = words(request.text ?? '');
  if (asked.length === 0) return { ...slice(live.shelf, null, request), corrected: null, relaxed: false };
  const known = asked.map((word) => knownWord(live, word));
  const corrected = known.some(({ kind }) => kind === 'corrected') ? known.map(({ term }) => term).join(' ') : null;
  const terms = known.map(({ kind, term }) => (kind === 'prefix' ? `"${term}"*` : `"${term}"`));
  const wantsRank = (request.sort ?? 'relevance') === 'relevance';
  const all = live.match(terms.join(' '), wantsRank);
  const relaxed = all.ids.length === 0 && terms.length > 1;
  const matches = relaxed ? live.match(terms.join(' OR '), wantsRank) : all;
  return { ...slice(live.shelf, matches, request), corrected, relaxed: relaxed && matches.ids.length > 0 };
};

interface KnownWord {
  readonly kind: 'exact' | 'prefix' | 'corrected' | 'unknown';
  readonly term: string;
}

/** A word that no product has is taken for the beginning of one that some have, else for one with a typing error. */
const knownWord = (live: LiveBuild, word: string): KnownWord => {
  if (live.knows(word)) return { kind: 'exact', term: word };
  if (word.length >= 3 && live.completes(word) !== null) return { kind: 'prefix', term: word };
  if (word.length < 3) return { kind: 'unknown', term: word };
  const near = oneTypoAway(word);
  const term = live.mostFrequent([...near, ...near.filter((candidate) => synonyms.has(candidate)).map(meaning)]);
  return term === null ? { kind: 'unknown', term: word } : { kind: 'corrected', term };
};
