// How far the read models of a fleet can be trusted: told by the process that keeps them once rows are saved and what was kept of them is
// dropped, read by everybody who waits for a position.
import { migrate, openPostgres } from '../postgres.ts';

const schema = 'fleet';

const migrations: Parameters<typeof migrate>[2] = [
  {
    name: '002_reached',
    up: async (knex) => {
      await knex.schema.withSchema(schema).createTable('reached', (table) => {
        table.text('log_id').primary();
        table.bigInteger('position').notNullable();
      });
    },
  },
];

export interface Reached {
  tell(position: number): Promise<void>;
  /** 0 where nothing was ever told of this log. */
  position(): Promise<number>;
  close(): Promise<void>;
}

/** `replica`: where the rows are read, which may lag behind. */
export const openReached = async (url: string, logId: string, replica = url): Promise<Reached> => {
  await migrate(url, schema, migrations);
  const writing = openPostgres(url, { max: 1, name: 'tokobapak reached' });
  const reading = replica === url ? writing : openPostgres(replica, { max: 1, name: 'tokobapak reached' });
  return {
    tell: async (position) => {
      await writing.query(
        `INSERT INTO ${schema}.reached (log_id, position) VALUES ($1, $2) ON CONFLICT (log_id) DO UPDATE SET position = excluded.position`,
        [logId, position],
      );
    },
    position: async () => {
      const [row] = await reading.query<{ position: number }>(`SELECT position FROM ${schema}.reached WHERE log_id = $1`, [logId]);
      return row?.position ?? 0;
    },
    close: async () => {
      await writing.close();
      if (reading !== writing) await reading.close();
    },
  };
};
