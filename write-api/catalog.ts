// Commands of the catalogue over HTTP: categories and brands, for administrators.
import { Hono } from 'hono';
import { z } from 'zod';
import {
  activateBrand,
  activateCategory,
  createBrand,
  createCategory,
  deactivateBrand,
  deactivateCategory,
  defineAttribute,
  type ListCategories,
  moveCategory,
  removeAttribute,
  renameBrand,
  renameCategory,
} from '../commands/catalog.ts';
import { type Handle, newId } from '../commands/handle.ts';
import { Id } from '../domain/id.ts';
import { body, params } from '../infra/http/input.ts';
import { allow } from '../infra/http/policy.ts';
import { line } from '../infra/http/text.ts';
import { answer, context, idAs, type WriteEnv, written } from './http.ts';

const name = line(120);
const slug = z
  .string()
  .regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, 'lower-case letters, digits and single hyphens')
  .max(120);
const Category = params(z.object({ categoryId: Id }));
const NewCategory = z.object({ parentId: Id.nullable().default(null), name, slug, order: z.int().min(0).max(10_000).default(0) });
const Attribute = z.object({
  name,
  kind: z.enum(['text', 'number', 'choice']),
  choices: z.array(name).max(200).default([]),
  unit: line(20).nullable().default(null),
  required: z.boolean().default(false),
});

const Brand = params(z.object({ brandId: Id }));

const notFound = ['catalog.category_not_found'];
const noBrand = ['catalog.brand_not_found'];

const ChangedCategory = written('ChangedCategory', { categoryId: Id });
const ChangedAttribute = written('ChangedCategoryAttribute', { categoryId: Id, attributeId: Id });
const ChangedBrand = written('ChangedBrand', { brandId: Id });
const categoryIn = idAs('categoryId');
const brandIn = idAs('brandId');

const categoryCommands = (handle: Handle, list: ListCategories) =>
  new Hono<WriteEnv>()
    .post(
      '/categories',
      allow('ADMIN', {
        operation: 'createCategory',
        summary: 'Create a category.',
        answer: ChangedCategory,
        status: 201,
        errors: [...notFound, 'catalog.category_too_deep'],
      }),
      body(NewCategory),
      async (c) => answer(c, 201, await createCategory(handle, c.req.valid('json'), context(c), list), categoryIn),
    )
    .patch(
      '/categories/:categoryId',
      allow('ADMIN', { operation: 'renameCategory', summary: 'Rename a category.', answer: ChangedCategory, errors: notFound }),
      Category,
      body(z.object({ name, slug })),
      async (c) =>
        answer(c, 200, await renameCategory(handle, c.req.valid('param').categoryId, c.req.valid('json'), context(c)), categoryIn),
    )
    .post(
      '/categories/:categoryId/move',
      allow('ADMIN', {
        operation: 'moveCategory',
        summary: 'Hang a category below another one, or change its place among its siblings.',
        answer: ChangedCategory,
        errors: [...notFound, 'catalog.category_cycle', 'catalog.category_too_deep'],
      }),
      Category,
      body(z.object({ parentId: Id.nullable(), order: z.int().min(0).max(10_000) })),
      async (c) =>
        answer(c, 200, await moveCategory(handle, c.req.valid('param').categoryId, c.req.valid('json'), context(c), list), categoryIn),
    )
    .post(
      '/categories/:categoryId/activation',
      allow('ADMIN', { operation: 'activateCategory', summary: 'Show a category.', answer: ChangedCategory, errors: notFound }),
      Category,
      async (c) => answer(c, 200, await activateCategory(handle, c.req.valid('param').categoryId, context(c)), categoryIn),
    )
    .delete(
      '/categories/:categoryId/activation',
      allow('ADMIN', { operation: 'deactivateCategory', summary: 'Hide a category.', answer: ChangedCategory, errors: notFound }),
      Category,
      async (c) => answer(c, 200, await deactivateCategory(handle, c.req.valid('param').categoryId, context(c)), categoryIn),
    )
    .post(
      '/categories/:categoryId/attributes',
      allow('ADMIN', {
        operation: 'addCategoryAttribute',
        summary: 'Say what is asked about products of a category.',
        answer: ChangedAttribute,
        status: 201,
        errors: [...notFound, 'catalog.attribute_without_choices', 'catalog.too_many_attributes'],
      }),
      Category,
      body(Attribute),
      async (c) => {
        const { categoryId } = c.req.valid('param');
        const asked = context(c);
        const attributeId = newId(asked, 0);
        return answer(c, 201, await defineAttribute(handle, categoryId, c.req.valid('json'), asked), () => ({ categoryId, attributeId }));
      },
    )
    .delete(
      '/categories/:categoryId/attributes/:attributeId',
      allow('ADMIN', {
        operation: 'removeCategoryAttribute',
        summary: 'Ask something no longer.',
        answer: ChangedAttribute,
        errors: notFound,
      }),
      params(z.object({ categoryId: Id, attributeId: Id })),
      async (c) => {
        const { categoryId, attributeId } = c.req.valid('param');
        return answer(c, 200, await removeAttribute(handle, categoryId, attributeId, context(c)), () => ({ categoryId, attributeId }));
      },
    );

const brandCommands = (handle: Handle) =>
  new Hono<WriteEnv>()
    .post(
      '/brands',
      allow('ADMIN', { operation: 'createBrand', summary: 'Create a brand.', answer: ChangedBrand, status: 201 }),
      body(z.object({ name, slug })),
      async (c) => answer(c, 201, await createBrand(handle, c.req.valid('json'), context(c)), brandIn),
    )
    .patch(
      '/brands/:brandId',
      allow('ADMIN', { operation: 'renameBrand', summary: 'Rename a brand.', answer: ChangedBrand, errors: noBrand }),
      Brand,
      body(z.object({ name, slug })),
      async (c) => answer(c, 200, await renameBrand(handle, c.req.valid('param').brandId, c.req.valid('json'), context(c)), brandIn),
    )
    .post(
      '/brands/:brandId/activation',
      allow('ADMIN', { operation: 'activateBrand', summary: 'Show a brand.', answer: ChangedBrand, errors: noBrand }),
      Brand,
      async (c) => answer(c, 200, await activateBrand(handle, c.req.valid('param').brandId, context(c)), brandIn),
    )
    .delete(
      '/brands/:brandId/activation',
      allow('ADMIN', { operation: 'deactivateBrand', summary: 'Hide a brand.', answer: ChangedBrand, errors: noBrand }),
      Brand,
      async (c) => answer(c, 200, await deactivateBrand(handle, c.req.valid('param').brandId, context(c)), brandIn),
    );

export const catalogCommands = (handle: Handle, list: ListCategories) =>
  new Hono<WriteEnv>().route('/', categoryCommands(handle, list)).route('/', brandCommands(handle));
