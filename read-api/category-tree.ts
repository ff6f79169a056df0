// The tree of active categories as text, kept near: whole for the catalogue, and for the names in the facets of a search.
import type { Aside } from '../infra/cache/port.ts';
import type { Revised } from '../infra/http/answers.ts';
import { type JsonText, jsonText, storedText } from '../infra/http/json.ts';
import type { TableReader } from '../infra/tables/port.ts';
import type { CategoryRow } from '../projections/catalog/categories.ts';

export const ttl = 5 * 60_000;
/** A market has hundreds of categories, not tens of thousands. */
export const all = 5_000;

type Known = CategoryRow & Revised;

export type Branch = Known & { readonly children: readonly Branch[] };

export interface CategoryTree {
  readonly items: readonly Branch[];
}

const treeOf = (rows: readonly Known[], parentId: string | null): Branch[] =>
  rows
    .filter((category) => category.parentId === parentId)
    .sort((a, b) => a.order - b.order || (a.name < b.name ? -1 : 1))
    .map((category) => ({ ...category, children: treeOf(rows, category.categoryId) }));

const parse = (found: readonly { readonly row: string }[]) => found.map((one) => JSON.parse(one.row) as Known);

export const categoryTree = (tables: TableReader, cache: Aside) => async (): Promise<JsonText<CategoryTree>> => {
  const text = await cache.cached('catalog:tree', ttl, async () => {
    const rows = parse(await tables.find('catalog-categories', { where: { active: 1 }, limit: all }));
    return jsonText<CategoryTree>({ items: treeOf(rows, null) });
  });
  return storedText(text ?? '');
};
