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
const products = fixture<Omit<SearchDocument, 'skus'>[]>('products').map((product): SearchDocument => ({ ...product, skus: [] }));
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
  skus: ['LMP-01'],
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

  describe(`${name}: pages while products change`, () => {
    let engine: SearchEngine;
    let position = 0;
    beforeEach(async () => {
      engine = await open();
      position = 0;
      await engine.index.create(1);
    });
    afterEach(() => engine.close());

    const write = async (...documents: SearchDocument[]) => {
      await engine.index.write(1, documents.map((document) => ({ position: ++position, document })), { logId: 'log', position }); // biome-ignore format: one line reads better
      await engine.settle();
    };
    const kettle = (n: number): SearchDocument => ({
      ...lamp,
      productId: `kettle-${String(n).padStart(3, '0')}`,
      name: `Ceret ${'besi '.repeat(n % 7)}nomor ${n}`,
      price: { amount: 10_000 + n, currency: 'IDR' },
      sold: n % 5,
    });
    /** Turns the pages, and has something written between any two of them. */
    const turn = async (request: SearchRequest, between: (page: number) => Promise<void>) => {
      const seen: string[] = [];
      for (let page = 0, next: string | null | undefined; next !== null; page++) {
        const found = await engine.reader.search({ ...request, ...(next !== undefined && { cursor: next }) });
        seen.push(...found.hits.map(({ productId }) => productId));
        next = found.next;
        if (page < 40) await between(page);
      }
      return seen;
    };
    const kettles = Array.from({ length: 30 }, (_, n) => kettle(n));
    const ids = kettles.map(({ productId }) => productId);

    it.each(['relevance', 'price_asc', 'best_selling'] as const)('by %s show each product once', async (sort) => {
      await write(...kettles);
      const seen = await turn({ text: 'ceret', sort, limit: 5 }, async (page) => {
        const own = kettle((page * 7) % 30);
        // Others come that change what every word weighs, and what was found is renamed, described, priced and sold.
        await write(
          { ...lamp, productId: `other-${page}`, name: 'Ceret Ceret tambahan', description: 'Ceret. '.repeat(20) },
          { ...own, name: `${own.name} ceret baru`, price: { amount: 20_000 - page * 900, currency: 'IDR' }, sold: page * 3 },
          { ...kettle((page * 11 + 3) % 30), name: 'Ceret', description: 'Panjang sekali. '.repeat(page * 5) },
        );
      });
      expect(seen.filter((id) => id.startsWith('kettle-')).sort()).toEqual(ids);
      expect(new Set(seen).size).toBe(seen.length);
    });

    it('keep to what the words were taken for on the first page', async () => {
      await write(...kettles, { ...lamp, productId: 'rice', name: 'Beras' });
      const relaxed = await turn({ text: 'ceret beras', limit: 10 }, async () =>
        write({ ...lamp, productId: 'both', name: 'Ceret Beras' }),
      );
      expect(relaxed.filter((id) => id.startsWith('kettle-')).sort()).toEqual(ids);
      const corrected = await turn({ text: 'certe', limit: 10 }, async () => write({ ...lamp, productId: 'typo', name: 'Certe' }));
      expect(corrected.filter((id) => id.startsWith('kettle-')).sort()).toEqual(ids);
    });

    it('end after more products than a cursor can name, each shown once', async () => {
      const many = Array.from({ length: 1_100 }, (_, n) => ({ ...lamp, productId: `many-${n}`, name: 'Wadah', sold: n % 9 }));
      await write(...many);
      const seen = await turn({ text: 'wadah', limit: 100 }, async () => {});
      expect(seen.length).toBe(1_100);
      expect(new Set(seen).size).toBe(1_100);
    });

    it('are refused where the words have changed', async () => {
      await write(...kettles);
      const { next } = await engine.reader.search({ text: 'ceret', limit: 5 });
      await expect(engine.reader.search({ text: 'besi', cursor: next ?? '' })).rejects.toMatchObject({ code: 'search.bad_cursor' });
    });
  });

  describe(`${name}: words of every script, article numbers and brands`, () => {
    let engine: SearchEngine;
    const named = (productId: string, name: string, more: Partial<SearchDocument> = {}): SearchDocument => ({
      ...lamp,
      ...{ productId, name, description: '', sellerName: '', brand: null, suggest: [], skus: [], ...more },
    });
    beforeEach(async () => {
      engine = await open();
      await engine.index.create(1);
      const documents = [
        named('helmet', '红色自行车头盔'),
        named('bicycle', 'ขายจักรยานเด็กราคาถูก'),
        named('teapot', 'きゅうす急須セット'),
        named('khmer', 'កង់សម្រាប់កុមារ'),
        named('lantern', 'Işık Feneri'),
        named('street', 'Straße nach Łódź'),
        named('shirt', 'Kaos Polos', { skus: ['QZ-01-07', 'QZ-01-08'] }),
        named('trousers', 'Celana QZ 01 07', { skus: ['QZ-01-09'], sold: 900 }),
        named('watch', 'Arloji Baja', { brand: 'Ørsted' }),
        named('done', 'Dandang Nasi'),
      ];
      await engine.index.write(1, documents.map((document, n) => ({ position: n + 1, document })), { logId: 'log', position: 20 }); // biome-ignore format: one line reads better
      await engine.settle();
    });
    afterEach(() => engine.close());

    it.each([
      ['头盔', ['helmet']],
      ['盔', ['helmet']],
      ['自行车', ['helmet']],
      ['จักรยาน', ['bicycle']],
      ['急須', ['teapot']],
      ['កង់', ['khmer']],
      ['isik', ['lantern']],
      ['IŞIK', ['lantern']],
      ['strasse', ['street']],
      ['STRASSE lodz', ['street']],
      ['ørsted', ['watch']],
      ['orsted', ['watch']],
      ['QZ-01-07', ['shirt']],
      ['qz-01-08', ['shirt']],
      ['qz0107', ['shirt']],
      ['QZ-01-09', ['trousers']],
      ['dan', []],
      ['yang untuk', []],
      ['*', []],
      ['😀', []],
      ['❤️', []],
      ['"-"', []],
      ['x', []],
    ])('“%s” finds %j', async (text, expected) => {
      const { hits, total, next } = await engine.reader.search({ text });
      expect({ ids: hits.map(({ productId }) => productId), total, next }).toEqual({ ids: expected, total: expected.length, next: null });
    });

    it('finds everything where nothing is asked for', async () => {
      expect(await engine.reader.search({ text: '  ' })).toMatchObject({ total: 10 });
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
