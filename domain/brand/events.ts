// What a brand's stream may contain. The storage contract: change it only by a new version and an upcaster.
import { z } from 'zod';
import { open } from '../privacy.ts';

const brandId = open(z.string());
const naming = { name: open(z.string()), slug: open(z.string()) };

export const BrandCreated = z.object({ type: z.literal('brand.created'), brandId, ...naming });
export const BrandRenamed = z.object({ type: z.literal('brand.renamed'), brandId, ...naming });
export const BrandActivated = z.object({ type: z.literal('brand.activated'), brandId });
export const BrandDeactivated = z.object({ type: z.literal('brand.deactivated'), brandId });

export const BrandEvent = z.discriminatedUnion('type', [BrandCreated, BrandRenamed, BrandActivated, BrandDeactivated]);
export type BrandEvent = z.infer<typeof BrandEvent>;
