// The vault on PostgreSQL, for several processes: each rule that spans rows is one statement, or a transaction that first locks the row it is about.
//
// What is erased is gone for every reader at once, but not from every disk: dead row versions live until they are vacuumed and their place is
// used again (postgres-schema.ts has that done soon), the write-ahead log until it is recycled, standbys and backups as long as they are kept.
// A person's key lies there wrapped under the master key, never in plain: keep backups of the vault no longer than an erasure may take.
import { hours, isAhead, later } from '../../domain/id.ts';
import { openPostgres, type Postgres } from '../postgres.ts';
import { mustStandInVault } from '../standing.ts';
import { WrongMasterKey } from './master.ts';
import { delayAfter, failuresForgottenAfter, type RotationOutcome, type StoredSigningKey, type Sweep, type Vault } from './port.ts';
import { migrateVault } from './postgres-schema.ts';

interface Options {
  readonly schema?: string;
  /** Connections at most. */
  readonly max?: number;
  /** Opens it also where its marketplace was moved elsewhere: for the move itself. */
  readonly mayStandElsewhere?: boolean;
}

/** Opens the vault in this database, or makes it. Throws WrongMasterKey if it was made under another master key. */
export const openPostgresVault = async (
  url: string,
  master: { readonly fingerprint: string },
  { schema = 'vault', max = 5, mayStandElsewhere = false }: Options = {},
): Promise<Vault> => {
  await migrateVault(url, schema);
  // It is short of connections, not of time: a statement of the vault takes a millisecond, and a command waits for it.
  const postgres = openPostgres(url, { name: 'tokobapak vault', max, statementTimeoutMs: 2_000 });
  const at = (table: string) => `"${schema}".${table}`;
  try {
    await checkDurability(postgres);
    await checkOwner(postgres, at('owner'), master.fingerprint);
    if (!mayStandElsewhere) await mustStandInVault(postgres, schema);
  } catch (error) {
    await postgres.close();
    throw error;
  }
  return {
    ...passwords(postgres, at),
    ...sessions(postgres, at),
    ...mailedTokens(postgres, at),
    ...personKeys(postgres, at),
    ...signingKeys(postgres, at),
    sweep: sweeping(postgres, at),
    close: () => postgres.close(),
  };
};

/** Where a table stands. */
type At = (table: string) => string;

/** What the vault has answered must outlive a crash: an event that refers to a lost key could never be read again. */
const checkDurability = async (postgres: Postgres) => {
  const [{ fsync, commit } = { fsync: '', commit: '' }] = await postgres.query<{ fsync: string; commit: string }>(
    `SELECT current_setting('fsync') AS fsync, current_setting('synchronous_commit') AS commit`,
  );
  if (fsync !== 'on' || commit === 'off') throw new Error('The vault needs a database with fsync and synchronous_commit switched on.');
};

const checkOwner = async (postgres: Postgres, owner: string, fingerprint: string) => {
  await postgres.query(`INSERT INTO ${owner} (one, master) VALUES (1, $1) ON CONFLICT DO NOTHING`, [fingerprint]);
  const [row] = await postgres.query<{ master: string }>(`SELECT master FROM ${owner}`);
  if (row?.master !== fingerprint) throw new WrongMasterKey('This vault was made under another master key.');
};

const passwords = (
  postgres: Postgres,
  at: At,
): Pick<Vault, 'savePassword' | 'passwordOf' | 'startLoginAttempt' | 'clearLoginFailures'> => ({
  savePassword: async (userId, hash, when) => {
    await postgres.query(
      `INSERT INTO ${at('passwords')} (user_id, hash, touched_at) VALUES ($1, $2, $3)
       ON CONFLICT (user_id) DO UPDATE SET hash = excluded.hash, touched_at = excluded.touched_at`,
      [userId, hash, when],
    );
  },
  passwordOf: async (userId) => {
    const [row] = await postgres.query<{ hash: string }>(`SELECT hash FROM ${at('passwords')} WHERE user_id = $1`, [userId]);
    return row?.hash ?? null;
  },
  startLoginAttempt: (account, when) =>
    postgres.transaction(async (tx) => {
      // Makes the row where there is none, and locks it in any case: those who guess in parallel come one after the other.
      const [row] = await tx.query<{ failures: number; blocked_until: string; last_at: string }>(
        `INSERT INTO ${at('login_failures')} (account, failures, blocked_until, last_at) VALUES ($1, 0, '', $2)
         ON CONFLICT (account) DO UPDATE SET account = excluded.account RETURNING failures, blocked_until, last_at`,
        [account, when],
      );
      const { failures, blocked_until, last_at } = row ?? { failures: 0, blocked_until: '', last_at: when };
      const blocked = when < blocked_until && !isAhead(last_at, when);
      const before = when < later(last_at, failuresForgottenAfter) ? failures : 0;
      const counted = blocked ? failures : before + 1;
      // Written also while blocked, so that an answer takes as long as any other.
      await tx.query(`UPDATE ${at('login_failures')} SET failures = $2, blocked_until = $3, last_at = $4 WHERE account = $1`, [
        account,
        counted,
        blocked ? blocked_until : later(when, delayAfter(counted)),
        when,
      ]);
      return !blocked;
    }),
  clearLoginFailures: async (account) => {
    await postgres.query(`DELETE FROM ${at('login_failures')} WHERE account = $1`, [account]);
  },
});

/** A session's row stands for its whole family of tokens: whoever locks it has the family to himself, and what removes it removes them all. */
const sessions = (postgres: Postgres, at: At): Pick<Vault, 'saveRefreshToken' | 'rotateRefreshToken' | 'endSession' | 'endSessionsOf'> => {
  const insertToken = `INSERT INTO ${at('refresh_tokens')} (hash, session_id, expires_at)`;
  const end = `DELETE FROM ${at('sessions')} WHERE session_id = $1`;
  return {
    saveRefreshToken: async ({ hash, sessionId, userId, expiresAt }) => {
      await postgres.query(
        `WITH session AS (INSERT INTO ${at('sessions')} (session_id, user_id) VALUES ($1, $2) ON CONFLICT DO NOTHING)
         ${insertToken} VALUES ($3, $1, $4)`,
        [sessionId, userId, hash, expiresAt],
      );
    },
    rotateRefreshToken: (rotation) =>
      postgres.transaction(async (tx): Promise<RotationOutcome> => {
        const [session] = await tx.query<{ session_id: string; user_id: string }>(
          `SELECT session_id, user_id FROM ${at('sessions')}
           WHERE session_id = (SELECT session_id FROM ${at('refresh_tokens')} WHERE hash = $1) FOR UPDATE`,
          [rotation.hash],
        );
        if (!session) return { outcome: 'unknown' };
        // NOTE: a statement of its own, since only what begins after the lock is granted sees what the one before has done.
        const [token] = await tx.query<{ expires_at: string; repeatable_until: string | null }>(
          `SELECT expires_at, repeatable_until FROM ${at('refresh_tokens')} WHERE hash = $1`,
          [rotation.hash],
        );
        if (!token || token.expires_at <= rotation.at) return { outcome: 'unknown' };
        const owner = { sessionId: session.session_id, userId: session.user_id };
        if (token.repeatable_until === null) {
          await tx.query(`UPDATE ${at('refresh_tokens')} SET repeatable_until = $2 WHERE hash = $1`, [
            rotation.hash,
            rotation.repeatableUntil,
          ]);
          await tx.query(`${insertToken} VALUES ($1, $2, $3)`, [rotation.successorHash, owner.sessionId, rotation.expiresAt]);
          return { outcome: 'rotated', ...owner };
        }
        const isRepeat = rotation.at <= token.repeatable_until && !isAhead(token.repeatable_until, rotation.repeatableUntil);
        if (isRepeat) return { outcome: 'repeated', ...owner };
        await tx.query(end, [owner.sessionId]);
        return { outcome: 'reused', ...owner };
      }),
    endSession: async (sessionId) => {
      await postgres.query(end, [sessionId]);
    },
    endSessionsOf: async (userId, exceptSessionId = '') => {
      await postgres.query(`DELETE FROM ${at('sessions')} WHERE user_id = $1 AND session_id <> $2`, [userId, exceptSessionId]);
    },
  };
};

const mailedTokens = (postgres: Postgres, at: At): Pick<Vault, 'saveMailedToken' | 'takeMailedToken'> => ({
  saveMailedToken: async ({ hash, kind, userId, about, expiresAt }) => {
    await postgres.query(
      `INSERT INTO ${at('mailed_tokens')} (hash, kind, user_id, about, expires_at) VALUES ($1, $2, $3, $4, $5)
       ON CONFLICT (user_id, kind) DO UPDATE SET hash = excluded.hash, about = excluded.about, expires_at = excluded.expires_at, used_by = NULL`,
      [hash, kind, userId, about, expiresAt],
    );
  },
  takeMailedToken: async (kind, hash, usedBy, when) => {
    const [taken] = await postgres.query<{ userId: string; about: string }>(
      `UPDATE ${at('mailed_tokens')} SET used_by = $3
       WHERE hash = $2 AND kind = $1 AND expires_at > $4 AND (used_by IS NULL OR used_by = $3) RETURNING user_id AS "userId", about`,
      [kind, hash, usedBy, when],
    );
    return taken ?? null;
  },
});

interface KeyRow {
  readonly person_id: string;
  readonly wrapped: Uint8Array | null;
  readonly touched_at: string;
  readonly erased_at: string | null;
}

/** The driver's own buffers are parts of bigger ones. */
const bytesOf = (wrapped: Uint8Array | null | undefined) => (wrapped ? new Uint8Array(wrapped) : null);

const personKeys = (postgres: Postgres, at: At): Pick<Vault, 'ensurePersonKeys' | 'personKeys' | 'erasePerson'> => {
  const rowsOf = async (personIds: readonly string[]): Promise<Map<string, KeyRow>> => {
    const rows = await postgres.query<KeyRow>(
      `SELECT person_id, wrapped, touched_at, erased_at FROM ${at('person_keys')} WHERE person_id = ANY ($1)`,
      [personIds],
    );
    return new Map(rows.map((row) => [row.person_id, row]));
  };
  return {
    ensurePersonKeys: async (candidates, when) => {
      const stale = later(when, -hours(1));
      const ids = candidates.map(({ personId }) => personId);
      let rows = await rowsOf(ids);
      const needsWriting = ({ personId }: { personId: string }) => {
        const row = rows.get(personId);
        return row === undefined || (row.erased_at === null && row.touched_at < stale);
      };
      const wanted = new Map(candidates.filter(needsWriting).map(({ personId, wrapped }) => [personId, wrapped]));
      if (wanted.size > 0) {
        // In the order of their ids, so that two imports with the same people wait for each other instead of locking each other out.
        await postgres.query(
          `INSERT INTO ${at('person_keys')} AS held (person_id, wrapped, touched_at)
           SELECT person_id, wrapped, $3 FROM unnest($1::text[], $2::bytea[]) AS given (person_id, wrapped) ORDER BY person_id COLLATE "C"
           ON CONFLICT (person_id) DO UPDATE SET touched_at = excluded.touched_at WHERE held.erased_at IS NULL AND held.touched_at < $4`,
          [[...wanted.keys()], [...wanted.values()].map((wrapped) => Buffer.from(wrapped)), when, stale],
        );
        // Whose key it became: somebody else's may have been first, and the person may have been erased meanwhile.
        rows = await rowsOf(ids);
      }
      return ids.map((personId) => bytesOf(rows.get(personId)?.wrapped));
    },
    personKeys: async (personIds) => {
      const rows = await rowsOf(personIds);
      return personIds.map((personId) => bytesOf(rows.get(personId)?.wrapped));
    },
    erasePerson: (personId, when) =>
      postgres.transaction(async (tx) => {
        // What is left of the row says for ever that this person gets no key.
        await tx.query(
          `INSERT INTO ${at('person_keys')} AS held (person_id, touched_at, erased_at, known) VALUES ($1, $2, $2, true)
           ON CONFLICT (person_id) DO UPDATE SET wrapped = NULL, known = true, erased_at = coalesce(held.erased_at, excluded.erased_at)`,
          [personId, when],
        );
        for (const table of ['passwords', 'sessions', 'mailed_tokens']) {
          await tx.query(`DELETE FROM ${at(table)} WHERE user_id = $1`, [personId]);
        }
      }),
  };
};

const signingKeys = (postgres: Postgres, at: At): Pick<Vault, 'signingKeys' | 'rotateSigningKey' | 'deleteSigningKey'> => ({
  signingKeys: async () => {
    const rows = await postgres.query<StoredSigningKey>(
      `SELECT kid, wrapped, public_jwk AS "publicJwk", created_at AS "createdAt", retired_at AS "retiredAt"
       FROM ${at('signing_keys')} ORDER BY created_at, kid`,
    );
    return rows.map((row) => ({ ...row, wrapped: new Uint8Array(row.wrapped) }));
  },
  rotateSigningKey: (key, replaces) =>
    postgres.transaction(async (tx) => {
      // There may be no row to lock yet; readers do not mind.
      await tx.query(`LOCK TABLE ${at('signing_keys')} IN SHARE ROW EXCLUSIVE MODE`);
      const [current] = await tx.query<{ kid: string }>(`SELECT kid FROM ${at('signing_keys')} WHERE retired_at IS NULL`);
      if ((current?.kid ?? null) !== replaces) return false;
      await tx.query(`UPDATE ${at('signing_keys')} SET retired_at = $1 WHERE retired_at IS NULL`, [key.createdAt]);
      await tx.query(`INSERT INTO ${at('signing_keys')} (kid, wrapped, public_jwk, created_at) VALUES ($1, $2, $3, $4)`, [
        key.kid,
        Buffer.from(key.wrapped),
        key.publicJwk,
        key.createdAt,
      ]);
      return true;
    }),
  deleteSigningKey: async (kid) => {
    await postgres.query(`DELETE FROM ${at('signing_keys')} WHERE kid = $1`, [kid]);
  },
});

const pageSize = 500;

/** Several processes may sweep at once: what one has removed, the other does not find. */
const sweeping = (postgres: Postgres, at: At): Vault['sweep'] => {
  // NOTE: rows that somebody is using are left for the next sweep: waiting for them, in whatever order, could end in a deadlock.
  const free = (table: string, key: string, condition: string) =>
    `${key} IN (SELECT ${key} FROM ${at(table)} WHERE ${condition} FOR UPDATE SKIP LOCKED)`;
  const remove = async (table: string, key: string, condition: string, values: readonly unknown[]): Promise<number> =>
    (await postgres.query(`DELETE FROM ${at(table)} WHERE ${free(table, key, condition)} RETURNING 1`, values)).length;

  const removeExpired = async (now: string) => {
    const tokens = await remove('refresh_tokens', 'hash', 'expires_at <= $1', [now]);
    const mailed = await remove('mailed_tokens', 'hash', 'expires_at <= $1', [now]);
    const failures = await remove('login_failures', 'account', 'last_at <= $1', [later(now, -failuresForgottenAfter)]);
    const isOver = `NOT EXISTS (SELECT 1 FROM ${at('refresh_tokens')} AS token WHERE token.session_id = sessions.session_id)`;
    await remove('sessions', 'session_id', isOver, []);
    return tokens + mailed + failures;
  };

  const removeOrphans = async (table: string, id: string, { olderThan, exists }: Sweep): Promise<number> => {
    let orphans = 0;
    for (let after = ''; ; ) {
      // `known` is never taken back, so each person is asked about until the answer is yes, and no longer.
      const page = await postgres.query<{ id: string }>(
        `SELECT ${id} AS id FROM ${at(table)} WHERE NOT known AND touched_at < $1 AND ${id} > $2 ORDER BY ${id} LIMIT ${pageSize}`,
        [olderThan, after],
      );
      const ids = page.map((row) => row.id);
      const last = ids.at(-1);
      if (last === undefined) return orphans;
      after = last;
      const known = await exists(ids);
      await postgres.query(`UPDATE ${at(table)} SET known = true WHERE ${free(table, id, `${id} = ANY ($1)`)}`, [[...known]]);
      const unknown = ids.filter((one) => !known.has(one));
      orphans += await remove(table, id, `${id} = ANY ($1) AND NOT known AND touched_at < $2`, [unknown, olderThan]);
    }
  };

  return async (sweep) => {
    if (sweep.olderThan > later(sweep.now, -hours(24))) {
      throw new RangeError('A sweep leaves alone what is younger than a day: its event may still be on the way.');
    }
    const expired = await removeExpired(sweep.now);
    const orphans = (await removeOrphans('passwords', 'user_id', sweep)) + (await removeOrphans('person_keys', 'person_id', sweep));
    return { expired, orphans };
  };
};
