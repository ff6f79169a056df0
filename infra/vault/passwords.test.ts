import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { later } from '../../domain/id.ts';
import { checkNewPassword, createPasswords, hashPassword, isPasswordOf } from './passwords.ts';
import type { Passwords, Vault } from './port.ts';
import { openSqliteVault } from './sqlite.ts';

const noon = '2026-01-01T12:00:00.000Z';

describe('a new password', () => {
  const refusal = (password: string, personal?: string[]): Promise<unknown> =>
    checkNewPassword(password, personal).then(
      () => null,
      (error) => error,
    );
  it.each([
    'horse battery staple',
    'Ik4n-b4kar',
    '🐟🐟🐠🐠🐡🐡🐙🐙',
    'x'.repeat(64).concat('y'.repeat(64)),
    'hG4kLw9q',
    'kopi susu di pagi hari',
  ])('may be %s', async (password) => expect(await refusal(password)).toBeNull());
  it.each([
    ['1234567', 'too_short'],
    ['🐟🐟🐟🐟', 'too_short'],
    ['xy'.repeat(65), 'too_long'],
    ['password', 'too_common'],
    ['Rahasia123', 'too_common'],
    ['ｐａｓｓｗｏｒｄ', 'too_common'],
    ['zzzzzzzzzz', 'too_common'],
    ...[
      ...['kopi1234', 'Kopi1234!', '!!jakarta2026', 'K0p1susu', 'siti1234', 'Nasigoreng1', 'sayang99', 'merdeka1945', 'persija1928'],
      ...['letmein2024', 'Summer2025!', 'qwerty!@#', '1234qwer', '01/01/1990', 'agus1985', 'P@ssw0rd!', 'passwordpasswordpassword'],
    ].map((password) => [password, 'too_common'] as const),
  ] as const)('may not be %s', async (password, reason) =>
    expect(await refusal(password)).toMatchObject({ code: 'auth.password_weak', details: { reason } }),
  );
  it('is looked at in a bounded part, however long it is', async () => {
    const texts = ['@4$5!1|0(', '01/01/1990', 'l337', '4@8({<6&93#1!|0$5+7%2'].flatMap((unit) =>
      [16, 20, 31, 64, 128].map((n) => unit.repeat(40).slice(0, n)),
    );
    for (const text of texts) await refusal(text);
  });
  it.each(['Siti@Example.com', 'wiranatakusumah1', 'Wira-natakusumah!', 'kopikita.toko'])(
    'may not be what is known of the person: %s',
    async (password) =>
      expect(await refusal(password, ['siti@example.com', 'Raden Wiranatakusumah', 'wira.natakusumah@kopikita.toko'])).toMatchObject({
        details: { reason: 'too_common' },
      }),
  );
});

describe('a hash', () => {
  it('is Argon2id with 19 MiB, two passes and one lane, salted each time', async () => {
    const [one, two] = await Promise.all([hashPassword('horse battery'), hashPassword('horse battery')]);
    expect(one).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[\w+/]{22}\$[\w+/]{43}$/);
    expect(one).not.toBe(two);
  });
  it('knows its password, however it was composed, and no other', async () => {
    const hash = await hashPassword('café au lait');
    expect(await isPasswordOf(hash, 'cafe\u0301 au lait')).toBe(true);
    expect(await isPasswordOf(hash, 'cafe au lait')).toBe(false);
    expect(await isPasswordOf(hash, 'x'.repeat(1_000_000))).toBe(false);
  });
  it('of another tool with other parameters is understood', async () => {
    // From the reference implementation: argon2 -id -t 2 -m 16 -p 1, password "password", salt "somesalt".
    const hash = '$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc';
    expect(await isPasswordOf(hash, 'password')).toBe(true);
  });
  it('that cannot be read is an error, not a wrong password', async () => {
    await expect(isPasswordOf('$2b$10$abc', 'password')).rejects.toThrow('cannot be read');
  });
});

describe('signing in', () => {
  let directory: string;
  let vault: Vault;
  let passwords: Passwords;
  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'passwords-'));
    vault = openSqliteVault(join(directory, 'vault.db'), { fingerprint: 'f' });
    passwords = createPasswords(vault);
    await passwords.set('u1', 'horse battery', noon);
  });
  afterEach(async () => {
    await vault.close();
    rmSync(directory, { recursive: true });
  });
  const attempt = (password: string, at = noon, userId: string | null = 'u1') => passwords.check({ account: 'siti', userId, password, at });

  it('takes the right password and forgets the failures before it', async () => {
    for (let round = 0; round < 2; round++) {
      for (let n = 0; n < 4; n++) expect(await attempt('wrong password')).toBe(false);
      expect(await attempt('horse battery')).toBe(true);
    }
  });
  it('answers the right password like a wrong one while the account is blocked', async () => {
    for (let n = 0; n < 5; n++) await attempt('wrong password');
    expect(await attempt('horse battery')).toBe(false);
    expect(await attempt('horse battery', later(noon, 1000))).toBe(true);
  });
  it('gives parallel guesses no more than the free ones', async () => {
    const seen: boolean[] = [];
    const counting = createPasswords({
      ...vault,
      startLoginAttempt: async (account, at) => {
        const allowed = await vault.startLoginAttempt(account, at);
        seen.push(allowed);
        return allowed;
      },
    });
    await Promise.all(
      Array.from({ length: 8 }, () => counting.check({ account: 'siti', userId: 'u1', password: 'wrong password', at: noon })),
    );
    expect(seen.filter((allowed) => allowed)).toHaveLength(5);
  });
  it('does the same work for somebody unknown, and counts it too', async () => {
    const work: string[] = [];
    const watched = createPasswords(
      new Proxy(vault, {
        get: (target, name: keyof Vault) => {
          work.push(name);
          return target[name];
        },
      }),
    );
    await watched.check({ account: 'siti', userId: 'u1', password: 'wrong password', at: noon });
    const known = work.splice(0);
    await watched.check({ account: 'who', userId: null, password: 'wrong password', at: noon });
    expect(work).toEqual(known);
    for (let n = 0; n < 4; n++) await attempt('wrong password', noon, null);
    expect(await vault.startLoginAttempt('siti', noon)).toBe(false);
  });
  it('refuses at once when too many are waiting', async () => {
    const outcomes = await Promise.allSettled(Array.from({ length: 104 }, () => hashPassword('horse battery')));
    const refused = outcomes.filter((outcome) => outcome.status === 'rejected');
    expect(refused).toHaveLength(2);
    for (const { reason } of refused) expect(reason).toMatchObject({ code: 'gateway.overloaded' });
    expect(await attempt('horse battery')).toBe(true);
  });
});
