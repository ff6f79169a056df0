// Beside a log in EventStoreDB, for many processes: tables in the schema `log` of PostgreSQL.
import { migrate, openPostgres, type Postgres, type Queryable, together } from '../postgres.ts';
import { type Beside, type BesideOptions, type BesidePlace, createBeside, type KeptKey } from './beside.ts';
import type { Snapshot } from './port.ts';

/** Brings the tables to what this release needs. */
export const migrateBeside = (url: string): Promise<void> =>
  migrate(url, 'log', [
    {
      name: '001_beside',
      up: async (knex) => {
        await knex.schema
          .withSchema('log')
          .createTable('snapshots', (table) => {
            table.text('stream').primary();
            table.bigInteger('revision').notNullable();
            table.integer('version').notNullable();
            table.text('body').notNullable();
          })
          .createTable('command_keys', (table) => {
            table.uuid('id').primary();
            table.text('fingerprint').notNullable();
            table.timestamp('at', { precision: 3 }).notNullable().index();
            table.text('stream');
            table.bigInteger('revision').notNullable();
            table.integer('count').notNullable();
            table.text('outcome');
          })
          .createTable('checkpoints', (table) => {
            table.text('name').primary();
            table.bigInteger('position').notNullable();
          });
      },
    },
    {
      name: '002_owner',
      up: async (knex) => {
        await knex.schema.withSchema('log').createTable('owner', (table) => {
          table.boolean('only').primary().defaultTo(true).checkIn(['true']);
          table.text('log_id').notNullable();
        });
      },
    },
  ]);

/** NOTE: a process that has not noticed yet that the log was set back must not write what it knows of the time before. */
const ofOwner = (n: number) => `WHERE EXISTS (SELECT 1 FROM log.owner WHERE log_id = $${n})`;

const putKeys = `INSERT INTO log.command_keys (id, fingerprint, at, stream, revision, count, outcome)
  SELECT * FROM unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::text[], $5::bigint[], $6::int[], $7::text[]) ${ofOwner(8)}
  ON CONFLICT (id) DO UPDATE SET fingerprint = excluded.fingerprint, at = excluded.at, stream = excluded.stream,
    revision = excluded.revision, count = excluded.count, outcome = excluded.outcome`;
const putSnapshots = `INSERT INTO log.snapshots (stream, revision, version, body)
  SELECT * FROM unnest($1::text[], $2::bigint[], $3::int[], $4::text[]) ${ofOwner(5)}
  ON CONFLICT (stream) DO UPDATE SET revision = excluded.revision, version = excluded.version, body = excluded.body
  WHERE (snapshots.version, snapshots.revision) < (excluded.version, excluded.revision)`;
const putCheckpoints = `INSERT INTO log.checkpoints (name, position) SELECT * FROM unnest($1::text[], $2::bigint[]) ${ofOwner(3)}
  ON CONFLICT (name) DO UPDATE SET position = excluded.position`;
// Whoever else is dropping keys has these rows: they are left to it.
const dropKeys = `DELETE FROM log.command_keys WHERE id IN
  (SELECT id FROM log.command_keys WHERE at < to_timestamp($1 / 1000.0) ORDER BY at LIMIT 500 FOR UPDATE SKIP LOCKED)`;

/** Rows in the order of their names: two processes that write some of the same would else wait for one another. */
const sorted = <Value>(map: ReadonlyMap<string, Value>) => [...map].sort(([a], [b]) => (a < b ? -1 : 1));

const placeOf = (postgres: Postgres): BesidePlace => {
  let own = '';
  return {
    belongTo: async (logId) => {
      await postgres.transaction(async (tx) => {
        // Whoever comes first says whose it is; others who start at the same time wait here.
        await tx.query('INSERT INTO log.owner (log_id) VALUES ($1) ON CONFLICT DO NOTHING', [logId]);
        const [owner] = await tx.query<{ log_id: string }>('SELECT log_id FROM log.owner FOR UPDATE');
        if (owner?.log_id === logId) return;
        await tx.query('TRUNCATE log.snapshots, log.command_keys, log.checkpoints');
        await tx.query('UPDATE log.owner SET log_id = $1', [logId]);
      });
      own = logId;
    },
    async snapshot(streamId) {
      const [row] = await postgres.query<Snapshot>('SELECT revision, version, body FROM log.snapshots WHERE stream = $1', [streamId]);
      return row ?? null;
    },
    async key(commandId) {
      const [row] = await postgres.query<Omit<KeptKey, 'at' | 'commandId'> & { at: Date }>(
        `SELECT fingerprint, at, stream AS "streamId", revision AS "firstRevision", count, outcome FROM log.command_keys WHERE id = $1`,
        [commandId],
      );
      return row ? { ...row, commandId, at: row.at.toISOString() } : null;
    },
    async checkpoint(name) {
      const [row] = await postgres.query<{ position: number }>('SELECT position FROM log.checkpoints WHERE name = $1', [name]);
      return row?.position ?? 0;
    },
    async write({ keys, snapshots, checkpoints }, expired) {
      const statements: [text: string, values: readonly unknown[]][] = [];
      if (keys.size > 0) {
        const rows = sorted(keys).map(([, key]) => key);
        const columns = ['commandId', 'fingerprint', 'at', 'streamId', 'firstRevision', 'count', 'outcome'] as const;
        statements.push([putKeys, [...columns.map((name) => rows.map((key) => key[name])), own]]);
      }
      if (expired !== null) statements.push([dropKeys, [expired]]);
      if (snapshots.size > 0) {
        const rows = sorted(snapshots);
        const values = [rows.map(([streamId]) => streamId), rows.map(([, { revision }]) => revision)];
        statements.push([putSnapshots, [...values, rows.map(([, { version }]) => version), rows.map(([, { body }]) => body), own]]);
      }
      if (checkpoints.size > 0) {
        const rows = sorted(checkpoints);
        statements.push([putCheckpoints, [rows.map(([name]) => name), rows.map(([, position]) => position), own]]);
      }
      // One statement is a transaction by itself.
      const run = (by: Queryable) => together(statements.map(([text, values]) => by.query(text, values)));
      await (statements.length === 1 ? run(postgres) : postgres.transaction(run));
    },
    close: () => postgres.close(),
  };
};

/** NOTE: a command waits for an answer from here before it starts, so connections and statements get little time. */
export const openPostgresBeside = async (url: string, options: BesideOptions = {}): Promise<Beside> => {
  await migrateBeside(url);
  return createBeside(
    placeOf(openPostgres(url, { max: 4, name: 'tokobapak log', statementTimeoutMs: 500, connectTimeoutMs: 500 })),
    options,
  );
};
