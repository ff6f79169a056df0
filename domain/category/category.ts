// A category hangs below at most one other, never below itself, and says what is asked about its products.
import type { Decider } from '../decider.ts';
import { DomainError } from '../error.ts';
import type { Attribute, CategoryEvent } from './events.ts';

/** Whether a place in the tree may be taken is decided by the tree (domain/categorytree), which is asked first. */
export type CategoryCommand =
  | { type: 'create'; categoryId: string; parentId: string | null; name: string; slug: string; order: number }
  | { type: 'rename'; name: string; slug: string }
  | { type: 'move'; parentId: string | null; order: number }
  | { type: 'activate' }
  | { type: 'deactivate' }
  | { type: 'define_attribute'; attribute: Attribute }
  | { type: 'remove_attribute'; attributeId: string };

type Known = {
  status: 'Active' | 'Inactive';
  categoryId: string;
  parentId: string | null;
  name: string;
  slug: string;
  order: number;
  attributes: readonly Attribute[];
};
export type Category = { status: 'None' } | Known;

/** A seller will not fill in more, and every product of the category pays for each of them in its filters. */
const mostAttributes = 50;

const evolve = (category: Category, event: CategoryEvent): Category => {
  if (event.type === 'category.created') {
    const { categoryId, parentId, name, slug, order } = event;
    return { status: 'Active', categoryId, parentId, name, slug, order, attributes: [] };
  }
  if (category.status === 'None') return category;
  switch (event.type) {
    case 'category.renamed':
      return { ...category, name: event.name, slug: event.slug };
    case 'category.moved':
      return { ...category, parentId: event.parentId, order: event.order };
    case 'category.activated':
      return { ...category, status: 'Active' };
    case 'category.deactivated':
      return { ...category, status: 'Inactive' };
    case 'category.attribute_defined':
      return { ...category, attributes: [...without(category.attributes, event.attribute.attributeId), event.attribute] };
    case 'category.attribute_removed':
      return { ...category, attributes: without(category.attributes, event.attributeId) };
    default:
      return event satisfies never;
  }
};

const create = (category: Category, { categoryId, parentId, name, slug, order }: Of<'create'>): CategoryEvent[] => {
  if (category.status !== 'None') return [];
  if (parentId === categoryId) throw cycle();
  return [{ type: 'category.created', categoryId, parentId, name, slug, order }];
};

const rename = (category: Category, { name, slug }: Of<'rename'>): CategoryEvent[] => {
  const known = mustExist(category);
  if (known.name === name && known.slug === slug) return [];
  return [{ type: 'category.renamed', categoryId: known.categoryId, name, slug }];
};

const move = (category: Category, { parentId, order }: Of<'move'>): CategoryEvent[] => {
  const known = mustExist(category);
  if (parentId === known.categoryId) throw cycle();
  if (known.parentId === parentId && known.order === order) return [];
  return [{ type: 'category.moved', categoryId: known.categoryId, parentId, order }];
};

const activate = (category: Category): CategoryEvent[] => {
  const { status, categoryId } = mustExist(category);
  return status === 'Active' ? [] : [{ type: 'category.activated', categoryId }];
};

const deactivate = (category: Category): CategoryEvent[] => {
  const { status, categoryId } = mustExist(category);
  return status === 'Inactive' ? [] : [{ type: 'category.deactivated', categoryId }];
};

const defineAttribute = (category: Category, { attribute }: Of<'define_attribute'>): CategoryEvent[] => {
  const { categoryId, attributes } = mustExist(category);
  const known = attributes.find(({ attributeId }) => attributeId === attribute.attributeId);
  if (known && isSameAttribute(known, attribute)) return [];
  if (attribute.kind === 'choice' && attribute.choices.length === 0) {
    throw new DomainError('catalog.attribute_without_choices', 'Name at least one choice.', { attributeId: attribute.attributeId });
  }
  if (!known && attributes.length >= mostAttributes) {
    throw new DomainError('catalog.too_many_attributes', `A category has at most ${mostAttributes} attributes.`, { most: mostAttributes });
  }
  return [{ type: 'category.attribute_defined', categoryId, attribute }];
};

const removeAttribute = (category: Category, { attributeId }: Of<'remove_attribute'>): CategoryEvent[] => {
  const { categoryId, attributes } = mustExist(category);
  return attributes.some((attribute) => attribute.attributeId === attributeId)
    ? [{ type: 'category.attribute_removed', categoryId, attributeId }]
    : [];
};

type Of<Type extends CategoryCommand['type']> = Extract<CategoryCommand, { type: Type }>;

const without = (attributes: readonly Attribute[], attributeId: string) =>
  attributes.filter((attribute) => attribute.attributeId !== attributeId);

const isSameAttribute = (a: Attribute, b: Attribute) =>
  a.name === b.name &&
  a.kind === b.kind &&
  a.unit === b.unit &&
  a.required === b.required &&
  a.choices.length === b.choices.length &&
  a.choices.every((choice, index) => choice === b.choices[index]);

const cycle = () => new DomainError('catalog.category_cycle', 'A category cannot hang below itself.');

const mustExist = (category: Category): Known => {
  if (category.status === 'None') throw new DomainError('catalog.category_not_found', 'There is no such category.');
  return category;
};

export const category: Decider<Category, CategoryCommand, CategoryEvent> = {
  category: 'category',
  version: 1,
  initial: { status: 'None' },
  evolve,
  decide: (command, state) => {
    switch (command.type) {
      case 'create':
        return create(state, command);
      case 'rename':
        return rename(state, command);
      case 'move':
        return move(state, command);
      case 'activate':
        return activate(state);
      case 'deactivate':
        return deactivate(state);
      case 'define_attribute':
        return defineAttribute(state, command);
      case 'remove_attribute':
        return removeAttribute(state, command);
      default:
        return command satisfies never;
    }
  },
};
