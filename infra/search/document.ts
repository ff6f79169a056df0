// What every engine makes of a product: what is shown of it, its words beside name and description, and what it is suggested by.
import { fold, indexedWords } from './indonesian.ts';
import type { SearchDocument, SearchHit } from './port.ts';

export const hitOf = (document: SearchDocument): SearchHit => {
  const { productId, sellerId, sellerName, name, categoryIds, brand, price, rating, city, sold, createdAt, image } = document;
  return { productId, sellerId, sellerName, name, categoryIds, brand, price, rating, city, sold, createdAt, image };
};

export const keywordsOf = (document: SearchDocument) => [document.brand ?? '', document.sellerName, ...document.suggest, ...document.skus];

/** Stands before an article number, so that it is no word: `iphone 15` does not mean whatever is numbered `IPHONE15`. */
const numbered = '§';
/** A whole article number as it is found, however it is written: `QZ-01-07`, `qz0107`. */
export const codeOf = (sku: string) => `${numbered}${fold(sku).replaceAll(' ', '')}`;

/** What a text may be the article number of, or null: one piece without blanks that is more than a plain word. */
export const askedCode = (text: string): string | null => {
  const piece = text.trim();
  return piece.length >= 3 && /^\S+$/.test(piece) && /[\p{L}\p{N}]/u.test(piece) && /[^\p{L}\p{M}]/u.test(piece) ? codeOf(piece) : null;
};

export const indexedKeywords = (document: SearchDocument) =>
  [...indexedWords(keywordsOf(document).join(' ')), ...document.skus.map(codeOf)].join(' ');

/** What is suggested when somebody types the beginning of one of its words. */
export const displaysOf = (document: SearchDocument): ReadonlySet<string> => new Set([document.name, ...document.suggest]);

/** `a b c`, folded, from each word on: a suggestion is found by any of its words. */
export const tailsOf = (display: string): string[] => {
  const parts = fold(display).split(' ');
  return parts.map((_, start) => parts.slice(start).join(' '));
};
