// A brand has a name and a slug, and can be taken out of use without losing the products that bear it.
import type { Decider } from '../decider.ts';
import { DomainError } from '../error.ts';
import type { BrandEvent } from './events.ts';

export type BrandCommand =
  | { type: 'create'; brandId: string; name: string; slug: string }
  | { type: 'rename'; name: string; slug: string }
  | { type: 'activate' }
  | { type: 'deactivate' };

export type Brand = { status: 'None' } | { status: 'Active' | 'Inactive'; brandId: string; name: string; slug: string };

const evolve = (brand: Brand, event: BrandEvent): Brand => {
  if (event.type === 'brand.created') return { status: 'Active', brandId: event.brandId, name: event.name, slug: event.slug };
  if (brand.status === 'None') return brand;
  switch (event.type) {
    case 'brand.renamed':
      return { ...brand, name: event.name, slug: event.slug };
    case 'brand.activated':
      return { ...brand, status: 'Active' };
    case 'brand.deactivated':
      return { ...brand, status: 'Inactive' };
    default:
      return event satisfies never;
  }
};

const create = (brand: Brand, { brandId, name, slug }: { brandId: string; name: string; slug: string }): BrandEvent[] =>
  brand.status === 'None' ? [{ type: 'brand.created', brandId, name, slug }] : [];

const rename = (brand: Brand, { name, slug }: { name: string; slug: string }): BrandEvent[] => {
  const known = mustExist(brand);
  if (known.name === name && known.slug === slug) return [];
  return [{ type: 'brand.renamed', brandId: known.brandId, name, slug }];
};

const activate = (brand: Brand): BrandEvent[] => {
  const { status, brandId } = mustExist(brand);
  return status === 'Active' ? [] : [{ type: 'brand.activated', brandId }];
};

const deactivate = (brand: Brand): BrandEvent[] => {
  const { status, brandId } = mustExist(brand);
  return status === 'Inactive' ? [] : [{ type: 'brand.deactivated', brandId }];
};

const mustExist = (brand: Brand) => {
  if (brand.status === 'None') throw new DomainError('catalog.brand_not_found', 'There is no such brand.');
  return brand;
};

export const brand: Decider<Brand, BrandCommand, BrandEvent> = {
  category: 'brand',
  version: 1,
  initial: { status: 'None' },
  evolve,
  decide: (command, state) => {
    switch (command.type) {
      case 'create':
        return create(state, command);
      case 'rename':
        return rename(state, command);
      case 'activate':
        return activate(state);
      case 'deactivate':
        return deactivate(state);
      default:
        return command satisfies never;
    }
  },
};
