// Commands of the catalogue: the tree of categories and the list of brands, kept by the platform's staff.
import { brand } from '../domain/brand/brand.ts';
import { type Category, category } from '../domain/category/category.ts';
import type { Attribute } from '../domain/category/events.ts';
import { DomainError } from '../domain/error.ts';
import { type Context, type Handle, newId } from './handle.ts';

/** Deeper trees help nobody to find anything. */
const maxDepth = 6;

/** The category and all above it, from itself up to its root. Throws catalog.category_not_found. */
const ancestorsOf = async (handle: Handle, categoryId: string | null): Promise<string[]> => {
  const ancestors: string[] = [];
  for (let next = categoryId; next !== null; ) {
    const { state }: { state: Category } = await handle.load(category, next);
    if (state.status === 'None')
      throw new DomainError('catalog.category_not_found', 'There is no such parent category.', { categoryId: next });
    if (ancestors.push(next) > maxDepth)
      throw new DomainError('catalog.category_too_deep', `Categories nest at most ${maxDepth} deep.`, {});
    next = state.parentId;
  }
  return ancestors;
};

export interface NewCategory {
  readonly parentId: string | null;
  readonly name: string;
  readonly slug: string;
  readonly order: number;
}

export const createCategory = async (handle: Handle, input: NewCategory, context: Context) => {
  await ancestorsOf(handle, input.parentId);
  const categoryId = newId(context, 0);
  return handle(category, categoryId, { type: 'create', categoryId, ...input }, context);
};

export const renameCategory = (handle: Handle, categoryId: string, input: { name: string; slug: string }, context: Context) =>
  handle(category, categoryId, { type: 'rename', ...input }, context);

export const moveCategory = async (
  handle: Handle,
  categoryId: string,
  input: { parentId: string | null; order: number },
  context: Context,
) => handle(category, categoryId, { type: 'move', ...input, ancestors: await ancestorsOf(handle, input.parentId) }, context);

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
