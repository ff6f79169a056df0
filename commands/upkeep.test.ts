// Upkeep over the real vault and log: what nobody refers to goes, everything else stays, and old keys are replaced.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { days } from '../domain/id.ts';
import { signUp } from '../tests/flow/people.ts';
import { type Market, openMarket } from '../tests/market.ts';
import { keepUp } from './upkeep.ts';

let dataDir: string;
let market: Market;
beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'upkeep-'));
  market = await openMarket({ dataDir });
});
afterEach(async () => {
  await market.close();
  rmSync(dataDir, { recursive: true, force: true });
});

it('sweeps what was written for an event that never came, and leaves everybody else alone', async () => {
  const { userId } = await signUp(market, 'sari@example.com');
  const abandoned = await market.seals.seal('nobody', 'left behind');
  market.advance(days(2));
  expect(await keepUp(market)).toMatchObject({ orphans: 1 });
  market.seals.forget('nobody');
  expect(await market.seals.open(abandoned)).toBe('[erased]');
  const [key] = await market.vault.personKeys([userId]);
  expect(key).not.toBeNull();
});

it('lets a new key sign after a month, while the old one still verifies', async () => {
  await market.tokenFor('01JZADMINADMINADMINADMINAD', ['ADMIN']);
  expect((await keepUp(market)).rotated).toBe(false);
  market.advance(days(31));
  const token = await market.tokenFor('01JZADMINADMINADMINADMINAD', ['ADMIN']);
  expect((await keepUp(market)).rotated).toBe(true);
  expect((await market.tokens.jwks()).keys).toHaveLength(2);
  expect(await market.tokens.verify(token)).toMatchObject({ roles: ['ADMIN'] });
});
