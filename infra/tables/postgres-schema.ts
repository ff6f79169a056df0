// How read models stand in PostgreSQL: a schema for each service, a table for each generation, and beside them which generations there are.
import { type Migration, migrate, type Postgres, type Queryable } from '../postgres.ts';
import type { Generation, TableShape } from './port.ts';

/** Who reads for a seller: a role that nobody signs in as, and that policies hold to the seller's own rows. */
export const sellerRole = 'tokobapak_seller';

/** What is kept beside the tables: which generations there are, and what is parked. */
export const bookkeeping = (prefix: string) => {
  const schema = `${prefix}projections`;
  return { schema, generations: `${schema}.generations`, parked: `${schema}.parked`, numbers: `${schema}.generation_numbers` };
};

const migrations = ({ generations, parked, numbers }: ReturnType<typeof bookkeeping>): readonly Migration[] => [
  {
    name: '001_generations',
    up: async (knex) => {
      // NOTE: numbered by a sequence, so that no table ever has the name of one that is gone and that a reader may still remember.
      await knex.raw(`CREATE SEQUENCE ${numbers}`);
      await knex.raw(`CREATE TABLE ${generations} (
        "table" text COLLATE "C" PRIMARY KEY, projection text NOT NULL, version integer NOT NULL, log_id text NOT NULL,
        position bigint NOT NULL, live boolean NOT NULL, shape text NOT NULL) WITH (fillfactor = 50)`);
      await knex.raw(`CREATE TABLE ${parked} (
        "table" text, key text, projection text NOT NULL, first_position bigint NOT NULL, reason text NOT NULL, PRIMARY KEY ("table", key))`);
    },
  },
  {
    name: '002_seller_role',
    up: async (knex) => {
      // Roles belong to the whole server: another database of it may have made this one.
      await knex.raw(`DO $$ BEGIN
        BEGIN
          IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '${sellerRole}') THEN
            CREATE ROLE ${sellerRole} NOLOGIN;
          END IF;
        EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
        END;
        IF NOT pg_has_role(current_user, '${sellerRole}', 'MEMBER') THEN
          EXECUTE format('GRANT ${sellerRole} TO %I', current_user);
        END IF;
      EXCEPTION WHEN insufficient_privilege THEN
        RAISE EXCEPTION 'let an administrator run: CREATE ROLE ${sellerRole} NOLOGIN; GRANT ${sellerRole} TO %', current_user;
      END $$`);
    },
  },
  {
    name: '003_parked_after',
    up: async (knex) => {
      await knex.raw(`ALTER TABLE ${parked} ADD COLUMN after bigint NOT NULL DEFAULT 0`);
    },
  },
];

/** To be called for each database before tables are opened in it; several processes may do so at once. */
export const migrateTables = (url: string, prefix = ''): Promise<void> => {
  const names = bookkeeping(prefix);
  return migrate(url, names.schema, migrations(names));
};

export const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`;

/** A table is told by `<schema>.<name>`, so that its service, and with it the database, is known from it. */
export const tableName = (schema: string, projection: string, version: number, n: number) =>
  `${schema}.${projection.replaceAll('-', '_')}_v${version}_g${n}`;

const partsOf = (table: string) => {
  const dot = table.indexOf('.');
  return { schema: table.slice(0, dot), name: table.slice(dot + 1) };
};

/** The table as SQL names it; `part`: one of its partitions or indexes. */
export const sqlName = (table: string, part = '') => {
  const { schema, name } = partsOf(table);
  return `${quoted(schema)}.${quoted(name + part)}`;
};

/** Where the tables of a service stand. The first of `all` is the main one: the lease of whoever writes stands there. */
export interface TableDatabases {
  of(service: string): Postgres;
  readonly all: readonly [Postgres, ...Postgres[]];
  /** Before the name of every schema, where a database is shared. */
  readonly prefix: string;
}

/** One database for all services but those that have one of their own. */
export const tableDatabases = (main: Postgres, own: ReadonlyMap<string, Postgres> = new Map(), prefix = ''): TableDatabases => ({
  of: (service) => own.get(service) ?? main,
  all: [main, ...new Set(own.values())],
  prefix,
});

export const databaseOf = ({ of, prefix }: TableDatabases, table: string): Postgres => of(partsOf(table).schema.slice(prefix.length));

type GenerationRow = Omit<Generation, 'logId'> & { log_id: string; shape: string };

/** Those that stand where their service has its tables now: it may have had another database before. */
export const generationsIn = async (databases: TableDatabases): Promise<GenerationRow[]> => {
  const { generations } = bookkeeping(databases.prefix);
  const each = await Promise.all(
    databases.all.map(async (database) => {
      const rows = await database.query<GenerationRow>(`SELECT * FROM ${generations}`);
      return rows.filter(({ table }) => databaseOf(databases, table) === database);
    }),
  );
  return each.flat().sort((a, b) => (a.table < b.table ? -1 : 1));
};

export const generationOf = ({ projection, version, table, log_id: logId, position, live }: GenerationRow): Generation => ({
  ...{ projection, version, table, logId, position, live },
});

/** Room for a row's next version beside the last one: an update that changes no index then stays on its page and touches none. */
const room = 'WITH (fillfactor = 85)';

const partitionBy = ({ partition }: TableShape) => {
  if (!partition) return room;
  return `PARTITION BY ${partition.kind === 'month' ? 'RANGE' : 'HASH'} (${quoted(partition.by)})`;
};

/**
 * NOTE: a unique index of a partitioned table has to hold the partition's column, so that there it is not the key alone that is unique.
 * That a key stands in one partition only is the writer's doing: see `misplaced`.
 */
export const identityOf = ({ partition }: TableShape): string => (partition ? `"key", ${quoted(partition.by)}` : '"key"');

export const createTable = async (tx: Queryable, table: string, shape: TableShape): Promise<void> => {
  const columns = Object.entries(shape.columns).map(([name, type]) => `${quoted(name)} ${type === 'text' ? 'text COLLATE "C"' : 'bigint'}`);
  const identity = shape.partition ? `UNIQUE (${identityOf(shape)})` : 'PRIMARY KEY ("key")';
  const gone = '"gone" boolean GENERATED ALWAYS AS ("row" IS NULL) STORED';
  const all = ['"key" text COLLATE "C" NOT NULL', '"position" bigint NOT NULL', '"row" text', ...columns, gone, identity];
  // One after the other: the server refuses two that make the same schema, or grant on it, at the same moment.
  await tx.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [partsOf(table).schema]);
  await tx.query(`CREATE SCHEMA IF NOT EXISTS ${quoted(partsOf(table).schema)}`);
  await tx.query(`CREATE TABLE ${sqlName(table)} (${all.join(', ')}) ${partitionBy(shape)}`);
  if (shape.partition?.kind === 'month')
    await tx.query(`CREATE TABLE ${sqlName(table, '_rest')} PARTITION OF ${sqlName(table)} DEFAULT ${room}`);
  if (shape.partition?.kind === 'hash') {
    for (let n = 0; n < shape.partition.into; n++) {
      const values = `FOR VALUES WITH (MODULUS ${shape.partition.into}, REMAINDER ${n})`;
      await tx.query(`CREATE TABLE ${sqlName(table, `_${n}`)} PARTITION OF ${sqlName(table)} ${values} ${room}`);
    }
  }
  if ('sellerId' in shape.columns) await guard(tx, table);
};

/** NOTE: whoever owns the tables is above policies: they bind those who read as the role. */
const guard = async (tx: Queryable, table: string) => {
  await tx.query(`ALTER TABLE ${sqlName(table)} ENABLE ROW LEVEL SECURITY`);
  const own = `"sellerId" = current_setting('app.seller', true)`;
  await tx.query(`CREATE POLICY seller ON ${sqlName(table)} FOR SELECT TO ${sellerRole} USING (${own})`);
  await tx.query(`GRANT SELECT ON ${sqlName(table)} TO ${sellerRole}`);
  await tx.query(`GRANT USAGE ON SCHEMA ${quoted(partsOf(table).schema)} TO ${sellerRole}`);
};

/** The months that these values lie in, as `2026-01`. What is no time at all stays in the rest. */
export const monthsOf = (values: readonly unknown[]): Set<string> => {
  const months = new Set<string>();
  for (const value of values) if (typeof value === 'string' && /^\d{4}-(0[1-9]|1[0-2])-/.test(value)) months.add(value.slice(0, 7));
  return months;
};

const monthAfter = (month: string) => {
  const [year, n] = [Number(month.slice(0, 4)), Number(month.slice(5))];
  return n < 12 ? `${month.slice(0, 5)}${String(n + 1).padStart(2, '0')}` : `${String(year + 1).padStart(4, '0')}-01`;
};

export const createMonth = async (tx: Queryable, table: string, month: string): Promise<void> => {
  const part = sqlName(table, `_${month.replace('-', '_')}`);
  const values = `FOR VALUES FROM ('${month}') TO ('${monthAfter(month)}')`;
  await tx.query(`CREATE TABLE IF NOT EXISTS ${part} PARTITION OF ${sqlName(table)} ${values} ${room}`);
};

/**
 * NOTE: made when a generation goes live, for to sort a whole table once costs a fraction of keeping its indexes while it is filled.
 * Rows that are gone stand in no index but those that lead to positions. Nulls come first, as queries order them.
 */
export const createIndexes = async (tx: Queryable, table: string, { indexes }: TableShape): Promise<void> => {
  const { name } = partsOf(table);
  for (const [n, index] of indexes.entries()) {
    const columns = [...index, 'key'].map((column) => `${quoted(column)} NULLS FIRST`).join(', ');
    const only = index[0] === 'position' ? '' : 'WHERE NOT "gone"';
    await tx.query(`CREATE INDEX IF NOT EXISTS ${quoted(`${name}_i${n}`)} ON ${sqlName(table)} (${columns}) ${only}`);
  }
  await tx.query(`ANALYZE ${sqlName(table)}`);
};
