// Chooses the engines of the vault, the cache, leases and mail from the configuration. Nothing above knows which they were.
// Clients of servers are loaded where they are used only: on one machine nobody pays for them.
import { join } from 'node:path';
import { aside, noAside } from './cache/aside.ts';
import { memoryCache } from './cache/memory.ts';
import type { Aside, Cache } from './cache/port.ts';
import { type Config, publicUrlOf } from './config.ts';
import { asError, type OnError } from './connect-log.ts';
import { localLeases } from './lease/local.ts';
import type { Leases } from './lease/port.ts';
import { openMailOutbox } from './outbound/mail-outbox.ts';
import { createAccessTokens } from './tokens/access.ts';
import { createDevices } from './tokens/devices.ts';
import { createMailedTokens } from './tokens/mailed.ts';
import { createPurchaseLinks } from './tokens/purchase-links.ts';
import { createRefreshTokens } from './tokens/refresh.ts';
import { createRevocations } from './tokens/revocations.ts';
import { loadMasterKey } from './vault/master.ts';
import { createPasswords } from './vault/passwords.ts';
import { createSeals } from './vault/seal.ts';
import { openSqliteVault } from './vault/sqlite.ts';

/** Who may do alone what one process alone may do. */
export const connectLeases = async ({ DATABASE_URL: url }: Config, onError: OnError): Promise<Leases> => {
  if (!url) return localLeases();
  const { openPostgresLeases } = await import('./lease/postgres.ts');
  return openPostgresLeases(url, { onError: asError(onError) });
};

/** The outbox of development. */
export const connectMail = async ({ DATABASE_URL: url, DATA_DIR }: Config) => {
  if (!url) return openMailOutbox(DATA_DIR);
  const { openPostgresMailOutbox } = await import('./outbound/mail-outbox-postgres.ts');
  return openPostgresMailOutbox(url);
};

/** The vault and what rests on its keys: seals, passwords, tokens. */
export const connectVault = async (config: Config, now: () => number) => {
  const { DATABASE_URL: url, DATA_DIR: dataDir } = config;
  const master = loadMasterKey({ masterKey: config.MASTER_KEY, dataDir, production: config.NODE_ENV === 'production' });
  const openVault = async () => {
    if (!url) return openSqliteVault(join(dataDir, 'vault.db'), master);
    const { openPostgresVault } = await import('./vault/postgres.ts');
    return openPostgresVault(url, master);
  };
  const vault = await openVault();
  const revocations = createRevocations(now);
  const secretOf = (purpose: string) => master.derive(purpose).toString('base64url');
  return {
    vault,
    revocations,
    /** A name for a value that says nothing about it: what claims are named by. */
    devices: createDevices(master.blindIndex),
    blindIndex: master.blindIndex,
    /** Hashed into the fingerprints of requests, so that a body with a password in it cannot be guessed from its fingerprint. */
    fingerprintSecret: secretOf('request fingerprint'),
    /** What processes of a fleet prove themselves to each other by. */
    siblingToken: secretOf('sibling processes'),
    seals: createSeals(vault, master, { now }),
    passwords: createPasswords(vault),
    mailedTokens: createMailedTokens(vault),
    purchaseLinks: createPurchaseLinks(master.derive('purchase links')),
    refreshTokens: createRefreshTokens(vault, master),
    tokens: createAccessTokens({ vault, master, revocations, issuer: publicUrlOf(config), audience: config.TOKEN_AUDIENCE, now }),
  };
};

export interface ConnectedCache {
  /** Counts for all processes where they share one. */
  readonly cache: Cache;
  /** This process's own. */
  readonly ownCache: Cache;
  readonly aside: Aside;
  close(): Promise<void>;
}

/** Rendered answers and the counters of the rate limits. In a fleet without Redis nobody could say to all when an answer has become old. */
export const connectCache = async (
  { REDIS_URL: url, NAMESPACE: namespace, DATABASE_REPLICA_URL: replica, CACHE_MIB }: Config,
  { now, isFleet }: { readonly now: () => number; readonly isFleet: boolean },
): Promise<ConnectedCache> => {
  const ownCache = memoryCache({ maxSize: CACHE_MIB * 1_048_576, now });
  if (!url) return { cache: ownCache, ownCache, aside: isFleet ? noAside() : aside(ownCache), close: async () => {} };
  const { openRedisCache } = await import('./cache/redis.ts');
  const cache = openRedisCache(url, { namespace });
  // What a lagging replica answers could be kept after it was removed.
  return { cache, ownCache, aside: replica ? noAside() : aside(cache), close: async () => cache.close() };
};
