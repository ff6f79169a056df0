// The development outbox of a fleet: mail goes into a table of PostgreSQL instead of out of the door, and any process can read it there.
import { migrate, openPostgres } from '../postgres.ts';
import type { ReadableMailOutbox } from './mail.port.ts';
import { type MailRow, mailOf, mustBeSealed } from './mail-outbox.ts';

const schema = 'notification';

const migrations = [
  {
    name: '001_outbox',
    up: async (knex: Parameters<Parameters<typeof migrate>[2][number]['up']>[0]) => {
      await knex.schema.withSchema(schema).createTable('outbox', (table) => {
        table.bigIncrements('seq');
        table.text('message_id').notNullable().unique();
        for (const column of ['user_id', 'recipient', 'language', 'template', 'data', 'at']) table.text(column).notNullable();
        table.text('name');
        table.index(['user_id', 'seq']);
      });
    },
  },
];

export const openPostgresMailOutbox = async (url: string): Promise<ReadableMailOutbox> => {
  await migrate(url, schema, migrations);
  const postgres = openPostgres(url, { max: 2, name: 'tokobapak mail' });
  return {
    send: async (mail) => {
      mustBeSealed(mail);
      const { messageId, userId, to, name, language, template, data, at } = mail;
      await postgres.query(
        `INSERT INTO ${schema}.outbox (message_id, user_id, recipient, name, language, template, data, at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (message_id) DO NOTHING`,
        [messageId, userId, to, name ?? null, language, template, JSON.stringify(data), at],
      );
    },
    list: async (userId, limit = 20) =>
      (await postgres.query<MailRow>(`SELECT * FROM ${schema}.outbox WHERE user_id = $1 ORDER BY seq DESC LIMIT $2`, [userId, limit])).map(
        mailOf,
      ),
    removeOf: async (userId) => (await postgres.query(`DELETE FROM ${schema}.outbox WHERE user_id = $1 RETURNING seq`, [userId])).length,
    close: () => postgres.close(),
  };
};
