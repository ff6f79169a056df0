// What happened to all orders, as one list of steps in the order of their time: stock and ledgers are shared, so that no order may run ahead of the others.
import { type Catalogue, catalogueOf } from './olist-catalogue.ts';
import { namesOf } from './olist-names.ts';
import { type Adjusted, type Purchase, purchasesOf, type Rejection } from './olist-purchases.ts';
import { type ImportedReview, reviewsOf } from './olist-reviews.ts';
import { type OlistText, parseOlist, passedOver } from './olist-rows.ts';
import type { Moment } from './olist-times.ts';

/** `priced`: the variants whose price is changed first. */
export type Step =
  | { readonly do: 'buy'; readonly moment: Moment; readonly purchase: Purchase; readonly priced: readonly string[] }
  | {
      readonly do: 'pay' | 'accept' | 'ship' | 'deliver' | 'cancel' | 'bring_back' | 'give_back';
      readonly moment: Moment;
      readonly purchase: Purchase;
    }
  | { readonly do: 'review'; readonly moment: Moment; readonly review: ImportedReview };

export interface OlistImport {
  readonly catalogue: Catalogue;
  readonly steps: readonly Step[];
  readonly rejections: readonly Rejection[];
  readonly adjustments: readonly Adjusted[];
  /** Sentences about rows that come to nothing. */
  readonly passedOver: readonly string[];
}

/** Changes the price of what was last sold at another one. Purchases come in the order of their time. */
const createPrices = () => {
  const last = new Map<string, number>();
  return ({ lines }: Purchase): string[] =>
    lines.flatMap(({ variantId, unitPrice }) => {
      const before = last.get(variantId);
      last.set(variantId, unitPrice.amount);
      return before !== undefined && before !== unitPrice.amount ? [variantId] : [];
    });
};

/** How a cancelled purchase ended: never handed over, on its way back, or in the buyer's hands. */
const endOf = ({ times }: Purchase) => (times.delivered ? 'give_back' : times.shipped ? 'bring_back' : 'cancel');

/** An order that was paid but not yet taken up by its seller stays so: `approved`, and what was cancelled before it was handed over. */
const isAccepted = ({ status, times }: Purchase) => times.shipped !== null || status === 'processing' || status === 'invoiced';

const stepsOf = (purchase: Purchase, priced: readonly string[]): Step[] => {
  const { bought, paid, shipped, delivered, ended } = purchase.times;
  const accepted: Moment = { at: paid.at, ...(paid.timeInferred && { timeInferred: true }) };
  return [
    { do: 'buy', moment: bought, purchase, priced },
    { do: 'pay', moment: paid, purchase },
    ...(isAccepted(purchase) ? [{ do: 'accept', moment: accepted, purchase } as const] : []),
    ...(shipped ? [{ do: 'ship', moment: shipped, purchase } as const] : []),
    ...(delivered ? [{ do: 'deliver', moment: delivered, purchase } as const] : []),
    ...(ended ? [{ do: endOf(purchase), moment: ended, purchase } as const] : []),
  ];
};

/** Stable: what happened at the same time stays in the order in which it was. */
const byTime = (a: { moment: Moment }, b: { moment: Moment }) => (a.moment.at === b.moment.at ? 0 : a.moment.at < b.moment.at ? -1 : 1);

/** Throws import.bad_row for what cannot be read. */
export const planOlist = (files: OlistText): OlistImport => {
  const rows = parseOlist(files);
  const names = namesOf(rows);
  const { purchases, rejections, adjustments } = purchasesOf(rows, names);
  purchases.sort((a, b) => (a.times.bought.at === b.times.bought.at ? 0 : a.times.bought.at < b.times.bought.at ? -1 : 1));
  const { reviews, rejections: unreviewed, adjustments: undated } = reviewsOf(rows, purchases);
  const pricesBefore = createPrices();
  const steps = purchases.flatMap((purchase) => stepsOf(purchase, pricesBefore(purchase)));
  const said = reviews.map((review): Step => ({ do: 'review', moment: { at: review.at }, review }));
  return {
    catalogue: catalogueOf(rows, purchases, names),
    steps: [...steps, ...said].sort(byTime),
    rejections: [...rejections, ...unreviewed],
    adjustments: [...adjustments, ...undated],
    passedOver: passedOver(files, rows),
  };
};

/** What a step shares with others: steps with a key in common are done one after the other. */
export const keysOf = (step: Step): string[] => {
  if (step.do === 'review') return [step.review.reviewId];
  const { checkoutId, lines, platform } = step.purchase;
  const stock = lines.map(({ variantId }) => variantId);
  const ledgers = [...new Set(lines.map(({ sellerId }) => sellerId)), ...(platform.length > 0 ? ['platform'] : [])];
  switch (step.do) {
    case 'buy':
    case 'ship':
      return [checkoutId, ...stock];
    case 'accept':
    case 'deliver':
      return [checkoutId];
    default:
      return [checkoutId, ...stock, ...ledgers];
  }
};
