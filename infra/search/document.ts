// What every engine makes of a product: what is shown of it, its words beside name and description, and what it is suggested by.
import { fold } from './indonesian.ts';
import type { SearchDocument, SearchHit } from './port.ts';

export const hitOf = (document: SearchDocument): SearchHit => {
  const { productId, sellerId, sellerName, name, categoryIds, brand, price, rating, city, sold, createdAt, image } = document;
  return { productId, sellerId, sellerName, name, categoryIds, brand, price, rating, city, sold, createdAt, image };
};

export const keywordsOf = (document: SearchDocument) => [document.brand ?? '', document.sellerName, ...document.suggest];

/** What is suggested when somebody types the beginning of one of its words. */
export const displaysOf = (document: SearchDocument): ReadonlySet<string> => new Set([document.name, ...document.suggest]);

/** `a b c`, folded, from each word on: a suggestion is found by any of its words. */
export const tailsOf = (display: string): string[] => {
  const parts = fold(display).split(' ');
  return parts.map((_, start) => parts.slice(start).join(' '));
};
