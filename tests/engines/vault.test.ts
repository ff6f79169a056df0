// The vault on a real PostgreSQL, straight and through PgBouncer.
import { randomBytes, randomUUID } from 'node:crypto';
import { decodeProtectedHeader } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openPostgres, type Postgres } from '../../infra/postgres.ts';
import { createAccessTokens } from '../../infra/tokens/access.ts';
import { createRevocations } from '../../infra/tokens/revocations.ts';
import { vaultContract, vaultRaces } from '../../infra/vault/contract.ts';
import { createMasterKey, WrongMasterKey } from '../../infra/vault/master.ts';
import { openPostgresVault } from '../../infra/vault/postgres.ts';
import { needed } from './needed.ts';
import { createProxy } from './toxiproxy.ts';

const master = { fingerprint: 'f1' };
const noon = '2026-01-01T12:00:00.000Z';

let postgres: Postgres;
beforeAll(() => {
  postgres = openPostgres(needed('DATABASE_URL'), { max: 2 });
});
afterAll(() => postgres.close());

const makePlace = async (variable: string) => {
  const schema = `vault_test_${randomUUID().replaceAll('-', '')}`;
  return {
    schema,
    open: () => openPostgresVault(needed(variable), master, { schema, max: 3 }),
    remove: async () => {
      await postgres.query(`DROP SCHEMA IF EXISTS ${schema} CASCADE`);
    },
  };
};

for (const variable of ['DATABASE_URL', 'PGBOUNCER_URL']) {
  vaultContract(`PostgreSQL by ${variable}`, () => makePlace(variable));
  vaultRaces(`PostgreSQL by ${variable}`, () => makePlace(variable));
}

describe('a vault on PostgreSQL', () => {
  it('is refused to another master key', async () => {
    const place = await makePlace('DATABASE_URL');
    await (await place.open()).close();
    const other = openPostgresVault(needed('DATABASE_URL'), { fingerprint: 'f2' }, { schema: place.schema });
    await expect(other).rejects.toThrow(WrongMasterKey);
    await place.remove();
  });

  it('keeps nothing of an erased key in its rows (I10)', async () => {
    const place = await makePlace('DATABASE_URL');
    const vault = await place.open();
    const wrapped = new Uint8Array(randomBytes(60));
    await vault.ensurePersonKeys([{ personId: 'p1', wrapped }], noon);
    await vault.erasePerson('p1', noon);
    const rows = await postgres.query<{ row: string }>(`SELECT one::text AS row FROM ${place.schema}.person_keys AS one`);
    expect(rows).toHaveLength(1);
    expect(rows[0]!.row).not.toContain(Buffer.from(wrapped).toString('hex'));
    const revived = `UPDATE ${place.schema}.person_keys SET wrapped = $1`;
    await expect(postgres.query(revived, [Buffer.from(wrapped)]), 'nor does the table take one back').rejects.toMatchObject({
      code: '23514',
    });
    await vault.close();
    await place.remove();
  });

  it('lets processes that start at once sign with one key, and each believes what another signs', async () => {
    const place = await makePlace('DATABASE_URL');
    const key = createMasterKey(randomBytes(32));
    const vaults = await Promise.all([1, 2, 3].map(() => openPostgresVault(needed('DATABASE_URL'), key, { schema: place.schema })));
    const options = { master: key, revocations: createRevocations(), issuer: 'https://shop.example', audience: 'shop' };
    const all = vaults.map((vault) => createAccessTokens({ ...options, vault }));
    const siti = { sub: 'U1', sid: 'S1', roles: ['CUSTOMER' as const], seller: null, epoch: 1 };
    const kidOf = ({ token }: { token: string }) => decodeProtectedHeader(token).kid;
    const signed = await Promise.all(all.map((tokens) => tokens.sign(siti)));
    expect(new Set(signed.map(kidOf)).size).toBe(1);
    expect(await vaults[0]!.signingKeys()).toHaveLength(1);
    await all[0]!.rotate();
    const next = await all[0]!.sign(siti);
    expect(kidOf(next)).not.toBe(kidOf(signed[0]!));
    for (const tokens of all) for (const one of [next, ...signed]) expect(await tokens.verify(one.token)).toMatchObject(siti);
    for (const vault of vaults) await vault.close();
    await place.remove();
  });

  it('says that it cannot be reached, and goes on when it can', async () => {
    const place = await makePlace('DATABASE_URL');
    const proxy = await createProxy(needed('DATABASE_URL'));
    const vault = await openPostgresVault(proxy.through(needed('DATABASE_URL')), master, { schema: place.schema });
    await vault.savePassword('u1', 'hash', noon);
    for (const trouble of [proxy.down, proxy.timeout]) {
      await trouble();
      await expect(vault.passwordOf('u1')).rejects.toMatchObject({ code: 'server.store_unavailable' });
      await proxy.up();
      expect(await vault.passwordOf('u1')).toBe('hash');
    }
    await vault.close();
    await proxy.remove();
    await place.remove();
  });
});
