import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { given } from '../../tests/given.ts';
import { DomainError } from '../error.ts';
import { categoryTree, maxDepth } from './categorytree.ts';
import type { CategoryTreeEvent } from './events.ts';

const placed = (categoryId: string, parentId: string | null) => ({ type: 'categorytree.placed', categoryId, parentId }) as const;
const place = (categoryId: string, parentId: string | null, before: Record<string, string | null> | null = null) =>
  ({ type: 'place', categoryId, parentId, before }) as const;
/** a below nothing, b below a, and so on. */
const chain = (...ids: string[]) => ids.map((id, n) => placed(id, ids[n - 1] ?? null));

describe('a category is placed', () => {
  it('below another', () => given(categoryTree).when(place('b', 'a')).then(placed('b', 'a')));
  it('not below itself, whichever of two comes first', () => {
    given(categoryTree).when(place('a', 'a')).refuses('catalog.category_cycle');
    given(categoryTree, placed('a', 'b')).when(place('b', 'a')).refuses('catalog.category_cycle');
    given(categoryTree, ...chain('a', 'b', 'c'))
      .when(place('a', 'c'))
      .refuses('catalog.category_cycle');
  });
  it('not too deep, with all that hangs below it', () => {
    given(categoryTree, ...chain('a', 'b', 'c', 'd', 'e', 'f'))
      .when(place('g', 'f'))
      .refuses('catalog.category_too_deep');
    given(categoryTree, ...chain('a', 'b', 'c'), ...chain('x', 'y', 'z', 'w'))
      .when(place('x', 'c'))
      .refuses('catalog.category_too_deep');
    given(categoryTree, ...chain('a', 'b', 'c'), ...chain('x', 'y', 'z'))
      .when(place('x', 'c'))
      .then(placed('x', 'c'));
  });
  it('among what an older log holds, which is read once', () => {
    const before = { a: null, b: 'a' };
    given(categoryTree)
      .when(place('a', 'b', before))
      .refuses('catalog.category_cycle');
    given(categoryTree)
      .when(place('c', 'b', before))
      .then({ type: 'categorytree.read', parents: before }, placed('c', 'b'));
  });
  it('out of a circle that an older log holds', () =>
    given(categoryTree)
      .when(place('a', null, { a: 'b', b: 'a' }))
      .then({ type: 'categorytree.read', parents: { a: 'b', b: 'a' } }, placed('a', null)));
  it('in any order without a circle, and never too deep', () => {
    const id = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i');
    fc.assert(
      fc.property(fc.array(fc.tuple(id, fc.option(id))), (moves) => {
        const events: CategoryTreeEvent[] = [];
        for (const [categoryId, parentId] of moves) {
          const tree = events.reduce(categoryTree.evolve, categoryTree.initial);
          try {
            events.push(...categoryTree.decide(place(categoryId, parentId), tree));
          } catch (error) {
            if (!(error instanceof DomainError)) throw error;
          }
        }
        const { parents } = events.reduce(categoryTree.evolve, categoryTree.initial);
        for (const each of Object.keys(parents)) {
          let depth = 1;
          for (let next = parents[each] ?? null; next !== null; next = parents[next] ?? null) depth += 1;
          expect(depth).toBeLessThanOrEqual(maxDepth);
        }
      }),
    );
  });
});
