// Read models in one SQLite file: one writer (the projector), any number of readers. A commit need not reach the disk at once, for all of it can be folded again.
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { inTransaction } from '../sqlite.ts';
import type {
  ColumnValue,
  Condition,
  FoundRow,
  Generation,
  Group,
  Query,
  RowChange,
  TableCommit,
  TableReader,
  TableShape,
  TableWriter,
} from './port.ts';

const schema = `
  CREATE TABLE IF NOT EXISTS generations (
    "table" TEXT PRIMARY KEY, projection TEXT NOT NULL, version INTEGER NOT NULL, log_id TEXT NOT NULL, position INTEGER NOT NULL, live INTEGER NOT NULL, shape TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS parked ("table" TEXT NOT NULL, key TEXT NOT NULL, projection TEXT NOT NULL, first_position INTEGER NOT NULL, after INTEGER NOT NULL DEFAULT 0, reason TEXT NOT NULL, PRIMARY KEY ("table", key));
`;

const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`;

const million = 1_000_000;
/** Millions and the rest apart, as text: SQLite's own sum fails beyond 2^63, and reading a number beyond 2^53 does. */
const sumOf = (column: string, name: string) =>
  `CAST(coalesce(sum(${quoted(column)} / ${million}), 0) AS TEXT) AS ${name}m, CAST(coalesce(sum(${quoted(column)} % ${million}), 0) AS TEXT) AS ${name}r`;
const sumIn = (row: Record<string, unknown> | undefined, name: string): number =>
  Number(BigInt(String(row?.[`${name}m`] ?? 0)) * BigInt(million) + BigInt(String(row?.[`${name}r`] ?? 0)));

const generationOf = (row: Record<string, unknown>): Generation => ({
  projection: String(row.projection),
  version: Number(row.version),
  table: String(row.table),
  logId: String(row.log_id),
  position: Number(row.position),
  live: row.live === 1,
});

/** Prepared statements by their SQL; a dropped table's statements are dropped with `clear`. */
const statementCache = (database: DatabaseSync) => {
  const statements = new Map<string, StatementSync>();
  return {
    prepare(sql: string): StatementSync {
      let statement = statements.get(sql);
      if (!statement) {
        statement = database.prepare(sql);
        statements.set(sql, statement);
      }
      return statement;
    },
    clear: () => statements.clear(),
  };
};

/** Writes rows of one table. A row that is known to stand there is updated, with none but the columns (and their indexes) that have changed. */
const rowWriter = (database: DatabaseSync, table: string) => {
  // The shape is kept with the generation, so that a writer that did not make the table knows it.
  const kept = database.prepare('SELECT shape FROM generations WHERE "table" = ?').get(table);
  const columns = Object.keys((JSON.parse(String(kept?.shape)) as TableShape).columns);
  const names = ['key', 'position', 'row', ...columns.map(quoted)];
  const values = names.map(() => '?').join(', ');
  const put = database.prepare(`INSERT OR REPLACE INTO ${quoted(table)} (${names.join(', ')}) VALUES (${values})`);
  const updates = new Map<string, StatementSync>();
  const update = (changed: readonly string[]) => {
    const name = changed.join('\0');
    const known = updates.get(name);
    if (known) return known;
    const sets = ['position', 'row', ...changed.map(quoted)].map((column) => `${column} = ?`);
    const statement = database.prepare(`UPDATE ${quoted(table)} SET ${sets.join(', ')} WHERE key = ?`);
    updates.set(name, statement);
    return statement;
  };
  return ({ key, position, row, columns: after, before }: RowChange) => {
    if (before) {
      const changed = columns.filter((column) => (after[column] ?? null) !== (before[column] ?? null));
      const statement = update(changed);
      if (statement.run(position, row, ...changed.map((column) => after[column] ?? null), key).changes === 1) return;
    }
    put.run(key, position, row, ...columns.map((column) => after[column] ?? null));
  };
};

/** NOTE: made when a generation goes live, for to sort a whole table once costs a fraction of keeping its indexes while it is filled. */
const createIndexes = (database: DatabaseSync, table: string) => {
  const kept = database.prepare('SELECT shape FROM generations WHERE "table" = ?').get(table);
  (JSON.parse(String(kept?.shape)) as TableShape).indexes.forEach((index, n) => {
    const columns = [...index.map(quoted), 'key'].join(', ');
    database.exec(`CREATE INDEX IF NOT EXISTS ${quoted(`${table} i${n}`)} ON ${quoted(table)} (${columns})`);
  });
};

export const openSqliteTableWriter = (file: string): TableWriter => {
  const database = new DatabaseSync(file);
  database.exec(
    'PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA busy_timeout = 5000; PRAGMA cache_size = -32768; PRAGMA wal_autocheckpoint = 4000',
  );
  database.exec(schema);
  // Files of an earlier release do not have it.
  if (!database.prepare("SELECT 1 FROM pragma_table_info('parked') WHERE name = 'after'").get())
    database.exec('ALTER TABLE parked ADD COLUMN after INTEGER NOT NULL DEFAULT 0');
  const { prepare, clear } = statementCache(database);
  const writers = new Map<string, ReturnType<typeof rowWriter>>();
  const writerOf = (table: string) => {
    const known = writers.get(table) ?? rowWriter(database, table);
    writers.set(table, known);
    return known;
  };
  const forget = () => {
    clear();
    writers.clear();
  };
  /** One statement for all tables that have come equally far, as they nearly always have. */
  const saveCheckpoints = (checkpoints: TableCommit['checkpoints']) => {
    const groups = Map.groupBy(checkpoints, ({ position }) => position);
    const save = prepare('UPDATE generations SET position = ? WHERE "table" IN (SELECT value FROM json_each(?))');
    for (const [position, group] of groups) save.run(position, JSON.stringify(group.map(({ table }) => table)));
  };

  return {
    generations: async () => prepare('SELECT * FROM generations ORDER BY "table"').all().map(generationOf),
    async create({ projection, version }, logId, shape) {
      return inTransaction(database, () => {
        const last = prepare('SELECT count(*) AS n, coalesce(max(rowid), 0) AS last FROM generations WHERE projection = ?').get(projection);
        const table = `${projection} v${version} g${Number(last?.last) + 1}`;
        const columns = Object.entries(shape.columns).map(([name, type]) => `, ${quoted(name)} ${type === 'text' ? 'TEXT' : 'INTEGER'}`);
        database.exec(`CREATE TABLE ${quoted(table)} (key TEXT PRIMARY KEY, position INTEGER NOT NULL, row TEXT${columns.join('')})`);
        prepare('INSERT INTO generations ("table", projection, version, log_id, position, live, shape) VALUES (?, ?, ?, ?, 0, 0, ?)').run(
          table,
          projection,
          version,
          logId,
          JSON.stringify(shape),
        );
        return { projection, version, table, logId, position: 0, live: false };
      });
    },
    async load(table, keys) {
      const statement = prepare(`SELECT position, row FROM ${quoted(table)} WHERE key = ?`);
      const found = new Map<string, { position: number; row: string | null }>();
      for (const key of keys) {
        const row = statement.get(key);
        if (row) found.set(key, { position: Number(row.position), row: row.row as string | null });
      }
      return found;
    },
    async commit({ tables, checkpoints, park = [], unpark = [] }) {
      inTransaction(database, () => {
        for (const { table, rows } of tables) {
          const write = writerOf(table);
          for (const row of rows) write(row);
        }
        const parking = prepare(
          'INSERT OR IGNORE INTO parked ("table", key, projection, first_position, after, reason) VALUES (?, ?, ?, ?, ?, ?)',
        );
        for (const row of park) parking.run(row.table, row.key, row.projection, row.firstPosition, row.after, row.reason);
        for (const row of unpark) prepare('DELETE FROM parked WHERE "table" = ? AND key = ?').run(row.table, row.key);
        saveCheckpoints(checkpoints);
      });
    },
    async swap(projection, table) {
      forget();
      inTransaction(database, () => {
        createIndexes(database, table);
        const old = database.prepare('SELECT "table" FROM generations WHERE projection = ? AND "table" <> ?').all(projection, table);
        for (const row of old) {
          database.exec(`DROP TABLE ${quoted(String(row.table))}`);
          database.prepare('DELETE FROM parked WHERE "table" = ?').run(String(row.table));
          database.prepare('DELETE FROM generations WHERE "table" = ?').run(String(row.table));
        }
        database.prepare('UPDATE generations SET live = 1 WHERE "table" = ?').run(table);
      });
    },
    async drop(table) {
      forget();
      inTransaction(database, () => {
        database.exec(`DROP TABLE ${quoted(table)}`);
        database.prepare('DELETE FROM parked WHERE "table" = ?').run(table);
        database.prepare('DELETE FROM generations WHERE "table" = ?').run(table);
      });
    },
    parked: async () =>
      prepare('SELECT "table", projection, key, first_position AS firstPosition, after, reason FROM parked ORDER BY first_position')
        .all()
        .map((row) => ({
          table: String(row.table),
          projection: String(row.projection),
          key: String(row.key),
          firstPosition: Number(row.firstPosition),
          after: Number(row.after),
          reason: String(row.reason),
        })),
    async changedSince(table, position, limit) {
      // Rows of one event share its position: the page must not end between them.
      const rows = prepare(`SELECT key, position, row FROM ${quoted(table)} WHERE position > ? ORDER BY position, key LIMIT ?`).all(
        position,
        limit,
      );
      const last = rows.length === limit ? Number(rows[rows.length - 1]?.position) : Number.POSITIVE_INFINITY;
      const whole = rows.filter((row) => Number(row.position) < last);
      const rest =
        whole.length < rows.length ? prepare(`SELECT key, position, row FROM ${quoted(table)} WHERE position = ?`).all(last) : [];
      return [...whole, ...rest].map((row) => ({ key: String(row.key), position: Number(row.position), row: row.row as string | null }));
    },
    async close() {
      database.close();
    },
  };
};

const condition = (column: string, wanted: Condition): { sql: string; values: ColumnValue[] } => {
  if (wanted === null) return { sql: `${quoted(column)} IS NULL`, values: [] };
  if (typeof wanted !== 'object') return { sql: `${quoted(column)} = ?`, values: [wanted] };
  if ('in' in wanted) return { sql: `${quoted(column)} IN (${wanted.in.map(() => '?').join(', ')})`, values: [...wanted.in] };
  const parts: string[] = [];
  const values: ColumnValue[] = [];
  if (wanted.from !== undefined) {
    parts.push(`${quoted(column)} >= ?`);
    values.push(wanted.from);
  }
  if (wanted.below !== undefined) {
    parts.push(`${quoted(column)} < ?`);
    values.push(wanted.below);
  }
  return { sql: parts.join(' AND ') || '1', values };
};

const conditionsOf = (where: Query['where'] = {}) => {
  const parts = Object.entries(where).map(([column, wanted]) => condition(column, wanted));
  return { sql: parts.map((part) => part.sql).join(' AND ') || '1', values: parts.flatMap((part) => part.values) };
};

/** WHERE of a query; rows that are gone are left out. */
const whereOf = (where: Query['where'] = {}) => {
  const { sql, values } = conditionsOf(where);
  return { sql: `row IS NOT NULL AND ${sql}`, values };
};

/** The part of WHERE that begins after a cursor: (a, b, key) beyond the given values, each column in its own direction, null before every value. */
const afterOf = ({ order = [], after }: Query): { sql: string; values: ColumnValue[] } => {
  if (!after) return { sql: '1', values: [] };
  const last = order[order.length - 1]?.[1] ?? 'asc';
  const columns = [...order, ['key', last] as const].map(([column, direction], n) => ({
    name: quoted(column),
    isUp: direction === 'asc',
    value: n < order.length ? (after.values[n] ?? null) : after.key,
  }));
  const values: ColumnValue[] = [];
  const alternatives = columns.map((column, at) => {
    const equal = columns.slice(0, at).map(({ name, value }) => {
      if (value === null) return `${name} IS NULL`;
      values.push(value);
      return `${name} = ?`;
    });
    return [...equal, beyond(column, values)].join(' AND ');
  });
  return { sql: `(${alternatives.map((sql) => `(${sql})`).join(' OR ')})`, values };
};

const beyond = ({ name, isUp, value }: { name: string; isUp: boolean; value: ColumnValue }, values: ColumnValue[]): string => {
  if (value === null) return isUp ? `${name} IS NOT NULL` : '0';
  values.push(value);
  if (isUp) return `${name} > ?`;
  return name === quoted('key') ? `${name} < ?` : `(${name} < ? OR ${name} IS NULL)`;
};

export const openSqliteTableReader = (file: string): TableReader & { forget(): void } => {
  const database = new DatabaseSync(file, { readOnly: true });
  database.exec('PRAGMA busy_timeout = 5000; PRAGMA cache_size = -16384; PRAGMA mmap_size = 268435456');
  const { prepare, clear } = statementCache(database);
  const live = new Map<string, string>();

  const tableOf = (projection: string): string => {
    const known = live.get(projection);
    if (known) return known;
    const row = database.prepare('SELECT "table" FROM generations WHERE projection = ? AND live = 1').get(projection);
    if (!row) throw new Error(`the read model ${projection} is not built yet`);
    live.set(projection, String(row.table));
    return String(row.table);
  };
  const forget = () => {
    live.clear();
    clear();
  };
  /** Runs a read; when its table has been swapped away meanwhile, looks up the new one and reads that. */
  const reading = <T>(projection: string, read: (table: string) => T): T => {
    try {
      return read(quoted(tableOf(projection)));
    } catch (error) {
      if (!(error instanceof Error) || !/no such table/.test(error.message)) throw error;
      forget();
      return read(quoted(tableOf(projection)));
    }
  };

  const reader: TableReader & { forget(): void } = {
    forget,
    get: async (projection, key) =>
      reading(
        projection,
        (table) => (prepare(`SELECT row FROM ${table} WHERE key = ?`).get(key)?.row as string | null | undefined) ?? null,
      ),
    getMany: async (projection, keys) =>
      reading(projection, (table) => {
        const statement = prepare(`SELECT row FROM ${table} WHERE key = ?`);
        const found = new Map<string, string>();
        for (const key of keys) {
          const row = statement.get(key)?.row;
          if (typeof row === 'string') found.set(key, row);
        }
        return found;
      }),
    find: async (projection, query) =>
      reading(projection, (table) => {
        const { order = [], limit } = query;
        const where = whereOf(query.where);
        const after = afterOf(query);
        const last = order[order.length - 1]?.[1] ?? 'asc';
        const ordering = [...order.map(([column, direction]) => `${quoted(column)} ${direction}`), `key ${last}`].join(', ');
        const fields = ['key', 'row', ...order.map(([column], n) => `${quoted(column)} AS o${n}`)].join(', ');
        const sql = `SELECT ${fields} FROM ${table} WHERE ${where.sql} AND ${after.sql} ORDER BY ${ordering} LIMIT ?`;
        return prepare(sql)
          .all(...where.values, ...after.values, limit)
          .map(
            (row): FoundRow => ({ key: String(row.key), row: String(row.row), order: order.map((_, n) => row[`o${n}`] as ColumnValue) }),
          );
      }),
    count: async (projection, where) =>
      reading(projection, (table) => {
        const { sql, values } = whereOf(where);
        return Number(prepare(`SELECT count(*) AS n FROM ${table} WHERE ${sql}`).get(...values)?.n);
      }),
    sum: async (projection, column, where) =>
      reading(projection, (table) => {
        const { sql, values } = whereOf(where);
        return sumIn(prepare(`SELECT ${sumOf(column, 's')} FROM ${table} WHERE ${sql}`).get(...values), 's');
      }),
    groups: async (projection, { by, sums, where = {}, after, limit }) =>
      reading(projection, (table) => {
        // NOTE: a row that is gone has no values, so that a wanted value leaves it out by itself, and the index is enough.
        const isValue = (wanted: Condition) => wanted !== null && typeof wanted !== 'object';
        const { sql, values } = Object.values(where).some(isValue) ? conditionsOf(where) : whereOf(where);
        const fields = [`${quoted(by)} AS value`, 'count(*) AS n', ...sums.map((column, n) => sumOf(column, `s${n}`))];
        const beyond = after === undefined ? '1' : `${quoted(by)} > ?`;
        return prepare(
          `SELECT ${fields.join(', ')} FROM ${table} WHERE ${sql} AND ${beyond} GROUP BY ${quoted(by)} ORDER BY ${quoted(by)} LIMIT ?`,
        )
          .all(...values, ...(after === undefined ? [] : [after]), limit)
          .map(
            (row): Group => ({
              value: row.value as ColumnValue,
              count: Number(row.n),
              sums: sums.map((_, n) => sumIn(row, `s${n}`)),
            }),
          );
      }),
    generations: async () => database.prepare('SELECT * FROM generations ORDER BY "table"').all().map(generationOf),
    asSeller: () => reader,
    async close() {
      database.close();
    },
  };
  return reader;
};
