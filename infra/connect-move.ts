// Carries a marketplace between a folder and servers: the log, the vault, keys of commands with their outcomes, and the mails that went out.
// What is folded from the log is left behind.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { withoutSecrets } from './addresses.ts';
import type { Config } from './config.ts';
import { copyLog, isEmptyLog } from './connect-log.ts';
import { copyRows, type ProvedRows, proveRows } from './copy-rows.ts';
import { DataDirInUse, lockDataDir, mustHoldData, NoData } from './data-dir.ts';
import { migrateBeside, openPostgresBeside } from './event-store/beside-postgres.ts';
import type { EventContract } from './event-store/codec.ts';
import { type Copied, NotACopy } from './event-store/copy.ts';
import { openEventStoreDbLog } from './event-store/eventstoredb-log.ts';
import { openMailOutbox } from './outbound/mail-outbox.ts';
import { openPostgresMailOutbox } from './outbound/mail-outbox-postgres.ts';
import type { Patience } from './patience.ts';
import { openPostgres } from './postgres.ts';
import { type Placed, postgresRows, type Rows, sqliteRows, type TableForm } from './rows.ts';
import { type Standing, StandsElsewhere, setStandingOfFolder, setStandingOfVault, standingOfFolder, standingOfVault } from './standing.ts';
import { loadMasterKey } from './vault/master.ts';
import { openPostgresVault } from './vault/postgres.ts';
import { openSqliteVault } from './vault/sqlite.ts';

export type Where = 'servers' | 'folder';

/** What is carried beside the log, in this order; names are those of its tables in both engines unless told otherwise. */
interface Carried extends TableForm {
  readonly file: 'vault.db' | 'log.db' | 'mail.db';
  readonly sqlite?: Placed;
  readonly postgres: Placed;
}

const ofVault = (name: string, key: string, columns: TableForm['columns'], postgres: Partial<Placed> = {}): Carried => ({
  ...{ name, columns, key: [key, 'text'], file: 'vault.db' },
  postgres: { table: `vault.${name}`, ...postgres },
});

const carried: readonly Carried[] = [
  ofVault('signing_keys', 'kid', { wrapped: 'bytes', public_jwk: 'text', created_at: 'text', retired_at: 'text' }),
  ofVault('person_keys', 'person_id', { wrapped: 'bytes', touched_at: 'text', known: 'truth', erased_at: 'text' }),
  ofVault('passwords', 'user_id', { hash: 'text', touched_at: 'text', known: 'truth' }),
  ofVault('login_failures', 'account', { failures: 'integer', blocked_until: 'text', last_at: 'text' }),
  ofVault(
    'refresh_tokens',
    'hash',
    { session_id: 'text', user_id: 'text', expires_at: 'text', repeatable_until: 'text' },
    {
      from: '(SELECT token.*, user_id FROM vault.refresh_tokens AS token JOIN vault.sessions USING (session_id)) AS tokens',
      without: ['user_id'],
      before: 'INSERT INTO vault.sessions (session_id, user_id) SELECT DISTINCT c0, c1 FROM given ON CONFLICT DO NOTHING',
    },
  ),
  ofVault('mailed_tokens', 'hash', { kind: 'text', user_id: 'text', about: 'text', expires_at: 'text', used_by: 'text' }),
  {
    name: 'command_keys',
    key: ['id', 'id'],
    columns: { fingerprint: 'text', at: 'instant', stream: 'text', revision: 'integer', count: 'integer', outcome: 'text' },
    file: 'log.db',
    sqlite: {
      table: 'command_keys',
      from: '(SELECT k.id, k.fingerprint, k.at, s.name AS stream, k.revision, k.count, k.outcome FROM command_keys k LEFT JOIN streams s ON s.id = k.stream)',
      write: { stream: '(SELECT id FROM streams WHERE name = ?)' },
    },
    postgres: { table: 'log.command_keys' },
  },
  {
    name: 'mail',
    key: ['message_id', 'text'],
    columns: {
      seq: 'integer',
      user_id: 'text',
      recipient: 'text',
      name: 'text',
      language: 'text',
      template: 'text',
      data: 'text',
      at: 'text',
    },
    file: 'mail.db',
    postgres: { table: 'notification.outbox' },
  },
];

interface Place {
  /** For messages; holds no password. */
  readonly name: string;
  /** Where the log stands: a file, or an address. */
  readonly log: string;
  readonly rows: readonly Rows[];
  standing(): Promise<Standing | null>;
  setStanding(standing: Standing | null): Promise<void>;
  /** To be called when the log is there, and before anything is put beside it. */
  prepare(): Promise<void>;
  /** To be called when all rows are there. */
  finish(): Promise<void>;
  close(): Promise<void>;
}

/** Opened for its secrets to be overwritten where they go, as the vault does it. */
const openFile = (file: string): DatabaseSync => {
  const database = new DatabaseSync(file, { timeout: 5_000 });
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON');
  return database;
};

const masterOf = ({ MASTER_KEY: masterKey, DATA_DIR: dataDir, NODE_ENV }: Pick<Config, 'MASTER_KEY' | 'DATA_DIR' | 'NODE_ENV'>) =>
  loadMasterKey({ masterKey, dataDir, production: NODE_ENV === 'production' });

const openFolder = async (config: Config): Promise<Place> => {
  const dataDir = config.DATA_DIR;
  const lock = lockDataDir(dataDir, { mayStandElsewhere: true });
  // What is not there yet is made as a start would make it; the log by the copy.
  try {
    await openSqliteVault(join(dataDir, 'vault.db'), masterOf(config)).close();
    await openMailOutbox(dataDir).close();
  } catch (error) {
    lock.release();
    throw error;
  }
  const opened = new Map<string, DatabaseSync>();
  const fileOf = (name: string) => {
    const database = opened.get(name) ?? openFile(join(dataDir, name));
    opened.set(name, database);
    return database;
  };
  /** NOTE: a log that is not there yet must not be made before the copy makes it. */
  const lazily = (form: Carried): Rows => {
    let made: Rows | null = null;
    const get = () => {
      made ??= sqliteRows(fileOf(form.file), form, form.sqlite ?? { table: form.name });
      return made;
    };
    return { name: form.name, page: (after, limit) => get().page(after, limit), replace: (keys, put) => get().replace(keys, put) };
  };
  return {
    name: dataDir,
    log: join(dataDir, 'log.db'),
    rows: carried.map(lazily),
    standing: async () => standingOfFolder(dataDir),
    setStanding: async (standing) => setStandingOfFolder(dataDir, standing),
    prepare: async () => {},
    finish: async () => {},
    close: async () => {
      for (const database of opened.values()) database.close();
      lock.release();
    },
  };
};

const openServers = async ({ EVENTSTORE_URL, DATABASE_URL, ...config }: Config): Promise<Place> => {
  if (!EVENTSTORE_URL || !DATABASE_URL) throw new NoData('A move needs EVENTSTORE_URL and DATABASE_URL: the servers that the fleet uses.');
  await (await openPostgresVault(DATABASE_URL, masterOf(config), { mayStandElsewhere: true })).close();
  await migrateBeside(DATABASE_URL);
  await (await openPostgresMailOutbox(DATABASE_URL)).close();
  const postgres = openPostgres(DATABASE_URL, { max: 2, name: 'tokobapak move', statementTimeoutMs: 60_000 });
  await mustRest(postgres);
  return {
    name: `${withoutSecrets(EVENTSTORE_URL)} and ${withoutSecrets(DATABASE_URL)}`,
    log: EVENTSTORE_URL,
    rows: carried.map((form) => postgresRows(postgres, form, form.postgres)),
    standing: () => standingOfVault(postgres),
    setStanding: (standing) => setStandingOfVault(postgres, standing),
    async prepare() {
      // What is beside a log belongs to it by its id: a process that finds another one there drops all of it.
      const log = openEventStoreDbLog(EVENTSTORE_URL);
      const beside = await openPostgresBeside(DATABASE_URL);
      try {
        await beside.belongTo(await log.identify());
      } finally {
        await beside.close();
        await log.close();
      }
    },
    async finish() {
      await postgres.query(`SELECT setval(pg_get_serial_sequence('notification.outbox', 'seq'), max(seq)) FROM notification.outbox`);
    },
    close: () => postgres.close(),
  };
};

/** Throws where a process of the fleet still works. */
const mustRest = async (postgres: ReturnType<typeof openPostgres>) => {
  const [{ there } = { there: null }] = await postgres.query<{ there: string | null }>(`SELECT to_regclass('fleet.leases')::text AS there`);
  if (!there) return;
  const held = await postgres.query<{ name: string; owner: string }>('SELECT name, owner FROM fleet.leases WHERE expires_at > now()');
  if (held.length === 0) return;
  await postgres.close();
  throw new DataDirInUse(
    `The fleet runs: ${held.map(({ name, owner }) => `${name} (${owner})`).join(', ')}. Stop all of its processes, then move.`,
  );
};

/** Accounts without a log are those of another marketplace. That a log is ours, the copy finds out. */
const mustBeOurs = async ({ name, log, rows }: Place, standing: Standing | null, owns: EventContract['owns']) => {
  if (standing || !(await isEmptyLog(log, owns))) return;
  for (const table of rows.filter((one) => one.name === 'passwords' || one.name === 'person_keys'))
    if ((await table.page('', 1)).length > 0) throw new NotACopy(`${name} holds accounts, and no log: they are of another marketplace`);
};

export interface MoveOptions extends Pick<EventContract, 'owns'> {
  readonly patience: Patience;
  readonly onProgress: (what: string, done: number, all: number) => void;
  readonly signal: AbortSignal;
  readonly now?: () => number;
}

export interface Moved {
  readonly from: string;
  readonly to: string;
  readonly log: Copied;
  readonly rows: Readonly<Record<string, ProvedRows>>;
}

const isEqual = ({ log, rows }: Moved) => log.faults.length === 0 && Object.values(rows).every(({ differences }) => differences === 0);

/**
 * Makes everything at `to` what it is at the other place, and proves it. Goes on where a run before it ended. From then on the marketplace
 * stands there and no more at the other place. Throws NotACopy where another log stands there, StandsElsewhere where there is nothing whole to
 * carry, DataDirInUse where somebody runs.
 */
export const moveMarketplace = async (config: Config, to: Where, options: MoveOptions): Promise<Moved> => {
  const { owns, patience, onProgress, signal, now = Date.now } = options;
  if (to === 'servers') mustHoldData({ DATA_DIR: config.DATA_DIR }, { logOnly: false });
  else mkdirSync(config.DATA_DIR, { recursive: true, mode: 0o700 });
  const folder = await openFolder(config);
  const servers = await openServers(config).catch(async (error: unknown) => {
    await folder.close();
    throw error;
  });
  const [source, target] = to === 'servers' ? [folder, servers] : [servers, folder];
  try {
    const standing = await source.standing();
    if (standing?.state === 'moving' || (standing && (await target.standing())?.state !== 'moving'))
      throw new StandsElsewhere(standing, 'lift the mark that says so (docs/operations.md)');
    const at = new Date(now()).toISOString();
    const before = await target.standing();
    await mustBeOurs(target, before, owns);
    await target.setStanding({ state: 'moving', other: source.name, at });
    const log = await copyLog(source.log, target.log, { owns, patience, signal, onProgress }).catch(async (error: unknown) => {
      if (error instanceof NotACopy) await target.setStanding(before);
      throw error;
    });
    await target.prepare();
    const rows: Record<string, ProvedRows> = {};
    for (const [n, from] of source.rows.entries()) {
      const into = target.rows[n] as Rows;
      const patiently = { from: patient(from, patience), to: patient(into, patience), signal };
      onProgress(from.name, n, source.rows.length);
      await copyRows(patiently);
      rows[from.name] = await proveRows(patiently);
    }
    await target.finish();
    onProgress('beside the log', source.rows.length, source.rows.length);
    const moved = { from: source.name, to: target.name, log, rows };
    if (!isEqual(moved)) return moved;
    await source.setStanding({ state: 'moved', other: target.name, at });
    await target.setStanding(null);
    return moved;
  } finally {
    await folder.close();
    await servers.close();
  }
};

const patient = (rows: Rows, patience: Patience): Rows => ({
  name: rows.name,
  page: (after, limit) => patience(() => rows.page(after, limit)),
  replace: (keys, put) => patience(() => rows.replace(keys, put)),
});
