import { describe, it } from 'vitest';
import { given } from '../../tests/given.ts';
import { brand } from './brand.ts';

const created = { type: 'brand.created', brandId: 'b1', name: 'Batik Keris', slug: 'batik-keris' } as const;
const deactivated = { type: 'brand.deactivated', brandId: 'b1' } as const;

describe('a brand', () => {
  it('is created', () => given(brand).when({ type: 'create', brandId: 'b1', name: 'Batik Keris', slug: 'batik-keris' }).then(created));
  it('is renamed', () =>
    given(brand, created)
      .when({ type: 'rename', name: 'Keris', slug: 'keris' })
      .then({ type: 'brand.renamed', brandId: 'b1', name: 'Keris', slug: 'keris' }));
  it('is not renamed to what it is called', () =>
    given(brand, created).when({ type: 'rename', name: 'Batik Keris', slug: 'batik-keris' }).then());
  it('is deactivated', () => given(brand, created).when({ type: 'deactivate' }).then(deactivated));
  it('is activated again', () =>
    given(brand, created, deactivated).when({ type: 'activate' }).then({ type: 'brand.activated', brandId: 'b1' }));
  it('is active from the start', () => given(brand, created).when({ type: 'activate' }).then());
  it('must exist before it is renamed', () =>
    given(brand).when({ type: 'rename', name: 'x', slug: 'x' }).refuses('catalog.brand_not_found'));
});
