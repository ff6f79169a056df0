// The tables of the vault on PostgreSQL. Instants are text as everywhere, compared byte by byte.
import { type Migration, migrate } from '../postgres.ts';

const first = (schema: string): string => {
  const text = `text COLLATE "C" NOT NULL`;
  return `
    SET LOCAL search_path TO "${schema}";
    CREATE TABLE owner (one int PRIMARY KEY CHECK (one = 1), master text NOT NULL);
    CREATE TABLE passwords (user_id ${text} PRIMARY KEY, hash text NOT NULL, touched_at ${text}, known boolean NOT NULL DEFAULT false);
    CREATE INDEX unknown_passwords ON passwords (user_id) WHERE NOT known;
    CREATE TABLE login_failures (account ${text} PRIMARY KEY, failures int NOT NULL, blocked_until ${text}, last_at ${text});
    CREATE INDEX login_failures_by_age ON login_failures (last_at);
    CREATE TABLE sessions (session_id ${text} PRIMARY KEY, user_id ${text});
    CREATE INDEX sessions_by_user ON sessions (user_id);
    CREATE TABLE refresh_tokens (
      hash ${text} PRIMARY KEY, session_id ${text} REFERENCES sessions ON DELETE CASCADE, expires_at ${text}, repeatable_until text COLLATE "C"
    );
    CREATE INDEX refresh_tokens_by_session ON refresh_tokens (session_id);
    CREATE INDEX refresh_tokens_by_age ON refresh_tokens (expires_at);
    CREATE TABLE mailed_tokens (
      hash ${text} PRIMARY KEY, kind ${text}, user_id ${text}, about text NOT NULL, expires_at ${text}, used_by text, UNIQUE (user_id, kind)
    );
    CREATE INDEX mailed_tokens_by_age ON mailed_tokens (expires_at);
    CREATE TABLE person_keys (
      person_id ${text} PRIMARY KEY, wrapped bytea, touched_at ${text}, known boolean NOT NULL DEFAULT false, erased_at text COLLATE "C",
      CHECK (wrapped IS NULL OR erased_at IS NULL)
    );
    ALTER TABLE person_keys SET (autovacuum_vacuum_scale_factor = 0); -- erased keys do not lie about until a fifth of all rows are dead
    CREATE INDEX unknown_person_keys ON person_keys (person_id) WHERE NOT known;
    CREATE TABLE signing_keys (kid text PRIMARY KEY, wrapped bytea NOT NULL, public_jwk text NOT NULL, created_at ${text}, retired_at text COLLATE "C");
    CREATE UNIQUE INDEX one_key_signs ON signing_keys ((retired_at IS NULL)) WHERE retired_at IS NULL;
  `;
};

/** Where a marketplace stands that was carried elsewhere, or here: infra/standing.ts. */
const standing = (schema: string) =>
  `CREATE TABLE "${schema}".standing (one int PRIMARY KEY DEFAULT 1 CHECK (one = 1), state text NOT NULL, other text NOT NULL, at text NOT NULL)`;

const migrations = (schema: string): Migration[] => [
  { name: '001_vault', up: (knex) => knex.raw(first(schema)) },
  { name: '002_standing', up: (knex) => knex.raw(standing(schema)) },
];

/** Makes the tables of the vault in this schema, or brings them up to date. */
export const migrateVault = (url: string, schema: string): Promise<void> => migrate(url, schema, migrations(schema));
