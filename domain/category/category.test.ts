import { describe, it } from 'vitest';
import { given } from '../../tests/given.ts';
import { category } from './category.ts';

const naming = { name: 'Sepatu', slug: 'sepatu' };
const created = { type: 'category.created', categoryId: 'shoes', parentId: 'fashion', ...naming, order: 1 } as const;
const deactivated = { type: 'category.deactivated', categoryId: 'shoes' } as const;
const size = { attributeId: 'size', name: 'Ukuran', kind: 'choice', choices: ['39', '40'], unit: 'EU', required: true } as const;
const attribute = { ...size, choices: [...size.choices] };
const defined = { type: 'category.attribute_defined', categoryId: 'shoes', attribute } as const;

describe('a category', () => {
  it('is created below another', () =>
    given(category)
      .when({ type: 'create', categoryId: 'shoes', parentId: 'fashion', ...naming, order: 1 })
      .then(created));
  it('is not created below itself', () =>
    given(category)
      .when({ type: 'create', categoryId: 'shoes', parentId: 'shoes', ...naming, order: 1 })
      .refuses('catalog.category_cycle'));
  it('is renamed', () =>
    given(category, created)
      .when({ type: 'rename', name: 'Alas kaki', slug: 'alas-kaki' })
      .then({ type: 'category.renamed', categoryId: 'shoes', name: 'Alas kaki', slug: 'alas-kaki' }));
  it('is deactivated', () => given(category, created).when({ type: 'deactivate' }).then(deactivated));
  it('is activated again', () =>
    given(category, created, deactivated).when({ type: 'activate' }).then({ type: 'category.activated', categoryId: 'shoes' }));
  it('must exist', () => given(category).when({ type: 'deactivate' }).refuses('catalog.category_not_found'));
});

describe('a category moves', () => {
  const moved = { type: 'category.moved', categoryId: 'shoes', parentId: 'sport', order: 1 } as const;
  it('below another', () => given(category, created).when({ type: 'move', parentId: 'sport', order: 1 }).then(moved));
  it('to the top', () =>
    given(category, created)
      .when({ type: 'move', parentId: null, order: 1 })
      .then({ ...moved, parentId: null }));
  it('among its siblings', () =>
    given(category, created)
      .when({ type: 'move', parentId: 'fashion', order: 7 })
      .then({ ...moved, parentId: 'fashion', order: 7 }));
  it('not below itself', () =>
    given(category, created).when({ type: 'move', parentId: 'shoes', order: 1 }).refuses('catalog.category_cycle'));
});

describe('an attribute', () => {
  it('is defined', () => given(category, created).when({ type: 'define_attribute', attribute }).then(defined));
  it('is changed', () =>
    given(category, created, defined)
      .when({ type: 'define_attribute', attribute: { ...attribute, choices: ['39', '40', '41'] } })
      .then({ ...defined, attribute: { ...attribute, choices: ['39', '40', '41'] } }));
  it('that is a choice needs choices', () =>
    given(category, created)
      .when({ type: 'define_attribute', attribute: { ...attribute, choices: [] } })
      .refuses('catalog.attribute_without_choices'));
  it('is one of at most fifty', () => {
    const fifty = Array.from({ length: 50 }, (_, n) => ({ ...defined, attribute: { ...attribute, attributeId: `a${n}` } }));
    given(category, created, ...fifty)
      .when({ type: 'define_attribute', attribute })
      .refuses('catalog.too_many_attributes');
  });
  it('is removed', () =>
    given(category, created, defined)
      .when({ type: 'remove_attribute', attributeId: 'size' })
      .then({ type: 'category.attribute_removed', categoryId: 'shoes', attributeId: 'size' }));
});
