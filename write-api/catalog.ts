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
import type { Handle } from '../commands/handle.ts';
import { Id } from '../domain/id.ts';
import { body, params } from '../infra/http/input.ts';
import { allow } from '../infra/http/policy.ts';
import { line } from '../infra/http/text.ts';
import { answer, context, type WriteEnv } from './http.ts';

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

const categoryCommands = (handle: Handle, list: ListCategories) =>
  new Hono<WriteEnv>()
    .post(
      '/categories',
      allow('ADMIN', { summary: 'Create a category.', status: 201, errors: [...notFound, 'catalog.category_too_deep'] }),
      body(NewCategory),
      async (c) => answer(c, 201, await createCategory(handle, c.req.valid('json'), context(c), list), ({ id }) => ({ categoryId: id })),
    )
    .patch(
      '/categories/:categoryId',
      allow('ADMIN', { summary: 'Rename a category.', errors: notFound }),
      Category,
      body(z.object({ name, slug })),
      async (c) => answer(c, 200, await renameCategory(handle, c.req.valid('param').categoryId, c.req.valid('json'), context(c))),
    )
    .post(
      '/categories/:categoryId/move',
      allow('ADMIN', {
        summary: 'Hang a category below another one, or change its place among its siblings.',
        errors: [...notFound, 'catalog.category_cycle', 'catalog.category_too_deep'],
      }),
      Category,
      body(z.object({ parentId: Id.nullable(), order: z.int().min(0).max(10_000) })),
      async (c) => answer(c, 200, await moveCategory(handle, c.req.valid('param').categoryId, c.req.valid('json'), context(c), list)),
    )
    .post('/categories/:categoryId/activation', allow('ADMIN', { summary: 'Show a category.', errors: notFound }), Category, async (c) =>
      answer(c, 200, await activateCategory(handle, c.req.valid('param').categoryId, context(c))),
    )
    .delete('/categories/:categoryId/activation', allow('ADMIN', { summary: 'Hide a category.', errors: notFound }), Category, async (c) =>
      answer(c, 200, await deactivateCategory(handle, c.req.valid('param').categoryId, context(c))),
    )
    .post(
      '/categories/:categoryId/attributes',
      allow('ADMIN', { summary: 'Say what is asked about products of a category.', status: 201, errors: notFound }),
      Category,
      body(Attribute),
      async (c) =>
        answer(
          c,
          201,
          await defineAttribute(handle, c.req.valid('param').categoryId, c.req.valid('json'), context(c)),
          ({ id, events }) => ({
            categoryId: id,
            attributeId:
              events.flatMap(({ event }) => (event.type === 'category.attribute_defined' ? [event.attribute.attributeId] : []))[0] ?? null,
          }),
        ),
    )
    .delete(
      '/categories/:categoryId/attributes/:attributeId',
      allow('ADMIN', { summary: 'Ask something no longer.', errors: notFound }),
      params(z.object({ categoryId: Id, attributeId: Id })),
      async (c) => {
        const { categoryId, attributeId } = c.req.valid('param');
        return answer(c, 200, await removeAttribute(handle, categoryId, attributeId, context(c)));
      },
    );

const brandCommands = (handle: Handle) =>
  new Hono<WriteEnv>()
    .post('/brands', allow('ADMIN', { summary: 'Create a brand.', status: 201 }), body(z.object({ name, slug })), async (c) =>
      answer(c, 201, await createBrand(handle, c.req.valid('json'), context(c)), ({ id }) => ({ brandId: id })),
    )
    .patch(
      '/brands/:brandId',
      allow('ADMIN', { summary: 'Rename a brand.', errors: noBrand }),
      Brand,
      body(z.object({ name, slug })),
      async (c) => answer(c, 200, await renameBrand(handle, c.req.valid('param').brandId, c.req.valid('json'), context(c))),
    )
    .post('/brands/:brandId/activation', allow('ADMIN', { summary: 'Show a brand.', errors: noBrand }), Brand, async (c) =>
      answer(c, 200, await activateBrand(handle, c.req.valid('param').brandId, context(c))),
    )
    .delete('/brands/:brandId/activation', allow('ADMIN', { summary: 'Hide a brand.', errors: noBrand }), Brand, async (c) =>
      answer(c, 200, await deactivateBrand(handle, c.req.valid('param').brandId, context(c))),
    );

export const catalogCommands = (handle: Handle, list: ListCategories) =>
  new Hono<WriteEnv>().route('/', categoryCommands(handle, list)).route('/', brandCommands(handle));
