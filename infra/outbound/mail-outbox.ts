// The development outbox: mail goes into DATA_DIR/mail.db instead of out of the door, and can be read there.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { isSealed } from '../../domain/privacy.ts';
import { ProviderRefused } from './errors.port.ts';
import type { Mail, MailContent, MailLanguage, ReadableMailOutbox } from './mail.port.ts';

const schema = `
  CREATE TABLE IF NOT EXISTS mail (
    seq INTEGER PRIMARY KEY, message_id TEXT NOT NULL UNIQUE, user_id TEXT NOT NULL, recipient TEXT NOT NULL, name TEXT,
    language TEXT NOT NULL, template TEXT NOT NULL, data TEXT NOT NULL, at TEXT NOT NULL
  ) STRICT;
  CREATE INDEX IF NOT EXISTS mail_of_user ON mail (user_id, seq);
`;

/** More than anybody reads in development; the oldest go first, so that the file stays small under load tests. */
const keptMessages = 100_000;
const pruneEvery = 1_000;

/** A message as both outboxes keep it; `data` is JSON. */
export type MailRow = {
  message_id: string;
  user_id: string;
  recipient: Mail['to'];
  name: Mail['to'] | null;
  language: MailLanguage;
  template: MailContent['template'];
  data: string;
  at: string;
};

export const mailOf = (row: MailRow): Mail => ({
  messageId: row.message_id,
  userId: row.user_id,
  to: row.recipient,
  ...(row.name === null ? {} : { name: row.name }),
  language: row.language,
  at: row.at,
  ...({ template: row.template, data: JSON.parse(row.data) } as MailContent),
});

/** The types say so already; this holds against casts, since one plain address in a file is one too many. */
export const mustBeSealed = (mail: Mail) => {
  const personal: unknown[] = [mail.to];
  if (mail.name !== undefined) personal.push(mail.name);
  if ('token' in mail.data && mail.data.token !== undefined) personal.push(mail.data.token);
  if (!personal.every(isSealed)) throw new ProviderRefused('mail', 'not_sealed', 'Recipient, name and token have to be sealed.');
};

/** WAL with synchronous=NORMAL: a message that was taken survives a kill of the process; a development outbox may lose some to a power cut. */
export const openMailOutbox = (dataDir: string): ReadableMailOutbox => {
  mkdirSync(dataDir, { recursive: true });
  const db = new DatabaseSync(join(dataDir, 'mail.db'));
  db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA secure_delete = ON; PRAGMA busy_timeout = 5000;');
  db.exec(schema);
  const sql = {
    insert: db.prepare(
      'INSERT INTO mail (message_id, user_id, recipient, name, language, template, data, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING',
    ),
    prune: db.prepare('DELETE FROM mail WHERE seq <= ?'),
    list: db.prepare('SELECT * FROM mail WHERE user_id = ? ORDER BY seq DESC LIMIT ?'),
    remove: db.prepare('DELETE FROM mail WHERE user_id = ?'),
  };
  return {
    send: async (mail) => {
      mustBeSealed(mail);
      const { messageId, userId, to, name, language, template, data, at } = mail;
      const { changes, lastInsertRowid } = sql.insert.run(
        messageId,
        userId,
        to,
        name ?? null,
        language,
        template,
        JSON.stringify(data),
        at,
      );
      if (changes !== 0 && Number(lastInsertRowid) % pruneEvery === 0) sql.prune.run(Number(lastInsertRowid) - keptMessages);
    },
    list: async (userId, limit = 20) => (sql.list.all(userId, limit) as MailRow[]).map(mailOf),
    removeOf: async (userId) => Number(sql.remove.run(userId).changes),
    close: async () => db.close(),
  };
};
