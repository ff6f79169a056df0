// What the tables of read models promise, whichever engine they stand on.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Generation, RowChange, TableReader, TableShape, TableWriter } from './port.ts';

const shape: TableShape = { columns: { colour: 'text', size: 'integer' }, indexes: [['colour', 'size'], ['size']] };

const row = (key: string, position: number, colour: string, size: number | null): RowChange => ({
  key,
  position,
  row: JSON.stringify({ key, colour, size }),
  columns: { colour, size },
});

export const tablesContract = (
  name: string,
  open: () => Promise<{ writer: TableWriter; reader(): Promise<TableReader>; remove(): Promise<void> }>,
) =>
  describe(`tables: ${name}`, () => {
    let place: Awaited<ReturnType<typeof open>>;
    let writer: TableWriter;
    let reader: TableReader;
    let shirts: Generation;
    beforeAll(async () => {
      place = await open();
      writer = place.writer;
      shirts = await writer.create('shirts', 1, 'log', shape);
      await writer.swap('shirts', shirts.table);
      reader = await place.reader();
      const rows = [
        row('a', 1, 'red', 3),
        row('b', 2, 'red', 1),
        row('c', 3, 'blue', 2),
        row('d', 4, 'red', 1),
        row('e', 4, 'green', null),
      ];
      await writer.commit({ tables: [{ table: shirts.table, rows }], checkpoints: [{ table: shirts.table, position: 4 }] });
    });
    afterAll(async () => {
      await reader.close();
      await writer.close();
      await place.remove();
    });
    const keys = async (query: Omit<Parameters<TableReader['find']>[1], 'limit'>, limit = 10) =>
      (await reader.find('shirts', { ...query, limit })).map((found) => found.key);

    it('answers a row as it was stored, and nothing for a key that is not there', async () => {
      expect(await reader.get('shirts', 'a')).toBe('{"key":"a","colour":"red","size":3}');
      expect(await reader.get('shirts', 'z')).toBeNull();
      expect([...(await reader.getMany('shirts', ['a', 'z', 'c'])).keys()]).toEqual(['a', 'c']);
    });

    it('finds rows by equality, lists, ranges and nothing at all', async () => {
      expect(await keys({ where: { colour: 'red' } })).toEqual(['a', 'b', 'd']);
      expect(await keys({ where: { colour: { in: ['blue', 'green'] } } })).toEqual(['c', 'e']);
      expect(await keys({ where: { size: { from: 2 } } })).toEqual(['a', 'c']);
      expect(await keys({ where: { size: { from: 1, below: 2 } } })).toEqual(['b', 'd']);
      expect(await keys({ where: { size: null } })).toEqual(['e']);
    });

    it('orders, with the key between equals, and pages without a gap in either direction', async () => {
      expect(await keys({ where: { colour: 'red' }, order: [['size', 'asc']] })).toEqual(['b', 'd', 'a']);
      expect(await keys({ where: { colour: 'red' }, order: [['size', 'desc']] })).toEqual(['a', 'd', 'b']);
      for (const direction of ['asc', 'desc'] as const) {
        const query = { where: { colour: 'red' }, order: [['size', direction]] } as const;
        const whole = await keys(query);
        const paged: string[] = [];
        for (let after: { values: readonly (string | number | null)[]; key: string } | undefined; ; ) {
          const [found] = await reader.find('shirts', { ...query, ...(after && { after }), limit: 1 });
          if (!found) break;
          paged.push(found.key);
          after = { values: found.order, key: found.key };
        }
        expect(paged).toEqual(whole);
      }
    });

    it('counts and sums', async () => {
      expect(await reader.count('shirts', { colour: 'red' })).toBe(3);
      expect(await reader.sum('shirts', 'size', { colour: 'red' })).toBe(5);
      expect(await reader.sum('shirts', 'size', { colour: 'black' })).toBe(0);
    });

    it('counts and sums by groups, in their order, page by page', async () => {
      const all = [
        { value: 'blue', count: 1, sums: [2] },
        { value: 'green', count: 1, sums: [0] },
        { value: 'red', count: 3, sums: [5] },
      ];
      expect(await reader.groups('shirts', { by: 'colour', sums: ['size'], limit: 10 })).toEqual(all);
      expect(await reader.groups('shirts', { by: 'colour', sums: ['size'], after: 'blue', limit: 1 })).toEqual(all.slice(1, 2));
      expect(await reader.groups('shirts', { by: 'size', sums: [], where: { colour: 'red' }, limit: 10 })).toEqual([
        { value: 1, count: 2, sums: [] },
        { value: 3, count: 1, sums: [] },
      ]);
    });

    it('keeps the position of a row that is gone, and shows it nowhere', async () => {
      const table = shirts.table;
      await writer.commit({
        tables: [{ table, rows: [{ key: 'x', position: 5, row: null, columns: {} }] }],
        checkpoints: [{ table, position: 5 }],
      });
      expect(await reader.get('shirts', 'x')).toBeNull();
      expect(await keys({})).not.toContain('x');
      expect((await reader.groups('shirts', { by: 'colour', sums: [], limit: 10 })).map(({ value }) => value)).not.toContain(null);
      expect((await writer.load(table, ['x', 'a', 'none'])).get('x')).toEqual({ position: 5, row: null });
    });

    it('writes rows, checkpoints and parked rows together or not at all', async () => {
      const table = shirts.table;
      const bad = { ...row('y', 6, 'red', 1), position: Number.NaN };
      await expect(
        writer.commit({ tables: [{ table, rows: [row('w', 6, 'red', 1), bad] }], checkpoints: [{ table, position: 6 }] }),
      ).rejects.toThrow();
      expect(await reader.get('shirts', 'w')).toBeNull();
      expect((await writer.generations()).find((one) => one.table === table)?.position).toBe(5);
      const parked = { table, projection: 'shirts', key: 'p', firstPosition: 3, reason: 'poison' };
      await writer.commit({ tables: [], checkpoints: [], park: [parked] });
      expect(await writer.parked()).toEqual([parked]);
      await writer.commit({ tables: [], checkpoints: [], unpark: [parked] });
      expect(await writer.parked()).toEqual([]);
    });

    it('gives the rows that changed since a position, never half of those that share one', async () => {
      const changed = async (since: number, limit: number) => (await writer.changedSince(shirts.table, since, limit)).map((one) => one.key);
      expect(await changed(0, 100)).toEqual(['a', 'b', 'c', 'd', 'e', 'x']);
      expect(await changed(2, 2)).toEqual(['c', 'd', 'e']);
      expect(await changed(3, 1)).toEqual(['d', 'e']);
    });

    it('shows readers the new generation from the swap on, and drops the old one', async () => {
      const next = await writer.create('shirts', 2, 'log', { columns: { colour: 'text' }, indexes: [['colour']] });
      await writer.commit({
        tables: [{ table: next.table, rows: [row('only', 9, 'black', 0)] }],
        checkpoints: [{ table: next.table, position: 9 }],
      });
      expect(await reader.get('shirts', 'only')).toBeNull();
      await writer.swap('shirts', next.table);
      expect(await reader.get('shirts', 'only')).toContain('black');
      expect(await reader.get('shirts', 'a')).toBeNull();
      expect((await reader.generations()).filter((one) => one.projection === 'shirts')).toEqual([{ ...next, position: 9, live: true }]);
    });

    it('says that a read model is not built', async () => {
      await expect(reader.get('trousers', 'a')).rejects.toThrow('trousers');
    });
  });
