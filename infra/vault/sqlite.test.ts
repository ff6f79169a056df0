// The embedded vault: the contract, and what only a file can show: modes, crashes, and that nothing erased is left in it.
import { randomBytes } from 'node:crypto';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { vaultContract } from './contract.ts';
import { WrongMasterKey } from './master.ts';
import { VaultBusy } from './port.ts';
import { openSqliteVault } from './sqlite.ts';

const master = { fingerprint: 'f1' };
const noon = '2026-01-01T12:00:00.000Z';

vaultContract('SQLite', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'vault-'));
  return {
    open: async () => openSqliteVault(join(directory, 'vault.db'), master),
    remove: async () => rmSync(directory, { recursive: true }),
  };
});

describe('the file of a vault', () => {
  let directory: string;
  let file: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'vault-'));
    file = join(directory, 'vault.db');
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  /** Everything that lies in the directory, as a thief would find it. */
  const everyByte = () => Buffer.concat(readdirSync(directory).map((name) => readFileSync(join(directory, name))));

  it('can be read by its owner alone, side files too', async () => {
    const vault = openSqliteVault(file, master);
    await vault.savePassword('u1', 'hash', noon);
    expect(readdirSync(directory).length).toBeGreaterThan(1);
    for (const name of readdirSync(directory)) expect(statSync(join(directory, name)).mode & 0o777, name).toBe(0o600);
    await vault.close();
  });

  it('is refused to another master key', async () => {
    await openSqliteVault(file, master).close();
    expect(() => openSqliteVault(file, { fingerprint: 'f2' })).toThrow(WrongMasterKey);
  });

  it('has what was answered even when the process dies the next moment', async () => {
    const vault = openSqliteVault(file, master);
    const wrapped = new Uint8Array(randomBytes(60));
    await vault.ensurePersonKeys([{ personId: 'p1', wrapped }], noon);
    await vault.savePassword('u1', 'hash', noon);
    const crashed = join(directory, 'crashed');
    cpSync(file, join(crashed, 'vault.db'));
    cpSync(`${file}-wal`, join(crashed, 'vault.db-wal'));
    await vault.close();
    const survivor = openSqliteVault(join(crashed, 'vault.db'), master);
    expect(await survivor.personKeys(['p1'])).toEqual([wrapped]);
    expect(await survivor.passwordOf('u1')).toBe('hash');
    await survivor.close();
  });

  it('holds no copy of an erased key, wherever rows have moved (I10)', async () => {
    const vault = openSqliteVault(file, master);
    const people = Array.from({ length: 2000 }, () => ({
      personId: randomBytes(13).toString('hex'),
      wrapped: new Uint8Array(randomBytes(60)),
    }));
    for (let n = 0; n < people.length; n += 100) await vault.ensurePersonKeys(people.slice(n, n + 100), noon);
    const [erased, kept] = [people.filter((_, n) => n % 40 === 0), people.filter((_, n) => n % 40 === 1)];
    const found = (some: typeof people) => {
      const bytes = everyByte();
      return some.filter(({ wrapped }) => bytes.includes(Buffer.from(wrapped))).length;
    };
    expect(found(erased)).toBe(erased.length);
    for (const { personId } of erased) await vault.erasePerson(personId, noon);
    expect(found(erased)).toBe(0);
    expect(found(kept)).toBe(kept.length);
    expect(statSync(`${file}-wal`).size).toBe(0);
    await vault.close();
  });

  it('says so while a reader keeps an old copy in place, and finishes when asked again', async () => {
    const vault = openSqliteVault(file, master);
    const wrapped = new Uint8Array(randomBytes(60));
    await vault.ensurePersonKeys([{ personId: 'p1', wrapped }], noon);
    const reader = new DatabaseSync(file);
    reader.exec('BEGIN; SELECT count(*) FROM person_keys;');
    await expect(vault.erasePerson('p1', noon)).rejects.toThrow(VaultBusy);
    expect(await vault.personKeys(['p1'])).toEqual([null]);
    reader.close();
    await vault.erasePerson('p1', noon);
    expect(everyByte().includes(Buffer.from(wrapped))).toBe(false);
    await vault.close();
  });

  it('can be copied while it is in use', async () => {
    const vault = openSqliteVault(file, master);
    await vault.savePassword('u1', 'hash', noon);
    const copied = join(directory, 'copy.db');
    await vault.copyTo(copied);
    expect(statSync(copied).mode & 0o777).toBe(0o600);
    await vault.close();
    const copy = openSqliteVault(copied, master);
    expect(await copy.passwordOf('u1')).toBe('hash');
    await copy.close();
    expect(existsSync(`${copied}-wal`)).toBe(false);
  });
});
