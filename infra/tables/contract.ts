// What the tables of read models promise, whichever engine they stand on.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ColumnValue, FoundRow, Generation, Query, RowChange, TableReader, TableShape, TableWriter } from './port.ts';

const shape: TableShape = { columns: { colour: 'text', size: 'integer' }, indexes: [['colour', 'size'], ['size']] };

const row = (key: string, position: number, colour: string, size: number | null): RowChange => ({
  key,
  position,
  row: JSON.stringify({ key, colour, size }),
  columns: { colour, size },
});

const created = (key: string, position: number, createdAt: string, place: string | null = null): RowChange => ({
  key,
  position,
  row: JSON.stringify({ createdAt, place }),
  columns: { createdAt, place },
});

/** Keys of all rows that a query finds, asked for one by one. */
const paged = async (reader: TableReader, projection: string, query: Omit<Query, 'limit'>): Promise<string[]> => {
  const all: string[] = [];
  for (let after: { values: readonly ColumnValue[]; key: string } | undefined; ; ) {
    const [found]: readonly FoundRow[] = await reader.find(projection, { ...query, ...(after && { after }), limit: 1 });
    if (!found) return all;
    all.push(found.key);
    after = { values: found.order, key: found.key };
  }
};

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
      shirts = await writer.create({ projection: 'shirts', version: 1, service: 'clothes' }, 'log', shape);
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
        expect(await paged(reader, 'shirts', query)).toEqual(await keys(query));
      }
    });

    it('has nothing before every value, and pages across it', async () => {
      expect(await keys({ order: [['size', 'asc']] })).toEqual(['e', 'b', 'd', 'c', 'a']);
      expect(await keys({ order: [['size', 'desc']] })).toEqual(['a', 'c', 'd', 'b', 'e']);
      for (const order of [
        [['size', 'asc']],
        [['size', 'desc']],
        [
          ['colour', 'asc'],
          ['size', 'desc'],
        ],
      ] as const) {
        expect(await paged(reader, 'shirts', { order })).toEqual(await keys({ order }));
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
      const parked = { table, projection: 'shirts', key: 'p', firstPosition: 3, after: 1, reason: 'poison' };
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
      const next = await writer.create({ projection: 'shirts', version: 2, service: 'clothes' }, 'log', {
        columns: { colour: 'text' },
        indexes: [['colour']],
      });
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

    /** A live table of its own, with these rows. */
    const filled = async (projection: string, ownShape: TableShape, rows: readonly RowChange[]) => {
      const generation = await writer.create({ projection, version: 1, service: 'clothes' }, 'log', ownShape);
      await writer.swap(projection, generation.table);
      await writer.commit({ tables: [{ table: generation.table, rows }], checkpoints: [] });
      return {
        table: generation.table,
        save: (changes: readonly RowChange[]) => writer.commit({ tables: [{ table: generation.table, rows: changes }], checkpoints: [] }),
      };
    };

    it('orders text by its bytes, whatever language anybody speaks', async () => {
      const words = ['B', '_', 'a', 'b', 'é', 'ﬀ', '😀'];
      const rows = words.toReversed().map((word, n) => row(word, n + 1, word, n));
      await filled('words', shape, rows);
      const found = async (query: Omit<Query, 'limit'>) => (await reader.find('words', { ...query, limit: 10 })).map(({ key }) => key);
      expect(await found({})).toEqual(words);
      expect(await found({ order: [['colour', 'asc']] })).toEqual(words);
      expect(await found({ order: [['colour', 'desc']] })).toEqual(words.toReversed());
      expect(await found({ where: { colour: { from: 'a', below: 'é' } } })).toEqual(['a', 'b']);
      expect((await reader.groups('words', { by: 'colour', sums: [], limit: 10 })).map(({ value }) => value)).toEqual(words);
    });

    it('answers the very text that it was given', async () => {
      const text = '{"b": 1e21,"a":"\\u0000 \\ud800 \\"quoted\\"  ’","a":2 , "nested":{"x":null}}';
      await filled('texts', shape, [{ key: 'one', position: 1, row: text, columns: { colour: '{"a,b"}\\', size: -7 } }]);
      expect(await reader.get('texts', 'one')).toBe(text);
      expect(
        await reader.find('texts', {
          order: [
            ['colour', 'asc'],
            ['size', 'asc'],
          ],
          limit: 1,
        }),
      ).toEqual([{ key: 'one', row: text, order: ['{"a,b"}\\', -7] }]);
    });

    it('takes a column with a character that no text may have', async () => {
      await filled('odd', shape, [row('one', 1, 'a\u0000b', 1)]);
      expect(await reader.get('odd', 'one')).not.toBeNull();
      expect(await reader.find('odd', { where: { colour: 'a\u0000c' }, limit: 1 })).toEqual([]);
    });

    it('knows positions and numbers as far as a number counts in ones', async () => {
      const far = [2 ** 31 + 1, 2 ** 52 + 1, Number.MAX_SAFE_INTEGER];
      const { table } = await filled(
        'far',
        shape,
        far.map((n, at) => row(`k${at}`, n, 'far', n)),
      );
      await writer.commit({ tables: [], checkpoints: [{ table, position: 2 ** 52 + 1 }] });
      expect((await reader.generations()).find((one) => one.table === table)?.position).toBe(2 ** 52 + 1);
      expect((await writer.load(table, ['k1'])).get('k1')?.position).toBe(2 ** 52 + 1);
      expect((await writer.changedSince(table, 2 ** 52, 10)).map(({ position }) => position)).toEqual(far.slice(1));
      expect((await reader.find('far', { order: [['size', 'desc']], limit: 10 })).map(({ order }) => order[0])).toEqual(far.toReversed());
      expect(await reader.sum('far', 'size', { size: { below: 2 ** 53 - 1 } })).toBe(2 ** 31 + 1 + (2 ** 52 + 1));
    });

    it.each([
      ['beyond 2^53', 2 ** 53 - 1, 5],
      ['beyond 2^63', 2 ** 60, 20],
      ['far below 0', -(2 ** 60), 20],
    ])('sums %s without breaking', async (name, size, times) => {
      const about = `large-${name.replaceAll(/[^a-z0-9]/g, '')}`;
      await filled(
        about,
        shape,
        Array.from({ length: times }, (_, n) => row(`k${n}`, n + 1, 'large', size)),
      );
      const sum = Number(BigInt(size) * BigInt(times));
      expect(await reader.sum(about, 'size')).toBe(sum);
      expect(await reader.groups(about, { by: 'colour', sums: ['size'], limit: 10 })).toEqual([
        { value: 'large', count: times, sums: [sum] },
      ]);
    });

    const partitions = [
      { by: 'createdAt', kind: 'month' },
      { by: 'place', kind: 'hash', into: 3 },
    ] as const;

    it.each(partitions)('finds the same in a table that is cut by $kind, each row once', async (partition) => {
      const projection = `cut-${partition.kind}`;
      const columns = { createdAt: 'text', place: 'text' } as const;
      const [december, january, later] = ['2025-12-31T23:59:59.999Z', '2026-01-01T00:00:00.000Z', '2026-03-05T00:00:00.000Z'];
      const first = [
        created('a', 1, january, 'x'),
        created('b', 2, december, 'y'),
        created('c', 3, later, 'z'),
        created('d', 4, 'no time'),
      ];
      const { table, save } = await filled(projection, { columns, indexes: [['place', 'createdAt'], ['createdAt']], partition }, first);
      const found = async (query: Omit<Query, 'limit'>) => (await reader.find(projection, { ...query, limit: 10 })).map(({ key }) => key);
      expect(await found({ where: { createdAt: { below: '3' } }, order: [['createdAt', 'asc']] })).toEqual(['b', 'a', 'c']);
      expect(await paged(reader, projection, { order: [['createdAt', 'desc']] })).toEqual(['d', 'c', 'a', 'b']);
      expect(await paged(reader, projection, { order: [['place', 'asc']] })).toEqual(['d', 'a', 'b', 'c']);
      const moved = [
        { ...created('a', 5, later, 'y'), before: { createdAt: january, place: 'x' } },
        { ...created('b', 5, december, null), before: { createdAt: december, place: 'y' } },
        { ...created('c', 5, december, 'y') },
        { ...created('e', 5, later, 'x'), before: null },
      ];
      for (const n of [5, 6]) await save(moved.map((one) => ({ ...one, position: n }))); // and again, as after an answer that was lost
      await save([{ key: 'd', position: 7, row: null, columns: {}, before: { createdAt: 'no time', place: null } }]);
      await save([{ key: 'd', position: 8, row: null, columns: {}, before: {} }]);
      expect(await reader.count(projection)).toBe(4);
      expect(await found({ where: { place: 'y' } })).toEqual(['a', 'c']);
      expect([...(await reader.getMany(projection, ['e', 'd', 'c', 'b', 'a'])).keys()]).toEqual(['e', 'c', 'b', 'a']);
      expect((await writer.changedSince(table, 0, 10)).map(({ key, position }) => `${key}${position}`)).toEqual([
        'a6',
        'b6',
        'c6',
        'e6',
        'd8',
      ]);
      expect((await writer.load(table, ['a', 'd'])).get('d')).toEqual({ position: 8, row: null });
    });

    it('shows a seller what is the seller’s own', async () => {
      await filled('goods', { columns: { sellerId: 'text' }, indexes: [['sellerId']] }, [
        { key: 'g1', position: 1, row: '{"n":1}', columns: { sellerId: 's1' } },
        { key: 'g2', position: 1, row: '{"n":2}', columns: { sellerId: 's2' } },
      ]);
      const own = reader.asSeller('s2');
      expect(await own.get('goods', 'g2')).toBe('{"n":2}');
      expect((await own.find('goods', { where: { sellerId: 's2' }, limit: 10 })).map(({ key }) => key)).toEqual(['g2']);
      expect(await own.count('shirts')).toBe(await reader.count('shirts'));
    });

    it('minds neither an empty commit nor a table that is dropped before it is live', async () => {
      await writer.commit({ tables: [], checkpoints: [] });
      const { table } = await writer.create({ projection: 'socks', version: 1, service: 'clothes' }, 'log', shape);
      await writer.drop(table);
      expect((await writer.generations()).map((one) => one.table)).not.toContain(table);
      const next = await writer.create({ projection: 'socks', version: 1, service: 'clothes' }, 'log', shape);
      expect(next.position).toBe(0);
      await writer.drop(next.table);
    });

    it('says that a read model is not built', async () => {
      await expect(reader.get('trousers', 'a')).rejects.toThrow('trousers');
    });
  });
