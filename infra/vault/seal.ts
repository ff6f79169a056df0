// Seals personal data under its person's own key on the way in, and opens it on the way out; without the key it reads '[erased]' for ever.
import { createSecretKey, type KeyObject, randomBytes } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { DomainError } from '../../domain/error.ts';
import { hours } from '../../domain/id.ts';
import type { Sealed } from '../../domain/privacy.ts';
import { decrypt, encrypt } from './master.ts';
import type { Json, MasterKey, Seals, Vault } from './port.ts';

/** What stands in the place of a value whose person's key is gone. */
export const erased = '[erased]';

/** A sealed value that was changed, cut, or moved to another person. */
export class TamperedSeal extends Error {
  override readonly name = 'TamperedSeal';
}

interface Options {
  /** Keys held in memory; each takes about 0.5 KB. */
  readonly capacity?: number;
  readonly now?: () => number;
}

/** A key is looked up again after this long, so that none outlives its erasure for long even where nobody was told, and a sweep sees which ones are in use. */
const keptFor = hours(1);

const none = Symbol('no key');
type Key = KeyObject | typeof none;

export const createSeals = (vault: Vault, master: MasterKey, { capacity = 50_000, now = Date.now }: Options = {}): Seals => {
  const keys = new LRUCache<string, Key>({ max: capacity, ttl: keptFor, perf: { now }, ttlResolution: 0 });
  let forgotten = 0;

  /** Asks the vault and remembers the answer, unless a person was forgotten meanwhile: the answer may then be older than the erasure. */
  const fetch = async (personIds: readonly string[], ask: () => Promise<(Uint8Array | null)[]>): Promise<Map<string, Key>> => {
    const before = forgotten;
    const wrapped = await ask();
    const fetched = new Map(personIds.map((personId, n): [string, Key] => [personId, unwrap(master, personId, wrapped[n])]));
    if (before === forgotten) for (const [personId, key] of fetched) keys.set(personId, key);
    return fetched;
  };

  const ensure = (personIds: readonly string[]) =>
    fetch(personIds, () => {
      const candidates = personIds.map((personId) => ({ personId, wrapped: master.wrap(`person:${personId}`, randomBytes(32)) }));
      return vault.ensurePersonKeys(candidates, new Date(now()).toISOString());
    });
  const ensureOne = together(ensure);

  const sealMissing = async (personId: string, value: Json): Promise<Sealed> => {
    const key = (await ensureOne(personId)).get(personId);
    if (key === undefined || key === none) throw new DomainError('user.erased', 'This person has been erased.');
    return close(key, personId, value);
  };

  const fetchMissing = (personIds: readonly string[]) => fetch(personIds, () => vault.personKeys(personIds));

  return {
    seal: (personId, value) => {
      const key = keys.get(personId);
      return key === undefined || key === none ? sealMissing(personId, value) : close(key, personId, value);
    },
    open: (sealed) => {
      const personId = personOf(sealed);
      const key = keys.get(personId);
      return key === undefined
        ? fetchMissing([personId]).then((fetched) => unseal(fetched.get(personId), personId, sealed))
        : unseal(key, personId, sealed);
    },
    openAll: async (sealed) => {
      const held = new Map<string, Key>();
      const missing = new Set<string>();
      for (const personId of sealed.map(personOf)) {
        const key = keys.get(personId);
        if (key === undefined) missing.add(personId);
        else held.set(personId, key);
      }
      if (missing.size > 0) for (const [personId, key] of await fetchMissing([...missing])) held.set(personId, key);
      return sealed.map((one) => unseal(held.get(personOf(one)), personOf(one), one));
    },
    prepare: async (personIds) => {
      await ensure([...new Set(personIds)]);
    },
    forget: (personId) => {
      forgotten += 1;
      keys.delete(personId);
    },
    erase: async (personId) => {
      try {
        await vault.erasePerson(personId, new Date(now()).toISOString());
      } finally {
        forgotten += 1;
        keys.delete(personId);
      }
    },
  };
};

/** Joins the calls of one turn of the event loop into one: many newcomers at once then cost one commit. */
const together = <T>(act: (ids: readonly string[]) => Promise<T>): ((id: string) => Promise<T>) => {
  let waiting: { ids: Set<string>; result: Promise<T> } | null = null;
  return (id) => {
    if (!waiting) {
      const ids = new Set<string>();
      const result = new Promise<void>((resolve) => setImmediate(resolve)).then(() => {
        waiting = null;
        return act([...ids]);
      });
      waiting = { ids, result };
    }
    waiting.ids.add(id);
    return waiting.result;
  };
};

const unwrap = (master: MasterKey, personId: string, wrapped: Uint8Array | null | undefined): Key =>
  wrapped ? createSecretKey(master.unwrap(`person:${personId}`, wrapped)) : none;

const close = (key: KeyObject, personId: string, value: Json): Sealed =>
  `pii1.${personId}.${encrypt(key, personId, Buffer.from(JSON.stringify(value))).toString('base64url')}` as Sealed;

const unseal = (key: Key | undefined, personId: string, sealed: Sealed): unknown => {
  if (key === undefined || key === none) return erased;
  try {
    return JSON.parse(decrypt(key, personId, Buffer.from(sealed.slice('pii1.'.length + personId.length + 1), 'base64url')).toString());
  } catch (cause) {
    throw new TamperedSeal(`A sealed value of ${personId} has been changed.`, { cause });
  }
};

/** `pii1.<person id>.<box>`: the person's id may hold any character but the dot. */
const personOf = (sealed: Sealed): string => {
  const end = sealed.indexOf('.', 5);
  if (end <= 5 || !sealed.startsWith('pii1.')) throw new TamperedSeal('This is not a sealed value.');
  return sealed.slice(5, end);
};
