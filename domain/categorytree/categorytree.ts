// The tree of categories as a whole. Every category has a stream of its own; that none hangs below itself, and none too deep, is decided here.
import type { Decider } from '../decider.ts';
import { DomainError } from '../error.ts';
import type { CategoryTreeEvent } from './events.ts';

/** There is one tree in a market. */
export const theTree = 'main';

/** Deeper trees help nobody to find anything. */
export const maxDepth = 6;

export type Parents = Readonly<Record<string, string | null>>;

/** `isRead`: what was there before this stream is in it. What is not in `parents` is a root without children, or is not there at all. */
export interface CategoryTree {
  readonly isRead: boolean;
  readonly parents: Parents;
}

/** `before`: the categories of an older log, as their own streams have them; null where they cannot be listed. */
export interface PlaceCategory {
  readonly type: 'place';
  readonly categoryId: string;
  readonly parentId: string | null;
  readonly before: Parents | null;
}

const evolve = (tree: CategoryTree, event: CategoryTreeEvent): CategoryTree => {
  switch (event.type) {
    case 'categorytree.read':
      return { isRead: true, parents: { ...event.parents, ...tree.parents } };
    case 'categorytree.placed':
      return { ...tree, parents: { ...tree.parents, [event.categoryId]: event.parentId } };
    default:
      return event satisfies never;
  }
};

/** From `categoryId` up to its root. NOTE: older logs may hold a circle: it ends where it began. */
const pathOf = (parents: Parents, categoryId: string | null): string[] => {
  const path: string[] = [];
  for (let next = categoryId; next !== null && !path.includes(next); next = parents[next] ?? null) path.push(next);
  return path;
};

/** How many levels a category and all below it have. */
const heightOf = (parents: Parents, categoryId: string): number =>
  Object.keys(parents).reduce((height, id) => {
    const at = pathOf(parents, id).indexOf(categoryId);
    return Math.max(height, at + 1);
  }, 1);

const place = (tree: CategoryTree, { categoryId, parentId, before }: PlaceCategory): CategoryTreeEvent[] => {
  const isFirst = before !== null && !tree.isRead;
  const parents = isFirst ? { ...before, ...tree.parents } : tree.parents;
  const path = pathOf(parents, parentId);
  if (path.includes(categoryId)) throw new DomainError('catalog.category_cycle', 'A category cannot hang below itself.');
  if (path.length + heightOf(parents, categoryId) > maxDepth)
    throw new DomainError('catalog.category_too_deep', `Categories nest at most ${maxDepth} deep.`, { limit: maxDepth });
  const read: CategoryTreeEvent[] = isFirst ? [{ type: 'categorytree.read', parents: { ...before } }] : [];
  const isThere = (parents[categoryId] ?? null) === parentId;
  return isThere ? read : [...read, { type: 'categorytree.placed', categoryId, parentId }];
};

export const categoryTree: Decider<CategoryTree, PlaceCategory, CategoryTreeEvent> = {
  category: 'categorytree',
  version: 1,
  initial: { isRead: false, parents: {} },
  evolve,
  decide: (command, state) => place(state, command),
};
