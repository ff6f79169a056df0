import { table } from '../tables/sqlite.ts';
export const index = `${table}_fts`;
