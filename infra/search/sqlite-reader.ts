// The reading side of product search on SQLite: FTS5 says which products match, the shelf in memory filters, counts and sorts them.
import type { StatementSync } from 'node:sqlite';
import { asItIs, correctionOf, cursorOf, everything, type Plan, type Sought } from './cursor.ts';
import { askedCode, hitOf } from './document.ts';
import { fold, meaning, oneTypoAway, words } from './indonesian.ts';
import type { SearchPage, SearchReader, SearchRequest } from './port.ts';
import { emptyShelf, type Matches, noMatches, put, type Shelf, slice } from './shelf.ts';
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
        live === null
          ? { ...slice(emptyShelf(), null, request, everything, cursorOf(request)), corrected: null, relaxed: false }
          : find(live, request),
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

/** What a first page looks for; null where the text has no word in it. */
const planOf = (live: LiveBuild, text: string): Plan | null => {
  if (text === '') return everything;
  const code = askedCode(text);
  if (code !== null && live.knows(code)) return { sought: [asItIs(code)], isRelaxed: false };
  const asked = words(text);
  return asked.length === 0 ? null : { sought: asked.map((word) => knownWord(live, word)), isRelaxed: false };
};

const expressionOf = ({ sought, isRelaxed }: Plan): string =>
  sought.map(({ by, word }) => (by === 'prefix' ? `"${word}"*` : `"${word}"`)).join(isRelaxed ? ' OR ' : ' ');

const find = (live: LiveBuild, request: SearchRequest): SearchPage => {
  const cursor = cursorOf(request);
  const strict = cursor?.plan ?? planOf(live, request.text?.trim() ?? '');
  if (strict === null) return { ...slice(live.shelf, noMatches, request, everything, null), corrected: null, relaxed: false };
  const wantsRank = (request.sort ?? 'relevance') === 'relevance';
  const matching = (plan: Plan) => (plan.sought.length === 0 ? null : live.match(expressionOf(plan), wantsRank));
  const all = matching(strict);
  const plan = cursor === null && all?.ids.length === 0 && strict.sought.length > 1 ? { ...strict, isRelaxed: true } : strict;
  const matches = plan === strict ? all : matching(plan);
  const page = slice(live.shelf, matches, request, plan, cursor);
  return { ...page, corrected: correctionOf(plan), relaxed: plan.isRelaxed && matches !== null && matches.ids.length > 0 };
};

/** A word that no product has is taken for the beginning of one that some have, else for one with a typing error. */
const knownWord = (live: LiveBuild, word: string): Sought => {
  const found = asItIs(word);
  if (live.knows(word) || word.length < 3) return found;
  if (live.completes(word) !== null) return { ...found, by: 'prefix' };
  const near = oneTypoAway(word);
  const term = live.mostFrequent([...near, ...near.filter((candidate) => synonyms.has(candidate)).map(meaning)]);
  return term === null ? found : { word: term, by: 'word', isCorrected: true };
};
