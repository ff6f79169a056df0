// The real command line: imports, compares with the product that it starts itself or that runs already, and tells by its exit code.
import { rmSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { command, newFolder, startMarket } from '../cli/command-line.ts';
import { madeUp } from './made-up.ts';

let dataDir: string;
let files: string;
beforeAll(() => {
  dataDir = newFolder();
  files = madeUp();
});
afterAll(() => {
  for (const folder of [dataDir, files]) rmSync(folder, { recursive: true, force: true });
});
const env = () => ({ DATA_DIR: dataDir, ANALYTICS: 'off', RATE_OTHER_PER_MINUTE: '100000' });

describe('import olist', () => {
  it('prints what it added, and each figure of the files beside that of the product', async () => {
    const { code, out } = await command(['import', 'olist', files, '--verify'], env());
    expect(out).toMatch(/^18 purchases, 21 people, 3 shops/);
    expect(out).toMatch(/\n[1-9]\d+ events added in /);
    expect(out).toMatch(/\npurchases created: files 0, product 0, difference 0\n/);
    expect(out).toMatch(/\ntrial balance: files 0, product 0, difference 0\n/);
    expect(out).toMatch(/\n\d+ figures, 0 differences\n$/);
    expect(code).toBe(0);
  });
  it('is done by the process that owns the data where one runs, and adds nothing then', async () => {
    const market = await startMarket(env());
    const { code, out, err } = await command(['import', 'olist', files, '--verify'], env());
    expect([code, err.includes('Error')]).toEqual([0, false]);
    expect(out).toMatch(/\n0 events added in /);
    expect(out).toMatch(/\n\d+ figures, 0 differences\n$/);
    await market.stop();
  });
  it('fails when a figure differs', async () => {
    const other = madeUp((order) => (order.name === 'plain' ? { ...order, status: 'shipped' } : order));
    const { code, out } = await command(['import', 'olist', other, '--verify'], env());
    expect(out).toMatch(/\npurchases shipped: files 3, product 2, difference -1\n/);
    expect(code).toBe(1);
    rmSync(other, { recursive: true });
  });
  it('names the file and the row that it cannot read, and writes nothing', async () => {
    const other = madeUp((order) => (order.name === 'plain' ? { ...order, bought: 'yesterday' } : order));
    const folder = newFolder();
    const { code, err } = await command(['import', 'olist', other], { ...env(), DATA_DIR: folder });
    expect(err).toContain('orders.csv, row 1: order_purchase_timestamp must be a time such as');
    expect(code).toBe(1);
    for (const each of [other, folder]) rmSync(each, { recursive: true });
  });
});
