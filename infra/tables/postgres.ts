// Read models in PostgreSQL, the side that writes: one writer, which a lease may fence. A batch is one transaction in each database that it
// touches. Rests on declarative partitioning and row-level security (PostgreSQL 13 and later); may stand behind PgBouncer.
import type { Lease } from '../lease/port.ts';
import { type Postgres, type Queryable, together } from '../postgres.ts';
import type { ColumnValue, ParkedRow, RowChange, StoredRow, TableCommit, TableShape, TableWriter } from './port.ts';
import { clean, sqlType } from './postgres-query.ts';
import {
  bookkeeping,
  createIndexes,
  createMonth,
  createTable,
  databaseOf,
  generationOf,
  generationsIn,
  identityOf,
  monthsOf,
  quoted,
  sqlName,
  type TableDatabases,
  tableName,
} from './postgres-schema.ts';

/** Building the indexes of a whole table takes its time. */
const patient = { statementTimeoutMs: 600_000 };

interface Known {
  readonly shape: TableShape;
  readonly put: string;
  /** Partitions that are known to be there. */
  readonly months: Set<string>;
}

/** One statement for all rows of a batch; the values of each column come as one list. */
const putStatement = (table: string, shape: TableShape): string => {
  const columns = ['key', 'position', 'row', ...Object.keys(shape.columns)];
  const names = columns.map(quoted).join(', ');
  const lists = columns.map((column, n) => `$${n + 1}::${sqlType(shape.columns, column)}[]`).join(', ');
  const sets = columns.slice(1).map((column) => `${quoted(column)} = excluded.${quoted(column)}`);
  return `INSERT INTO ${sqlName(table)} (${names}) SELECT * FROM unnest(${lists}) ON CONFLICT (${identityOf(shape)}) DO UPDATE SET ${sets.join(', ')}`;
};

const columnOf = (columns: Readonly<Record<string, ColumnValue>>, name: string): ColumnValue => clean(columns[name] ?? null);

/**
 * Rows of a partitioned table that may stand in it under another value of the partition's column, or none: no index would tell, so they are
 * taken out before they are put in. All others are new, or overwrite themselves.
 */
const misplaced = (rows: readonly RowChange[], by: string): string[] =>
  rows.flatMap(({ key, columns, before }) => {
    if (before === null) return [];
    const value = columns[by] ?? null;
    return before && value !== null && value === before[by] ? [] : [key];
  });

/** The months whose partitions these rows need. */
const monthsIn = (rows: readonly RowChange[], { partition }: TableShape): ReadonlySet<string> =>
  monthsOf(partition?.kind === 'month' ? rows.map(({ columns }) => columns[partition.by]) : []);

const save = async (tx: Queryable, table: string, known: Known, rows: readonly RowChange[]) => {
  if (rows.length === 0) return;
  const { partition, columns } = known.shape;
  if (partition) {
    for (const month of monthsIn(rows, known.shape)) if (!known.months.has(month)) await createMonth(tx, table, month);
    const keys = misplaced(rows, partition.by);
    if (keys.length > 0) await tx.query(`DELETE FROM ${sqlName(table)} WHERE "key" = ANY($1::text[])`, [keys]);
  }
  const lists = Object.keys(columns).map((name) => rows.map((row) => columnOf(row.columns, name)));
  await tx.query(known.put, [rows.map(({ key }) => key), rows.map(({ position }) => position), rows.map(({ row }) => row), ...lists]);
};

/** What of a commit goes into which database. */
const shares = ({ tables, checkpoints, park = [], unpark = [] }: TableCommit, databases: TableDatabases): Map<Postgres, TableCommit> => {
  const isIn = (database: Postgres) => (one: { readonly table: string }) => databaseOf(databases, one.table) === database;
  const touched = new Set([...tables, ...checkpoints, ...park, ...unpark].map(({ table }) => databaseOf(databases, table)));
  return new Map(
    [...touched].map((database) => {
      const here = isIn(database);
      const share = { tables: tables.filter(here), checkpoints: checkpoints.filter(here) };
      return [database, { ...share, park: park.filter(here), unpark: unpark.filter(here) }];
    }),
  );
};

export interface PostgresTableWriterOptions {
  readonly databases: TableDatabases;
  /** Checked in every transaction: whoever has been replaced writes nothing more. */
  readonly fence?: Pick<Lease, 'fence'>;
}

/** NOTE: the databases belong to whoever opened them; `close` leaves them open. */
export const openPostgresTableWriter = ({ databases, fence }: PostgresTableWriterOptions): TableWriter => {
  const [main] = databases.all;
  const { generations, parked, numbers } = bookkeeping(databases.prefix);
  const homeOf = (table: string) => databaseOf(databases, table);
  const known = new Map<string, Known>();
  /** Where each checkpoint was left: one that stands before it has been set back with its database. */
  const left = new Map<string, number>();

  /** A transaction under the lease. NOTE: the lease stands in the main database alone, whose transaction holds it while another is written. */
  const writing = async <T>(database: Postgres, work: (tx: Queryable) => Promise<T>, options = {}): Promise<T> => {
    if (!fence) return database.transaction(work, options);
    return main.transaction(async (tx) => {
      await fence.fence(tx);
      return database === main ? work(tx) : database.transaction(work, options);
    }, options);
  };

  const knownOf = async (tx: Queryable, table: string): Promise<Known> => {
    const kept = known.get(table);
    if (kept) return kept;
    // The shape is kept with the generation, so that a writer that did not make the table knows it.
    const [row] = await tx.query<{ shape: string }>(`SELECT shape FROM ${generations} WHERE "table" = $1`, [table]);
    if (!row) throw new Error(`there is no table ${table}`);
    const shape = JSON.parse(row.shape) as TableShape;
    const found = { shape, put: putStatement(table, shape), months: new Set<string>() };
    known.set(table, found);
    return found;
  };

  const park = async (tx: Queryable, { park: rows = [], unpark = [] }: TableCommit) => {
    await together([
      ...rows.map(({ table, key, projection, firstPosition, after, reason }) => {
        const values = [table, key, projection, firstPosition, clean(reason), after];
        return tx.query(`INSERT INTO ${parked} VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING`, values);
      }),
      ...unpark.map(({ table, key }) => tx.query(`DELETE FROM ${parked} WHERE "table" = $1 AND key = $2`, [table, key])),
    ]);
  };

  const forgetTable = async (tx: Queryable, table: string) => {
    await tx.query(`DROP TABLE IF EXISTS ${sqlName(table)}`);
    for (const place of [parked, generations]) await tx.query(`DELETE FROM ${place} WHERE "table" = $1`, [table]);
  };

  const saveCheckpoints = async (tx: Queryable, checkpoints: TableCommit['checkpoints']) => {
    if (checkpoints.length === 0) return;
    const lists = [
      checkpoints.map(({ table }) => table),
      checkpoints.map(({ position }) => position),
      checkpoints.map(({ table }) => left.get(table) ?? 0),
    ];
    const saved = await tx.query(
      `UPDATE ${generations} AS g SET position = c.position FROM unnest($1::text[], $2::bigint[], $3::bigint[]) AS c ("table", position, at_least)
       WHERE g."table" = c."table" AND g.position >= c.at_least RETURNING 1`,
      lists,
    );
    if (saved.length < checkpoints.length)
      throw new Error('a read model stands before the position where it was left: it was set back, and has to be taken up anew');
  };

  const saveAll = async (tx: Queryable, share: TableCommit) => {
    const saving = async ({ table, rows }: TableCommit['tables'][number]) =>
      save(tx, table, known.get(table) ?? (await knownOf(tx, table)), rows);
    await together([...share.tables.map(saving), park(tx, share), saveCheckpoints(tx, share.checkpoints)]);
  };

  /** The main database last, so that its lease is held until all is written. */
  const commitAll = async (all: ReadonlyMap<Postgres, TableCommit>) => {
    const own = all.get(main);
    const others = async () => {
      for (const [database, share] of all) if (database !== main) await database.transaction((tx) => saveAll(tx, share));
    };
    if (!own && !fence) return others();
    await main.transaction(async (tx) => {
      const isAlone = all.size === (own ? 1 : 0);
      // NOTE: what stands in other databases is committed before this, so that the lease must be known to be ours by then.
      if (!isAlone) await fence?.fence(tx);
      await others();
      await together([...(isAlone && fence ? [fence.fence(tx)] : []), ...(own ? [saveAll(tx, own)] : [])]);
    });
  };

  return {
    generations: async () => (await generationsIn(databases)).map(generationOf),
    create: ({ projection, version, service }, logId, shape) =>
      writing(databases.of(service), async (tx) => {
        const [next] = await tx.query<{ n: number }>(`SELECT nextval('${numbers}') AS n`);
        const table = tableName(databases.prefix + service, projection, version, Number(next?.n));
        await createTable(tx, table, shape);
        const values = [table, projection, version, logId, JSON.stringify(shape)];
        await tx.query(`INSERT INTO ${generations} VALUES ($1, $2, $3, $4, 0, false, $5)`, values);
        return { projection, version, table, logId, position: 0, live: false };
      }),
    async load(table, keys) {
      const text = `SELECT "key", "position", "row" FROM ${sqlName(table)} WHERE "key" = ANY($1::text[])`;
      const rows = await homeOf(table).query<StoredRow & { key: string }>(text, [keys]);
      return new Map(rows.map(({ key, position, row }) => [key, { position, row }]));
    },
    async commit(commit) {
      const all = shares(commit, databases);
      if (all.size === 0) return;
      await commitAll(all);
      for (const { table, position } of commit.checkpoints) left.set(table, position);
      for (const { table, rows } of commit.tables) {
        const made = known.get(table);
        if (made) for (const month of monthsIn(rows, made.shape)) made.months.add(month);
      }
    },
    swap: (projection, table) =>
      writing(
        homeOf(table),
        async (tx) => {
          await createIndexes(tx, table, (await knownOf(tx, table)).shape);
          const old = await tx.query<{ table: string }>(`SELECT "table" FROM ${generations} WHERE projection = $1 AND "table" <> $2`, [
            projection,
            table,
          ]);
          for (const one of old) await forgetTable(tx, one.table);
          await tx.query(`UPDATE ${generations} SET live = true WHERE "table" = $1`, [table]);
        },
        patient,
      ),
    drop: (table) => writing(homeOf(table), (tx) => forgetTable(tx, table), patient),
    async parked() {
      const text = `SELECT "table", projection, key, first_position AS "firstPosition", after, reason FROM ${parked}`;
      const each = await Promise.all(
        databases.all.map(async (database) => {
          const rows = await database.query<ParkedRow & { table: string }>(text);
          return rows.filter(({ table }) => homeOf(table) === database);
        }),
      );
      return each.flat().sort((a, b) => a.firstPosition - b.firstPosition);
    },
    async changedSince(table, position, limit) {
      // Rows of one event share its position: the page must not end between them.
      const page = `SELECT "key", "position", "row" FROM ${sqlName(table)} WHERE "position" > $1 ORDER BY "position" FETCH FIRST $2 ROWS WITH TIES`;
      return homeOf(table).query(`SELECT * FROM (${page}) AS page ORDER BY "position", "key"`, [position, limit]);
    },
    async close() {},
  };
};
