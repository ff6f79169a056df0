// What every vault must do, whichever engine keeps it.
import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { days, hours, later } from '../../domain/id.ts';
import type { Vault } from './port.ts';

/** A place for one vault: `open` answers a new handle of that same vault each time. */
export interface VaultPlace {
  open(): Promise<Vault>;
  remove(): Promise<void>;
}

const noon = '2026-01-01T12:00:00.000Z';
const after = (milliseconds: number) => later(noon, milliseconds);
const wrapped = () => new Uint8Array(randomBytes(60));
const nobody = async () => new Set<string>();

export const vaultContract = (name: string, makePlace: () => Promise<VaultPlace>) => {
  describe(`${name} as a vault`, () => {
    let place: VaultPlace;
    let vault: Vault;
    let other: Vault;
    beforeEach(async () => {
      place = await makePlace();
      vault = await place.open();
      other = await place.open();
    });
    afterEach(async () => {
      await vault.close();
      await other.close();
      await place.remove();
    });
    const reopened = async () => {
      await vault.close();
      vault = await place.open();
      return vault;
    };
    const both = () => ({ vault, other, reopened });
    describe('passwords', () => passwordRules(both));
    describe('attempts to sign in', () => attemptRules(both));
    describe('refresh tokens', () => refreshRules(both));
    describe('mailed tokens', () => mailedRules(both));
    describe('the keys of people', () => personKeyRules(both));
    describe('signing keys', () => signingKeyRules(both));
    describe('a sweep', () => sweepRules(both));
  });
};

type Handles = () => { vault: Vault; other: Vault; reopened(): Promise<Vault> };

const passwordRules = (handles: Handles) => {
  it('are kept by user, replaced, and survive reopening', async () => {
    const { vault, other, reopened } = handles();
    expect(await vault.passwordOf('u1')).toBeNull();
    await vault.savePassword('u1', 'first', noon);
    await other.savePassword('u1', 'second', noon);
    expect(await vault.passwordOf('u1')).toBe('second');
    expect(await vault.passwordOf('u2')).toBeNull();
    expect(await (await reopened()).passwordOf('u1')).toBe('second');
  });
};

const attemptRules = (handles: Handles) => {
  const fail = async (times: number, at: string) => {
    for (let i = 0; i < times; i++) expect(await handles().vault.startLoginAttempt('a', at)).toBe(true);
  };

  it('five are free, then each must wait twice as long', async () => {
    const { vault, other } = handles();
    await fail(5, noon);
    expect(await other.startLoginAttempt('a', after(999))).toBe(false);
    expect(await vault.startLoginAttempt('a', after(1000))).toBe(true);
    expect(await other.startLoginAttempt('a', after(2999))).toBe(false);
    expect(await vault.startLoginAttempt('a', after(3000))).toBe(true);
    expect(await vault.startLoginAttempt('a', after(6999))).toBe(false);
  });
  it('keep nobody out until the time of a clock that was ahead', async () => {
    const { vault, other } = handles();
    await fail(5, after(days(30)));
    expect(await other.startLoginAttempt('a', noon)).toBe(true);
    expect(await vault.startLoginAttempt('a', after(1))).toBe(false);
  });
  it('another account is not touched', async () => {
    await fail(5, noon);
    expect(await handles().vault.startLoginAttempt('b', noon)).toBe(true);
  });
  it('start afresh after a success, and after a day', async () => {
    const { vault } = handles();
    await fail(5, noon);
    await vault.clearLoginFailures('a');
    await fail(5, noon);
    expect(await vault.startLoginAttempt('a', noon)).toBe(false);
    await fail(5, after(days(1)));
  });
};

const refreshRules = (handles: Handles) => {
  const token = { hash: 'h1', sessionId: 's1', userId: 'u1', expiresAt: after(days(1)) };
  const rotation = (hash: string, successorHash: string, at = noon) => ({
    hash,
    successorHash,
    at,
    expiresAt: later(at, days(1)),
    repeatableUntil: later(at, 10_000),
  });
  const owner = { sessionId: 's1', userId: 'u1' };

  it('are used once, and answer the same again for a while', async () => {
    const { vault, other, reopened } = handles();
    await vault.saveRefreshToken(token);
    expect(await vault.rotateRefreshToken(rotation('h1', 'h2'))).toEqual({ outcome: 'rotated', ...owner });
    expect(await other.rotateRefreshToken(rotation('h1', 'h2', after(10_000)))).toEqual({ outcome: 'repeated', ...owner });
    expect(await (await reopened()).rotateRefreshToken(rotation('h2', 'h3', after(20_000)))).toEqual({ outcome: 'rotated', ...owner });
  });
  it('that a clock ahead has seen used are no more to be repeated when it is right', async () => {
    const { vault, other } = handles();
    await vault.saveRefreshToken({ ...token, expiresAt: after(days(31)) });
    await vault.rotateRefreshToken(rotation('h1', 'h2', after(days(30))));
    expect(await other.rotateRefreshToken(rotation('h1', 'h2', noon))).toEqual({ outcome: 'reused', ...owner });
  });
  it('that come back too late take their whole family with them', async () => {
    const { vault, other } = handles();
    await vault.saveRefreshToken(token);
    await vault.saveRefreshToken({ ...token, hash: 'x1', sessionId: 's2' });
    await vault.rotateRefreshToken(rotation('h1', 'h2'));
    expect(await other.rotateRefreshToken(rotation('h1', 'h2', after(10_001)))).toEqual({ outcome: 'reused', ...owner });
    expect(await vault.rotateRefreshToken(rotation('h2', 'h3', after(10_002)))).toEqual({ outcome: 'unknown' });
    expect(await vault.rotateRefreshToken(rotation('x1', 'x2', after(10_002)))).toMatchObject({ outcome: 'rotated', sessionId: 's2' });
  });
  it('end when nobody has used them for their time, which each use extends', async () => {
    const { vault } = handles();
    await vault.saveRefreshToken(token);
    await vault.saveRefreshToken({ ...token, hash: 'x1', sessionId: 's2' });
    await vault.rotateRefreshToken(rotation('h1', 'h2', after(hours(23))));
    expect(await vault.rotateRefreshToken(rotation('x1', 'x2', after(hours(24))))).toEqual({ outcome: 'unknown' });
    expect(await vault.rotateRefreshToken(rotation('h2', 'h3', after(hours(46))))).toMatchObject({ outcome: 'rotated' });
  });
  it('end with their session, or with all but one of a user', async () => {
    const { vault, other } = handles();
    for (const n of [1, 2, 3]) await vault.saveRefreshToken({ ...token, hash: `h${n}`, sessionId: `s${n}` });
    await vault.saveRefreshToken({ ...token, hash: 'o1', sessionId: 'o', userId: 'u2' });
    await other.endSession('s1');
    await other.endSessionsOf('u1', 's2');
    const outcomes = [];
    for (const hash of ['h1', 'h2', 'h3', 'o1']) outcomes.push((await vault.rotateRefreshToken(rotation(hash, `${hash}+`))).outcome);
    expect(outcomes).toEqual(['unknown', 'rotated', 'unknown', 'rotated']);
    await vault.endSessionsOf('u1');
    expect(await vault.rotateRefreshToken(rotation('h2+', 'h2++'))).toEqual({ outcome: 'unknown' });
  });
};

const mailedRules = (handles: Handles) => {
  const token = { hash: 'm1', kind: 'password_reset', userId: 'u1', about: 'mail-1', expiresAt: after(hours(1)) } as const;

  it('work once, and again for the command that has used them', async () => {
    const { vault, other } = handles();
    await vault.saveMailedToken(token);
    expect(await other.takeMailedToken('password_reset', 'm1', 'c1', noon)).toEqual({ userId: 'u1', about: 'mail-1' });
    expect(await vault.takeMailedToken('password_reset', 'm1', 'c1', noon)).toEqual({ userId: 'u1', about: 'mail-1' });
    expect(await vault.takeMailedToken('password_reset', 'm1', 'c2', noon)).toBeNull();
  });
  it('work for their kind only, and until they expire', async () => {
    const { vault } = handles();
    await vault.saveMailedToken(token);
    expect(await vault.takeMailedToken('email_verification', 'm1', 'c1', noon)).toBeNull();
    expect(await vault.takeMailedToken('password_reset', 'm2', 'c1', noon)).toBeNull();
    expect(await vault.takeMailedToken('password_reset', 'm1', 'c1', after(hours(1)))).toBeNull();
  });
  it('are replaced by the next one of their kind', async () => {
    const { vault } = handles();
    await vault.saveMailedToken(token);
    await vault.saveMailedToken({ ...token, hash: 'v1', kind: 'email_verification' });
    await vault.takeMailedToken('password_reset', 'm1', 'c1', noon);
    await vault.saveMailedToken({ ...token, hash: 'm2', about: 'mail-2' });
    expect(await vault.takeMailedToken('password_reset', 'm1', 'c1', noon)).toBeNull();
    expect(await vault.takeMailedToken('password_reset', 'm2', 'c2', noon)).toEqual({ userId: 'u1', about: 'mail-2' });
    expect(await vault.takeMailedToken('email_verification', 'v1', 'c3', noon)).not.toBeNull();
  });
};

const personKeyRules = (handles: Handles) => {
  it('are made once: the first one holds, whoever asks', async () => {
    const { vault, other, reopened } = handles();
    const [mine, theirs, second] = [wrapped(), wrapped(), wrapped()];
    expect(await vault.ensurePersonKeys([{ personId: 'p1', wrapped: mine }], noon)).toEqual([mine]);
    const candidates = [
      { personId: 'p1', wrapped: theirs },
      { personId: 'p2', wrapped: second },
    ];
    expect(await other.ensurePersonKeys(candidates, noon)).toEqual([mine, second]);
    expect(await (await reopened()).personKeys(['p2', 'p3', 'p1'])).toEqual([second, null, mine]);
  });
  it('are gone once the person is erased, with all else that the person had, and none comes after', async () => {
    const { vault, other } = handles();
    await vault.ensurePersonKeys([{ personId: 'p1', wrapped: wrapped() }], noon);
    await vault.savePassword('p1', 'hash', noon);
    await vault.saveRefreshToken({ hash: 'h', sessionId: 's', userId: 'p1', expiresAt: after(days(1)) });
    await vault.saveMailedToken({ hash: 'm', kind: 'password_reset', userId: 'p1', about: '', expiresAt: after(days(1)) });
    await other.erasePerson('p1', noon);
    await other.erasePerson('p1', noon);
    expect(await vault.personKeys(['p1'])).toEqual([null]);
    expect(await vault.passwordOf('p1')).toBeNull();
    expect(await vault.takeMailedToken('password_reset', 'm', 'c', noon)).toBeNull();
    expect(await vault.ensurePersonKeys([{ personId: 'p1', wrapped: wrapped() }], noon)).toEqual([null]);
    expect(await vault.personKeys(['p1'])).toEqual([null]);
  });
  it('are refused to a person who was erased before having any', async () => {
    const { vault } = handles();
    await vault.erasePerson('p1', noon);
    expect(await vault.ensurePersonKeys([{ personId: 'p1', wrapped: wrapped() }], noon)).toEqual([null]);
  });
};

const signingKeyRules = (handles: Handles) => {
  const key = (kid: string, createdAt: string) => ({ kid, wrapped: wrapped(), publicJwk: '{}', createdAt });

  it('one signs at a time; of two that want to come next, one does', async () => {
    const { vault, other, reopened } = handles();
    const [first, second] = [key('k1', noon), key('k2', after(1))];
    expect(await vault.rotateSigningKey(first, null)).toBe(true);
    expect(await other.rotateSigningKey(key('x', noon), null)).toBe(false);
    expect(await other.rotateSigningKey(second, 'k1')).toBe(true);
    expect(await vault.rotateSigningKey(key('x', noon), 'k1')).toBe(false);
    const kept = [
      { ...first, retiredAt: after(1) },
      { ...second, retiredAt: null },
    ];
    expect(await (await reopened()).signingKeys()).toEqual(kept);
    await other.deleteSigningKey('k1');
    expect((await other.signingKeys()).map(({ kid }) => kid)).toEqual(['k2']);
  });
};

const sweepRules = (handles: Handles) => {
  const now = after(days(10));
  const olderThan = after(days(3));

  it('removes what no event refers to, if it is old, and nothing else', async () => {
    const { vault } = handles();
    const at = { known: noon, orphan: noon, fresh: after(days(4)) };
    for (const [id, time] of Object.entries(at)) {
      await vault.ensurePersonKeys([{ personId: id, wrapped: wrapped() }], time);
      await vault.savePassword(id, 'hash', time);
    }
    const asked: string[] = [];
    const exists = async (ids: readonly string[]) => {
      asked.push(...ids);
      return new Set(ids.filter((id) => id === 'known'));
    };
    expect(await vault.sweep({ now, olderThan, exists })).toEqual({ expired: 0, orphans: 2 });
    expect((await vault.personKeys(['known', 'orphan', 'fresh'])).map((key) => key !== null)).toEqual([true, false, true]);
    expect(await vault.passwordOf('orphan')).toBeNull();
    expect(await vault.passwordOf('fresh')).toBe('hash');
    expect(asked.sort()).toEqual(['known', 'known', 'orphan', 'orphan']);
  });
  it('never asks again about somebody who is known', async () => {
    const { vault } = handles();
    await vault.ensurePersonKeys([{ personId: 'known', wrapped: wrapped() }], noon);
    await vault.sweep({ now, olderThan, exists: async (ids) => new Set(ids) });
    expect(await vault.sweep({ now, olderThan, exists: nobody })).toEqual({ expired: 0, orphans: 0 });
    expect(await vault.personKeys(['known'])).not.toEqual([null]);
  });
  it('leaves alone a key that has been asked for since', async () => {
    const { vault } = handles();
    await vault.ensurePersonKeys([{ personId: 'p', wrapped: wrapped() }], noon);
    await vault.ensurePersonKeys([{ personId: 'p', wrapped: wrapped() }], after(days(4)));
    expect(await vault.sweep({ now, olderThan, exists: nobody })).toEqual({ expired: 0, orphans: 0 });
  });
  it('looks through more people than fit a page', async () => {
    const { vault } = handles();
    const people = Array.from({ length: 1201 }, (_, n) => ({ personId: `p${n}`, wrapped: wrapped() }));
    await vault.ensurePersonKeys(people, noon);
    const exists = async (ids: readonly string[]) => new Set(ids.filter((id) => id.endsWith('7')));
    expect(await vault.sweep({ now, olderThan, exists })).toEqual({ expired: 0, orphans: 1081 });
  });
  it('removes what has expired', async () => {
    const { vault } = handles();
    await vault.saveRefreshToken({ hash: 'h1', sessionId: 's1', userId: 'u1', expiresAt: now });
    await vault.saveRefreshToken({ hash: 'h2', sessionId: 's1', userId: 'u1', expiresAt: later(now, 1) });
    await vault.saveMailedToken({ hash: 'm1', kind: 'password_reset', userId: 'u1', about: '', expiresAt: noon });
    await vault.startLoginAttempt('a', noon);
    expect(await vault.sweep({ now, olderThan, exists: nobody })).toEqual({ expired: 3, orphans: 0 });
  });
  it('refuses to judge what is younger than a day', async () => {
    await expect(handles().vault.sweep({ now, olderThan: later(now, -hours(23)), exists: nobody })).rejects.toThrow(RangeError);
  });
};

/** What several processes that share one vault may do at the same moment. For engines with more than one owner. */
export const vaultRaces = (name: string, makePlace: () => Promise<VaultPlace>) => {
  describe(`${name} as a vault of several processes`, () => {
    let place: VaultPlace;
    let vaults: Vault[];
    beforeEach(async () => {
      place = await makePlace();
      vaults = await Promise.all([1, 2, 3].map(() => place.open())); // on nothing, all at once
    });
    afterEach(async () => {
      await Promise.all(vaults.map((vault) => vault.close()));
      await place.remove();
    });
    /** The same in every process, `times` at once in each. */
    const all = <T>(act: (vault: Vault, n: number) => Promise<T>, times = 1): Promise<T[]> =>
      Promise.all(Array.from({ length: times * vaults.length }, (_, n) => act(vaults[n % vaults.length]!, n)));
    const races = { all, one: () => vaults[0]! };
    tokenRaces(races);
    keyRaces(races);
  });
};

interface Races {
  all<T>(act: (vault: Vault, n: number) => Promise<T>, times?: number): Promise<T[]>;
  one(): Vault;
}

const tokenRaces = ({ all, one }: Races) => {
  const token = { hash: 'h1', sessionId: 's1', userId: 'u1', expiresAt: after(days(1)) };
  const rotation = (hash: string, at = noon) => ({
    hash,
    successorHash: `${hash}+`,
    at,
    expiresAt: later(at, days(1)),
    repeatableUntil: later(at, 10_000),
  });

  it('lets five parallel guesses through', async () => {
    const allowed = await all((vault) => vault.startLoginAttempt('a', noon), 5);
    expect(allowed.filter((one) => one)).toHaveLength(5);
  });
  it('rotates a refresh token once, and repeats the answer to the others', async () => {
    await one().saveRefreshToken(token);
    const outcomes = (await all((vault) => vault.rotateRefreshToken(rotation('h1')), 2)).map(({ outcome }) => outcome);
    expect(outcomes.sort()).toEqual(['repeated', 'repeated', 'repeated', 'repeated', 'repeated', 'rotated']);
  });
  it.each(['a token that comes back too late', 'the end of the session', 'the end of all sessions'])(
    'leaves no token of a family alive that is rotated while it is ended by %s',
    async (how) => {
      const end = (vault: Vault): Promise<unknown> => {
        if (how.startsWith('a token')) return vault.rotateRefreshToken(rotation('h1', after(20_000)));
        return how.endsWith('the session') ? vault.endSession('s1') : vault.endSessionsOf('u1');
      };
      for (let round = 0; round < 20; round++) {
        await one().saveRefreshToken(token);
        await one().rotateRefreshToken(rotation('h1'));
        await all<unknown>((vault, n) => (n === round % 3 ? end(vault) : vault.rotateRefreshToken(rotation('h1+', after(20_000)))), 1);
        const left = ['h1', 'h1+', 'h1++'].map((hash) => one().rotateRefreshToken(rotation(hash, after(20_001))));
        expect(await Promise.all(left)).toEqual([1, 2, 3].map(() => ({ outcome: 'unknown' })));
      }
    },
  );
  it('lets one command use a mailed token', async () => {
    await one().saveMailedToken({ hash: 'm', kind: 'password_reset', userId: 'u1', about: '', expiresAt: after(1) });
    const taken = await all((vault, n) => vault.takeMailedToken('password_reset', 'm', `c${n}`, noon), 3);
    expect(taken.filter((one) => one !== null)).toHaveLength(1);
  });
};

const keyRaces = ({ all, one }: Races) => {
  it('gives each person one key, whoever asks first and in whatever order', async () => {
    const ids = Array.from({ length: 200 }, (_, n) => `p${n}`);
    const asked = await all(async (vault, n) => {
      const order = n % 2 === 0 ? ids : ids.toReversed();
      const keys = await vault.ensurePersonKeys(
        order.map((personId) => ({ personId, wrapped: wrapped() })),
        noon,
      );
      return n % 2 === 0 ? keys : keys.toReversed();
    }, 2);
    const held = await one().personKeys(ids);
    expect(held).not.toContain(null);
    for (const keys of asked) expect(keys).toEqual(held);
  });
  it('leaves no key to a person who is erased while one is made', async () => {
    for (let round = 0; round < 20; round++) {
      const personId = `p${round}`;
      const ensure = (vault: Vault) => vault.ensurePersonKeys([{ personId, wrapped: wrapped() }], noon);
      await all<unknown>((vault, n) => (n === round % 3 ? vault.erasePerson(personId, noon) : ensure(vault)), 1);
      expect(await one().personKeys([personId])).toEqual([null]);
      expect(await ensure(one())).toEqual([null]);
    }
  });
  it('has one signing key when all make the first one', async () => {
    const key = (kid: string) => ({ kid, wrapped: wrapped(), publicJwk: '{}', createdAt: noon });
    const made = await all((vault, n) => vault.rotateSigningKey(key(`k${n}`), null), 2);
    expect(made.filter((one) => one)).toHaveLength(1);
    expect(await one().signingKeys()).toHaveLength(1);
  });
  it('is swept by several at once without harm', async () => {
    const people = Array.from({ length: 600 }, (_, n) => ({ personId: `p${n}`, wrapped: wrapped() }));
    await one().ensurePersonKeys(people, noon);
    const sweep = { now: after(days(10)), olderThan: after(days(3)), exists: nobody };
    const swept = await all((vault) => vault.sweep(sweep), 1);
    expect(swept.reduce((sum, { orphans }) => sum + orphans, 0)).toBe(600);
  });
};
