// What the stream of the tree of categories may contain: which category hangs below which. The storage contract: change it only by a new version and an upcaster.
import { z } from 'zod';
import { open } from '../privacy.ts';

const parents = open(z.record(z.string(), z.string().nullable()));

/** What older logs say of the categories that were there before this stream; by category, its parent. */
export const CategoryTreeRead = z.object({ type: z.literal('categorytree.read'), parents });
export const CategoryTreePlaced = z.object({
  type: z.literal('categorytree.placed'),
  categoryId: open(z.string()),
  parentId: open(z.string().nullable()),
});

export const CategoryTreeEvent = z.discriminatedUnion('type', [CategoryTreeRead, CategoryTreePlaced]);
export type CategoryTreeEvent = z.infer<typeof CategoryTreeEvent>;
