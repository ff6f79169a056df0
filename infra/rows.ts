// Rows that stand in one of two engines, in a form that both have: for carrying them from one to the other and proving them equal.
import type { DatabaseSync } from 'node:sqlite';
import type { Postgres } from './postgres.ts';
import { inTransaction } from './sqlite.ts';

/** `bytes` are hexadecimal digits, `instant` milliseconds, `id` a UUID as 32 digits; a truth value is 0 or 1. */
type Kind = 'text' | 'integer' | 'truth' | 'bytes' | 'instant' | 'id';
type Value = string | number | null;

/** A table as both engines show it. */
export interface TableForm {
  readonly name: string;
  /** The column by which rows are known, a text or an id. */
  readonly key: readonly [string, 'text' | 'id'];
  readonly columns: Readonly<Record<string, Kind>>;
}

export interface Row {
  readonly key: string;
  readonly values: readonly Value[];
}

/** The rows of one table at one place. */
export interface Rows {
  readonly name: string;
  /** Rows whose keys come after this one, in the order of their bytes. */
  page(after: string, limit: number): Promise<readonly Row[]>;
  /** Removes the rows of these keys and puts these in, all or nothing. */
  replace(keys: readonly string[], rows: readonly Row[]): Promise<void>;
}

/** Where the engines differ: other names, or a table that is put together from two. */
export interface Placed {
  readonly table: string;
  /** What is read from, if not the table itself. */
  readonly from?: string;
  /** Columns that another statement writes. */
  readonly without?: readonly string[];
  /** A statement that comes before the rows, which it names `given`. */
  readonly before?: string;
  /** What is written for a column, where it is not the value itself; `?` stands for it. */
  readonly write?: Readonly<Record<string, string>>;
}

const rowOf = ({ key, ...found }: Readonly<Record<string, unknown>>, names: readonly string[]): Row => ({
  key: String(key),
  values: names.map((_, n) => (found[`c${n}`] ?? null) as Value),
});

const inSqlite: Readonly<Record<Kind, (column: string) => string>> = {
  text: (column) => column,
  integer: (column) => `coalesce(${column}, 0)`,
  truth: (column) => column,
  bytes: (column) => `CASE WHEN ${column} IS NULL THEN NULL ELSE lower(hex(${column})) END`,
  instant: (column) => column,
  id: (column) => `lower(hex(${column}))`,
};

const toSqlite = (kind: Kind, value: Value) =>
  (kind === 'bytes' || kind === 'id') && value !== null ? Buffer.from(String(value), 'hex') : value;

export const sqliteRows = (
  database: DatabaseSync,
  { name, key: [key, keyKind], columns }: TableForm,
  { table, from, write = {} }: Placed,
): Rows => {
  const names = Object.keys(columns);
  const kinds = Object.values(columns);
  const read = [`${inSqlite[keyKind](key)} AS key`, ...names.map((column, n) => `${inSqlite[kinds[n] as Kind](column)} AS c${n}`)];
  const page = database.prepare(`SELECT ${read.join(', ')} FROM ${from ?? table} WHERE ${key} > ? ORDER BY ${key} LIMIT ?`);
  const remove = database.prepare(`DELETE FROM ${table} WHERE ${key} = ?`);
  const values = names.map((column) => write[column] ?? '?');
  const put = database.prepare(`INSERT INTO ${table} (${[key, ...names].join(', ')}) VALUES (?, ${values.join(', ')})`);
  return {
    name,
    page: async (after, limit) => page.all(toSqlite(keyKind, after), limit).map((found) => rowOf(found, names)),
    async replace(keys, rows) {
      inTransaction(database, () => {
        for (const one of keys) remove.run(toSqlite(keyKind, one));
        for (const row of rows) put.run(toSqlite(keyKind, row.key), ...row.values.map((value, n) => toSqlite(kinds[n] as Kind, value)));
      });
    },
  };
};

const inPostgres: Readonly<Record<Kind, (column: string) => string>> = {
  text: (column) => column,
  integer: (column) => column,
  truth: (column) => `${column}::int`,
  bytes: (column) => `encode(${column}, 'hex')`,
  instant: (column) => `round(extract(epoch FROM ${column}) * 1000)::bigint`,
  id: (column) => `replace(${column}::text, '-', '')`,
};

/** All values come as text. */
const toPostgres: Readonly<Record<Kind, (text: string) => string>> = {
  text: (text) => text,
  integer: (text) => `${text}::bigint`,
  truth: (text) => `${text}::int::boolean`,
  bytes: (text) => `decode(${text}, 'hex')`,
  instant: (text) => `to_timestamp(${text}::bigint / 1000.0)`,
  id: (text) => `${text}::uuid`,
};

export const postgresRows = (
  postgres: Postgres,
  { name, key: [key, keyKind], columns }: TableForm,
  { table, from, before, without = [] }: Placed,
): Rows => {
  const names = Object.keys(columns);
  const kinds = Object.values(columns);
  const shown = inPostgres[keyKind](key);
  const read = [`${shown} AS key`, ...names.map((column, n) => `${inPostgres[kinds[n] as Kind](column)} AS c${n}`)];
  // A UUID sorts as its digits do, and by itself it has an index.
  const [sorted, after] = keyKind === 'id' ? [key, `rpad($1, 32, '0')::uuid`] : [`${key} COLLATE "C"`, '$1'];
  const page = `SELECT ${read.join(', ')} FROM ${from ?? table} WHERE ${sorted} > ${after} ORDER BY ${sorted} LIMIT $2`;
  const remove = `DELETE FROM ${table} WHERE ${key} = ANY ($1::text[]${keyKind === 'id' ? '::uuid[]' : ''})`;
  const written = names.flatMap((column, n) => (without.includes(column) ? [] : [[column, n] as const]));
  const given = `unnest(${[key, ...names].map((_, n) => `$${n + 1}::text[]`).join(', ')}) AS given (key, ${names.map((_, n) => `c${n}`).join(', ')})`;
  const put = `INSERT INTO ${table} (${[key, ...written.map(([column]) => column)].join(', ')})
    SELECT ${[toPostgres[keyKind]('key'), ...written.map(([, n]) => toPostgres[kinds[n] as Kind](`c${n}`))].join(', ')} FROM ${given}`;
  return {
    name,
    page: async (last, limit) => (await postgres.query<Record<string, unknown>>(page, [last, limit])).map((found) => rowOf(found, names)),
    replace: (keys, rows) =>
      postgres.transaction(async (tx) => {
        if (keys.length > 0) await tx.query(remove, [keys]);
        if (rows.length === 0) return;
        const values = [rows.map((row) => row.key), ...names.map((_, n) => rows.map((row) => row.values[n]?.toString() ?? null))];
        if (before) await tx.query(before.replace('given', given), values);
        await tx.query(put, values);
      }),
  };
};
