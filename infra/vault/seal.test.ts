import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isSealed, type Sealed } from '../../domain/privacy.ts';
import { createMasterKey } from './master.ts';
import type { Json, Vault } from './port.ts';
import { createSeals, erased, TamperedSeal } from './seal.ts';
import { openSqliteVault } from './sqlite.ts';

const master = createMasterKey(randomBytes(32));
let directory: string;
let vault: Vault;
let clock: number;
const now = () => clock;
/** Counts what the vault is asked. */
let asked: { ensure: number; keys: number };
const newSeals = (capacity = 100) =>
  createSeals(
    {
      ...vault,
      ensurePersonKeys: (candidates, at) => {
        asked.ensure += 1;
        return vault.ensurePersonKeys(candidates, at);
      },
      personKeys: (ids) => {
        asked.keys += 1;
        return vault.personKeys(ids);
      },
    },
    master,
    { capacity, now },
  );

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'seal-'));
  vault = openSqliteVault(join(directory, 'vault.db'), master);
  clock = Date.parse('2026-01-01T12:00:00.000Z');
  asked = { ensure: 0, keys: 0 };
});
afterEach(async () => {
  await vault.close();
  rmSync(directory, { recursive: true });
});

const address = { recipient: 'Siti', city: 'Bandung', lines: ['Jl. Braga 1', null], floor: 3 };

describe('a sealed value', () => {
  it('opens as what it was, and shows nothing of it', async () => {
    const seals = newSeals();
    const sealed = await seals.seal('P1', address);
    expect(sealed).toMatch(/^pii1\.P1\.[\w-]+$/);
    expect(isSealed(sealed)).toBe(true);
    expect(Buffer.from(sealed.slice(8), 'base64url').includes('Bandung')).toBe(false);
    expect(await seals.open(sealed)).toEqual(address);
    expect(await newSeals().open(sealed), 'in another process').toEqual(address);
  });

  it('is another one each time', async () => {
    const seals = newSeals();
    expect(await seals.seal('P1', 'Siti')).not.toBe(await seals.seal('P1', 'Siti'));
  });

  it('survives the round trip whatever it holds', async () => {
    const seals = newSeals();
    await fc.assert(
      fc.asyncProperty(fc.jsonValue(), async (value) => {
        const json = JSON.parse(JSON.stringify(value)) as Json;
        expect(await seals.open(await seals.seal('P1', json))).toEqual(json);
      }),
    );
  });

  it('does not open for another person, nor with any bit changed', async () => {
    const seals = newSeals();
    const sealed = await seals.seal('P1', 'Siti');
    await seals.seal('P2', 'Budi');
    expect(() => seals.open(sealed.replace('P1', 'P2') as Sealed)).toThrow(TamperedSeal);
    const box = Buffer.from(sealed.slice(8), 'base64url');
    for (let n = 0; n < box.length; n++) {
      const changed = Buffer.from(box);
      changed.writeUInt8(changed.readUInt8(n) ^ 1, n);
      expect(() => seals.open(`pii1.P1.${changed.toString('base64url')}` as Sealed)).toThrow(TamperedSeal);
    }
    for (const broken of ['pii1.P1.', 'pii1.P1', 'pii1..AAAA', 'pii2.P1.AAAA', '']) {
      expect(() => seals.open(broken as Sealed), broken).toThrow(TamperedSeal);
    }
    await expect(newSeals().openAll([sealed.replace('P1', 'P2') as Sealed])).rejects.toThrow(TamperedSeal);
  });

  it('of somebody unknown reads as erased', async () => {
    expect(await newSeals().open('pii1.P9.AAAA' as Sealed)).toBe(erased);
  });
});

describe('the keys', () => {
  it('are durable before the sealed value exists', async () => {
    const sealed = await newSeals().seal('P1', 'Siti');
    await vault.close();
    vault = openSqliteVault(join(directory, 'vault.db'), master);
    expect(await newSeals().open(sealed)).toBe('Siti');
  });

  it('at hand make sealing and opening immediate', async () => {
    const seals = newSeals();
    const sealed = await seals.seal('P1', 'Siti');
    expect(seals.seal('P1', 'Siti')).toBeTypeOf('string');
    expect(seals.open(sealed)).toBe('Siti');
    expect(asked).toEqual({ ensure: 1, keys: 0 });
  });

  it('of many newcomers are made in one commit, one per person', async () => {
    const seals = newSeals();
    const sealed = await Promise.all(['P1', 'P2', 'P1', 'P3'].map((personId) => seals.seal(personId, personId)));
    expect(asked).toEqual({ ensure: 1, keys: 0 });
    expect(await newSeals().openAll(sealed)).toEqual(['P1', 'P2', 'P1', 'P3']);
    expect(asked).toEqual({ ensure: 1, keys: 1 });
    await seals.prepare(['P4', 'P5', 'P4']);
    expect(seals.seal('P5', '')).toBeTypeOf('string');
  });

  it('two processes that meet somebody new agree on one', async () => {
    const [one, two] = [newSeals(), newSeals()];
    const [a, b] = await Promise.all([one.seal('P1', 'a'), two.seal('P1', 'b')]);
    expect([two.open(a), one.open(b)]).toEqual(['a', 'b']);
  });

  it('are held for a bounded number of people, and a page of more still opens', async () => {
    const seals = newSeals(2);
    const sealed: Sealed[] = [];
    for (const n of [1, 2, 3, 4, 5]) sealed.push(await seals.seal(`P${n}`, n));
    expect(await seals.openAll(sealed)).toEqual([1, 2, 3, 4, 5]);
    expect(seals.open(sealed[0] as Sealed)).toBeInstanceOf(Promise);
  });

  it('are asked for again after an hour', async () => {
    const seals = newSeals();
    const sealed = await seals.seal('P1', 'Siti');
    clock += 3_600_001;
    expect(await seals.open(sealed)).toBe('Siti');
    expect(asked).toEqual({ ensure: 1, keys: 1 });
  });
});

describe('erasing a person', () => {
  it('turns everything ever sealed into [erased], for good', async () => {
    const seals = newSeals();
    const [sealed, others] = [await seals.seal('P1', 'Siti'), await seals.seal('P2', 'Budi')];
    await seals.erase('P1');
    expect(await seals.openAll([sealed, others])).toEqual([erased, 'Budi']);
    expect(await newSeals().open(sealed)).toBe(erased);
    await expect(seals.seal('P1', 'Siti')).rejects.toMatchObject({ code: 'user.erased' });
  });

  it('reaches another process when it is told', async () => {
    const [here, there] = [newSeals(), newSeals()];
    const sealed = await here.seal('P1', 'Siti');
    expect(await there.open(sealed)).toBe('Siti');
    await here.erase('P1');
    there.forget('P1');
    expect(await there.open(sealed)).toBe(erased);
  });

  it('wins over a key that was being fetched meanwhile', async () => {
    const sealed = await newSeals().seal('P1', 'Siti');
    const keys = await vault.personKeys(['P1']);
    const fetch = Promise.withResolvers<(Uint8Array | null)[]>();
    let slow = true;
    const seals = createSeals({ ...vault, personKeys: (ids) => (slow ? fetch.promise : vault.personKeys(ids)) }, master);
    const opening = seals.open(sealed);
    await seals.erase('P1');
    slow = false;
    fetch.resolve(keys);
    await opening;
    expect(await seals.open(sealed)).toBe(erased);
  });
});
