// What a category's stream may contain. The storage contract: change it only by a new version and an upcaster.
import { z } from 'zod';
import { open } from '../privacy.ts';

const categoryId = open(z.string());
const parentId = open(z.string().nullable());
const order = open(z.int());
const naming = { name: open(z.string()), slug: open(z.string()) };

/** What a seller is asked about a product of this category; `choices` is empty unless `kind` is choice. */
export const Attribute = z.object({
  attributeId: z.string(),
  name: z.string(),
  kind: z.enum(['text', 'number', 'choice']),
  choices: z.array(z.string()),
  unit: z.string().nullable(),
  required: z.boolean(),
});
export type Attribute = z.infer<typeof Attribute>;

export const CategoryCreated = z.object({ type: z.literal('category.created'), categoryId, parentId, ...naming, order });
export const CategoryRenamed = z.object({ type: z.literal('category.renamed'), categoryId, ...naming });
/** Also a change of the order among the same siblings. */
export const CategoryMoved = z.object({ type: z.literal('category.moved'), categoryId, parentId, order });
export const CategoryActivated = z.object({ type: z.literal('category.activated'), categoryId });
export const CategoryDeactivated = z.object({ type: z.literal('category.deactivated'), categoryId });
export const CategoryAttributeDefined = z.object({ type: z.literal('category.attribute_defined'), categoryId, attribute: open(Attribute) });
export const CategoryAttributeRemoved = z.object({
  type: z.literal('category.attribute_removed'),
  categoryId,
  attributeId: open(z.string()),
});

export const CategoryEvent = z.discriminatedUnion('type', [
  CategoryCreated,
  CategoryRenamed,
  CategoryMoved,
  CategoryActivated,
  CategoryDeactivated,
  CategoryAttributeDefined,
  CategoryAttributeRemoved,
]);
export type CategoryEvent = z.infer<typeof CategoryEvent>;
