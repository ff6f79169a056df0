import { randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createMasterKey, loadMasterKey, WrongMasterKey } from './master.ts';

let dataDir: string;
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'master-'));
});
afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

describe('a master key', () => {
  const secret = randomBytes(32);
  const master = createMasterKey(secret);

  it('unwraps what it has wrapped, under the same name only', () => {
    const wrapped = master.wrap('person:1', Buffer.from('a key'));
    expect(master.unwrap('person:1', wrapped).toString()).toBe('a key');
    expect(() => master.unwrap('person:2', wrapped)).toThrow(WrongMasterKey);
  });

  it('refuses what another key has wrapped, and what has been changed', () => {
    const wrapped = Buffer.from(master.wrap('person:1', Buffer.from('a key')));
    expect(() => createMasterKey(randomBytes(32)).unwrap('person:1', wrapped)).toThrow(WrongMasterKey);
    wrapped.writeUInt8(wrapped.readUInt8(14) ^ 1, 14);
    expect(() => master.unwrap('person:1', wrapped)).toThrow(WrongMasterKey);
    expect(() => master.unwrap('person:1', Buffer.alloc(3))).toThrow(WrongMasterKey);
  });

  it('names a value the same each time, and differently per kind and key', () => {
    const index = master.blindIndex('email', 'siti@example.com');
    expect(index).toMatch(/^[0-9a-f]{32}$/);
    expect(createMasterKey(secret).blindIndex('email', 'siti@example.com')).toBe(index);
    expect(master.blindIndex('slug', 'siti@example.com')).not.toBe(index);
    expect(createMasterKey(randomBytes(32)).blindIndex('email', 'siti@example.com')).not.toBe(index);
  });

  it('derives one key per purpose, and a fingerprint that is none of them', () => {
    expect(master.derive('a')).toHaveLength(32);
    expect(master.derive('a')).toEqual(createMasterKey(secret).derive('a'));
    expect(master.derive('a')).not.toEqual(master.derive('b'));
    expect(master.derive('fingerprint').toString('hex')).not.toContain(master.fingerprint);
  });
});

describe('where the master key comes from', () => {
  it('MASTER_KEY wins', () => {
    const secret = randomBytes(32);
    const master = loadMasterKey({ masterKey: secret.toString('base64'), dataDir, production: true });
    expect(loadMasterKey({ masterKey: secret.toString('hex'), dataDir, production: true }).fingerprint).toBe(master.fingerprint);
    expect(master.fingerprint).toBe(createMasterKey(secret).fingerprint);
    expect(readdirSync(dataDir)).toEqual([]);
  });

  it.each(['c2hvcnQ=', 'not base64 at all, but as long as a key is', `${randomBytes(32).toString('base64')}x`])(
    'refuses %s',
    (masterKey) => {
      expect(() => loadMasterKey({ masterKey, dataDir, production: false })).toThrow('MASTER_KEY must be 32 bytes');
    },
  );

  it('production does not make one up', () => {
    expect(() => loadMasterKey({ dataDir, production: true })).toThrow('Production needs MASTER_KEY');
    expect(readdirSync(dataDir)).toEqual([]);
  });

  it('elsewhere it is made once, for the owner alone', () => {
    const first = loadMasterKey({ dataDir, production: false });
    expect(loadMasterKey({ dataDir, production: false }).fingerprint).toBe(first.fingerprint);
    expect(readdirSync(dataDir)).toEqual(['master.key']);
    expect(statSync(join(dataDir, 'master.key')).mode & 0o777).toBe(0o600);
    expect(Buffer.from(readFileSync(join(dataDir, 'master.key'), 'utf8').trim(), 'base64')).toHaveLength(32);
  });

  it('a key file that others can read is refused', () => {
    loadMasterKey({ dataDir, production: false });
    chmodSync(join(dataDir, 'master.key'), 0o644);
    expect(() => loadMasterKey({ dataDir, production: false })).toThrow('can be read by others');
  });
});
