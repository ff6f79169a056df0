// The embedded vault: one SQLite file, every commit on disk before it is answered, deleted secrets overwritten.
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { backup, DatabaseSync } from 'node:sqlite';
import { hours, isAhead, later } from '../../domain/id.ts';
import { inTransaction } from '../sqlite.ts';
import { syncDirectory, WrongMasterKey } from './master.ts';
import {
  delayAfter,
  failuresForgottenAfter,
  type MailedTokenKind,
  type RotationOutcome,
  type StoredSigningKey,
  type Sweep,
  type Vault,
  VaultBusy,
} from './port.ts';

export interface SqliteVault extends Vault {
  /** Copies the vault consistently while it is in use. Copy the log first: then no event of the copy lacks its key. */
  copyTo(file: string): Promise<void>;
}

const schema = `
  CREATE TABLE IF NOT EXISTS vault (one INTEGER PRIMARY KEY CHECK (one = 1), master TEXT NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS passwords (user_id TEXT PRIMARY KEY, hash TEXT NOT NULL, touched_at TEXT NOT NULL, known INTEGER NOT NULL DEFAULT 0) STRICT, WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS unknown_passwords ON passwords (touched_at) WHERE known = 0;
  CREATE TABLE IF NOT EXISTS login_failures (account TEXT PRIMARY KEY, failures INTEGER NOT NULL, blocked_until TEXT NOT NULL, last_at TEXT NOT NULL) STRICT, WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS login_failures_by_age ON login_failures (last_at);
  CREATE TABLE IF NOT EXISTS refresh_tokens (hash TEXT PRIMARY KEY, session_id TEXT NOT NULL, user_id TEXT NOT NULL, expires_at TEXT NOT NULL, repeatable_until TEXT) STRICT, WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS refresh_tokens_by_session ON refresh_tokens (session_id);
  CREATE INDEX IF NOT EXISTS refresh_tokens_by_user ON refresh_tokens (user_id);
  CREATE INDEX IF NOT EXISTS refresh_tokens_by_age ON refresh_tokens (expires_at);
  CREATE TABLE IF NOT EXISTS mailed_tokens (hash TEXT PRIMARY KEY, kind TEXT NOT NULL, user_id TEXT NOT NULL, about TEXT NOT NULL, expires_at TEXT NOT NULL, used_by TEXT, UNIQUE (user_id, kind)) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS person_keys (person_id TEXT PRIMARY KEY, wrapped BLOB, touched_at TEXT NOT NULL, known INTEGER NOT NULL DEFAULT 0, erased_at TEXT) STRICT, WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS unknown_person_keys ON person_keys (touched_at) WHERE known = 0;
  CREATE TABLE IF NOT EXISTS signing_keys (kid TEXT PRIMARY KEY, wrapped BLOB NOT NULL, public_jwk TEXT NOT NULL, created_at TEXT NOT NULL, retired_at TEXT) STRICT;
  CREATE UNIQUE INDEX IF NOT EXISTS one_key_signs ON signing_keys (retired_at IS NULL) WHERE retired_at IS NULL;
`;

/** Opens the vault in `file`, or makes it. Throws WrongMasterKey if it was made under another master key. */
export const openSqliteVault = (file: string, master: { readonly fingerprint: string }): SqliteVault => {
  const database = openDatabase(file, master.fingerprint);
  const atomically = <T>(work: () => T) => inTransaction(database, work);
  return {
    ...passwords(database, atomically),
    ...sessions(database, atomically),
    ...mailedTokens(database, atomically),
    ...personKeys(database, atomically),
    ...signingKeys(database, atomically),
    ...upkeep(database, atomically),
  };
};

/** Milliseconds to wait for another handle's transaction, which takes a few. */
const busyTimeout = 2000;

const openDatabase = (file: string, fingerprint: string): DatabaseSync => {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  closeSync(openSync(file, 'a', 0o600)); // SQLite would make it readable by others; its own side files take this mode over
  const database = new DatabaseSync(file, { timeout: busyTimeout });
  try {
    // secure_delete overwrites what is deleted with zeros, and keeps no stale copy when rows move between pages.
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON; PRAGMA temp_store = MEMORY;');
    database.exec(`BEGIN IMMEDIATE; ${schema} COMMIT;`);
    syncDirectory(dirname(file));
    database.prepare('INSERT INTO vault (one, master) VALUES (1, ?) ON CONFLICT DO NOTHING').run(fingerprint);
    const owner = database.prepare('SELECT master FROM vault').get();
    if (owner?.master !== fingerprint) throw new WrongMasterKey('This vault was made under another master key.');
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
};

type Atomically = <T>(work: () => T) => T;

const passwords = (database: DatabaseSync, atomically: Atomically) => {
  const save = database.prepare(
    `INSERT INTO passwords (user_id, hash, touched_at) VALUES (?, ?, ?)
     ON CONFLICT (user_id) DO UPDATE SET hash = excluded.hash, touched_at = excluded.touched_at`,
  );
  const load = database.prepare('SELECT hash FROM passwords WHERE user_id = ?');
  const loadFailures = database.prepare('SELECT failures, blocked_until, last_at FROM login_failures WHERE account = ?');
  const saveFailures = database.prepare(
    `INSERT INTO login_failures (account, failures, blocked_until, last_at) VALUES (?, ?, ?, ?)
     ON CONFLICT (account) DO UPDATE SET failures = excluded.failures, blocked_until = excluded.blocked_until, last_at = excluded.last_at`,
  );
  const clear = database.prepare('DELETE FROM login_failures WHERE account = ?');
  return {
    savePassword: async (userId: string, hash: string, at: string): Promise<void> => {
      save.run(userId, hash, at);
    },
    passwordOf: async (userId: string): Promise<string | null> => {
      const row = load.get(userId) as { hash: string } | undefined;
      return row?.hash ?? null;
    },
    startLoginAttempt: async (account: string, at: string): Promise<boolean> =>
      atomically(() => {
        const row = loadFailures.get(account) as { failures: number; blocked_until: string; last_at: string } | undefined;
        const blocked = row !== undefined && at < row.blocked_until && !isAhead(row.last_at, at);
        const before = row && at < later(row.last_at, failuresForgottenAfter) ? row.failures : 0;
        const failures = blocked ? row.failures : before + 1;
        // Written also while blocked, so that an answer takes as long as any other.
        saveFailures.run(account, failures, blocked ? row.blocked_until : later(at, delayAfter(failures)), at);
        return !blocked;
      }),
    clearLoginFailures: async (account: string): Promise<void> => {
      clear.run(account);
    },
  };
};

const sessions = (database: DatabaseSync, atomically: Atomically) => {
  const insert = database.prepare('INSERT INTO refresh_tokens (hash, session_id, user_id, expires_at) VALUES (?, ?, ?, ?)');
  const load = database.prepare('SELECT session_id, user_id, expires_at, repeatable_until FROM refresh_tokens WHERE hash = ?');
  const use = database.prepare('UPDATE refresh_tokens SET repeatable_until = ? WHERE hash = ?');
  const end = database.prepare('DELETE FROM refresh_tokens WHERE session_id = ?');
  const endOf = database.prepare('DELETE FROM refresh_tokens WHERE user_id = ? AND session_id <> ?');
  return {
    saveRefreshToken: async ({ hash, sessionId, userId, expiresAt }: Parameters<Vault['saveRefreshToken']>[0]): Promise<void> => {
      insert.run(hash, sessionId, userId, expiresAt);
    },
    rotateRefreshToken: async (rotation: Parameters<Vault['rotateRefreshToken']>[0]): Promise<RotationOutcome> =>
      atomically(() => {
        const row = load.get(rotation.hash) as
          | { session_id: string; user_id: string; expires_at: string; repeatable_until: string | null }
          | undefined;
        if (!row || row.expires_at <= rotation.at) return { outcome: 'unknown' };
        const owner = { sessionId: row.session_id, userId: row.user_id };
        if (row.repeatable_until === null) {
          use.run(rotation.repeatableUntil, rotation.hash);
          insert.run(rotation.successorHash, row.session_id, row.user_id, rotation.expiresAt);
          return { outcome: 'rotated', ...owner };
        }
        const isRepeat = rotation.at <= row.repeatable_until && !isAhead(row.repeatable_until, rotation.repeatableUntil);
        if (isRepeat) return { outcome: 'repeated', ...owner };
        end.run(row.session_id);
        return { outcome: 'reused', ...owner };
      }),
    endSession: async (sessionId: string): Promise<void> => {
      end.run(sessionId);
    },
    endSessionsOf: async (userId: string, exceptSessionId = ''): Promise<void> => {
      endOf.run(userId, exceptSessionId);
    },
  };
};

const mailedTokens = (database: DatabaseSync, atomically: Atomically) => {
  const insert = database.prepare(
    `INSERT INTO mailed_tokens (hash, kind, user_id, about, expires_at) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT (user_id, kind) DO UPDATE SET hash = excluded.hash, about = excluded.about, expires_at = excluded.expires_at, used_by = NULL`,
  );
  const load = database.prepare('SELECT user_id, about, expires_at, used_by FROM mailed_tokens WHERE hash = ? AND kind = ?');
  const use = database.prepare('UPDATE mailed_tokens SET used_by = ? WHERE hash = ?');
  return {
    saveMailedToken: async ({ hash, kind, userId, about, expiresAt }: Parameters<Vault['saveMailedToken']>[0]): Promise<void> => {
      insert.run(hash, kind, userId, about, expiresAt);
    },
    takeMailedToken: async (kind: MailedTokenKind, hash: string, usedBy: string, at: string) =>
      atomically(() => {
        const row = load.get(hash, kind) as { user_id: string; about: string; expires_at: string; used_by: string | null } | undefined;
        if (!row || row.expires_at <= at || (row.used_by !== null && row.used_by !== usedBy)) return null;
        if (row.used_by === null) use.run(usedBy, hash);
        return { userId: row.user_id, about: row.about };
      }),
  };
};

type KeyRow = { wrapped: Uint8Array | null; touched_at: string; erased_at: string | null } | undefined;

const personKeys = (database: DatabaseSync, atomically: Atomically) => {
  const load = database.prepare('SELECT wrapped, touched_at, erased_at FROM person_keys WHERE person_id = ?');
  const insert = database.prepare('INSERT INTO person_keys (person_id, wrapped, touched_at) VALUES (?, ?, ?)');
  const touch = database.prepare('UPDATE person_keys SET touched_at = ? WHERE person_id = ?');
  const erase = database.prepare(
    `INSERT INTO person_keys (person_id, touched_at, erased_at, known) VALUES (?, ?, ?, 1)
     ON CONFLICT (person_id) DO UPDATE SET wrapped = NULL, known = 1, erased_at = coalesce(erased_at, excluded.erased_at)`,
  );
  const others = ['passwords', 'refresh_tokens', 'mailed_tokens'].map((table) =>
    database.prepare(`DELETE FROM ${table} WHERE user_id = ?`),
  );
  const truncateLog = database.prepare('PRAGMA wal_checkpoint(TRUNCATE)');
  const keyOf = (personId: string) => load.get(personId) as KeyRow;

  return {
    ensurePersonKeys: async (candidates: readonly { personId: string; wrapped: Uint8Array }[], at: string) => {
      const stale = later(at, -hours(1));
      const isSettled = (row: KeyRow) => row !== undefined && (row.erased_at !== null || row.touched_at >= stale);
      const found = candidates.map(({ personId }) => keyOf(personId));
      if (found.every(isSettled)) return found.map((row) => row?.wrapped ?? null);
      return atomically(() =>
        candidates.map(({ personId, wrapped }) => {
          const row = keyOf(personId);
          if (!row) insert.run(personId, wrapped, at);
          else if (!isSettled(row)) touch.run(at, personId);
          return row ? row.wrapped : wrapped;
        }),
      );
    },
    personKeys: async (personIds: readonly string[]) => personIds.map((personId) => keyOf(personId)?.wrapped ?? null),
    erasePerson: async (personId: string, at: string): Promise<void> => {
      atomically(() => {
        erase.run(personId, at, at);
        for (const remove of others) remove.run(personId);
      });
      // The write-ahead log still holds pages as they were: move everything to the main file, whose old bytes are overwritten, and cut it to nothing.
      // Readers of other handles may hold it for long, so this waits less than a write would.
      database.exec('PRAGMA busy_timeout = 50');
      const { busy } = truncateLog.get() ?? {};
      database.exec(`PRAGMA busy_timeout = ${busyTimeout}`);
      if (busy !== 0) throw new VaultBusy();
    },
  };
};

const signingKeys = (database: DatabaseSync, atomically: Atomically) => {
  const all = database.prepare('SELECT kid, wrapped, public_jwk, created_at, retired_at FROM signing_keys ORDER BY created_at, kid');
  const current = database.prepare('SELECT kid FROM signing_keys WHERE retired_at IS NULL');
  const retire = database.prepare('UPDATE signing_keys SET retired_at = ? WHERE retired_at IS NULL');
  const insert = database.prepare('INSERT INTO signing_keys (kid, wrapped, public_jwk, created_at) VALUES (?, ?, ?, ?)');
  const remove = database.prepare('DELETE FROM signing_keys WHERE kid = ?');
  return {
    signingKeys: async (): Promise<StoredSigningKey[]> => {
      const rows = all.all() as { kid: string; wrapped: Uint8Array; public_jwk: string; created_at: string; retired_at: string | null }[];
      return rows.map(({ kid, wrapped, public_jwk, created_at, retired_at }) => ({
        kid,
        wrapped,
        publicJwk: public_jwk,
        createdAt: created_at,
        retiredAt: retired_at,
      }));
    },
    rotateSigningKey: async (key: Omit<StoredSigningKey, 'retiredAt'>, replaces: string | null): Promise<boolean> =>
      atomically(() => {
        if ((current.get()?.kid ?? null) !== replaces) return false;
        retire.run(key.createdAt);
        insert.run(key.kid, key.wrapped, key.publicJwk, key.createdAt);
        return true;
      }),
    deleteSigningKey: async (kid: string): Promise<void> => {
      remove.run(kid);
    },
  };
};

const upkeep = (database: DatabaseSync, atomically: Atomically) => {
  const pageSize = 500;
  const expired = ['refresh_tokens', 'mailed_tokens'].map((table) => database.prepare(`DELETE FROM ${table} WHERE expires_at <= ?`));
  const forgetFailures = database.prepare('DELETE FROM login_failures WHERE last_at <= ?');
  const unreferred = [
    { table: 'passwords', id: 'user_id' },
    { table: 'person_keys', id: 'person_id' },
  ].map(({ table, id }) => ({
    // `known` is never taken back, so each person is asked about until the answer is yes, and no longer.
    page: database.prepare(
      `SELECT ${id} AS id FROM ${table} WHERE known = 0 AND touched_at < ? AND ${id} > ? ORDER BY ${id} LIMIT ${pageSize}`,
    ),
    markKnown: database.prepare(`UPDATE ${table} SET known = 1 WHERE ${id} = ?`),
    remove: database.prepare(`DELETE FROM ${table} WHERE ${id} = ? AND known = 0 AND touched_at < ?`),
  }));

  const sweepOrphans = async ({ olderThan, exists }: Sweep): Promise<number> => {
    let orphans = 0;
    for (const { page, markKnown, remove } of unreferred) {
      for (let after = ''; ; ) {
        const ids = page.all(olderThan, after).map((row) => String(row.id));
        const last = ids.at(-1);
        if (last === undefined) break;
        after = last;
        const known = await exists(ids);
        atomically(() => {
          for (const id of ids) {
            if (known.has(id)) markKnown.run(id);
            else orphans += Number(remove.run(id, olderThan).changes);
          }
        });
      }
    }
    return orphans;
  };

  return {
    sweep: async (sweep: Sweep) => {
      if (sweep.olderThan > later(sweep.now, -hours(24))) {
        throw new RangeError('A sweep leaves alone what is younger than a day: its event may still be on the way.');
      }
      const gone = atomically(() => {
        const tokens = expired.reduce((count, remove) => count + Number(remove.run(sweep.now).changes), 0);
        return tokens + Number(forgetFailures.run(later(sweep.now, -failuresForgottenAfter)).changes);
      });
      return { expired: gone, orphans: await sweepOrphans(sweep) };
    },
    copyTo: async (file: string): Promise<void> => {
      closeSync(openSync(file, 'wx', 0o600));
      await backup(database, file);
    },
    close: async (): Promise<void> => {
      if (database.isOpen) database.close();
    },
  };
};
