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

const adjust = ({ handle }: ImportNeeds, { orderId, reason, field, before, at }: Adjusted) => {
  const importId = importIdOf(orderId);
  const context = importContext(at, commandOf('adjusted', 'orders', orderId, reason, field), commandOf('orders', orderId));
  return handle(imports, importId, { type: 'adjust', importId, source, file: 'orders', row: orderId, reason, field, before, at }, context);
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
}

/** Throws what a rule refuses, and then everything so far stands: another run goes on from there. */
export const importOlist = async (needs: ImportNeeds, plan: OlistImport): Promise<Imported> => {
  const { atOnce } = needs;
  const { catalogue, steps, rejections, adjustments } = plan;
  const { people, shops, categories, listings } = catalogue;
  const all = people.length + shops.length + categories.length + listings.length + steps.length + rejections.length + adjustments.length;
  let sofar = 0;
  const done = () => {
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
  };
};
