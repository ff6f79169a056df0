// The real command line: imports, compares with the product that it starts itself or that runs already, and tells by its exit code.
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
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
  it('prints what it added, what it had to guess, and with --all each figure of the files beside that of the product', async () => {
    const { code, out } = await command(['import', 'olist', files, '--verify', '--all'], env());
    expect(out).toMatch(/^21 purchases, 24 people, 3 shops/);
    expect(out).toMatch(/\nleft out, .*orders NO_ITEMS 3, orders UNDERPAID 1/);
    expect(out).toMatch(/\ntimes that are missing .*TIME_INFERRED order_approved_at 2/);
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
    expect(out).toMatch(/\npurchases shipped: files 4, product 3, difference -1\n/);
    expect(code).toBe(1);
    rmSync(other, { recursive: true });
  });
  it('says only what differs, unless it is asked for all', async () => {
    const { out } = await command(['import', 'olist', files, '--verify'], env());
    expect(out.match(/difference/g)).toHaveLength(1);
  });
  it('takes the files under the names that they are downloaded under, with the mark of UTF-8', async () => {
    const other = madeUp();
    for (const name of ['orders', 'order_items', 'order_payments', 'order_reviews', 'customers', 'sellers', 'products'])
      renameSync(join(other, `${name}.csv`), join(other, `olist_${name}_dataset.csv`));
    renameSync(join(other, 'categories.csv'), join(other, 'product_category_name_translation.csv'));
    const reviews = join(other, 'olist_order_reviews_dataset.csv');
    writeFileSync(reviews, `\uFEFF${readFileSync(reviews, 'utf8').replaceAll(/(?<!\r)\n/g, '\r\n')}`);
    const { code, out } = await command(['import', 'olist', other, '--verify'], env());
    expect([code, out]).toEqual([0, expect.stringMatching(/\n0 events added in .*\n\d+ figures, 0 differences\n$/)]);
    rmSync(other, { recursive: true });
  });
  it.each<[string, (folder: string) => void, string]>([
    [
      'a letter in Windows-1252',
      (folder) => {
        const file = join(folder, 'order_reviews.csv');
        writeFileSync(file, Buffer.from(readFileSync(file, 'utf8').replace('Chegou', 'Não chegou'), 'latin1'));
      },
      'order_reviews.csv, line 2, column',
    ],
    [
      'a day that there is not',
      (folder) => {
        const file = join(folder, 'orders.csv');
        writeFileSync(file, readFileSync(file, 'utf8').replace('2018-01-02 09:00:00', '2018-02-30 09:00:00'));
      },
      'orders.csv, line 2: order_delivered_carrier_date must be a day and an hour that exist',
    ],
    ['an empty file', (folder) => writeFileSync(join(folder, 'sellers.csv'), ''), 'sellers.csv is empty.'],
    ['a missing file', (folder) => rmSync(join(folder, 'sellers.csv')), 'lacks sellers.csv (or olist_sellers_dataset.csv).'],
    ['no folder at all', (folder) => rmSync(folder, { recursive: true }), 'There is no folder'],
  ])('refuses %s in one sentence, and writes nothing', async (_what, spoil, message) => {
    const other = madeUp();
    spoil(other);
    const folder = newFolder();
    const { code, out, err } = await command(['import', 'olist', other], { ...env(), DATA_DIR: folder });
    expect([code, out, err.split('\n')]).toEqual([1, '', [expect.stringContaining(message), '']]);
    expect(readdirSync(folder)).toEqual([]);
    for (const each of [other, folder]) if (existsSync(each)) rmSync(each, { recursive: true });
  });
  it('names the file and the row that it cannot read, and writes nothing', async () => {
    const other = madeUp((order) => (order.name === 'plain' ? { ...order, bought: 'yesterday' } : order));
    const folder = newFolder();
    const { code, err } = await command(['import', 'olist', other], { ...env(), DATA_DIR: folder });
    expect(err).toContain('orders.csv, line 2: order_purchase_timestamp must be a time such as');
    expect(code).toBe(1);
    for (const each of [other, folder]) rmSync(each, { recursive: true });
  });
});
