// Every read model of the marketplace, by service.
import { categories } from './catalog/categories.ts';
import type { AnyProjection } from './projection.ts';
import { allSagaInstances } from './sagas/all.ts';

export const projections: readonly AnyProjection[] = [allSagaInstances, categories];
