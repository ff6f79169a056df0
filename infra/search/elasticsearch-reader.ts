// The reading side of product search on Elasticsearch: one request where every word is known, a few more where some are not.
import { DomainError } from '../../domain/error.ts';
import { type Cursor, cursorOf } from './cursor.ts';
import { tailsOf } from './document.ts';
import { type ElasticsearchOptions, namesOf, openClient, reached, statusOf, unavailable } from './elasticsearch-client.ts';
import { checkpointId, type StoredCheckpoint, type StoredProduct } from './elasticsearch-mapping.ts';
import { type Counts, type Found, pageOf, type Sought, searchBody } from './elasticsearch-query.ts';
import { fold, meaning, oneTypoAway, words } from './indonesian.ts';
import type { SearchReader, SearchRequest } from './port.ts';
import { synonyms } from './words.ts';

/** Somebody waits for the answer: rather none than a late one. This is for all requests of one search together. */
const timeout = 1_500;
const missing = 404;
/** A part of an index that is being deleted may say so in these words, and with a status of a bad request. */
const isClosed = (error: unknown) => error instanceof Error && /is closed|already.?closed/i.test(error.message);
const isMissing = (error: unknown) => statusOf(error) === missing || isClosed(error);
/** Shorter words are neither beginnings nor mistyped. */
const shortest = 3;
/** Suggestions are taken from so many products at most, those that sell best. */
const suggesting = 200;

export const openElasticsearchReader = (options: ElasticsearchOptions): SearchReader => {
  const client = openClient(options, timeout);
  const { live } = namesOf(options.namespace);
  /** Nothing is found before the first build; where a part of the index does not answer, the whole search fails. */
  const always = { index: live, ignore_unavailable: true, allow_partial_search_results: false };

  const inTime = async <T>(ask: (signal: AbortSignal) => Promise<T>): Promise<T> => {
    const signal = AbortSignal.timeout(options.timeout ?? timeout);
    // A build that was swapped for another in the middle of a search takes its answer with it: the next attempt asks the other.
    return reached(() => ask(signal)).catch((error: unknown) => {
      const isGone = isMissing(error) || (error instanceof DomainError && statusOf(error.cause) === 503);
      if (!isGone) throw error;
      return reached(() => ask(signal)).catch((again: unknown) => {
        throw isMissing(again) ? unavailable(again) : again;
      });
    });
  };

  const page = (request: SearchRequest, sought: readonly Sought[], isRelaxed: boolean, after: Cursor | null, signal: AbortSignal) =>
    client.search<StoredProduct, Counts>({ ...always, ...searchBody(request, sought, isRelaxed, after) }, { signal });

  /** How each word can be found: as it is, as a beginning, by its stem, or as what may have been meant; the last where nothing else helps. */
  const recognise = async (asked: readonly string[], signal: AbortSignal): Promise<Recognised[]> => {
    const near = asked.map((word) => (word.length < shortest ? [] : synonymsNear(word)));
    const aggs = asked.flatMap((word, n) => [
      [`word${n}`, { filter: { term: { words: word } } }] as const,
      [`prefix${n}`, { filter: { prefix: { words: word } } }] as const,
      [`stem${n}`, { filter: { match: { stems: word } } }] as const,
      ...(near[n] ?? []).map((other) => [`near${n}-${other}`, { filter: { term: { words: other } } }] as const),
    ]);
    const found = await client.search<unknown, Record<string, { readonly doc_count: number }>>(
      {
        ...always,
        size: 0,
        query: { term: { active: true } },
        aggs: Object.fromEntries(aggs),
        suggest: Object.fromEntries(asked.map((word, n) => [`typo${n}`, { text: word, term: oneTypo }])),
      },
      { signal },
    );
    const count = (name: string) => found.aggregations?.[name]?.doc_count ?? 0;
    return asked.map((word, n) => {
      if (count(`word${n}`) > 0) return { word, by: 'word', isCorrected: false };
      if (word.length < shortest) return { word, by: 'word', isCorrected: false };
      if (count(`prefix${n}`) > 0) return { word, by: 'prefix', isCorrected: false };
      if (count(`stem${n}`) > 0) return { word, by: 'stem', isCorrected: false };
      const options = found.suggest?.[`typo${n}`]?.[0]?.options ?? [];
      const candidates = [
        ...[options]
          .flat()
          .map((option) => ({ word: option.text, times: 'freq' in option && typeof option.freq === 'number' ? option.freq : 0 })),
        ...(near[n] ?? []).map((other) => ({ word: other, times: count(`near${n}-${other}`) })),
      ];
      const best = candidates.reduce((most, next) => (next.times > most.times ? next : most), { word, times: 0 });
      return { word: best.word, by: 'word', isCorrected: best.times > 0 };
    });
  };

  const find = async (request: SearchRequest, after: Cursor | null, signal: AbortSignal) => {
    const told = (found: Found, corrected: string | null, relaxed: boolean) => ({ ...pageOf(found, request), corrected, relaxed });
    const matches = (found: Found) => found.aggregations?.matches.doc_count ?? 0;
    const asked = words(request.text ?? '');
    const plain = asked.map((word): Sought => ({ word, by: 'word' }));
    const exact = await page(request, plain, false, after, signal);
    if (asked.length === 0 || matches(exact) > 0 || exact.aggregations === undefined) return told(exact, null, false);
    const recognised = await recognise(asked, signal);
    const corrected = recognised.some(({ isCorrected }) => isCorrected) ? recognised.map(({ word }) => word).join(' ') : null;
    const isOther = recognised.some(({ by, isCorrected }) => by !== 'word' || isCorrected);
    const all = isOther ? await page(request, recognised, false, after, signal) : exact;
    if (matches(all) > 0 || asked.length === 1) return told(all, corrected, false);
    const any = await page(request, recognised, true, after, signal);
    return told(any, corrected, matches(any) > 0);
  };

  return {
    search: async (request) => {
      const after = cursorFor(request);
      return inTime((signal) => find(request, after, signal));
    },
    suggest: async (prefix, limit = 10) => {
      const folded = fold(prefix);
      if (folded.length < 2) return [];
      const { hits } = await inTime((signal) =>
        client.search<StoredProduct>(
          {
            ...always,
            size: suggesting,
            query: { bool: { filter: [{ term: { active: true } }, { prefix: { tails: folded } }] } },
            sort: [{ sold: 'desc' }, { productId: 'asc' }],
            track_total_hits: false,
            _source: false,
            docvalue_fields: ['displays', 'sold'],
          },
          { signal },
        ),
      );
      const products = hits.hits.map(({ fields }) => ({ displays: fields?.displays ?? [], sold: Number(fields?.sold?.[0] ?? 0) }));
      return bestSelling(products, folded).slice(0, limit);
    },
    checkpoint: () =>
      inTime(async (signal) => {
        const found = await client.get<StoredCheckpoint>({ index: live, id: checkpointId }, { ignore: [missing], signal });
        return found._source?.checkpoint ?? null;
      }),
    close: () => client.close(),
  };
};

interface Recognised extends Sought {
  readonly isCorrected: boolean;
}

/** A letter too many, too few, wrong, or two swapped; the most frequent of the words at that distance. */
const oneTypo = {
  field: 'words',
  suggest_mode: 'missing',
  max_edits: 1,
  prefix_length: 0,
  min_word_length: shortest,
  sort: 'frequency',
  size: 1,
  shard_size: 100,
} as const;

/** What mistyped synonyms stand for: they are not among the words of any product themselves. */
const synonymsNear = (word: string): string[] => [
  ...new Set(
    oneTypoAway(word)
      .filter((other) => synonyms.has(other))
      .map(meaning),
  ),
];

/** All keys but relevance and rating are whole numbers; another one never came from here. */
const cursorFor = ({ cursor, sort = 'relevance' }: SearchRequest): Cursor | null => {
  const after = cursorOf(cursor, sort);
  const isOurs =
    after === null || (Number.isFinite(after.key) && (sort === 'relevance' || sort === 'rating' || Number.isSafeInteger(after.key)));
  if (!isOurs) throw new DomainError('search.bad_cursor', 'This cursor is not of this search.', { sort });
  return after;
};

/** The displays that begin so from one of their words on, by how many of their products were sold. */
const bestSelling = (products: readonly { displays: readonly string[]; sold: number }[], folded: string): string[] => {
  const total = new Map<string, number>();
  for (const { displays, sold } of products)
    for (const display of displays)
      if (tailsOf(display).some((tail) => tail.startsWith(folded))) total.set(display, (total.get(display) ?? 0) + sold);
  return [...total].sort(([a, soldA], [b, soldB]) => soldB - soldA || (a < b ? -1 : 1)).map(([display]) => display);
};
