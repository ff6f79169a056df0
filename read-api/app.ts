// The read API: queries only, over the rows that the projections keep.
import { Hono } from 'hono';
import type { Aside } from '../infra/cache/port.ts';
import type { Env } from '../infra/http/env.ts';
import { onError } from '../infra/http/problem.ts';
import type { TableReader } from '../infra/tables/port.ts';
import { catalogQueries } from './catalog.ts';
import { freshEnough, type ReadPosition } from './http.ts';

export interface ReadDependencies {
  readonly tables: TableReader;
  readonly cache: Aside;
  readonly reads: ReadPosition;
  readonly report: (error: Error) => void;
}

export const readApi = ({ tables, cache, reads, report }: ReadDependencies) => {
  const app = new Hono<Env>();
  app.onError(onError(report));
  app.use(freshEnough(reads));
  app.route('/', catalogQueries(tables, cache));
  return app;
};
