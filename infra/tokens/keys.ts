// The ring of keys that sign access tokens: one signs, its predecessors verify until their last token has expired.
import { setTimeout as pause } from 'node:timers/promises';
import { type CryptoKey, calculateJwkThumbprint, exportJWK, exportPKCS8, generateKeyPair, importJWK, importPKCS8 } from 'jose';
import { minutes } from '../../domain/id.ts';
import type { MasterKey, StoredSigningKey, Vault } from '../vault/port.ts';
import type { PublicKey } from './port.ts';

/** The only algorithm that is ever signed with or believed. */
export const algorithm = 'RS256';

/** How long an access token lives, in milliseconds: the most that a stolen one is worth. */
export const accessLifetime = minutes(10);

/** Another process may sign with a key for this long after it was retired here. */
const lookedUpEvery = minutes(1);

/** Made-up names must not become a flood of questions to the vault: milliseconds between two, and how many may wait for the next one. */
const betweenQuestions = 250;
const mayWait = 100;

const modulusLength = 3072;

interface RingKey {
  readonly kid: string;
  readonly publicKey: CryptoKey;
  readonly publicJwk: PublicKey;
  readonly privateKey: CryptoKey | null;
  readonly retiredAt: string | null;
}

export interface SigningKeys {
  /** The key that signs; made and kept in the vault when there is none. */
  current(): Promise<{ kid: string; privateKey: CryptoKey }>;
  /** The key of that name, or null: also looked up in the vault, where another process may just have put it. */
  verifying(kid: string): Promise<CryptoKey | null>;
  /** The public halves. */
  jwks(): Promise<{ keys: PublicKey[] }>;
  /** A new key signs from now on. Throws away those whose last token has expired. */
  rotate(): Promise<void>;
}

export const createSigningKeys = (vault: Vault, master: MasterKey, now: () => number = Date.now): SigningKeys => {
  let ring: readonly RingKey[] = [];
  let loadedAt = Number.NEGATIVE_INFINITY;
  let loading: Promise<void> | null = null;
  let replacing: Promise<void> | null = null;

  const load = (): Promise<void> => {
    loading ??= (async () => {
      const known = new Map(ring.map((key) => [key.kid, key]));
      const stored = (await vault.signingKeys()).filter((key) => !isOver(key, now()));
      ring = await Promise.all(
        stored.map(async (key) => {
          const before = known.get(key.kid);
          return before && before.retiredAt === key.retiredAt ? before : unpack(key, master);
        }),
      );
      loadedAt = now();
    })().finally(() => {
      loading = null;
    });
    return loading;
  };

  const loadAfresh = async () => {
    await loading; // which may have read the vault before what is looked for was in it
    await load();
  };
  const ask = spaced(loadAfresh);

  const loadIfOlderThan = async (age: number) => {
    if (Math.abs(now() - loadedAt) >= age) await load();
  };

  const signing = () => ring.find((key) => key.retiredAt === null);

  /** Of several processes that make a key at once, the vault lets one win. Here, whoever comes meanwhile gets the same one. */
  const replace = (replaces: string | null): Promise<void> => {
    replacing ??= (async () => {
      const stored = await makeKey(master, new Date(now()).toISOString());
      await vault.rotateSigningKey(stored, replaces);
      await loadAfresh();
    })().finally(() => {
      replacing = null;
    });
    return replacing;
  };

  return {
    current: async () => {
      await loadIfOlderThan(lookedUpEvery);
      if (!signing()) await replace(null);
      const key = signing();
      if (!key?.privateKey) throw new Error('There is no key to sign with.');
      return { kid: key.kid, privateKey: key.privateKey };
    },
    verifying: async (kid) => {
      const find = () => ring.find((key) => key.kid === kid && !isOver(key, now()));
      if (!find()) await ask();
      return find()?.publicKey ?? null;
    },
    jwks: async () => {
      await loadIfOlderThan(lookedUpEvery);
      return { keys: ring.filter((key) => !isOver(key, now())).map((key) => key.publicJwk) };
    },
    rotate: async () => {
      await load();
      await replace(signing()?.kid ?? null);
      for (const key of await vault.signingKeys()) if (isOver(key, now())) await vault.deleteSigningKey(key.kid);
    },
  };
};

/** `act`, begun after the call and a while after its last beginning; those who call meanwhile share it, and those who are too many go without. */
const spaced = (act: () => Promise<void>): (() => Promise<void>) => {
  let next: { readonly done: Promise<void>; waiting: number } | null = null;
  let begunAt = Number.NEGATIVE_INFINITY;
  const run = async () => {
    await pause(Math.max(begunAt + betweenQuestions - performance.now(), 0));
    begunAt = performance.now();
    next = null;
    await act();
  };
  return async () => {
    next ??= { done: run(), waiting: 0 };
    next.waiting += 1;
    if (next.waiting <= mayWait) await next.done;
  };
};

/** Whether every token that the key has signed has expired. */
const isOver = (key: { retiredAt: string | null }, now: number) =>
  key.retiredAt !== null && Date.parse(key.retiredAt) + accessLifetime + 2 * lookedUpEvery < now;

const unpack = async (stored: StoredSigningKey, master: MasterKey): Promise<RingKey> => {
  const publicJwk = JSON.parse(stored.publicJwk) as PublicKey;
  const publicKey = await importJWK(publicJwk, algorithm);
  if (publicKey instanceof Uint8Array) throw new Error('A signing key in the vault is not an RSA key.');
  const pem = () => master.unwrap(`signing:${stored.kid}`, stored.wrapped).toString();
  const privateKey = stored.retiredAt ? null : await importPKCS8(pem(), algorithm);
  return { kid: stored.kid, publicJwk, publicKey, privateKey, retiredAt: stored.retiredAt };
};

const makeKey = async (master: MasterKey, createdAt: string) => {
  const { publicKey, privateKey } = await generateKeyPair(algorithm, { modulusLength, extractable: true });
  const { kty, n, e } = await exportJWK(publicKey);
  if (kty !== 'RSA' || !n || !e) throw new Error('The new signing key is not an RSA key.');
  const kid = await calculateJwkThumbprint({ kty, n, e });
  const publicJwk: PublicKey = { kty: 'RSA', n, e, kid, alg: algorithm, use: 'sig' };
  return {
    kid,
    publicJwk: JSON.stringify(publicJwk),
    createdAt,
    wrapped: master.wrap(`signing:${kid}`, Buffer.from(await exportPKCS8(privateKey))),
  };
};
