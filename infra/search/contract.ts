// What every search engine must do: 50 Indonesian queries with their first results, and the rules of versions, checkpoints, builds and pages.
import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { SearchDocument, SearchIndex, SearchPage, SearchReader, SearchRequest } from './port.ts';

export interface SearchEngine {
  readonly index: SearchIndex;
  readonly reader: SearchReader;
  /** Returns when what was written can be found. */
  settle(): Promise<void>;
  close(): Promise<void>;
}

const fixture = <T>(name: string): T => JSON.parse(readFileSync(new URL(`./fixtures/${name}.json`, import.meta.url), 'utf8'));
const products = fixture<SearchDocument[]>('products');
const queries = fixture<{ text: string; first: string; name: string }[]>('queries');

const lamp: SearchDocument = {
  productId: 'lamp',
  sellerId: 's1',
  sellerName: 'Toko Sinar',
  name: 'Lentera Minyak',
  description: 'Penerang tradisional.',
  categoryIds: ['rumah', 'rumah-lampu'],
  brand: 'Terang',
  price: { amount: 40_000, currency: 'IDR' },
  rating: { average: 4.5, count: 2 },
  city: 'Jakarta',
  sold: 3,
  createdAt: '2026-01-01T00:00:00.000Z',
  image: null,
  active: true,
  suggest: ['Lampu'],
};

export const searchContract = (name: string, open: () => Promise<SearchEngine>) => {
  describe(`${name}: a catalogue in Indonesian`, () => {
    let engine: SearchEngine;
    const ask = (request: SearchRequest): Promise<SearchPage> => engine.reader.search(request);
    const ids = async (request: SearchRequest) => (await ask(request)).hits.map(({ productId }) => productId);

    beforeEach(async () => {
      engine = await open();
      await engine.index.create(1);
      await engine.index.write(1, products.map((document, position) => ({ position, document })), { logId: 'log', position: 200 }); // biome-ignore format: one line reads better
      await engine.settle();
    });
    afterEach(() => engine.close());

    it.each(queries)('“$text” finds $name first', async ({ text, first }) => {
      expect(await ids({ text, limit: 1 })).toEqual([first]);
    });

    it('says what it corrected, and when it shows products that have only some of the words', async () => {
      expect(await ask({ text: 'speatu' })).toMatchObject({ corrected: 'sepatu', relaxed: false });
      expect(await ask({ text: 'gitar beras' })).toMatchObject({ corrected: null, relaxed: true });
      expect(await ask({ text: 'xylofonzz' })).toMatchObject({ hits: [], total: 0, next: null });
    });

    it('filters by category at any level, brand, city, seller, price and rating, together', async () => {
      const request = { category: 'mode', brands: ['Langkah', 'Kilat'], minPrice: 150_000, maxPrice: 400_000, minRating: 3 };
      const expected = products.filter(
        ({ categoryIds, brand, price, rating }) =>
          categoryIds.includes('mode') &&
          (brand === 'Langkah' || brand === 'Kilat') &&
          price.amount >= 150_000 &&
          price.amount <= 400_000 &&
          rating.average >= 3,
      );
      expect((await ids({ ...request, limit: 100 })).sort()).toEqual(expected.map(({ productId }) => productId).sort());
      expect(await ids({ brands: ['Tidak Ada'] })).toEqual([]);
      const medan = products.filter(({ city, sellerId }) => city === 'Medan' && sellerId === 's5').length;
      expect(await ask({ cities: ['Medan'], sellerId: 's5' })).toMatchObject({ total: medan });
    });

    it('counts each facet without its own filter, so that another value can be chosen', async () => {
      const { facets, total } = await ask({ text: 'sepatu', brands: ['Kilat'] });
      const all = await ask({ text: 'sepatu' });
      expect(total).toBe(2);
      expect(facets.brand).toEqual(all.facets.brand);
      expect(facets.category).toEqual([
        { value: 'mode', count: 2 },
        { value: 'mode-sepatu', count: 2 },
      ]);
      expect(facets.price).toEqual([{ from: 250_000, to: 500_000, count: 2 }]);
    });

    it.each([
      ['price_asc', (a: SearchDocument, b: SearchDocument) => a.price.amount - b.price.amount],
      ['price_desc', (a: SearchDocument, b: SearchDocument) => b.price.amount - a.price.amount],
      ['newest', (a: SearchDocument, b: SearchDocument) => (a.createdAt < b.createdAt ? 1 : -1)],
      ['best_selling', (a: SearchDocument, b: SearchDocument) => b.sold - a.sold],
    ] as const)('sorts by %s, and the pages together are all products once', async (sort, order) => {
      const seen: string[] = [];
      let cursor: string | undefined;
      do {
        const page = await ask({ sort, limit: 30, ...(cursor === undefined ? {} : { cursor }) });
        expect(page.total).toBe(products.length);
        seen.push(...page.hits.map(({ productId }) => productId));
        cursor = page.next ?? undefined;
      } while (cursor !== undefined);
      const expected = products.toSorted((a, b) => order(a, b) || (a.productId < b.productId ? -1 : 1));
      expect(seen).toEqual(expected.map(({ productId }) => productId));
    });

    it('pages through what is relevant, and refuses a cursor of another sort', async () => {
      const all = await ids({ text: 'pria', limit: 100 });
      const first = await ask({ text: 'pria', limit: 4 });
      const cursor = first.next ?? '';
      expect([...first.hits.map(({ productId }) => productId), ...(await ids({ text: 'pria', limit: 100, cursor }))]).toEqual(all);
      await expect(ask({ sort: 'newest', cursor })).rejects.toMatchObject({ code: 'search.bad_cursor' });
      await expect(ask({ cursor: 'nonsense' })).rejects.toMatchObject({ code: 'search.bad_cursor' });
    });

    it('suggests names by the beginning of any of their words', async () => {
      expect(await engine.reader.suggest('gay')).toEqual(['Kopi Arabika Gayo Bubuk 200 g']);
      expect(await engine.reader.suggest('Tas Ra')).toEqual(['Tas Ransel Laptop 15 inci']);
      expect(await engine.reader.suggest('s')).toEqual([]);
    });
  });

  describe(`${name}: versions and builds`, () => {
    let engine: SearchEngine;
    const total = async (text: string) => {
      await engine.settle();
      return (await engine.reader.search({ text })).total;
    };
    beforeEach(async () => {
      engine = await open();
    });
    afterEach(() => engine.close());
    const checkpoint = (position: number, logId = 'log') => ({ logId, position });

    it('answers empty pages before the first build', async () => {
      expect(await engine.index.live()).toBe(null);
      expect(await engine.reader.search({ text: 'lampu' })).toMatchObject({ hits: [], total: 0 });
      expect(await engine.reader.suggest('lam')).toEqual([]);
      await expect(engine.index.write(1, [], checkpoint(1))).rejects.toMatchObject({ code: 'search.unknown_build' });
    });

    it('ignores a write that is not newer than what is stored, a deletion included', async () => {
      await engine.index.create(1);
      await engine.index.write(1, [{ position: 5, document: lamp }], checkpoint(5));
      await engine.index.write(1, [{ position: 5, document: { ...lamp, name: 'Obor' } }, { position: 4, deleted: 'lamp' }], checkpoint(6)); // biome-ignore format: one line reads better
      expect([await total('lentera'), await total('obor')]).toEqual([1, 0]);
      await engine.index.write(1, [{ position: 7, document: { ...lamp, name: 'Obor' } }], checkpoint(7));
      expect([await total('lentera'), await total('obor')]).toEqual([0, 1]);
      await engine.index.write(1, [{ position: 8, deleted: 'lamp' }], checkpoint(8));
      await engine.index.write(1, [{ position: 7, document: lamp }], checkpoint(8));
      expect([await total('lentera'), await total('obor')]).toEqual([0, 0]);
      expect(await engine.reader.suggest('obo')).toEqual([]);
      await engine.index.write(1, [{ position: 9, document: lamp }], checkpoint(9));
      expect(await total('lentera')).toBe(1);
    });

    it('remembers the deletion of a product that it never saw', async () => {
      await engine.index.create(1);
      await engine.index.write(1, [{ position: 8, deleted: 'lamp' }, { position: 7, document: lamp }], checkpoint(8)); // biome-ignore format: one line reads better
      expect(await total('lentera')).toBe(0);
    });

    it('shows new figures of a product whose words are unchanged', async () => {
      await engine.index.create(1);
      await engine.index.write(1, [{ position: 5, document: lamp }], checkpoint(5));
      await engine.index.write(1, [{ position: 6, document: { ...lamp, price: { amount: 35_000, currency: 'IDR' } } }], checkpoint(6));
      await engine.settle();
      expect((await engine.reader.search({ text: 'lentera' })).hits).toMatchObject([{ price: { amount: 35_000 } }]);
      await engine.index.write(1, [{ position: 7, document: { ...lamp, active: false } }], checkpoint(7));
      expect(await total('lentera')).toBe(0);
    });

    it('keeps the checkpoint with the documents, never going back, and refuses another log', async () => {
      await engine.index.create(1);
      expect(await engine.index.checkpoint(1)).toBe(null);
      await engine.index.write(1, [], checkpoint(5));
      await engine.index.write(1, [], checkpoint(3));
      expect(await engine.index.checkpoint(1)).toEqual(checkpoint(5));
      expect(await engine.reader.checkpoint()).toEqual(checkpoint(5));
      await expect(engine.index.write(1, [], checkpoint(6, 'other'))).rejects.toMatchObject({ code: 'search.other_log' });
    });

    it('builds a new version beside the live one and swaps when it has read as far', async () => {
      await engine.index.create(1);
      await engine.index.write(1, [{ position: 5, document: lamp }], checkpoint(5));
      expect(await total('lentera')).toBe(1);
      await engine.index.create(2);
      await engine.index.write(2, [{ position: 4, document: { ...lamp, name: 'Obor' } }], checkpoint(4));
      expect([await total('lentera'), await total('obor'), await engine.index.live()]).toEqual([1, 0, 1]);
      await expect(engine.index.swap(2)).rejects.toMatchObject({ code: 'search.build_behind' });
      await engine.index.write(2, [], checkpoint(5));
      await engine.index.swap(2);
      expect([await total('lentera'), await total('obor'), await engine.index.live()]).toEqual([0, 1, 2]);
      await expect(engine.index.checkpoint(1)).rejects.toMatchObject({ code: 'search.unknown_build' });
      await expect(engine.index.drop(2)).rejects.toMatchObject({ code: 'search.build_live' });
    });

    it('swaps in a build that has read less when the old one has read what the log does not hold', async () => {
      await engine.index.create(1);
      await engine.index.write(1, [{ position: 5, document: lamp }], checkpoint(5));
      await engine.index.create(2);
      await engine.index.write(2, [], checkpoint(3));
      await engine.index.swap(2, true);
      expect([await total('lentera'), await engine.index.checkpoint(2)]).toEqual([0, checkpoint(3)]);
    });
  });
};
