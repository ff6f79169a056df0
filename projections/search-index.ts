// Feeds the search index from the rows of products and of what stands in their documents by name: stores, categories, brands.
import { DomainError } from '../domain/error.ts';
import type { Money } from '../domain/money.ts';
import type { SearchDocument, SearchIndex, SearchWrite } from '../infra/search/port.ts';
import type { FoundRow, TableReader, TableWriter } from '../infra/tables/port.ts';
import type { BrandRow } from './catalog/brands.ts';
import type { CategoryRow } from './catalog/categories.ts';
import { type Chased, createChase, createWaiting, within } from './chase.ts';
import type { Follower, Step } from './followers.ts';
import { averageOf, cheapest } from './listing.ts';
import { type DetailRow, productDetails } from './product/details.ts';
import type { StoreRow } from './product/stores.ts';

export interface SearchFollowerOptions {
  readonly index: SearchIndex;
  readonly writer: Pick<TableWriter, 'generations' | 'load' | 'changedSince'>;
  readonly reader: Pick<TableReader, 'find'>;
  readonly logId: string;
  /**
   * For an engine elsewhere: for how many milliseconds a step waits for it. Once it has waited in vain, the documents are brought up in their
   * own time and no step waits until they are: a dead engine keeps no position from anybody. Without it every step waits to the end.
   */
  readonly patience?: number;
  /** Told of what went wrong while nobody waited; it is tried again. */
  readonly onError?: (error: Error) => void;
}

export interface SearchFollower extends Follower {
  /** Whether the documents have come to this position, or do so in time: where `patience` is limited, rows may be ahead of them. */
  passed(position: number, milliseconds: number): Promise<boolean>;
  /** Ends what goes on in its own time. */
  stop(): Promise<void>;
}

/** The rows that documents are made of. */
const followed = ['product-details', 'product-stores', 'catalog-categories', 'catalog-brands'] as const;

const pageSize = 500;
/** What documents are made of, and how the engines find them: raised with either, so that what is indexed is indexed anew. */
const documentsVersion = 2;
/** A build's number says of which version it is, so that another version is indexed anew. */
const firstBuild = (documentsVersion * 100 + productDetails.version) * 1_000;
const noPrice: Money = { amount: 0, currency: 'IDR' };
/** Deeper than any tree may be: a walk up the categories ends here even if two moves have made a ring. */
const maxDepth = 10;

/** A row with the position of the last event in it; position 0 where there is none. */
interface Known<Row> {
  readonly position: number;
  readonly row: Row | null;
}

/** Looks each row up once; made anew for every advance. */
const lookup = <Row>(writer: SearchFollowerOptions['writer'], table: string) => {
  const known = new Map<string, Known<Row>>();
  return async (key: string): Promise<Known<Row>> => {
    const found = known.get(key);
    if (found) return found;
    const stored = (await writer.load(table, [key])).get(key);
    const fresh = { position: stored?.position ?? 0, row: stored?.row ? (JSON.parse(stored.row) as Row) : null };
    known.set(key, fresh);
    return fresh;
  };
};

interface Names {
  store(id: string): Promise<Known<StoreRow>>;
  category(id: string): Promise<Known<CategoryRow>>;
  brand(id: string): Promise<Known<BrandRow>>;
}

/** From the root to the category itself. */
const pathOf = async (names: Names, categoryId: string | null) => {
  const path: CategoryRow[] = [];
  let position = 0;
  for (let next = categoryId; next !== null && path.length < maxDepth; ) {
    const found = await names.category(next);
    position = Math.max(position, found.position);
    if (!found.row) break;
    path.unshift(found.row);
    next = found.row.parentId;
  }
  return { path, position };
};

const isShown = (store: StoreRow | null) => store?.status === 'Active' || store?.status === 'OnHoliday';

/** The document as all its rows have it now. Its version is the newest of their positions, which rises with each of them. */
const writeOf = async (names: Names, own: number, row: DetailRow): Promise<SearchWrite> => {
  const store = await names.store(row.sellerId);
  const brand = row.brandId === null ? null : await names.brand(row.brandId);
  const { path, position } = await pathOf(names, row.categoryId);
  const price = cheapest(row.variants)?.price ?? null;
  const document: SearchDocument = {
    productId: row.productId,
    sellerId: row.sellerId,
    sellerName: store.row?.name ?? '',
    name: row.name,
    description: row.description,
    categoryIds: path.map(({ categoryId }) => categoryId),
    brand: brand?.row?.name ?? null,
    price: price ?? noPrice,
    rating: { average: averageOf(row.ratings), count: row.ratings.count },
    city: store.row?.city ?? '',
    sold: row.sold,
    createdAt: row.createdAt,
    image: row.pictures[0]?.url ?? null,
    active: row.status === 'Active' && price !== null && isShown(store.row),
    suggest: path.map(({ name }) => name),
    skus: row.variants.map(({ sku }) => sku),
  };
  return { position: Math.max(own, store.position, brand?.position ?? 0, position), document };
};

/** Events. Nothing is lost when the index knows less than was done: it is done again. So what changed no product is saved only now and then. */
const saveEvery = 1_000;

/**
 * The build that is written to. `unsaved`: events that it has come beyond its checkpoint (positions would not tell: they may be bytes).
 * One that is `isNew` is swapped in when it has caught up.
 */
interface Current {
  readonly build: number;
  readonly reached: number;
  readonly unsaved: number;
  readonly isNew: boolean;
  /** The build that is searched says that it has read more than the log holds, which is never trusted. */
  readonly replacesAhead: boolean;
}

/** What stands in the index. It cannot be brought up while the rows cannot be read, as before they were first built. */
interface Documents extends Chased {
  /** From now on they are brought into an empty build. */
  begin(): void;
}

/** The store has lost the build, or holds one of another log: what is known of it is not true any more. */
const lost = ['search.unknown_build', 'search.other_log'];

/** Follows `product-details`; a change of a store, a category or a brand is fanned out to the products that it stands in. */
const searchDocuments = ({ index, writer, reader, logId }: SearchFollowerOptions): Documents => {
  let current: Current | null = null;
  let isWantedAnew = false;
  let known: readonly (string | undefined)[] | null = null;

  const liveTables = async () => {
    const live = (await writer.generations()).filter((generation) => generation.live);
    const tableOf = (projection: string) => live.find((generation) => generation.projection === projection)?.table;
    return followed.map(tableOf);
  };

  const begin = async (replacesAhead = false): Promise<Current> => {
    const build = Math.max(((await index.live()) ?? 0) + 1, firstBuild);
    await index.drop(build);
    await index.create(build);
    return { build, reached: 0, unsaved: 0, isNew: true, replacesAhead };
  };

  /** The live build, or a new one where that is of another log, of other rows, or ahead. */
  const takeUp = async (head: number): Promise<Current> => {
    const build = await index.live();
    if (build === null || build < firstBuild) return begin();
    const checkpoint = await index.checkpoint(build);
    const reached = checkpoint?.position ?? 0;
    if (checkpoint && (checkpoint.logId !== logId || reached > head)) return begin(checkpoint.logId === logId);
    return { build, reached, unsaved: 0, isNew: false, replacesAhead: false };
  };

  /** Keys of what has changed in a table that documents take names from. */
  const changedKeys = async (table: string, from: number) => {
    const keys: string[] = [];
    for (let position = from; ; ) {
      const page = await writer.changedSince(table, position, pageSize);
      keys.push(...page.map(({ key }) => key));
      if (page.length < pageSize) return keys;
      position = page[page.length - 1]?.position ?? position;
    }
  };

  const eachProduct = async (column: string, ids: readonly string[], take: (rows: readonly FoundRow[]) => Promise<void>) => {
    if (ids.length === 0) return;
    let after: { values: FoundRow['order']; key: string } | undefined;
    for (;;) {
      const order = [['position', 'asc']] as const;
      const page = await reader.find('product-details', {
        where: { [column]: { in: ids } },
        order,
        limit: pageSize,
        ...(after && { after }),
      });
      await take(page);
      const last = page[page.length - 1];
      if (page.length < pageSize || !last) return;
      after = { values: last.order, key: last.key };
    }
  };

  /** These categories and all below them. */
  const withDescendants = async (ids: readonly string[]): Promise<string[]> => {
    const all = new Set(ids);
    for (let above: readonly string[] = ids; above.length > 0; ) {
      const found = await reader.find('catalog-categories', { where: { parentId: { in: above } }, limit: 10_000 });
      above = found.map(({ key }) => key).filter((key) => !all.has(key));
      for (const key of above) all.add(key);
    }
    return [...all];
  };

  /** Answers how many documents were written; null when the rows cannot be read yet. */
  const catchUp = async (build: number, from: number): Promise<number | null> => {
    known ??= await liveTables();
    const [details, stores, categories, brands] = known;
    if (!details || !stores || !categories || !brands) {
      known = null;
      return null;
    }
    let written = 0;
    const names: Names = { store: lookup(writer, stores), category: lookup(writer, categories), brand: lookup(writer, brands) };
    const save = async (rows: readonly { position: number; row: string }[]) => {
      const writes = await Promise.all(rows.map(({ position, row }) => writeOf(names, position, JSON.parse(row) as DetailRow)));
      if (writes.length > 0) await index.write(build, writes, { logId, position: from });
      written += writes.length;
    };
    for (let position = from; ; ) {
      const page = await writer.changedSince(details, position, pageSize);
      await save(page.flatMap(({ row, position: own }) => (row === null ? [] : [{ row, position: own }])));
      if (page.length < pageSize) break;
      position = page[page.length - 1]?.position ?? position;
    }
    if (from === 0) return written; // every product has just been written with all its names
    const fanOut = (rows: readonly FoundRow[]) => save(rows.map(({ row, order }) => ({ row, position: Number(order[0]) })));
    await eachProduct('sellerId', await changedKeys(stores, from), fanOut);
    await eachProduct('brandId', await changedKeys(brands, from), fanOut);
    await eachProduct('categoryId', await withDescendants(await changedKeys(categories, from)), fanOut);
    return written;
  };

  /** The same once more where a table has been swapped for another since it was looked up. */
  const caughtUp = async (build: number, from: number): Promise<number | null> => {
    const before = known;
    try {
      return await catchUp(build, from);
    } catch (error) {
      known = null;
      if (before === null || error instanceof DomainError) throw error;
      return catchUp(build, from);
    }
  };

  const bring = async (head: number, step?: Step): Promise<boolean> => {
    const own = current ?? (isWantedAnew ? await begin() : await takeUp(head));
    [current, isWantedAnew] = [own, false];
    const { build, reached, isNew, replacesAhead } = own;
    if (reached >= head && !isNew) return true;
    // Most steps change no row that stands in a document: then there is nothing to look up.
    const isIdle = step?.from === reached && !isNew && !followed.some((projection) => step.changed.has(projection));
    const written = isIdle ? 0 : await caughtUp(build, reached);
    if (written === null) return false;
    const unsaved = own.unsaved + (step?.events.length ?? saveEvery);
    const isSaved = written > 0 || isNew || unsaved >= saveEvery;
    if (isSaved) await index.write(build, [], { logId, position: head });
    if (isNew) await index.swap(build, replacesAhead);
    // They may be wanted anew since.
    if (current === own) current = { build, reached: head, unsaved: isSaved ? 0 : unsaved, isNew: false, replacesAhead: false };
    return true;
  };

  return {
    bring: async (head, step) => {
      try {
        return await bring(head, step);
      } catch (error) {
        if (error instanceof DomainError && lost.includes(error.code)) current = null;
        throw error;
      }
    },
    reached: () => (current === null || current.isNew ? -1 : current.reached),
    begin: () => {
      [current, isWantedAnew] = [null, true];
    },
  };
};

export const searchFollower = (options: SearchFollowerOptions): SearchFollower => {
  const { patience, onError = () => {} } = options;
  const documents = searchDocuments(options);
  const waiting = createWaiting(documents.reached);
  let failing: string | null = null;
  const moved = () => {
    failing = null;
    waiting.look();
  };
  const failed = (error: Error) => {
    failing = error.message;
    onError(error);
  };
  const chase = createChase(documents, moved, failed);

  const advance = async (head: number, step?: Step): Promise<number> => {
    if (patience === undefined) {
      await documents.bring(head, step).catch((error: Error) => {
        failing = error.message;
        throw error;
      });
      moved();
    } else {
      const isBehind = chase.isBusy();
      const coming = chase.after(head, step);
      if (!isBehind) await within(coming, patience);
    }
    return Math.max(documents.reached(), 0);
  };

  return {
    name: 'search',
    isAwaited: true,
    advance,
    reset: async () => documents.begin(),
    state: () => ({ position: documents.reached(), reason: failing, isBehind: failing !== null }),
    passed: waiting.passed,
    stop: chase.stop,
  };
};
