// The outbox of a fleet keeps the contract of mail on PostgreSQL.
import { mailContract } from '../../infra/outbound/mail.contract.ts';
import { openPostgresMailOutbox } from '../../infra/outbound/mail-outbox-postgres.ts';
import { newDatabase } from './database.ts';

mailContract('PostgreSQL', async () => {
  const { url, drop } = await newDatabase();
  const outbox = await openPostgresMailOutbox(url);
  return {
    outbox,
    close: async () => {
      await outbox.close();
      await drop();
    },
  };
});
