// Commands of the catalogue: the tree of categories and the list of brands, kept by the platform's staff.
import { brand } from '../domain/brand/brand.ts';
import { category } from '../domain/category/category.ts';
import type { Attribute } from '../domain/category/events.ts';
import { categoryTree, type Parents, theTree } from '../domain/categorytree/categorytree.ts';
import { DomainError } from '../domain/error.ts';
import { type Context, type Handle, newId, subcommand } from './handle.ts';

/** Ids of the categories that stood in the log before there was a stream of their tree; the read model of the categories knows them. */
export type ListCategories = () => Promise<readonly string[]>;

const mustBeThere = async (handle: Handle, categoryId: string | null): Promise<void> => {
  if (categoryId === null) return;
  const { state } = await handle.load(category, categoryId);
  if (state.status === 'None') throw new DomainError('catalog.category_not_found', 'There is no such parent category.', { categoryId });
};

const parentsOf = async (handle: Handle, ids: readonly string[]): Promise<Parents> => {
  const parents: Record<string, string | null> = {};
  for (const id of ids) {
    const { state } = await handle.load(category, id);
    if (state.status !== 'None') parents[id] = state.parentId;
  }
  return parents;
};

/**
 * Asks the tree for the place before the category takes it: of two that want to hang below each other the tree refuses one.
 * NOTE: the read model only says which streams to look at, and only once; what has been placed since stands in the tree itself.
 */
const placeCategory = async (
  handle: Handle,
  { categoryId, parentId }: { categoryId: string; parentId: string | null },
  list: ListCategories | null,
  context: Context,
) => {
  const { state } = await handle.load(categoryTree, theTree);
  const before = state.isRead || !list ? null : await parentsOf(handle, await list());
  await handle(categoryTree, theTree, { type: 'place', categoryId, parentId, before }, subcommand(context, 'tree'));
};

export interface NewCategory {
  readonly parentId: string | null;
  readonly name: string;
  readonly slug: string;
  readonly order: number;
}

export const createCategory = async (handle: Handle, input: NewCategory, context: Context, list: ListCategories | null = null) => {
  const categoryId = newId(context, 0);
  await mustBeThere(handle, input.parentId);
  // A new root has nothing above it and nothing below.
  if (input.parentId !== null) await placeCategory(handle, { categoryId, parentId: input.parentId }, list, context);
  return handle(category, categoryId, { type: 'create', categoryId, ...input }, context);
};

export const renameCategory = (handle: Handle, categoryId: string, input: { name: string; slug: string }, context: Context) =>
  handle(category, categoryId, { type: 'rename', ...input }, context);

/** As often as others move the same category in between; more would be a fight between two scripts. */
const attempts = 5;

/**
 * Moves a category to where the tree has it. Where another move of the same category came after, that one stands in both: this one is
 * decided on the category as it was before the tree was asked, and looks again when that has changed.
 */
export const moveCategory = async (
  handle: Handle,
  categoryId: string,
  input: { parentId: string | null; order: number },
  context: Context,
  list: ListCategories | null = null,
) => {
  const { state, revision } = await handle.load(category, categoryId);
  const before = await handle.first(category, categoryId, context);
  if (before) return before;
  if (state.status === 'None') throw new DomainError('catalog.category_not_found', 'There is no such category.', { categoryId });
  if (context.ifMatch !== undefined && context.ifMatch !== revision)
    throw new DomainError('request.precondition_failed', `The resource is at revision ${revision}; read it again.`, { revision });
  await mustBeThere(handle, input.parentId);
  await placeCategory(handle, { categoryId, parentId: input.parentId }, list, context);
  for (let attempt = 1; ; attempt += 1) {
    const { revision: at } = await handle.load(category, categoryId);
    const { state: tree } = await handle.load(categoryTree, theTree);
    const place = { parentId: tree.parents[categoryId] ?? null, order: input.order };
    try {
      return await handle(category, categoryId, { type: 'move', ...place }, { ...context, ifMatch: at });
    } catch (error) {
      const isChanged = error instanceof DomainError && error.code === 'request.precondition_failed';
      if (!isChanged || attempt === attempts) throw error;
    }
  }
};

export const activateCategory = (handle: Handle, categoryId: string, context: Context) =>
  handle(category, categoryId, { type: 'activate' }, context);

export const deactivateCategory = (handle: Handle, categoryId: string, context: Context) =>
  handle(category, categoryId, { type: 'deactivate' }, context);

export const defineAttribute = (handle: Handle, categoryId: string, input: Omit<Attribute, 'attributeId'>, context: Context) =>
  handle(category, categoryId, { type: 'define_attribute', attribute: { attributeId: newId(context, 0), ...input } }, context);

export const createBrand = (handle: Handle, input: { name: string; slug: string }, context: Context) => {
  const brandId = newId(context, 0);
  return handle(brand, brandId, { type: 'create', brandId, ...input }, context);
};

export const renameBrand = (handle: Handle, brandId: string, input: { name: string; slug: string }, context: Context) =>
  handle(brand, brandId, { type: 'rename', ...input }, context);

export const activateBrand = (handle: Handle, brandId: string, context: Context) => handle(brand, brandId, { type: 'activate' }, context);

export const deactivateBrand = (handle: Handle, brandId: string, context: Context) =>
  handle(brand, brandId, { type: 'deactivate' }, context);

export const removeAttribute = (handle: Handle, categoryId: string, attributeId: string, context: Context) =>
  handle(category, categoryId, { type: 'remove_attribute', attributeId }, context);
