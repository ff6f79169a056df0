// The reading side of product search on Elasticsearch: one request where every word is known, a few more where some are not.
import { DomainError } from '../../domain/error.ts';
import { asItIs, type Cursor, correctionOf, cursorOf, everything, type Plan, type Sought } from './cursor.ts';
import { askedCode, tailsOf } from './document.ts';
import { type ElasticsearchOptions, namesOf, openClient, reached, statusOf, unavailable } from './elasticsearch-client.ts';
import { checkpointId, type StoredCheckpoint, type StoredProduct } from './elasticsearch-mapping.ts';
import { type Counts, type Found, pageOf, searchBody } from './elasticsearch-query.ts';
import { fold, meaning, oneTypoAway, words } from './indonesian.ts';
import type { SearchPage, SearchReader, SearchRequest } from './port.ts';
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

  const page = (request: SearchRequest, plan: Plan, cursor: Cursor | null, signal: AbortSignal) =>
    client.search<StoredProduct, Counts>({ ...always, ...searchBody(request, plan, cursor) }, { signal });

  /** How each word can be found: as it is, as a beginning, by its stem, or as what may have been meant; the last where nothing else helps. */
  const recognise = async (asked: readonly string[], signal: AbortSignal): Promise<Sought[]> => {
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

  const find = async (request: SearchRequest, cursor: Cursor | null, signal: AbortSignal): Promise<SearchPage> => {
    const ask = (plan: Plan) => page(request, plan, cursor, signal);
    const told = (found: Found, plan: Plan) => {
      const relaxed = plan.isRelaxed && matches(found) > 0;
      return { ...pageOf(found, request, plan, cursor), corrected: correctionOf(plan), relaxed };
    };
    const matches = (found: Found) => found.aggregations?.matches.doc_count ?? 0;
    if (cursor !== null) return told(await ask(cursor.plan), cursor.plan);
    const text = request.text?.trim() ?? '';
    if (text === '') return told(await ask(everything), everything);
    const code = askedCode(text);
    if (code !== null) {
      const numbered: Plan = { sought: [asItIs(code)], isRelaxed: false };
      const found = await ask(numbered);
      if (matches(found) > 0) return told(found, numbered);
    }
    const asked = words(text);
    // Nothing has no words: a mark by which nothing is stored finds it, with its facets.
    if (asked.length === 0) return { ...told(await ask(nothing), nothing), corrected: null };
    const plain: Plan = { sought: asked.map(asItIs), isRelaxed: false };
    const exact = await ask(plain);
    if (matches(exact) > 0 || exact.aggregations === undefined) return told(exact, plain);
    const recognised: Plan = { sought: await recognise(asked, signal), isRelaxed: false };
    const isOther = recognised.sought.some(({ by, isCorrected }) => by !== 'word' || isCorrected);
    const all = isOther ? await ask(recognised) : exact;
    if (matches(all) > 0 || asked.length === 1) return told(all, recognised);
    const relaxed = { ...recognised, isRelaxed: true };
    return told(await ask(relaxed), relaxed);
  };

  return {
    search: async (request) => {
      const cursor = cursorFor(request);
      return inTime((signal) => find(request, cursor, signal));
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

/** No product has this: what is asked for where the text has no word in it. */
const nothing: Plan = { sought: [asItIs('§')], isRelaxed: false };

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
const cursorFor = (request: SearchRequest): Cursor | null => {
  const { sort = 'relevance' } = request;
  const cursor = cursorOf(request);
  const after = cursor?.after ?? null;
  const isOurs =
    after === null || (Number.isFinite(after.key) && (sort === 'relevance' || sort === 'rating' || Number.isSafeInteger(after.key)));
  if (!isOurs) throw new DomainError('search.bad_cursor', 'This cursor is not of this search.', { sort });
  return cursor;
};

/** The displays that begin so from one of their words on, by how many of their products were sold. */
const bestSelling = (products: readonly { displays: readonly string[]; sold: number }[], folded: string): string[] => {
  const total = new Map<string, number>();
  for (const { displays, sold } of products)
    for (const display of displays)
      if (tailsOf(display).some((tail) => tail.startsWith(folded))) total.set(display, (total.get(display) ?? 0) + sold);
  return [...total].sort(([a, soldA], [b, soldB]) => soldB - soldA || (a < b ? -1 : 1)).map(([display]) => display);
};
