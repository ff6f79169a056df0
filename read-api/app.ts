// The read API: queries only, over the rows that the projections keep.
import { Hono } from 'hono';
import type { Aside } from '../infra/cache/port.ts';
import type { Env } from '../infra/http/env.ts';
import { onError } from '../infra/http/problem.ts';
import type { SearchReader } from '../infra/search/port.ts';
import type { TableReader } from '../infra/tables/port.ts';
import type { Seals } from '../infra/vault/port.ts';
import { catalogQueries } from './catalog.ts';
import { freshEnough, type ReadPosition } from './http.ts';
import { inventoryQueries } from './inventory.ts';
import { productQueries } from './product.ts';
import { reviewQueries } from './review.ts';
import { searchQueries } from './search.ts';

export interface ReadDependencies {
  readonly tables: TableReader;
  readonly cache: Aside;
  readonly reads: ReadPosition;
  readonly search: SearchReader;
  readonly seals: Seals;
  readonly report: (error: Error) => void;
}

export const readApi = ({ tables, cache, reads, search, seals, report }: ReadDependencies) => {
  const app = new Hono<Env>();
  app.onError(onError(report));
  app.use(freshEnough(reads));
  app.route('/', catalogQueries(tables, cache));
  app.route('/', inventoryQueries(tables));
  app.route('/', productQueries(tables, cache));
  app.route('/', reviewQueries(tables, seals));
  app.route('/', searchQueries(search));
  return app;
};
