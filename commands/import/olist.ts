// Imports the Olist data set: plans it from its rows, then sends it through the same commands as everybody uses. A second run adds nothing.
import { imports } from '../../domain/import/import.ts';
import { creating, type ImportNeeds, importContext } from './needs.ts';
import { commandOf, importIdOf, source } from './olist-ids.ts';
import { send } from './olist-orders.ts';
import type { Adjusted, Rejection } from './olist-purchases.ts';
import { setUp } from './olist-setup.ts';
import { keysOf, type OlistImport } from './olist-timeline.ts';
import { inOrder, inParallel } from './steps.ts';

const reject = (needs: ImportNeeds, rejection: Rejection) => {
  const { orderId, file, row, reason, at, status, payments } = rejection;
  const importId = importIdOf(orderId);
  const context = importContext(at, commandOf('rejected', file, row, reason), commandOf('orders', orderId));
  return needs.handle(
    imports,
    importId,
    { type: 'reject', importId, source, file, row, reason, at, status, payments },
    creating(context, needs),
  );
};

const adjust = ({ handle }: ImportNeeds, { orderId, file, row, reason, field, before, at }: Adjusted) => {
  const importId = importIdOf(orderId);
  const context = importContext(at, commandOf('adjusted', file, row, reason, field), commandOf('orders', orderId));
  return handle(imports, importId, { type: 'adjust', importId, source, file, row, reason, field, before, at }, context);
};

/** How often each is there, as `what: count`. */
const countBy = <Item>(items: readonly Item[], nameOf: (item: Item) => string): Readonly<Record<string, number>> => {
  const counts: Record<string, number> = {};
  for (const item of items) counts[nameOf(item)] = (counts[nameOf(item)] ?? 0) + 1;
  return counts;
};

/** What came of the rows. */
export interface Imported {
  readonly purchases: number;
  readonly people: number;
  readonly shops: number;
  readonly listings: number;
  readonly reviews: number;
  readonly rejected: number;
  readonly adjusted: number;
  /** Rows that were left out, by file and reason. */
  readonly rejectedBy: Readonly<Record<string, number>>;
  /** Times that the files lack or that came too early, by reason and column. */
  readonly adjustedBy: Readonly<Record<string, number>>;
  /** Sentences about rows that come to nothing. */
  readonly passedOver: readonly string[];
}

/** Throws what a rule refuses, or the reason of `signal`, and then everything so far stands: another run goes on from there. */
export const importOlist = async (needs: ImportNeeds, plan: OlistImport): Promise<Imported> => {
  const { atOnce } = needs;
  const { catalogue, steps, rejections, adjustments } = plan;
  const { people, shops, categories, listings } = catalogue;
  const all = people.length + shops.length + categories.length + listings.length + steps.length + rejections.length + adjustments.length;
  let sofar = 0;
  const done = () => {
    needs.signal?.throwIfAborted();
    sofar += 1;
    if (sofar % 100 === 0 || sofar === all) needs.progress('import', sofar, all);
  };
  const counted =
    <Item>(work: (needs: ImportNeeds, item: Item) => Promise<unknown>) =>
    async (item: Item) => {
      await work(needs, item);
      done();
    };
  await setUp(needs, catalogue, atOnce, done);
  await inOrder(steps, atOnce, keysOf, counted(send));
  await inParallel(rejections, atOnce, counted(reject));
  await inParallel(adjustments, atOnce, counted(adjust));
  return {
    purchases: steps.filter((step) => step.do === 'buy').length,
    people: people.length,
    shops: shops.length,
    listings: listings.length,
    reviews: steps.filter((step) => step.do === 'review').length,
    rejected: rejections.length,
    adjusted: adjustments.length,
    rejectedBy: countBy(rejections, ({ file, reason }) => `${file} ${reason}`),
    adjustedBy: countBy(adjustments, ({ reason, field }) => `${reason} ${field}`),
    passedOver: plan.passedOver,
  };
};
