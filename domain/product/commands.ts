// What a product can be asked. `sellerId` is the actor's own, from the token: somebody else's product is not found.
import type { Money } from '../money.ts';
import type { Dimensions, Discount, Features, Picture } from './events.ts';

type BySeller = { sellerId: string };
type Description = { name: string; description: string; brandId: string | null; categoryId: string | null; attributes: Features };

/** What an edit leaves out stays as it is. */
export type ProductCommand = BySeller &
  (
    | ({ type: 'create'; productId: string; slug: string } & Description)
    | ({ type: 'edit' } & { [Field in keyof Description]?: Description[Field] | undefined })
    | ({ type: 'add_variant'; price: Money | null } & VariantFacts)
    | ({ type: 'edit_variant'; variantId: string } & {
        [Field in Exclude<keyof VariantFacts, 'variantId'>]?: VariantFacts[Field] | undefined;
      })
    | { type: 'remove_variant'; variantId: string }
    | { type: 'change_price'; variantId: string; price: Money }
    | { type: 'set_discount'; discount: Discount }
    | { type: 'remove_discount' }
    | { type: 'add_picture'; picture: Picture }
    | { type: 'remove_picture'; pictureId: string }
    | { type: 'arrange_pictures'; pictureIds: readonly string[] }
    | { type: 'activate' }
    | { type: 'deactivate' }
    | { type: 'archive' }
  );

export type VariantFacts = {
  variantId: string;
  sku: string;
  options: Features;
  weightGrams: number | null;
  dimensions: Dimensions | null;
};

export type Of<Type extends ProductCommand['type']> = Extract<ProductCommand, { type: Type }>;
