// Leases on PostgreSQL: one row for each name in fleet.leases. The database's clock says when a lease is over; the owner's monotonic clock
// makes it stop before that. Rests on row locks alone, so that it may stand behind PgBouncer in transaction mode.
import { setTimeout as pause } from 'node:timers/promises';
import { type Migration, migrate, openPostgres, type Postgres } from '../postgres.ts';
import { Fenced, type Lease, type Leases } from './port.ts';

export interface PostgresLeaseOptions {
  /** Told of every failed try; the next one comes by itself. */
  readonly onError?: (error: unknown) => void;
  readonly schema?: string;
}

const migrations = (schema: string): Migration[] => [
  {
    name: '001_leases',
    up: async (knex) => {
      await knex.schema.withSchema(schema).createTable('leases', (table) => {
        table.text('name').primary();
        table.text('owner').notNullable();
        table.bigInteger('epoch').notNullable();
        table.timestamp('expires_at', { useTz: true }).notNullable();
      });
    },
  },
];

/** The part of its time after which an owner stops by itself: what is left is for clocks that do not run alike, and for stopping. */
const trustedPart = 0.8;
const renewals = 3;
/** How often whoever waits looks again, in parts of the time that a lease lasts. */
const looks = 20;

/** Up to a quarter more, so that those who wait do not come all at once. */
const jittered = (milliseconds: number) => milliseconds * (1 + Math.random() / 4);

export const openPostgresLeases = async (url: string, options: PostgresLeaseOptions = {}): Promise<Leases> => {
  const { onError = () => {}, schema = 'fleet' } = options;
  await migrate(url, schema, migrations(schema));
  const postgres = openPostgres(url, { max: 3, name: 'tokobapak leases', statementTimeoutMs: 2_000 });
  const rows = rowsIn(postgres, schema);
  const held = new Set<Lease>();
  const closing = new AbortController();

  return {
    acquire: async (name, { owner, ttlMs = 10_000, signal: given }) => {
      const signal = given ? AbortSignal.any([given, closing.signal]) : closing.signal;
      for (;;) {
        signal.throwIfAborted();
        const sentAt = performance.now();
        const epoch = await rows.take(name, owner, ttlMs).catch((error: unknown) => {
          onError(error);
          return null;
        });
        if (epoch !== null) {
          const lease = keep(rows, { name, epoch, ttlMs, sentAt }, { onError, onEnd: () => held.delete(lease) });
          held.add(lease);
          return lease;
        }
        // Whoever gives up says why by its own reason, not by the timer's.
        await pause(jittered(ttlMs / looks), undefined, { signal }).catch(() => {});
      }
    },
    close: async () => {
      closing.abort(new Error('The leases are closed.'));
      await Promise.all([...held].map((lease) => lease.release()));
      await postgres.close();
    },
  };
};

/** The fence of a lease that another thread of this process holds. */
export const fenceOf = ({ name, epoch }: Pick<Lease, 'name' | 'epoch'>, schema = 'fleet'): Pick<Lease, 'fence'> => ({
  fence: async (tx) => {
    if ((await tx.query(fencedIn(schema), [name, epoch])).length === 0) throw new Fenced(name, epoch);
  },
});

/** A renewal does not conflict with it, a take-over does. */
const fencedIn = (schema: string) => `SELECT 1 FROM "${schema}".leases WHERE name = $1 AND epoch = $2 FOR KEY SHARE`;

type Rows = ReturnType<typeof rowsIn>;

const rowsIn = (postgres: Postgres, schema: string) => {
  const table = `"${schema}".leases`;
  const inFuture = (parameter: string) => `clock_timestamp() + ${parameter} * interval '1 millisecond'`;
  return {
    /** The new epoch, or null while somebody else has it. */
    take: async (name: string, owner: string, ttlMs: number): Promise<number | null> => {
      const free = `SELECT epoch FROM ${table} WHERE name = $1 AND expires_at <= clock_timestamp()`;
      const [known] = await postgres.query<{ free: boolean }>(
        `SELECT expires_at <= clock_timestamp() AS free FROM ${table} WHERE name = $1`,
        [name],
      );
      if (known?.free === false) return null;
      return postgres.transaction(async (tx) => {
        if (!known) await tx.query(`INSERT INTO ${table} VALUES ($1, '', 0, '-infinity') ON CONFLICT DO NOTHING`, [name]);
        // NOTE: FOR UPDATE, since a plain update would not mind the KEY SHARE by which the last owner's transaction holds on to its epoch.
        const [row] = await tx.query<{ epoch: number }>(`${free} FOR UPDATE SKIP LOCKED`, [name]);
        if (!row) return null;
        const epoch = row.epoch + 1;
        await tx.query(`UPDATE ${table} SET owner = $2, epoch = $3, expires_at = ${inFuture('$4')} WHERE name = $1`, [
          name,
          owner,
          epoch,
          ttlMs,
        ]);
        return epoch;
      });
    },
    /** False: somebody else has it. */
    renew: async (name: string, epoch: number, ttlMs: number): Promise<boolean> => {
      const renewed = `UPDATE ${table} SET expires_at = ${inFuture('$3')} WHERE name = $1 AND epoch = $2 RETURNING epoch`;
      return (await postgres.query(renewed, [name, epoch, ttlMs])).length > 0;
    },
    free: async (name: string, epoch: number): Promise<void> => {
      await postgres.query(`UPDATE ${table} SET expires_at = '-infinity' WHERE name = $1 AND epoch = $2`, [name, epoch]);
    },
    /** See fenceOf. */
    fence: (lease: Pick<Lease, 'name' | 'epoch'>) => fenceOf(lease, schema).fence,
  };
};

interface Taken {
  readonly name: string;
  readonly epoch: number;
  readonly ttlMs: number;
  /** On the monotonic clock, before the database was asked: its own time cannot have begun earlier. */
  readonly sentAt: number;
}

interface Ears {
  readonly onError: (error: unknown) => void;
  readonly onEnd: () => void;
}

/** Renews the lease until it is released or lost. */
const keep = (rows: Rows, { name, epoch, ttlMs, sentAt }: Taken, { onError, onEnd }: Ears): Lease => {
  const controller = new AbortController();
  const trustedFor = ttlMs * trustedPart;
  let trustedUntil = sentAt + trustedFor;
  let ended = false;
  let renewing: Promise<void> = Promise.resolve();
  let nextRenewal: NodeJS.Timeout;

  const end = () => {
    ended = true;
    clearTimeout(nextRenewal);
    clearTimeout(ending);
    onEnd();
  };
  const lose = () => {
    if (ended) return;
    end();
    controller.abort(new Fenced(name, epoch));
  };
  const loseInTime = () => setTimeout(lose, trustedUntil - performance.now());
  let ending = loseInTime();

  const renew = async () => {
    const askedAt = performance.now();
    let wait = ttlMs / renewals;
    try {
      const renewed = await rows.renew(name, epoch, ttlMs);
      if (ended) return;
      if (!renewed) return lose();
      // NOTE: an answer that comes when the time is over must not bring the lease back to life.
      if (performance.now() >= trustedUntil) return lose();
      trustedUntil = askedAt + trustedFor;
      clearTimeout(ending);
      ending = loseInTime();
    } catch (error) {
      onError(error);
      wait = ttlMs / looks;
    }
    if (!ended) renewIn(wait);
  };
  const renewIn = (milliseconds: number) => {
    nextRenewal = setTimeout(() => {
      renewing = renew();
    }, milliseconds);
  };
  renewIn(ttlMs / renewals);

  return {
    name,
    epoch,
    lost: controller.signal,
    isHeld: () => !ended && performance.now() < trustedUntil,
    fence: rows.fence({ name, epoch }),
    release: async () => {
      if (ended) return;
      end();
      await renewing; // or it would bring the row back to life after the release
      await rows.free(name, epoch).catch(onError); // then it is over by itself in a while
    },
  };
};
